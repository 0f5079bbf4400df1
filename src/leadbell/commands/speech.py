"""`leadbell speech`: the model that writes down what is said on the telephone."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from leadbell.cli import DEFAULT_DATA, Data, working
from leadbell.review import speech_model
from leadbell.review.speech_model import Model
from leadbell.review.whisper import installed
from leadbell.trouble import Trouble

speech = typer.Typer(no_args_is_help=True)
#: The languages that screens and rules know.
OURS = {"nl": "Dutch", "en": "English", "ru": "Russian"}


@speech.callback()
def _speech() -> None:
    """Transcripts of recorded conversations, written on this machine; nothing is ever fetched."""


@speech.command()
def install(
    folder: Annotated[Path, typer.Argument(help="A folder with a Whisper model in CTranslate2's format.")],
    data: Data = DEFAULT_DATA,
    link: Annotated[bool, typer.Option("--link", help="Use it where it lies, instead of a copy.")] = False,
) -> None:
    """Look at the model, load it once, and use it from now on."""
    with working("Looking at the model"):
        model = speech_model.install(folder, data.absolute(), link, datetime.now(UTC))
    out = Console(highlight=False, soft_wrap=True)
    out.print(_about(model), markup=False)
    out.print(
        "`leadbell up` writes down the conversations of the last 14 days with it, niced, the newest first.",
        markup=False,
    )


@speech.command()
def status(data: Data = DEFAULT_DATA) -> None:
    """Say which model is in use, and whether it still loads."""
    model = speech_model.model_of(data.absolute())
    if model is None:
        raise Trouble("No speech model is installed. `leadbell speech install FOLDER` installs one.")
    if not installed():
        raise Trouble('The model is there, but not the package: pip install "leadbell[speech]".')
    with working("Loading the model"):
        speech_model.look_at(Path(model.folder))
    Console(highlight=False, soft_wrap=True).print(_about(model), markup=False)


@speech.command()
def remove(data: Data = DEFAULT_DATA) -> None:
    """Write down nothing more; transcripts that are there stay."""
    there = speech_model.remove(data.absolute())
    print("The speech model is removed; transcripts stay." if there else "No speech model is installed.")


def _about(model: Model) -> str:
    ours = [name for code, name in OURS.items() if code in model.languages]
    knows = f"{len(model.languages)} languages" if len(model.languages) > 1 else "one language"
    where = f"used where it lies, {model.folder}" if model.linked else "copied into the data folder"
    return f"{model.name}: {model.bytes / 1e6:.0f} MB, {where}. It knows {knows}, of ours {', '.join(ours) or 'none'}."

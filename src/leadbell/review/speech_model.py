"""The speech model on this machine: looked at, copied into the data folder, taken away. Needs no database."""

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import msgspec

from leadbell.review.whisper import installed
from leadbell.trouble import Trouble

#: What a Whisper model in CTranslate2's format consists of; the words it knows stand in one of two files.
NEEDED = ("model.bin", "config.json", "tokenizer.json")
WORDS = ("vocabulary.json", "vocabulary.txt")
#: Copied along where they are there.
ALSO = ("preprocessor_config.json",)
#: What other programs call a Whisper model.
OTHERS = ("pytorch_model.bin", "model.safetensors", "*.pt", "ggml-*.bin", "*.gguf", "*.onnx")
#: The largest models take a minute from a slow disk.
LOADS_WITHIN_S = 300


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """The model that is in use."""

    name: str
    #: Where it lies: in the data folder, or where it was when it is only linked.
    folder: str
    linked: bool
    bytes: int
    languages: tuple[str, ...]
    installed_at: datetime


def home(data: Path) -> Path:
    return data / "speech"


def note(data: Path) -> Path:
    """The file that says which model is in use; whoever replaces it has changed the model."""
    return home(data) / "model.json"


def model_of(data: Path) -> Model | None:
    """The model in use; None: there is none."""
    try:
        return msgspec.json.decode(note(data).read_bytes(), type=Model)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise Trouble(
            "What is written about the speech model can't be read (%(error)s). Install it again.",
            error=str(error),
        ) from None


def install(folder: Path, data: Path, link: bool, now: datetime) -> Model:
    """Use the model of this folder from now on: a copy of it, or (`link`) itself.

    Whoever transcribes meanwhile has the old model or the new one, never half of one. Raises Trouble.
    """
    folder = folder.expanduser().absolute()
    languages = look_at(folder)
    files = list(_files(folder))
    size = sum(file.stat().st_size for file in files)
    place = folder if link else _copied(files, folder.name, home(data), size)
    model = Model(
        name=folder.name[:60], folder=str(place), linked=link, bytes=size, languages=tuple(languages), installed_at=now
    )  # fmt: skip
    _replace(note(data), msgspec.json.encode(model))
    _clear(home(data), place)
    return model


def remove(data: Path) -> bool:
    """Nothing is transcribed from now on; whether there was a model. A linked one stays where it is."""
    there = note(data).exists()
    note(data).unlink(missing_ok=True)
    _clear(home(data), None)
    return there


def look_at(folder: Path) -> list[str]:
    """The languages that the Whisper model in this folder knows. Raises Trouble, which says what it is instead."""
    if not folder.is_dir():
        raise Trouble("There is no folder %(folder)s.", folder=str(folder))
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in WORDS):
        missing.append(" or ".join(WORDS))
    if missing:
        if any(next(folder.glob(pattern), None) for pattern in OTHERS):
            raise Trouble(
                "%(folder)s holds a model of another format. Convert it with ct2-transformers-converter "
                "(--copy_files tokenizer.json preprocessor_config.json) and give that folder.",
                folder=str(folder),
            )
        raise Trouble(
            "%(folder)s is no Whisper model in CTranslate2's format: %(missing)s is missing.",
            folder=str(folder), missing=", ".join(missing),
        )  # fmt: skip
    for file in _files(folder):
        if not os.access(file, os.R_OK):
            raise Trouble("%(file)s can't be read: its rights don't allow it.", file=str(file))
    if not installed():
        raise Trouble('Install the package for speech first: pip install "leadbell[speech]".')
    return _loaded(folder)


def _loaded(folder: Path) -> list[str]:
    """Load it in a process of its own."""
    command = [sys.executable, "-m", "leadbell.review.whisper", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=LOADS_WITHIN_S,
            env=os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Trouble("The model didn't load within %(seconds)s seconds.", seconds=LOADS_WITHIN_S) from None
    if done.returncode == 0:
        languages: list[str] = json.loads(done.stdout.splitlines()[-1])["languages"]
        return languages
    last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
    raise Trouble("The model can't be loaded: %(error)s", error=last[:300])


def _files(folder: Path) -> Iterator[Path]:
    return (folder / name for name in (*NEEDED, *WORDS, *ALSO) if (folder / name).is_file())


def _copied(files: list[Path], name: str, into: Path, size: int) -> Path:
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(into).free < size + size // 10:
        raise Trouble(
            "The disk of %(folder)s has no room for %(size)s MB.", folder=str(into), size=size // 10**6
        )
    place = into / f"model-{secrets.token_hex(4)}"
    try:
        place.mkdir(mode=0o700)
        for file in files:
            with file.open("rb") as source, (place / file.name).open("wb") as copy:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.flush()
                os.fsync(copy.fileno())
    except OSError as error:
        shutil.rmtree(place, ignore_errors=True)
        raise Trouble("%(name)s can't be copied: %(error)s", name=name, error=str(error)) from error
    return place


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def _clear(into: Path, kept: Path | None) -> None:
    """Copies that are not in use: those of before, and what a killed installation left."""
    with suppress(FileNotFoundError):
        for folder in list(into.glob("model-*")):
            if folder != kept:
                shutil.rmtree(folder, ignore_errors=True)

"""`leadbell read`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from leadbell.cli import DEFAULT_DATA, Data
from leadbell.trouble import Trouble

File = Annotated[str, typer.Argument(help="The lead as it was sent; - reads standard input.")]
ContentType = Annotated[str | None, typer.Option(help="What its sender called it, such as text/plain.")]
Country = Annotated[str, typer.Option(help="The dealer's country, for telephone numbers (ISO 3166).")]


def read(
    file: File, content_type: ContentType = None, country: Country = "NL", data: Data = DEFAULT_DATA
) -> None:
    """Show as JSON what a lead says, storing nothing; several prospects make a list.

    What is not a lead exits with 1 and says why on stderr. The data folder is not touched.
    """
    del data
    from leadbell.intake.inquiry import Refused, as_json
    from leadbell.intake.reading import read as understand

    found = understand(_bytes(file), content_type, country)
    if isinstance(found, Refused):
        print(f"refused: {found.because}", file=sys.stderr)
        raise typer.Exit(1)
    inquiries = [as_json(inquiry) for inquiry in found]
    shown = json.dumps(inquiries[0] if len(inquiries) == 1 else inquiries, ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(shown.encode() + b"\n")


def _bytes(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise Trouble("%(file)s can't be read: %(error)s.", file=file, error=error.strerror) from None

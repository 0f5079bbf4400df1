"""What `leadbell up` says: one line per event, for the person at the terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from leadbell.words import Words, say


class Terminal:
    """Writes to stdout; plain text where that isn't a terminal."""

    def __init__(self) -> None:
        self.console = Console(highlight=False, soft_wrap=True)

    def line(self, sentence: Words) -> None:
        """One event."""
        self._write(str(sentence), "")

    def trouble(self, sentence: Words) -> None:
        self._write(str(sentence), "bold red")

    def complaint(self, process: str, text: str) -> None:
        """A warning or error from a process's log."""
        self._write(f"{process}: {text}", "yellow")

    def banner(self, url: str, smtp_port: int, folder: Path, seconds: float) -> None:
        """Everything answers: where, and how long it took."""
        rows = [
            (say("Open"), url),
            (say("Mail"), str(say("port %(port)s", port=smtp_port))),
            (say("Data"), str(folder.absolute())),
            (say("Stop"), "Ctrl-C"),
        ]
        text = Text("\n").join(
            Text.assemble((f"{title!s:<6}", "dim"), (value, "bold")) for title, value in rows
        )
        self.console.print(Panel(text, title=f"Leadbell {version('leadbell')}", expand=False, padding=(0, 2)))
        self.line(say("Ready in %(seconds)s s.", seconds=f"{seconds:.1f}"))

    @contextmanager
    def working(self, on: Words) -> Iterator[None]:
        """Show that something takes a while."""
        with self.console.status(f"{on} …"):
            yield

    def _write(self, text: str, style: str) -> None:
        self.console.print(Text(time.strftime("%H:%M:%S  "), "dim") + Text(text, style))

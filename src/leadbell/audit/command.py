"""What `leadbell audit` does around the study: options, progress, side files, hints. All of it goes to stderr."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from leadbell.audit.mapping import as_toml, read_map
from leadbell.audit.reader import Reader, reader
from leadbell.audit.study import Asked, Study, study
from leadbell.audit.terms import words_of
from leadbell.trouble import Trouble
from leadbell.words import say


@dataclass(frozen=True, slots=True)
class Given:
    """The command line."""

    export: tuple[Path, ...]
    touches: Path | None
    visits: Path | None
    mapped: Path | None
    engine: str
    language: str
    origin: str
    zone: str
    as_of: str


def run(given: Given) -> tuple[Study, Reader]:
    """Study the export; the map and the rows that couldn't be read are written beside it."""
    words = reader(given.language)
    if given.origin and given.origin not in words_of("origin"):
        raise Trouble(
            "“%(origin)s” is no origin: use %(origins)s.",
            origin=given.origin,
            origins=", ".join(words_of("origin")),
        )
    asked = Asked(
        given.export, given.touches, given.visits, read_map(given.mapped) if given.mapped else None,
        given.mapped.name if given.mapped else "", cast(Literal["duckdb", "spark"], given.engine), given.origin,
        given.zone, _moment(given.as_of),
    )  # fmt: skip
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(
            "", total=1 + sum(1 for one in (*given.export, given.touches, given.visits) if one) + 2
        )
        found = study(asked, lambda what: progress.update(task, description=words(what), advance=1))
    _beside(found, given, console, words)
    return found, words


def _moment(said: str) -> int | None:
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise Trouble("“%(said)s” is no moment: write it as 2026-11-23T12:00Z.", said=said) from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _beside(found: Study, given: Given, console: Console, words: Reader) -> None:
    for table, beside in found.beside.items():
        if beside.failed:
            console.print(words(say("What couldn't be read of %(file)s can't be written beside it: %(why)s.",
                                    file=found.sheets[table].path.name, why=beside.failed)), markup=False)  # fmt: skip
        elif beside.path is not None and beside.rows:
            console.print(words(say("%(count)s rows couldn't be read; they are in %(file)s.",
                                    count=beside.rows, file=beside.path.name)), markup=False)  # fmt: skip
    if given.mapped is None:
        path = given.export[0].with_name(f"{given.export[0].name}.map.toml")
        if path.exists():
            console.print(
                words(
                    say("%(file)s is there already and was left alone; use it with --map.", file=path.name)
                ),
                markup=False,
            )
            return
        path.write_text(as_toml(found.mapping), "utf-8")
        console.print(
            words(
                say(
                    "What the columns were taken for is in %(file)s: correct it and use it with --map.",
                    file=path.name,
                )
            ),
            markup=False,
        )


def write_page(found: Study, path: Path, words: Reader) -> None:
    """The report as one file that needs nothing else."""
    from leadbell.audit.page import page

    path.write_text(page(found, words, words.code), "utf-8")
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        words(say("The report is in %(file)s.", file=str(path))), markup=False
    )

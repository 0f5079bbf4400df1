"""`leadbell audit`: a CRM export in, a verdict out. Needs no database and keeps nothing."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer


def audit(
    export: Annotated[list[Path], typer.Argument(help="The export: leads, then contacts, then visits.")],
    touches: Annotated[Path | None, typer.Option(help="The list of calls and messages.")] = None,
    visits: Annotated[Path | None, typer.Option(help="The list of visits to the website.")] = None,
    mapped: Annotated[Path | None, typer.Option("--map", help="Which column says what, as corrected by you.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")] = False,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    language: Annotated[str, typer.Option(help="en, nl or ru.")] = "",
    origin: Annotated[str, typer.Option(help="All leads came this way: online, call, chat, walk_in …")] = "",
    zone: Annotated[str, typer.Option(help="The dealer's time zone, such as Europe/Amsterdam.")] = "",
    as_of: Annotated[str, typer.Option(help="The moment it is looked at, such as 2026-11-23T12:00Z.")] = "",
) -> None:  # fmt: skip
    """Study a CRM export: is it the process or are there too few leads to tell, and where are customers lost?

    Exits with 0 when it was studied, 1 when a file can't be used (the sentence says why), 2 for a wrong command.
    """
    from leadbell.audit import command

    if engine not in ("duckdb", "spark"):
        raise typer.BadParameter("duckdb or spark", param_hint="--engine")
    given = command.Given(tuple(export), touches, visits, mapped, engine, language, origin, zone, as_of)
    found, words = command.run(given)
    if as_json:
        from leadbell.audit.study import as_json as told

        json.dump(told(found), sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        from leadbell.audit.terminal import show

        show(found, words)
    if html is not None:
        command.write_page(found, html, words)

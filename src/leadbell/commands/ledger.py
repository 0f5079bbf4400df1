"""`leadbell ledger`: the books per dealer and day; exits 1 where they don't balance."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database

COLUMNS = ("received", "open", "sold", "lost", "duplicate", "quarantined", "unread")


def ledger(
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
    since: Annotated[
        datetime | None, typer.Option(help="The first day to show.", formats=["%Y-%m-%d"])
    ] = None,
) -> None:
    """Balance the books: received = open + sold + lost + duplicate + quarantined."""
    with with_database(data, "clockwork"):
        from leadbell.metrics.now.ledger import ledger as balance

        pages = balance(since=since.date() if since else None)
    wrong = [page for page in pages if not page.balanced]
    if as_json:
        days = [
            {"dealer_id": p.dealer, "dealer": p.dealer_name, "day": p.day.isoformat(), "balanced": p.balanced}
            | {name: asdict(p)[name] for name in COLUMNS}
            for p in pages
        ]
        print(json.dumps({"balanced": not wrong, "days": days}, ensure_ascii=False, indent=1))
    else:
        _show([(p.dealer_name, p.day.isoformat(), p.balanced, asdict(p)) for p in pages])
    raise typer.Exit(1 if wrong else 0)


def _show(rows: list[tuple[str, str, bool, dict[str, Any]]]) -> None:
    table = Table("dealer", "day", *COLUMNS, "balance")
    for name in table.columns[2:-1]:
        name.justify = "right"
    for dealer, day, balanced, counts in rows:
        table.add_row(
            dealer,
            day,
            *(str(counts[c]) for c in COLUMNS),
            "ok" if balanced else "[bold red]LOST OR TWICE[/]",
        )
    console = Console()
    console.print(table if rows else "Nothing has arrived yet.")

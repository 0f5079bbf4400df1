"""`leadbell leads`: the leads with customer, origin, state, owner and next step."""

import json
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database


def leads(
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, newest first.")] = 100,
    open_only: Annotated[bool, typer.Option("--open", help="Only open leads.")] = False,
) -> None:
    """List the leads, newest first."""
    with with_database(data, "clockwork"):
        from leadbell.lead.listing import listed

        rows = listed(limit, open_only)
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return
    if not rows:
        Console().print(
            "No leads yet. `leadbell up` takes them in; the Dealer page shows where to send them."
        )
        return
    table = Table("lead", "dealer", "customer", "car", "origin", "state", "owner", "next", "because")
    for row in rows:
        table.add_row(*_cells(row))
    Console().print(table)


def _cells(row: dict[str, Any]) -> list[str]:
    from leadbell.lead.listing import clock

    step = row["next"]
    at = clock(step["at"], ZoneInfo(row["zone"]))[:-3] if step["at"] else ""
    return [
        str(row["lead"]), row["dealer"], row["customer"], row["car"], row["origin"], row["state"], row["owner"] or "—",
        f"{step['kind'] or ''} {at}".strip(), step["because"],
    ]  # fmt: skip

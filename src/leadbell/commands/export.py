"""`leadbell export`: our own leads as three Parquet tables (docs/exchange-format.md)."""

import json
from pathlib import Path
from typing import Annotated

import typer

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database, working


def export(
    folder: Annotated[Path, typer.Argument(help="Where the files go: leads, touches and visits .parquet.")],
    data: Data = DEFAULT_DATA,
    dealer: Annotated[str | None, typer.Option(help="One dealer, by name or number; else all.")] = None,
    as_json: Json = False,
) -> None:
    """Write leads, touches and visits as Parquet, without customers' names, numbers or addresses."""
    with with_database(data, "clockwork"):
        from leadbell.dealers.opening import find_dealer
        from leadbell.metrics.rows.export import export as write

        dealers = [find_dealer(dealer).pk] if dealer else None
        with working("Writing the tables"):
            rows = write(folder, dealers)
    if as_json:
        print(json.dumps({"folder": str(folder), "rows": rows}))
        return
    for name, many in rows.items():
        print(f"{folder / name}.parquet: {many:,}")

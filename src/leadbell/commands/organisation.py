"""`leadbell organisation`: importers and dealer groups, and who stands below whom."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database

organisation = typer.Typer(no_args_is_help=True)

Under = Annotated[str | None, typer.Option(help="Whose it is: name or number of a group or an importer.")]


@organisation.callback()
def _organisations() -> None:
    """Importers, dealer groups and dealers."""


@organisation.command()
def add(
    name: str,
    kind: Annotated[str, typer.Option(help="importer or group.")],
    data: Data = DEFAULT_DATA,
    under: Under = None,
    country: Annotated[str, typer.Option(help="Two letters, such as NL.")] = "NL",
    zone: Annotated[str | None, typer.Option(help="The time zone, such as Europe/Amsterdam.")] = None,
    language: Annotated[str | None, typer.Option(help="en, nl or ru.")] = None,
) -> None:
    """Make an importer or a dealer group."""
    with with_database(data, "owner"):
        from leadbell.dealers import tree

        above = tree.find(under) if under else None
        made = tree.add(kind, name, country, datetime.now(UTC), above, zone, language)
    print(f'{made.name} is there. Next: `leadbell organisation place DEALER --under "{made.name}"`,')
    print(f'and its people: `leadbell person add --dealer "{made.name}" --role …`.')


@organisation.command()
def place(name: str, data: Data = DEFAULT_DATA, under: Under = None) -> None:
    """Put a dealer or a group below another one; without --under it stands by itself."""
    with with_database(data, "owner"):
        from leadbell.dealers import tree
        from leadbell.network import agreeing

        one, above = tree.find(name), tree.find(under) if under else None
        ended = agreeing.place(one, above)
    print(f"{one.name} stands below {above.name}." if above else f"{one.name} stands by itself.")
    if ended:
        print("What was agreed with the importer before has ended: that importer sees no customers any more.")


@organisation.command()
def brands(name: str, brands: str, data: Data = DEFAULT_DATA) -> None:
    """Say what a dealer sells, such as "Hyundai, Kia"; "" for everything. An importer's leads go by it."""
    with with_database(data, "owner"):
        from leadbell.dealers import tree

        one = tree.find(name, ("dealer",))
        said = tree.sells(one, brands.split(","))
    print(f"{one.name} sells {', '.join(said) or 'every brand'}.")


@organisation.command("list")
def everybody(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """All of them, each below the one it belongs to."""
    with with_database(data, "owner"):
        from leadbell.dealers import tree

        found = [(deep, one.pk, one.kind, one.name) for deep, one in tree.in_order()]
    if as_json:
        print(json.dumps([dict(zip(("deep", "number", "kind", "name"), row, strict=True)) for row in found]))
        return
    for deep, number, kind, name in found:
        print(f"{'  ' * deep}{name}  ({kind}, {number})")

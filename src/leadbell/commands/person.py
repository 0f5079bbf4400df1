"""`leadbell person add`: somebody who works at a dealer."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database
from leadbell.trouble import Trouble

person = typer.Typer(no_args_is_help=True)


@person.callback()
def _people() -> None:
    """Add people to a dealer."""


@person.command()
def add(
    data: Data = DEFAULT_DATA,
    name: Annotated[str | None, typer.Option(help="As customers know them.")] = None,
    email: Annotated[str | None, typer.Option(help="They sign in with it.")] = None,
    role: Annotated[
        str, typer.Option(help="salesperson, manager, bdc, reception or importer.")
    ] = "salesperson",
    dealer: Annotated[
        str | None,
        typer.Option(help="Name or number of a dealer, a group or an importer; not needed with one dealer."),
    ] = None,
    phone: Annotated[str, typer.Option(help="Their own phone.")] = "",
    extension: Annotated[str, typer.Option(help="Their phone at your own exchange, rung first.")] = "",
    language: Annotated[str | None, typer.Option(help="Of their screens: en, nl or ru.")] = None,
    speaks: Annotated[str, typer.Option(help="Languages, such as nl,en.")] = "",
    brands: Annotated[str, typer.Option(help="Brands they know, such as Hyundai,Kia; empty: all.")] = "",
    conditions: Annotated[str, typer.Option(help="new, used; empty: both.")] = "",
    as_json: Json = False,
) -> None:
    """Add a person; the password is shown once."""
    if not as_json:
        name = name or typer.prompt("Name")
        email = email or typer.prompt("E-mail address")
    if not email:
        raise Trouble("Say --email ADDRESS (or leave --json out to be asked).")
    with with_database(data, "owner"):
        from leadbell.dealers.opening import find_dealer, hire
        from leadbell.dealers.tree import find

        where = find(dealer) if dealer else find_dealer(None)
        hired = hire(
            where, name or email.split("@")[0].title(), email, role, datetime.now(UTC), phone=phone,
            extension=extension, language=language, speaks=_list(speaks), brands=_list(brands),
            conditions=_list(conditions),
        )  # fmt: skip
    if as_json:
        made = {
            "dealer": hired.dealer.name,
            "person": hired.person.email,
            "name": hired.person.name,
            "role": role,
            "password": hired.password,
        }
        print(json.dumps(made, ensure_ascii=False))
        return
    Console().print(
        f"{hired.person.name} signs in as {hired.person.email} with [bold]{hired.password}[/]  (shown only now)"
    )


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]

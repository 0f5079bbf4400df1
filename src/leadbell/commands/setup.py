"""`leadbell setup`: the first dealer, its manager and its first intake key."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database
from leadbell.trouble import Trouble


def setup(
    data: Data = DEFAULT_DATA,
    dealer: Annotated[str | None, typer.Option(help="The dealer's name.")] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, such as NL.")] = None,
    manager: Annotated[str | None, typer.Option(help="The sales manager's e-mail address.")] = None,
    name: Annotated[str | None, typer.Option(help="The sales manager's name.")] = None,
    zone: Annotated[str | None, typer.Option(help="The time zone, such as Europe/Amsterdam.")] = None,
    language: Annotated[str | None, typer.Option(help="en, nl or ru.")] = None,
    as_json: Json = False,
) -> None:
    """Make a dealer with its manager and an intake key; asks in a terminal for what isn't given."""
    if not as_json:
        dealer = dealer or typer.prompt("The dealer's name")
        country = country or typer.prompt("Country (two letters)", default="NL")
        manager = manager or typer.prompt("The sales manager's e-mail address")
    if not dealer or not country or not manager:
        raise Trouble(
            "Say --dealer NAME, --country NL and --manager EMAIL (or leave --json out to be asked)."
        )
    with with_database(data, "owner"):
        from leadbell.dealers.opening import open_dealer
        from leadbell.intake.keys import address_of, new_source

        now = datetime.now(UTC)
        opened = open_dealer(dealer, country, manager, now, manager_name=name, zone=zone, language=language)
        source = new_source(opened.dealer, "Website", "online", now)
        where = address_of(source)
    if as_json:
        made = {
            "dealer": opened.dealer.name,
            "manager": opened.person.email,
            "password": opened.password,
            "intake": {"key": source.key, "url": where.url, "mail": where.mail},
        }
        print(json.dumps(made, ensure_ascii=False))
        return
    tell = Console().print
    tell(f"[bold]{opened.dealer.name}[/] is ready.")
    tell(f"  Sign in as  {opened.person.email}")
    tell(f"  Password    [bold]{opened.password}[/]  (shown only now)")
    tell(f"  Send leads  {where.url}  or by mail to {where.mail}")
    tell("Start it with `leadbell up`; add people with `leadbell person add`.")

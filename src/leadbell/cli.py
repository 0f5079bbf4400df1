"""The `leadbell` command: a registry of commands, each loaded only when it is asked for."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from leadbell import migrate, postgres
from leadbell.environment import Role, environment
from leadbell.roles import Urls
from leadbell.trouble import Trouble

#: name → where it stands (a function or a typer.Typer), and what it does in one line.
COMMANDS = {
    "up": ("leadbell.commands.up:up", "Run Leadbell until Ctrl-C."),
    "demo": ("leadbell.commands.demo:demo", "Run Leadbell with a fictional dealer group and new leads."),
    "setup": ("leadbell.commands.setup:setup", "Make the first dealer and its manager."),
    "organisation": (
        "leadbell.commands.organisation:organisation",
        "Importers, dealer groups and who stands below whom.",
    ),
    "person": ("leadbell.commands.person:person", "Add people to a dealer."),
    "asterisk": ("leadbell.commands.asterisk:asterisk", "Set up the telephone exchange."),
    "phone": ("leadbell.commands.phone:phone", "Choose the phone line, make a test call."),
    "speech": ("leadbell.commands.speech:speech", "Install a model that writes down conversations."),
    "audit": ("leadbell.commands.audit:audit", "Study a CRM export: what does the follow-up lose?"),
    "read": ("leadbell.commands.read:read", "Show as JSON what a lead says, storing nothing."),
    "leads": ("leadbell.commands.leads:leads", "List the leads."),
    "story": ("leadbell.commands.story:story", "Tell what happened with a lead."),
    "ledger": ("leadbell.commands.ledger:ledger", "Balance the books: no lead is lost."),
    "export": ("leadbell.commands.export:export", "Write leads, touches and visits as Parquet."),
    "doctor": ("leadbell.commands.doctor:doctor", "Say what is missing."),
}

DEFAULT_DATA = Path("leadbell-data")
#: The option every command takes: `def leads(data: Data = DEFAULT_DATA) -> None`.
Data = Annotated[
    Path,
    typer.Option("--data", envvar="LEADBELL_DATA", help="The folder that holds everything Leadbell keeps."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def with_database(data: Path, role: Role = "app", **more: str | int) -> Iterator[Urls]:
    """Django, ready to use, on the migrated database of `data` with the rights of `role`.

    `more` goes into the environment as LEADBELL_<NAME> before the settings are read. Only once per process.
    """
    data = data.absolute()
    with postgres.database(data) as urls:
        if migrate.needed(data):
            with working("Preparing the database"):
                migrate.bring_up_to_date(data, urls)
        os.environ.update(environment(data, urls, role, **more))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
        import django
        from django.db import connections

        django.setup()
        try:
            yield urls
        finally:
            connections.close_all()


@contextmanager
def working(on: str) -> Iterator[None]:
    """Show on the terminal (stderr) that something takes a while."""
    from rich.console import Console

    with Console(stderr=True).status(f"{on} …"):
        yield


def main() -> None:
    """Run the command named on the command line; trouble is told in words and exits with 1."""
    asked = sys.argv[1:]
    try:
        if asked and asked[0] in COMMANDS:
            _load(asked[0])(prog_name="leadbell")
        else:
            _overview()(prog_name="leadbell")
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _frame() -> typer.Typer:
    return typer.Typer(
        help="Leadbell makes every car-dealer lead ring.",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _load(name: str) -> typer.Typer:
    """The frame with the one command that is asked for."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    try:
        found: Any = getattr(import_module(module), attribute)
    except ModuleNotFoundError as missing:
        if missing.name != module:
            raise
        raise Trouble("This installation has no `leadbell %(name)s`.", name=name) from None
    frame = _frame()
    frame.callback()(_nothing)
    if isinstance(found, typer.Typer):
        frame.add_typer(found, name=name, help=COMMANDS[name][1])
    else:
        frame.command(name)(found)
    return frame


def _overview() -> typer.Typer:
    """The frame with one line per command, none of them loaded."""
    frame = _frame()
    frame.callback()(_nothing)
    for name, (_, line) in COMMANDS.items():
        frame.command(name, help=line)(_nothing)
    return frame


def _nothing() -> None:
    """Leadbell makes every car-dealer lead ring."""

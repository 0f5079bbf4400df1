"""`leadbell demo`: the fictional dealer group, run like the real thing."""

from pathlib import Path
from typing import Annotated

import typer

from leadbell.cli import Data
from leadbell.commands.up import Host, Port, SmtpPort, telephone

DEMO_DATA = Path("var/demo")
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw the old demo away and begin a new one.")]


def demo(
    data: Data = DEMO_DATA,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    smtp_port: SmtpPort = 2525,
    fresh: Fresh = False,
) -> None:
    """Run Leadbell with a fictional dealer group, 90 days of history and a trickle of new leads.

    Everybody can sign in as anybody: keep it on this machine. LEADBELL_DEMO_EVERY says after how many seconds, on
    average, a new lead comes (40; 0 for none).
    """
    from leadbell import supervise

    furnish = ("leadbell.demo.furnish", "--fresh") if fresh else ("leadbell.demo.furnish",)
    supervise.up(
        supervise.House(
            data, host, port, smtp_port, demo=True, first=(supervise.Job("the demo's past", furnish, "owner"),),
            jobs=(
                supervise.WEB, supervise.CLOCKWORK, supervise.SMTP, supervise.FIGURES, supervise.MESSENGER,
                supervise.Job("trickle", ("leadbell.demo.trickle",), "clockwork", waits=True),
                *telephone(data),
            ),
        )
    )  # fmt: skip

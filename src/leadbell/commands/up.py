"""`leadbell up`."""

from typing import Annotated

import typer

from leadbell.cli import DEFAULT_DATA, Data

Host = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 means everybody on the network.")]
Port = Annotated[int, typer.Option(envvar="LEADBELL_PORT", help="Where browsers and senders find Leadbell.")]
SmtpPort = Annotated[int, typer.Option(envvar="LEADBELL_SMTP_PORT", help="Where mail is taken in.")]


def up(
    data: Data = DEFAULT_DATA, host: Host = "127.0.0.1", port: Port = 8000, smtp_port: SmtpPort = 2525
) -> None:
    """Run Leadbell until Ctrl-C: database, web, mail and follow-up, restarted when they die."""
    from leadbell import supervise

    supervise.up(supervise.House(data, host, port, smtp_port))

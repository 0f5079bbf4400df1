"""`leadbell up`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadbell.cli import DEFAULT_DATA, Data
from leadbell.trouble import Trouble

if TYPE_CHECKING:
    from leadbell.supervise import Job

Host = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 means everybody on the network.")]
Port = Annotated[int, typer.Option(envvar="LEADBELL_PORT", help="Where browsers and senders find Leadbell.")]
SmtpPort = Annotated[int, typer.Option(envvar="LEADBELL_SMTP_PORT", help="Where mail is taken in.")]


def up(
    data: Data = DEFAULT_DATA, host: Host = "127.0.0.1", port: Port = 8000, smtp_port: SmtpPort = 2525
) -> None:
    """Run Leadbell until Ctrl-C: database, web, mail, follow-up and telephone, restarted when they die."""
    from leadbell import supervise

    jobs = (
        supervise.WEB,
        supervise.CLOCKWORK,
        supervise.SMTP,
        supervise.FIGURES,
        supervise.MESSENGER,
        *telephone(data),
    )
    supervise.up(supervise.House(data, host, port, smtp_port, jobs=jobs))


def telephone(data: Path) -> "tuple[Job, ...]":
    """The switchboard where a line is set up, and an Asterisk of our own where one was chosen."""
    from leadbell import supervise
    from leadbell.ring.asterisk import own_node, packages

    jobs: list[Job] = []
    if own_node.is_chosen(data):
        programs = packages.find()
        if programs is None:
            raise Trouble("Asterisk isn't here any more. Run `leadbell asterisk install`.")
        chosen = own_node.choose(data)
        own_node.set_up(data, chosen, programs)
        command = tuple(own_node.command(data, programs))
        jobs.append(supervise.Job("asterisk", (), "clockwork", program=command, doors=own_node.doors(chosen)))
    if jobs or any(
        os.environ.get(f"LEADBELL_{name}") for name in ("ASTERISK", "TWILIO_ACCOUNT", "SIP_TRUNK")
    ):
        jobs += (supervise.SWITCHBOARD, supervise.RECORDINGS)
    return tuple(jobs)

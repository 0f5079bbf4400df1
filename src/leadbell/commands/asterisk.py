"""`leadbell asterisk`: a telephone exchange of our own, or the files for the one that is there."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from leadbell.cli import DEFAULT_DATA, Data
from leadbell.ring.asterisk import own_node, packages
from leadbell.ring.asterisk.files import APP, CHECK_S, Choices, Trunk, is_switchboard, shared_files
from leadbell.trouble import Trouble

asterisk = typer.Typer(no_args_is_help=True)


@asterisk.callback()
def _asterisk() -> None:
    """Asterisk, the telephone exchange that makes the calls."""


@asterisk.command()
def install(
    again: Annotated[bool, typer.Option("--again", help="Fetch it anew, for a newer version.")] = False,
) -> None:
    """Fetch Asterisk and espeak-ng from Debian into your cache folder; needs no root and changes nothing else."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Looking", total=1)

        def tell(what: str, part: float) -> None:
            progress.update(task, description=what, completed=part)

        programs = packages.install(tell, again=again)
    console.print(f"{packages.version(programs)} is in {packages.home()}.", highlight=False, soft_wrap=True)
    console.print("Next: `leadbell asterisk config` with your trunk, then `leadbell up`.", highlight=False)


@asterisk.command()
def config(
    data: Data = DEFAULT_DATA,
    trunk_host: Annotated[str, typer.Option(help="The provider's SIP server, such as sip.provider.example.")] = "",
    trunk_user: Annotated[str, typer.Option(help="Your user there; empty: it knows you by your address.")] = "",
    trunk_password: Annotated[str, typer.Option(envvar="LEADBELL_TRUNK_PASSWORD", help="Your password there.")] = "",
    trunk_name: Annotated[str, typer.Option(help="What the trunk is called here.")] = "trunk",
    trunk_check: Annotated[bool, typer.Option(help="Ask the provider every 15 s whether it is there.")] = True,
    trunk_match: Annotated[list[str] | None, typer.Option(help="Another address its calls come from.")] = None,
    extension: Annotated[list[str] | None, typer.Option(help="A phone at the dealer, such as rosa.")] = None,
    sip_port: Annotated[int | None, typer.Option(help="Where phones and the provider reach it.")] = None,
    ari_port: Annotated[int | None, typer.Option(help="Where Leadbell reaches it, on this machine alone.")] = None,
    public_address: Annotated[str | None, typer.Option(help="Your address outside, behind a router.")] = None,
    switchboard: Annotated[str, typer.Option(help="With --print: it dials in there, ws://host:port/.")] = "",
    ari_user: Annotated[str, typer.Option(help="With --print: its user, another for each that dials in.")] = APP,
    only_print: Annotated[bool, typer.Option("--print", help="Print it for an Asterisk you have.")] = False,
) -> None:  # fmt: skip
    """Write the files of an Asterisk of our own into DATA/asterisk; what was chosen before stays chosen."""

    if switchboard and not is_switchboard(switchboard):
        raise Trouble(
            "“%(address)s” is no address to dial in to: it has to look like ws://192.0.2.5:8089/.",
            address=switchboard,
        )
    if not only_print and (switchboard or ari_user != APP):
        raise Trouble("Leadbell calls its own Asterisk: --switchboard and --ari-user are for --print.")

    def change(chosen: Choices) -> Choices:
        trunks = chosen.trunks
        if trunk_host:
            new = Trunk(trunk_host, trunk_user, trunk_password, trunk_name, tuple(trunk_match or ()),
                        CHECK_S if trunk_check else 0)  # fmt: skip
            trunks = (*(trunk for trunk in trunks if trunk.name != trunk_name), new)
        return replace(
            chosen,
            trunks=trunks,
            extensions=dict.fromkeys(extension or (), "") | dict(chosen.extensions),
            sip_port=sip_port or chosen.sip_port,
            ari_port=ari_port or chosen.ari_port,
            public_address=chosen.public_address if public_address is None else public_address,
        )

    out = Console(highlight=False, soft_wrap=True)
    if only_print:
        fresh = Choices(ari_user=ari_user, switchboard=switchboard)
        own_node.judge(chosen := own_node.with_passwords(change(fresh)))
        for name, text in shared_files(chosen).items():
            if text:
                out.print(f"; ---- add to {name}\n{text}", markup=False, end="")
        return
    programs = packages.find()
    if programs is None:
        raise Trouble("There is no Asterisk on this machine yet. Run `leadbell asterisk install` first.")
    chosen = own_node.choose(data, change)
    written = own_node.set_up(data, chosen, programs)
    out.print(f"{len(written)} files are in {own_node.folder_of(data)}, readable by you alone.", markup=False)
    for trunk in chosen.trunks:
        out.print(f"  Trunk      {trunk.name}: {trunk.host}", markup=False)
    for name, password in chosen.extensions.items():
        out.print(f"  Phone      {name}, password {password}, server port {chosen.sip_port}", markup=False)
    out.print("`leadbell up` starts it together with everything else.", markup=False)

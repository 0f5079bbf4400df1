"""`leadbell doctor`."""

import json

import typer

from leadbell.cli import DEFAULT_DATA, Data, Json
from leadbell.commands.up import Port, SmtpPort


def doctor(
    data: Data = DEFAULT_DATA, port: Port = 8000, smtp_port: SmtpPort = 2525, as_json: Json = False
) -> None:
    """Say what is missing; exits with 1 when Leadbell can't run without it."""
    from rich.console import Console
    from rich.text import Text

    from leadbell.doctor import examine

    console = Console(highlight=False, soft_wrap=True)
    findings = []
    for found in examine(data, port, smtp_port):
        findings.append(found)
        if not as_json:
            mark, style = ("✓", "green") if found.well else ("✗", "red") if found.needed else ("–", "yellow")
            console.print(
                Text(f"{mark} ", style), Text(f"{found.about}: ", "bold"), Text(str(found.says)), sep=""
            )
    if as_json:
        rows = [
            {"about": str(f.about), "well": f.well, "needed": f.needed, "says": str(f.says)} for f in findings
        ]
        print(json.dumps(rows, indent=2))
    if any(found.needed and not found.well for found in findings):
        raise typer.Exit(1)

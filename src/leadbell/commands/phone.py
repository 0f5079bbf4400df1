"""`leadbell phone`: a dealer's line, and a test call that says what happens, step by step."""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from leadbell.cli import DEFAULT_DATA, Data, with_database
from leadbell.trouble import Trouble

if TYPE_CHECKING:
    from leadbell.ring.models import Call

phone = typer.Typer(no_args_is_help=True)
Dealer = Annotated[str | None, typer.Option(help="Name or number; not needed while there is one.")]

#: The switchboard takes a call within a second; later it isn't there.
TAKEN_WITHIN_S = 5
EVERY_S = 0.1
#: What a step says to the engineer who checks.
STEPS = {
    "rings": "the phone rings", "picked_up": "answered: the voice speaks", "accepted": "1 was pressed: heard",
    "declined": "2 was pressed, or the call was rejected", "phone_busy": "busy", "phone_silent": "nobody answered",
    "phone_unreachable": "the number can't be reached", "nobody": "over", "line_down": "the line is down",
}  # fmt: skip
#: Whoever has answered and gone.
NO_KEY = "over, and no key was pressed"
#: Not even that it rings: the provider was asked in vain.
NO_WORD = "not a word from the other side: is the trunk's host right, and does UDP get through both ways?"


@phone.callback()
def _telephone() -> None:
    """A dealer's phone line, and test calls."""


@phone.command()
def line(
    kind: Annotated[str, typer.Argument(help="asterisk, twilio or sip.")],
    caller_id: Annotated[str, typer.Option(help="The dealer's number, +31…: what customers see.")],
    trunk: Annotated[str, typer.Option(help="The trunk's name at the provider.")] = "",
    dealer: Dealer = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Let a dealer ring over this line, before the others it has."""
    with with_database(data, "owner"):
        from leadbell.dealers.opening import find_dealer
        from leadbell.ring.models import PhoneLine

        found = find_dealer(dealer)
        if kind not in PhoneLine.Kind.values:
            raise Trouble("There is no line %(kind)s: choose asterisk, twilio or sip.", kind=kind)
        caller_id = _number(caller_id, found.country)
        about = {"caller_id": caller_id, "trunk": trunk, "enabled": True, "place": 0}
        PhoneLine.objects.update_or_create(
            dealer=found, kind=kind, defaults=about, create_defaults=about | {"created_at": datetime.now(UTC)}
        )
        Console().print(f"{found.name} rings over {kind}, as {caller_id}.")


@phone.command()
def check(
    number: Annotated[
        str, typer.Argument(help="The number to ring, +31…, or sip:NAME for a phone of your own.")
    ],
    dealer: Dealer = None,
    data: Data = DEFAULT_DATA,
) -> None:
    """Ring a number and print every step with its milliseconds; exits with 1 where nobody answers.

    `leadbell up` has to be running.
    """
    with with_database(data, "clockwork"):
        from leadbell.dealers.opening import find_dealer
        from leadbell.refused import Refused
        from leadbell.ring.wanted import check_number

        found = find_dealer(dealer)
        asked = check_number(
            found, number if number.startswith("sip:") else _number(number, found.country), datetime.now(UTC)
        )
        if isinstance(asked, Refused):
            raise Trouble(asked.because.text, **asked.because.values)
        answered = _watch(asked)
    raise typer.Exit(0 if answered else 1)


def _watch(call: "Call") -> bool:
    """Print the steps as they come; whether somebody answered."""
    out, told, began = Console(highlight=False), 0, time.monotonic()
    out.print(f"{'asked':>10}  the switchboard is asked to ring over {call.line}")
    taken = False
    while True:
        call.refresh_from_db()
        if call.placed_at is not None and not taken:
            taken = True
            out.print(
                f"{_ms((call.placed_at - call.asked_at).total_seconds() * 1000)}  the switchboard rings"
            )
        for n, (ms, what, _) in enumerate(call.steps[told:], told):
            silent = what == "phone_silent" and any(before == "picked_up" for _, before, _ in call.steps[:n])
            out.print(f"{_ms(ms)}  {NO_KEY if silent else STEPS.get(what, what)}")
        told = len(call.steps)
        if call.status == call.Status.OVER:
            break
        if not taken and time.monotonic() - began > TAKEN_WITHIN_S:
            raise Trouble(
                "The switchboard doesn't take the call: is `leadbell up` running, with a line set up?"
            )
        time.sleep(EVERY_S)
    said = [what for _, what, _ in call.steps]
    answered = "picked_up" in said
    because = f": {call.because['text'] % call.because['values']}" if call.because else ""
    out.print(f"{'':>10}  {'the line works' if answered else f'nobody answered{because}'}")
    if "phone_silent" in said and "rings" not in said:
        out.print(f"{'':>10}  {NO_WORD}")
    return answered


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:>7.0f} ms"


def _number(text: str, country: str) -> str:
    """E.164, from what people write. Raises Trouble."""
    from leadbell.intake.phones import read_phone

    number = read_phone(text, country).number
    if number is None:
        raise Trouble("%(number)s is no phone number: write it as +31201234567.", number=text)
    return number

"""What a dealer's DMS or CRM is told, when it is tried again, and how it knows that it was us.

Signed as Standard Webhooks 1.0 has it.
"""

import base64
import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell.words import Words, say

#: Each event with the kinds of facts it tells of. `deleted` is no fact: nothing about its customer is left to tell.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "lead.received": ("arrived",),
    "lead.asked_again": ("asked_again",),
    "lead.accepted": ("accepted", "assigned", "answered"),
    "lead.called": ("attempt_ended",),
    "lead.qualified": ("qualified",),
    "lead.quoted": ("quoted",),
    "appointment.booked": ("booked",),
    "appointment.moved": ("moved",),
    "appointment.confirmed": ("confirmed",),
    "appointment.cancelled": ("cancelled",),
    "appointment.shown": ("shown",),
    "appointment.no_show": ("no_show",),
    "lead.sold": ("sold",),
    "lead.lost": ("lost",),
    "lead.reopened": ("reopened",),
    "lead.seen_again": ("seen_again",),
    "customer.opted_out": ("opted_out",),
    "customer.deleted": ("deleted",),
}
#: ADF knows prospects, and nothing of what becomes of them.
ADF_EVENTS = ("lead.received", "lead.asked_again")
TEST = "test"

#: Seconds until the next try, by how often it failed: three days and three hours in all.
GAPS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: A system that fails is left in peace for at most so long, whatever waits for it.
LONGEST_REST = timedelta(hours=1)
#: The old secret signs beside the new one for so long.
BOTH_SECRETS = timedelta(hours=24)
#: The log is kept for so long after a delivery's last word.
KEPT = timedelta(days=30)
#: So far back it can be told once more.
MOST_BACK = timedelta(days=90)

SECRET_BEGINS = "whsec_"  # noqa: S105 (what a secret begins with is none)
FEWEST_SECRET_BYTES = 24


def events_for(kind: str) -> tuple[str, ...]:
    """What a system of this kind may be told, in the order of a lead's way."""
    return tuple(EVENTS) if kind == "webhook" else ADF_EVENTS


def content_type(kind: str) -> str:
    """Of the body that a system of this kind gets by HTTP."""
    return "application/json" if kind == "webhook" else "application/xml; charset=utf-8"


def kinds_of(events: Collection[str]) -> dict[str, str]:
    """{kind of fact: event} of the events somebody chose."""
    return {kind: event for event in EVENTS if event in events for kind in EVENTS[event]}


# -- what became of it -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """The system has it."""

    code: int | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """It hasn't, as far as we know. `gone`: it says that it wants nothing any more, or may not be asked at all."""

    because: Words
    code: int | None = None
    answer: str = ""
    gone: bool = False


Outcome = Taken | Failed


@dataclass(frozen=True, slots=True)
class Again:
    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """This one only: others were taken meanwhile."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent until a person looked after it; nothing is lost meanwhile."""

    because: Words


def after(
    failed: Failed, tries: int, first_tried_at: datetime, last_taken_at: datetime | None, now: datetime
) -> Again | GiveUp | Pause:
    """What follows when a delivery has failed for the `tries`-th time."""
    if failed.gone:
        return Pause(failed.because)
    if tries <= len(GAPS_S):
        return Again(now + timedelta(seconds=GAPS_S[tries - 1]))
    if last_taken_at is not None and last_taken_at >= first_tried_at:
        return GiveUp()
    return Pause(say("it took nothing for three days"))


def rest(failures: int) -> timedelta:
    """How long a system is left in peace that failed so many times in a row."""
    return min(timedelta(seconds=GAPS_S[min(max(failures, 1), len(GAPS_S)) - 1]), LONGEST_REST)


def heard(code: int, answer: str) -> Outcome:
    """What an HTTP answer means: 2xx has taken it; 410 wants nothing any more; a redirect is not followed."""
    if 200 <= code < 300:
        return Taken(code, answer)
    if code == 410:
        return Failed(say("it answered that it is gone for good (410)"), code, answer, gone=True)
    if 300 <= code < 400:
        return Failed(say("it redirects (%(code)s): enter the address it leads to", code=code), code, answer)
    if code in (401, 403):
        return Failed(say("it refuses us (%(code)s)", code=code), code, answer)
    if code == 429:
        return Failed(say("it has too much to do (429)"), code, answer)
    return Failed(say("it answered with an error (%(code)s)", code=code), code, answer)


# -- the signature ---------------------------------------------------------------------------------------------


def secret_of(chance: bytes) -> str:
    """A signing secret as people copy it, of at least 24 random bytes."""
    if len(chance) < FEWEST_SECRET_BYTES:
        raise ValueError("a signing secret has at least 24 bytes")
    return SECRET_BEGINS + base64.b64encode(chance).decode()


def signature(secret: str, number: str, at: datetime, body: bytes) -> str:
    """`v1,…`: HMAC-SHA256 over `number.seconds.body`."""
    key = base64.b64decode(secret.removeprefix(SECRET_BEGINS))
    signed = b"%s.%d.%s" % (number.encode(), int(at.timestamp()), body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signed_headers(secrets: Sequence[str], number: str, at: datetime, body: bytes) -> dict[str, str]:
    """What a receiver checks; by every secret that is valid, the newest first."""
    return {
        "webhook-id": number,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature(secret, number, at, body) for secret in secrets),
    }

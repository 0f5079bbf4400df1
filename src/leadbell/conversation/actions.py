"""Words with the customer: attempts, their outcomes, and what was agreed."""

from datetime import datetime
from typing import Literal

from django.db import transaction
from django.utils.translation import gettext as _

from leadbell.conversation.rules import corrections
from leadbell.lead.consent import asked_by_themselves, contact_forbidden, keep, may_call_now
from leadbell.lead.facts import (
    Attempted,
    AttemptEnded,
    CallBackAgreed,
    Connected,
    Noted,
    NothingAgreed,
    Opened,
    OptedOut,
    Outcome,
    Quoted,
    Wrote,
)
from leadbell.lead.journal import read_history, record
from leadbell.lead.law import Kind, Said, is_marketing
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import say

#: A call with a tapped beginning and end talked at most this long; longer means the end was forgotten.
LONGEST_TALK_MS = 2 * 60 * 60 * 1000


@transaction.atomic
def start_attempt(lead: Lead, person: int, now: datetime) -> Attempted | Refused:
    """The salesperson calls now, where the law lets them. Tapping twice is one attempt."""
    standing = lead.standing
    if not standing.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    if standing.calling is not None:
        if standing.calling_by == person:
            return Attempted(at=standing.calling_since or now, by=person, key=standing.calling)
        return Refused(say("A colleague is calling this customer right now."))
    if not lead.customer.phone and not lead.customer.raw_phone:
        return Refused(say("There is no phone number: write personally."))
    if forbidden := may_call_now(lead, now):
        return forbidden
    key = standing.next_attempt
    return record(lead, Attempted(at=now, by=person, key=key), key=key)


@transaction.atomic
def connected(lead: Lead, person: int, now: datetime) -> Connected | Refused:
    """The customer has answered, says whoever calls. Tapping twice is one connection."""
    standing = lead.standing
    if standing.calling is None or standing.calling_by != person:
        return Refused(say("No call is under way: tap “Call” first."))
    if standing.connected_at is not None:
        return Connected(at=standing.connected_at, by=person, key=standing.calling)
    return record(
        lead, Connected(at=now, by=person, key=standing.calling), key=f"{standing.calling}:connected"
    )


@transaction.atomic
def end_attempt(
    lead: Lead, person: int, outcome: Outcome, now: datetime, connected_at: datetime | None = None
) -> AttemptEnded | Refused:
    """How the call ended. Connect and talk time are known only where somebody noted the connection."""
    standing = lead.standing
    if standing.calling is None:
        return Refused(say("No call is under way: tap “Call” first."))
    connected_at = (connected_at or standing.connected_at) if outcome == "conversation" else None
    talk_ms = None
    if outcome == "conversation" and connected_at is not None:
        talk_ms = min(int((now - connected_at).total_seconds() * 1000), LONGEST_TALK_MS)
    ended = AttemptEnded(
        at=now, key=standing.calling, by=person, outcome=outcome, connected_at=connected_at, talk_ms=talk_ms
    )
    return record(lead, ended, key=f"{standing.calling}:ended")


@transaction.atomic
def correct_outcome(lead: Lead, person: int, outcome: Outcome, now: datetime) -> AttemptEnded | Refused:
    """What the newest call was, where its line took it for something else; once."""
    said = lead.standing.line_said
    if said is None or outcome not in corrections(lead.standing, now):
        return Refused(say("How this call ended can’t be changed any more."))
    connected_at, talk_ms = None, None
    if outcome == "conversation" and said.connected_at is not None:
        connected_at = said.connected_at
        talk_ms = min(int((said.at - connected_at).total_seconds() * 1000), LONGEST_TALK_MS)
    was = AttemptEnded(
        at=now, key=said.key, by=said.by, outcome=outcome, connected_at=connected_at, talk_ms=talk_ms,
        corrected_by=person,
    )  # fmt: skip
    return record(lead, was, key=f"{said.key}:corrected")


@transaction.atomic
def agree_call_back(
    lead: Lead, person: int, due_at: datetime, now: datetime, note: str = ""
) -> CallBackAgreed | Refused:
    if due_at <= now:
        return Refused(say("A call back lies in the future: choose a later time."))
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    return record(lead, CallBackAgreed(at=now, by=person, due_at=due_at, note=note[:500]))


@transaction.atomic
def nothing_agreed(lead: Lead, person: int, now: datetime) -> NothingAgreed | Refused:
    """Don't ask again what came of this conversation; the cadence goes on."""
    if lead.standing.last_outcome != "conversation":
        return Refused(say("There was no conversation to say this of."))
    return record(lead, NothingAgreed(at=now, by=person))


@transaction.atomic
def promise_quote(lead: Lead, person: int, now: datetime) -> Quoted | Refused:
    """The second goal, where no appointment could be made [S1]."""
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    return record(lead, Quoted(at=now, by=person))


@transaction.atomic
def wrote(
    lead: Lead, person: int, now: datetime, carrier: Literal["email", "sms", "video", "chat"] = "email"
) -> Wrote | Refused:
    """A person wrote to the customer from their own mailbox."""
    if because := contact_forbidden(lead):
        return Refused(because)
    return record(lead, Wrote(at=now, by=person, carrier=carrier))


@transaction.atomic
def note(lead: Lead, person: int, text: str, now: datetime) -> Noted | Refused:
    if not text.strip():
        return Refused(say("An empty note says nothing."))
    return record(lead, Noted(at=now, by=person, text=text.strip()[:2000]))


@transaction.atomic
def opened(lead: Lead, person: int, now: datetime) -> None:
    """Note that somebody looked before calling, once per person: over-preparation is measured from it [S3]."""
    if lead.standing.attempts == 0 and lead.is_open and lead.standing.owner == person:
        key = f"opened:{person}"
        if not lead.facts.filter(key=key).exists():
            record(lead, Opened(at=now, by=person), key=key)


@transaction.atomic
def opt_out(
    lead: Lead,
    person: int,
    now: datetime,
    words: str = "",
    what: Literal["everything", "marketing"] = "everything",
) -> OptedOut | Noted:
    """The customer's no, to everything or to marketing only; `words` are what they said, kept as its proof."""
    words = " ".join(words.split())
    kind: Kind = "contact" if what == "everything" else "marketing"
    keep(lead, [Said(kind, False, words)], now, by=person, channel="desk")
    _wake_others(lead, now)
    if what == "marketing":
        return record(lead, Noted(at=now, by=person, text=words or _("The customer wants no marketing.")))
    told = record(lead, OptedOut(at=now, by=person))
    if words:
        record(lead, Noted(at=now, by=person, text=words))
    return told


@transaction.atomic
def opt_out_by_link(lead: Lead, carrier: str, words: str, now: datetime) -> bool:
    """The customer opts out by themselves, with what they were sent; True when that is news.

    Of what a campaign sent that is a no to marketing, of what they asked for a no to being contacted.
    """
    if contact_forbidden(lead):
        return False
    kind: Kind = "marketing" if is_marketing_to(lead) else "contact"
    keep(lead, [Said(kind, False, words)], now, channel=carrier)
    _wake_others(lead, now)
    record(lead, OptedOut(at=now))
    return True


def is_marketing_to(lead: Lead) -> bool:
    """Whether what we write about this lead is our own idea."""
    return is_marketing(lead.standing.origin, asked_by_themselves(lead, read_history(lead)))


@transaction.atomic
def consent(lead: Lead, person: int, kind: Kind, given: bool, words: str, now: datetime) -> Noted | Refused:
    """What the customer allows or forbids, by their own word: that word is kept. So an opt-out is taken back."""
    words = " ".join(words.split())
    if not words:
        return Refused(say("Write down what the customer said, and when: it is the proof."))
    if kind == "contact" and not given:
        opt_out(lead, person, now, words)
        return Noted(at=now, by=person, text=words)
    keep(lead, [Said(kind, given, words)], now, by=person, channel="desk")
    _wake_others(lead, now)
    return record(lead, Noted(at=now, by=person, text=words[:2000]))


def _wake_others(lead: Lead, now: datetime) -> None:
    """What comes next is decided afresh for the customer's other leads too; who holds one now is not waited for."""
    others = Lead.objects.filter(customer=lead.customer_id, closed_at=None).exclude(pk=lead.pk)
    free = others.select_for_update(skip_locked=True).values_list("pk", flat=True)
    Lead.objects.filter(pk__in=list(free)).update(wake_at=now)

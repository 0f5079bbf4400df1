"""Ring people for a lead; whoever accepts first has it."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from leadbell.lead.facts import Accepted, Chosen, PassedOn, Rang, RingKind
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.lines import line_for
from leadbell.ring.ports import Bell
from leadbell.ring.wanted import want_for
from leadbell.words import Words, say


def _bell(lead: Lead, people: Sequence[int], ring_s: int = 0) -> Bell:
    return Bell(f"ring:{lead.pk}:{lead.standing.ring_count}", lead.dealer_id, lead.pk, tuple(people), ring_s)


@transaction.atomic(savepoint=False)
def ring(
    lead: Lead,
    people: Sequence[int],
    how: RingKind,
    ring_s: int,
    now: datetime,
    because: Sequence[Words] = (),
    ranked: Sequence[Chosen] = (),
    excluded: Sequence[Chosen] = (),
    phones: bool = True,
) -> Rang:
    """Ring these people's desks at once, and their phones where the dealer has a line.

    The lead is locked; its key makes each round happen once. `phones` is False where a call rings them already.
    """
    before = lead.standing.ringing
    rang = record(
        lead,
        Rang(
            at=now, people=tuple(people), how=how, ring_s=ring_s, because=tuple(because), ranked=tuple(ranked),
            excluded=tuple(excluded),
        ),
        key=f"ring:{lead.standing.ring_count + 1}",
    )  # fmt: skip
    line = line_for("desk")
    quiet = [p for p in before if p not in people]
    if quiet:
        line.stop_ringing(_bell(lead, quiet))
    line.ring(_bell(lead, people, ring_s))
    if phones:
        want_for(lead, people, ring_s, now)
    return rang


@transaction.atomic(savepoint=False)
def accept(lead: Lead, person: int, now: datetime) -> Accepted | Refused:
    """Take the lead. The row lock makes one of two simultaneous people the owner; the other hears who was first."""
    standing = lead.standing
    if not standing.is_open:
        return Refused(say("This lead is closed."))
    if standing.owner == person and not standing.ringing:
        return Accepted(at=standing.accepted_at or now, by=person)
    if person not in standing.ringing:
        if standing.owner is None:
            return Refused(say("It no longer rings here: it went on to somebody else."))
        return Refused(say("Somebody else was first."))
    accepted = record(lead, Accepted(at=now, by=person))
    line_for("desk").stop_ringing(_bell(lead, standing.ringing))
    return accepted


@transaction.atomic(savepoint=False)
def take(lead: Lead, person: int, now: datetime) -> Accepted | Refused:
    """Take a waiting lead without its ringing here, from the Floor or the lead's page."""
    standing = lead.standing
    if not standing.is_open:
        return Refused(say("This lead is closed."))
    if standing.owner is not None and person not in standing.ringing:
        return Refused(say("Somebody already has this lead."))
    return record(lead, Accepted(at=now, by=person))


@transaction.atomic(savepoint=False)
def pass_on(lead: Lead, person: int, now: datetime) -> PassedOn | Refused:
    """Let it ring at somebody else."""
    if person not in lead.standing.ringing:
        return Refused(say("It no longer rings here."))
    return record(lead, PassedOn(at=now, by=person))

"""What the Floor says about open leads and people: one line each, with the reason in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from django.utils.translation import gettext as _

from leadbell.dealers.people import shift_of
from leadbell.metrics.now.today import Late
from leadbell.metrics.now.waiting import Attention, OpenLead
from leadbell.routing.actions import REACHABLE
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation, Person
    from leadbell.ring.calling import Live

#: Rows of a list on the wall; more are counted.
ROWS = 6

Doing = Literal["talk", "ring", "free", "away", "closed"]


@dataclass(frozen=True, slots=True)
class Waits:
    """A lead that nobody has called yet, and what happens with it now."""

    lead: OpenLead
    #: Its clock counts from here: a lead of the night waits since opening.
    since: datetime
    #: Nothing rings before the dealer opens or a planned time has come.
    held: bool
    rings: bool
    doing: Words


@dataclass(frozen=True, slots=True)
class AtWork:
    """A person and what they do now; `since` counts up, `until` is when they are back."""

    person: "Person"
    doing: Doing
    since: datetime | None = None
    until: datetime | None = None
    open_leads: int = 0


def waits(
    leads: Sequence[OpenLead], dealer: "Organisation", names: Mapping[int, str], now: datetime
) -> list[Waits]:
    """The waiting leads as the wall shows them: the longest wait first, what is held last."""
    hours = dealer.opening_hours
    rows = []
    for lead in leads:
        rings = lead.rings(now)
        since = hours.shift_into_hours(lead.received_at)
        planned = lead.next_at is not None and lead.next_at > now
        held = lead.owner is None and not rings and planned and (lead.rounds == 0 or not hours.is_open(now))
        counts_from = lead.received_at if held else min(since, now)
        rows.append(Waits(lead, counts_from, held, rings, _doing(lead, rings, names)))
    return sorted(rows, key=lambda row: (row.held, row.since))


def _doing(lead: OpenLead, rings: bool, names: Mapping[int, str]) -> Words:
    somebody = _("somebody of the group")
    if rings:
        match lead.ring_how:
            case "all":
                return say("ringing everybody")
            case "manager":
                return say("ringing the manager")
        return say("ringing %(name)s", name=names.get(lead.ringing[0], somebody))
    if lead.owner is not None:
        name = names.get(lead.owner, somebody)
        if lead.by_phone:
            return say("%(name)s has it, not called yet", name=name)
        return say("%(name)s has it, not written yet", name=name)
    if lead.because:
        return lead.because
    return say("nobody accepted") if lead.rounds else say("is about to ring")


def at_work(
    dealer: "Organisation",
    people: "Sequence[Person]",
    needs: Attention,
    last_at: Mapping[int, datetime],
    calls: "Sequence[Live]",
    now: datetime,
) -> list[AtWork]:
    """The dealer's own people by name, with what they do now. Who closed a lead in mid-call still talks."""
    talking: dict[int | None, datetime | None] = {
        one.call.person_id: one.since for one in calls if one.tone == "talk"
    }
    talking |= {lead.calling_by: lead.calling_since for lead in needs.leads if lead.calling_by}
    ringing = {person: lead for lead in needs.leads if lead.rings(now) for person in lead.ringing}
    counts = needs.open_by_owner

    def doing(person: "Person") -> AtWork:
        count = counts.get(person.pk, 0)
        if person.pk in talking:
            return AtWork(person, "talk", since=talking[person.pk], open_leads=count)
        if person.pk in ringing:
            return AtWork(person, "ring", open_leads=count)
        shift = shift_of(person, dealer)
        if not person.on_shift or not shift.is_on(now):
            back = shift.next_on(now)
            return AtWork(person, "away", until=back if back and back > now else None, open_leads=count)
        if person.seen_at is None or person.seen_at < now - REACHABLE:
            return AtWork(person, "closed", since=person.seen_at, open_leads=count)
        return AtWork(person, "free", since=last_at.get(person.pk), open_leads=count)

    return [doing(one) for one in people if one.is_active and one.sells and one.organisation_id == dealer.pk]


@dataclass(frozen=True, slots=True)
class Breach:
    """One lead of a group of breaches: what is wrong, since or at which moment, and whose it is."""

    lead: int
    customer: str
    because: Words
    at: datetime | None
    owner: str


@dataclass(frozen=True, slots=True)
class Breaches:
    title: str
    count: int
    rows: Sequence[Breach]


def breaches(over: Sequence[Late], needs: Attention, names: Mapping[int, str]) -> list[Breaches]:
    """What went wrong today or is about to, each group with its first rows (MOST of those not of today)."""
    nobody = [one for one in over if one.nobody]
    slow = [one for one in over if not one.nobody]
    groups = [
        Breaches(_("Nobody has it"), len(nobody), [_late(one) for one in nobody]),
        Breaches(_("Over two minutes"), len(slow), [_late(one) for one in slow]),
        Breaches(
            _("Overdue follow-up"),
            needs.overdue_count,
            [_task(lead, names, lead.next_at) for lead in needs.overdue],
        ),
        Breaches(
            _("Appointment not confirmed"),
            needs.unconfirmed_count,
            [_unconfirmed(lead, names) for lead in needs.unconfirmed],
        ),
    ]
    return [group for group in groups if group.count]


def _late(one: Late) -> Breach:
    return Breach(one.lead, one.customer, one.because, one.received_at, one.owner.split(" ", 1)[0])


def _task(lead: OpenLead, names: Mapping[int, str], at: datetime | None) -> Breach:
    because = lead.because or say("planned")
    return Breach(lead.lead, lead.customer, because, at, names.get(lead.next_for or lead.owner or 0, ""))


def _unconfirmed(lead: OpenLead, names: Mapping[int, str]) -> Breach:
    owner = names.get(lead.owner or 0, "")
    return Breach(lead.lead, lead.customer, say("not confirmed personally yet"), lead.appointment_at, owner)

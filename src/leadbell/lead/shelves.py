"""What lies on a person's desk, read from the leads' projection."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from leadbell.dealers.models import Person
from leadbell.lead.facts import Rang, decode_fact
from leadbell.lead.models import Lead
from leadbell.words import Words

#: What a person is asked to do; appointments have a shelf of their own.
TASKS = ("call", "write", "result", "remind", "first_contact")
MOST_DUE = 25
MOST_LATER = 8
MOST_RINGING = 10
MOST_REASONS = 4
#: A conversation is asked about this long (`conversation.rules`); older ones aren't looked for.
TALKED = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Shelf:
    """The first leads of `total`."""

    leads: tuple[Lead, ...]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.leads)


@dataclass(frozen=True, slots=True)
class Desk:
    """`settling`: something has just happened and what comes next is not decided yet."""

    ringing: tuple[Lead, ...]
    calling: tuple[Lead, ...]
    talked: tuple[Lead, ...]
    due: Shelf
    later: Shelf
    settling: tuple[Lead, ...]

    @property
    def is_empty(self) -> bool:
        return not (
            self.ringing or self.calling or self.talked or self.due.total or self.later.total or self.settling
        )


def _with_customer(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    return leads.select_related("customer", "dealer", "owner")


def ringing_at(person: Person, dealers: Sequence[int], now: datetime) -> list[Lead]:
    """The leads that ring at this person now, the one that waits longest first."""
    ringing = Lead.objects.filter(dealer__in=dealers, ring_until__gt=now, ringing__contains=[person.pk])
    return list(_with_customer(ringing).order_by("received_at", "pk")[:MOST_RINGING])


def in_cadence(numbers: Sequence[int]) -> list[Lead]:
    """Those of the leads whose next step is a day of the cadence and that nobody is calling, in the order asked for."""
    if not numbers:
        return []
    found = Lead.objects.filter(
        pk__in=numbers, closed_at=None, next_touch__isnull=False, next_kind__in=TASKS, calling_by=None
    )
    by_number = {lead.pk: lead for lead in _with_customer(found)}
    return [by_number[number] for number in numbers if number in by_number]


def desk_of(person: Person, dealers: Sequence[int], now: datetime, apart: Sequence[int] = ()) -> Desk:
    """Everything that is this person's now or next, late first; the same seven queries for any number of leads.

    `apart`: leads of the day's plan, which is shown by itself.
    """
    mine = Lead.objects.filter(owner=person, closed_at=None)
    tasks = mine.filter(next_for=person.pk, next_kind__in=TASKS, calling_by=None).exclude(pk__in=apart)
    # Whoever worked on a lead after its next step was decided has done that step.
    undone = Q(wake_at=None) | Q(worked_at=None) | ~Q(wake_at=F("worked_at"))
    is_due, is_later = Q(next_at__lte=now) & undone, Q(next_at__gt=now) & undone
    calling = Lead.objects.filter(dealer__in=dealers, calling_by=person.pk)
    talked = mine.filter(last_outcome="conversation", worked_at__gt=now - TALKED, calling_by=None)
    due = tuple(_with_customer(tasks.filter(is_due)).order_by("next_at", "pk")[:MOST_DUE])
    settling = _with_customer(mine.filter(wake_at__lte=now, calling_by=None)).order_by("-wake_at")[
        :MOST_LATER
    ]
    totals = tasks.aggregate(due=Count("pk", filter=is_due), later=Count("pk", filter=is_later))
    return Desk(
        ringing=tuple(ringing_at(person, dealers, now)),
        calling=tuple(_with_customer(calling).order_by("calling_since")[:MOST_RINGING]),
        talked=tuple(_with_customer(talked).order_by("-worked_at")[:MOST_RINGING]),
        due=Shelf(due, totals["due"]),
        later=Shelf(
            tuple(_with_customer(tasks.filter(is_later)).order_by("next_at", "pk")[:MOST_LATER]),
            totals["later"],
        ),
        settling=tuple(lead for lead in settling if lead not in due),
    )


_LAST_RING = """
select distinct on (lead_id) lead_id, body::text from leadbell_fact
where lead_id = any(%s) and kind = 'rang' order by lead_id, id desc
"""


def why_they_ring(leads: Sequence[Lead], person: Person) -> dict[int, tuple[Words, ...]]:
    """For each ringing lead, why it rings at this person: their place in the ranking, else the round's reason."""
    if not leads:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_LAST_RING, [[lead.pk for lead in leads]])
        rings = {lead: decode_fact(body) for lead, body in cursor.fetchall()}
    why: dict[int, tuple[Words, ...]] = {}
    for lead, rang in rings.items():
        if isinstance(rang, Rang):
            own = next((chosen.because for chosen in rang.ranked if chosen.person == person.pk), ())
            why[lead] = own[:MOST_REASONS] if own and rang.how == "best" else rang.because[:MOST_REASONS]
    return why

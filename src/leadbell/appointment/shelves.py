"""The appointments of one person, and when people are busy."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from leadbell.appointment.models import Appointment, BusyCalendar
from leadbell.appointment.rules import Span
from leadbell.dealers.models import Person
from leadbell.lead.models import Lead

UNDECIDED = (Appointment.Status.BOOKED, Appointment.Status.CONFIRMED)
#: Of how long ago it is still asked whether the customer came.
ASKED_FOR = timedelta(days=30)
MOST = 12
#: No appointment is longer.
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Diary:
    """The nearest appointments that are not decided yet, those gone by first; `total` of them."""

    appointments: tuple[Appointment, ...]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.appointments)


def diary_of(person: Person, now: datetime) -> Diary:
    """Agreed and still to come, or come and gone without a word whether the customer was here."""
    undecided = Appointment.objects.filter(
        salesperson=person, starts_at__gt=now - ASKED_FOR, status__in=UNDECIDED, lead__closed_at=None
    )
    nearest = undecided.select_related("lead", "lead__customer", "lead__dealer").order_by("starts_at", "pk")
    found = tuple(nearest[: MOST + 1])
    return Diary(found[:MOST], len(found) if len(found) <= MOST else undecided.count())


def expected(dealer: int, since: datetime, until: datetime) -> list[Appointment]:
    """Who is expected at the dealer between these moments, whatever came of it, in order."""
    return list(
        Appointment.objects.filter(dealer=dealer, starts_at__gte=since, starts_at__lt=until)
        .exclude(status=Appointment.Status.CANCELLED)
        .select_related("lead__customer", "lead__dealer", "salesperson")
        .order_by("starts_at", "pk")
    )


def appointment_of(number: int | None) -> Appointment | None:
    """The appointment a lead's standing names."""
    return (
        Appointment.objects.select_related("lead__customer", "salesperson", "dealer")
        .filter(pk=number or 0)
        .first()
    )


def cancelled_of(lead: Lead, now: datetime) -> Appointment | None:
    """The newest appointment that was called off and would still be to come, where there is no other."""
    if lead.standing.appointment is not None:
        return None
    theirs = Appointment.objects.select_related("lead__customer", "salesperson", "dealer")
    gone = theirs.filter(lead=lead.pk, status=Appointment.Status.CANCELLED, starts_at__gt=now)
    return gone.order_by("-pk").first()


def stands() -> RawSQL:
    """Whether an appointment's lead is open and still means this one; nobody need have said what became of it."""
    return RawSQL(
        "coalesce((select l.closed_at is null and (l.standing ->> 'appointment')::bigint = leadbell_appointment.id"
        " from leadbell_lead l where l.id = leadbell_appointment.lead_id), false)",
        [],
    )


def standing_from(person: int, since: datetime) -> list[Appointment]:
    """The appointments of this person that stand and aren't over then, in order."""
    undecided = Appointment.objects.filter(
        salesperson=person, status__in=UNDECIDED, starts_at__gt=since - LONGEST
    )
    there = undecided.alias(stands=stands()).filter(stands=True).order_by("starts_at", "pk")
    found = there.select_related("lead__customer", "dealer", "salesperson")
    return [one for one in found if one.ends_at > since]


_BUSY = """
select a.salesperson_id, a.starts_at, a.starts_at + a.minutes * interval '1 minute', a.id
from leadbell_appointment a join leadbell_lead l on l.id = a.lead_id
where a.salesperson_id = any(%(people)s) and a.status in ('booked', 'confirmed')
    and l.closed_at is null and (l.standing ->> 'appointment')::bigint = a.id
    and a.starts_at < %(until)s and a.starts_at > %(earliest)s
union all
select person_id, from_at, until_at, null from leadbell_busy
where person_id = any(%(people)s) and until_at > %(since)s and from_at < %(until)s
"""


def busy_between(
    people: Collection[int], since: datetime, until: datetime, apart_from: int | None = None
) -> dict[int, tuple[Span, ...]]:
    """When each of these people has an appointment or something in their own calendar, touching this time, in order.

    Everybody asked for has an entry. Inside the door of whoever asks: another dealer's times aren't seen.
    `apart_from`: an appointment that is being moved doesn't stand in its own way. What a calendar says about exactly
    the time of an appointment is that appointment, which somebody has put there.
    """
    asked: dict[str, Any] = {
        "people": list(people),
        "since": since,
        "until": until,
        "earliest": since - LONGEST,
    }
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, asked)
        rows = cursor.fetchall()
    own = {row[:3] for row in rows if row[3] is not None}
    spans: dict[int, list[Span]] = {person: [] for person in people}
    for person, from_at, until_at, number in rows:
        if number is None and (person, from_at, until_at) not in own:
            spans[person].append(Span(from_at, until_at))
        elif number is not None and number != apart_from and until_at > since:
            spans[person].append(Span(from_at, until_at, "appointment"))
    return {person: tuple(sorted(found)) for person, found in spans.items()}


def busy(
    people: Collection[int], since: datetime, until: datetime, apart_from: int | None = None
) -> dict[int, tuple[tuple[datetime, datetime], ...]]:
    """The same as plain times, for rooms that don't know this one."""
    found = busy_between(people, since, until, apart_from)
    return {person: tuple((one.from_at, one.until_at) for one in spans) for person, spans in found.items()}


def calendars_of(people: Collection[int]) -> list[BusyCalendar]:
    """What these people have connected, without its address."""
    return list(
        BusyCalendar.objects.filter(person__in=list(people))
        .select_related("person")
        .order_by("person__name", "pk")
    )

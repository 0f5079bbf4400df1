"""Book a time, confirm it personally, move it, keep it or miss it."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from psycopg.errors import ExclusionViolation

from leadbell.appointment.models import Appointment
from leadbell.appointment.rules import LOOKED_AT, free_times, taken
from leadbell.appointment.shelves import UNDECIDED, busy_between, stands
from leadbell.dealers.models import Person
from leadbell.lead.facts import Booked, Cancelled, Confirmed, HowConfirmed, Moved, NoShow, Shown
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import say

FURTHEST = timedelta(days=180)


def _is_bad_time(starts_at: datetime, now: datetime) -> Refused | None:
    if starts_at <= now:
        return Refused(say("An appointment lies in the future: choose a later time."))
    if starts_at > now + FURTHEST:
        return Refused(say("That is more than half a year ahead: choose an earlier time."))
    return None


def _standing_appointment(lead: Lead) -> Appointment | None:
    return Appointment.objects.select_for_update().filter(pk=lead.standing.appointment or 0).first()


NO_APPOINTMENT = Refused(say("There is no appointment."))


def _keep_free(appointment: Appointment, now: datetime) -> Refused | None:
    """Save it where its person is free then, else say so and when they are.

    Two at once can both find the time free; then the database lets the first one have it.
    """
    _let_go(appointment)
    if busy := _busy(appointment, now):
        return busy
    if faster := _save(appointment):
        return _busy(appointment, now) or faster
    return None


def _save(appointment: Appointment) -> Refused | None:
    """Refused where the database has another appointment of this person then."""
    try:
        with transaction.atomic():
            appointment.save()
    except IntegrityError as error:
        if not isinstance(error.__cause__, ExclusionViolation):
            raise
        return Refused(say("Somebody was faster: choose another time."))
    return None


def _let_go(appointment: Appointment) -> None:
    """What stands no more (its lead was lost or sold) holds no time: said before it is in somebody's way."""
    others = Appointment.objects.filter(salesperson=appointment.salesperson_id, status__in=UNDECIDED)
    gone = others.exclude(pk=appointment.pk).alias(stands=stands()).filter(stands=False)
    gone.update(status=Appointment.Status.CANCELLED)


def _busy(appointment: Appointment, now: datetime) -> Refused | None:
    person, at = appointment.salesperson_id, appointment.starts_at
    lasts = timedelta(minutes=appointment.minutes)
    there = busy_between([person], now, max(at, now) + LOOKED_AT + lasts, apart_from=appointment.pk)[person]
    in_the_way = taken(there, at, lasts)
    if in_the_way is None:
        return None
    free = free_times(appointment.dealer.opening_hours, there, at, now, lasts)
    who = Person.objects.values_list("name", flat=True).get(pk=person)
    said = (ALSO_BOOKED if in_the_way.what == "appointment" else ALSO_BUSY)[len(free)]
    names = ("first_at", "second_at", "third_at")
    return Refused(say(said.text, name=who, busy_at=at, **dict(zip(names, free, strict=False))))


#: By how many free times there are to offer.
ALSO_BOOKED = (
    say("%(name)s has another appointment then (%(busy_at)s), and no free time in the next two weeks."),
    say("%(name)s has another appointment then (%(busy_at)s). Free: %(first_at)s."),
    say("%(name)s has another appointment then (%(busy_at)s). Free: %(first_at)s or %(second_at)s."),
    say(
        "%(name)s has another appointment then (%(busy_at)s). Free: %(first_at)s, %(second_at)s or %(third_at)s."
    ),
)
ALSO_BUSY = (
    say(
        "%(name)s is busy then (%(busy_at)s), says their calendar, and has no free time in the next two weeks."
    ),
    say("%(name)s is busy then (%(busy_at)s), says their calendar. Free: %(first_at)s."),
    say("%(name)s is busy then (%(busy_at)s), says their calendar. Free: %(first_at)s or %(second_at)s."),
    say(
        "%(name)s is busy then (%(busy_at)s), says their calendar."
        " Free: %(first_at)s, %(second_at)s or %(third_at)s."
    ),
)


@transaction.atomic
def book(
    lead: Lead,
    person: int,
    starts_at: datetime,
    now: datetime,
    what: str = "",
    salesperson: int | None = None,
) -> Booked | Refused:
    """Agree a time in the showroom with the lead's salesperson, or with somebody named, where they are free."""
    if bad := _is_bad_time(starts_at, now):
        return bad
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    if lead.standing.appointment is not None:
        return Refused(say("There is an appointment already: move it instead."))
    appointment = Appointment(
        lead=lead, dealer_id=lead.dealer_id, salesperson_id=salesperson or lead.owner_id or person,
        starts_at=starts_at, what=what.strip()[:200], created_at=now,
    )  # fmt: skip
    if busy := _keep_free(appointment, now):
        return busy
    return record(
        lead,
        Booked(at=now, appointment=appointment.pk, by=person, starts_at=starts_at, what=appointment.what),
    )


@transaction.atomic
def move(lead: Lead, person: int, starts_at: datetime, now: datetime) -> Moved | Refused:
    appointment = _standing_appointment(lead)
    if appointment is None:
        return NO_APPOINTMENT
    if bad := _is_bad_time(starts_at, now):
        return bad
    appointment.starts_at, appointment.status = starts_at, Appointment.Status.BOOKED
    appointment.sequence, appointment.doubled = appointment.sequence + 1, False
    if busy := _keep_free(appointment, now):
        return busy
    return record(lead, Moved(at=now, appointment=appointment.pk, by=person, starts_at=starts_at))


@transaction.atomic
def confirm(lead: Lead, person: int, how: HowConfirmed, now: datetime) -> Confirmed | Refused:
    """Confirmed personally by the salesperson: by phone, e-mail or video mail [S1]."""
    appointment = _standing_appointment(lead)
    if appointment is None:
        return NO_APPOINTMENT
    appointment.status = Appointment.Status.CONFIRMED
    appointment.save(update_fields=["status"])
    return record(lead, Confirmed(at=now, appointment=appointment.pk, by=person, how=how))


@transaction.atomic
def give_to(lead: Lead, person: int) -> None:
    """Somebody else receives the customer; who has the lead is told by the journal, calendars by `sequence`.

    A customer who comes anyway isn't turned away: where the other has somebody else then, both stand.
    """
    appointment = _standing_appointment(lead)
    if appointment is not None and appointment.salesperson_id != person:
        appointment.salesperson_id, appointment.doubled = person, False
        appointment.sequence += 1
        if _save(appointment) is not None:
            appointment.doubled = True
            appointment.save()


@transaction.atomic
def came(lead: Lead, person: int, now: datetime) -> Shown | Refused:
    appointment = _standing_appointment(lead)
    if appointment is None:
        return NO_APPOINTMENT
    appointment.status = Appointment.Status.SHOWN
    appointment.save(update_fields=["status"])
    return record(lead, Shown(at=now, appointment=appointment.pk, by=person))


@transaction.atomic
def missed(lead: Lead, person: int, now: datetime) -> NoShow | Refused:
    """The customer did not come; the lead goes on."""
    appointment = _standing_appointment(lead)
    if appointment is None:
        return NO_APPOINTMENT
    if appointment.starts_at > now:
        return Refused(say("The appointment is still to come."))
    appointment.status = Appointment.Status.NO_SHOW
    appointment.save(update_fields=["status"])
    return record(lead, NoShow(at=now, appointment=appointment.pk, by=person))


@transaction.atomic
def cancel(lead: Lead, person: int, now: datetime) -> Cancelled | Refused:
    appointment = _standing_appointment(lead)
    if appointment is None:
        return NO_APPOINTMENT
    appointment.status = Appointment.Status.CANCELLED
    appointment.sequence += 1
    appointment.save()
    return record(lead, Cancelled(at=now, appointment=appointment.pk, by=person))

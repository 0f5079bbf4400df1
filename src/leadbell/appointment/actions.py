"""Book a time, confirm it personally, move it, keep it or miss it."""

from datetime import datetime, timedelta

from django.db import transaction
from icalendar import Calendar, Event

from leadbell.appointment.models import Appointment
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


@transaction.atomic
def book(
    lead: Lead,
    person: int,
    starts_at: datetime,
    now: datetime,
    what: str = "",
    salesperson: int | None = None,
) -> Booked | Refused:
    """Agree a time in the showroom with the lead's salesperson, or with somebody named."""
    if bad := _is_bad_time(starts_at, now):
        return bad
    if not lead.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    if lead.standing.appointment is not None:
        return Refused(say("There is an appointment already: move it instead."))
    appointment = Appointment.objects.create(
        lead=lead, dealer_id=lead.dealer_id, salesperson_id=salesperson or lead.owner_id or person,
        starts_at=starts_at, what=what.strip()[:200], created_at=now,
    )  # fmt: skip
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
    appointment.sequence += 1
    appointment.save()
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
    """Somebody else receives the customer; who has the lead is told by the journal, calendars by `sequence`."""
    appointment = _standing_appointment(lead)
    if appointment is not None and appointment.salesperson_id != person:
        appointment.salesperson_id = person
        appointment.sequence += 1
        appointment.save(update_fields=["salesperson", "sequence"])


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


def as_calendar(appointment: Appointment, now: datetime) -> bytes:
    """The appointment as an iCalendar file (RFC 5545) for the salesperson's own calendar."""
    who = [str(appointment.lead.customer), appointment.what, appointment.lead.car]
    return _calendar(appointment, now, who)


def as_invitation(appointment: Appointment, now: datetime) -> bytes:
    """The same for the customer's calendar: with the dealer's name, and without our own notes."""
    return _calendar(appointment, now, [appointment.dealer.name, appointment.lead.car])


def _calendar(appointment: Appointment, now: datetime, summary: list[str]) -> bytes:
    event = Event()
    event.add("uid", f"appointment-{appointment.pk}@leadbell")
    event.add("dtstamp", now)
    event.add("dtstart", appointment.starts_at)
    event.add("dtend", appointment.starts_at + timedelta(minutes=appointment.minutes))
    event.add("summary", " · ".join(filter(None, summary)))
    event.add("location", appointment.dealer.name)
    event.add("sequence", appointment.sequence)
    event.add("status", "CANCELLED" if appointment.status == Appointment.Status.CANCELLED else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Leadbell//appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())

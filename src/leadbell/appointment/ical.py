"""Appointments as iCalendar files (RFC 5545, 5546): for the salesperson, for the customer, as a feed."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

from leadbell.appointment.models import Appointment, DiaryChoice

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
#: What our own appointments are called in every calendar; those that come back to us are known by it.
UID = "appointment-{}@leadbell"


def as_calendar(appointment: Appointment, now: datetime) -> bytes:
    """The appointment for the salesperson's own calendar."""
    who = [str(appointment.lead.customer), appointment.what, appointment.lead.car]
    return _file([_event(appointment, now, who)])


def as_invitation(
    appointment: Appointment, now: datetime, organizer: str = "", attendee: str = "",
    method: Method = "REQUEST",
) -> bytes:  # fmt: skip
    """For the customer's calendar (iTIP): with the dealer's name, and without our own notes.

    `organizer` and `attendee` are e-mail addresses; without both it is merely published.
    """
    event = _event(appointment, now, [appointment.dealer.name, appointment.lead.car])
    if not (organizer and attendee):
        return _file([event])
    by = vCalAddress(f"mailto:{organizer}")
    by.params["CN"] = vText(f"{appointment.salesperson.name} · {appointment.dealer.name}")
    event["ORGANIZER"] = by
    to = vCalAddress(f"mailto:{attendee}")
    to.params["ROLE"], to.params["PARTSTAT"], to.params["RSVP"] = "REQ-PARTICIPANT", "NEEDS-ACTION", "FALSE"
    if method == "CANCEL":
        event["STATUS"] = vText("CANCELLED")
    event.add("attendee", to, encode=False)
    return _file([event], method)


def as_feed(appointments: Iterable[tuple[Appointment, str]], name: str, word: str, now: datetime) -> bytes:
    """A person's appointments to subscribe to, each with what its dealer lets be shown (DiaryChoice); `word`: one."""
    events = []
    for one, shows in appointments:
        said = [word]
        if shows != DiaryChoice.Shows.TIMES:
            said.append(one.lead.car)
        if shows == DiaryChoice.Shows.NAME:
            said.append(first_name(one))
        events.append(_event(one, now, said))
    return _file(events, name=name)


def first_name(appointment: Appointment) -> str:
    """`Samuel`; where only a whole name is known, its first word if there are several, else nothing."""
    customer = appointment.lead.customer
    words = customer.full_name.split()
    return customer.first_name or (words[0] if len(words) > 1 else "")


def _event(appointment: Appointment, now: datetime, summary: list[str]) -> Event:
    cancelled = appointment.status == Appointment.Status.CANCELLED
    event = Event()
    event.add("uid", UID.format(appointment.pk))
    event.add("dtstamp", now)
    event.add("dtstart", appointment.starts_at)
    event.add("dtend", appointment.ends_at)
    event.add("summary", " · ".join(filter(None, summary)))
    event.add("location", appointment.dealer.name)
    event.add("sequence", appointment.sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    return event


def _file(events: Iterable[Event], method: Method = "PUBLISH", name: str = "") -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Leadbell//appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval;value=duration", "PT15M")
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())

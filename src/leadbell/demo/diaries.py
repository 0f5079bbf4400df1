"""What else the demo's salespeople do: calendars of their own, so that nobody is booked while they are busy."""

from datetime import datetime, timedelta
from random import Random

from django.db import transaction

from leadbell.appointment.models import Busy, BusyCalendar, BusyCalendarSecret
from leadbell.appointment.rules import Span, taken
from leadbell.appointment.shelves import busy_between
from leadbell.dealers.models import Organisation, Person
from leadbell.demo.cast import DEALERS, Company
from leadbell.demo.stage import usual_hours

HOST = "calendar.example"
AHEAD_DAYS = 28
#: Nobody answers at HOST: what is known of these calendars is invented here, and none is looked into.
NEVER = timedelta(days=3650)
#: Who has no calendar connected.
WITHOUT = frozenset({"daan@northside.example", "wouter@delinde.example"})
#: What they do, an hour or longer each: beginning, minutes, and the chance of it on a day.
HABITS = (("09:00", 60, 0.3), ("12:30", 60, 0.35), ("15:00", 90, 0.25), ("16:30", 60, 0.2))


@transaction.atomic
def keep_diaries(now: datetime, seed: str) -> int:
    """Fill the salespeople's own calendars for the next weeks, never over an appointment; how many times they hold."""
    held = 0
    for company in DEALERS:
        dealer = Organisation.objects.get(name=company.name, kind=company.kind)
        staff = dealer.people.filter(role="salesperson", is_active=True).exclude(email__in=WITHOUT)
        for person in staff.order_by("pk"):
            times = _times(person, company, now, Random(f"{seed}/diary/{person.email}/{now.date()}"))
            calendar = _calendar(dealer, person, now)
            Busy.objects.filter(source=calendar).delete()
            Busy.objects.bulk_create(
                Busy(
                    dealer=dealer, person=person, source=calendar, from_at=one.from_at, until_at=one.until_at
                )
                for one in times
            )
            BusyCalendar.objects.filter(pk=calendar.pk).update(
                times=len(times), answered_at=now, read_at=now, next_at=now + NEVER, tries=0, because=None
            )
            held += len(times)
    return held


def _calendar(dealer: Organisation, person: Person, now: datetime) -> BusyCalendar:
    found = BusyCalendar.objects.filter(person=person, host=HOST).first()
    if found is not None:
        return found
    made = BusyCalendar.objects.create(
        dealer=dealer, person=person, kind=BusyCalendar.Kind.ICAL, host=HOST, next_at=now + NEVER,
        created_at=now - timedelta(days=70),
    )  # fmt: skip
    BusyCalendarSecret.objects.create(dealer=dealer, calendar=made, address=f"https://{HOST}/{person.pk}.ics")
    return made


def _times(person: Person, company: Company, now: datetime, rng: Random) -> list[Span]:
    hours = usual_hours(company)
    first = hours.local_day(now)
    until = now + timedelta(days=AHEAD_DAYS + 1)
    agreed = [
        one
        for one in busy_between([person.pk], now - timedelta(days=1), until)[person.pk]
        if one.what == "appointment"
    ]
    found: list[Span] = []
    for ahead in range(AHEAD_DAYS):
        for clock, minutes, chance in HABITS:
            at = hours.time_on(first + timedelta(days=ahead), clock)
            lasts = timedelta(minutes=minutes)
            wanted = rng.random() < chance
            if (
                wanted
                and at is not None
                and hours.is_open(at)
                and taken([*agreed, *found], at, lasts) is None
            ):
                found.append(Span(at, at + lasts))
    return found

"""The demo's reception today: who was here, who didn't come, who stands at the door now and who comes later."""

from datetime import datetime, timedelta

from django.db import transaction

from leadbell.appointment import actions as appointment
from leadbell.appointment.shelves import expected
from leadbell.dealers.models import Organisation, Person
from leadbell.demo.cast import NORTHSIDE, STAR
from leadbell.followup.actions import follow_up
from leadbell.lead.facts import Booked
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead

HALF_HOUR = timedelta(minutes=30)
#: Half hours from now at which somebody is expected, and what is known: came, didn't, or nothing yet.
VISITS = ((-6, True), (-4, False), (-3, True), (0, None), (1, None), (3, None), (5, None))
#: Those who come about now are the visitor's own customers: nobody in the demo marks them by themselves.
HERS = (0, 1)
ABOUT = ("test drive", "test drive and appraisal", "look at the car with the family", "sign the contract")
AGREED_BEFORE = timedelta(hours=30)


def expect_visitors(now: datetime) -> int:
    """Fill the day of the visitor's dealer where it is empty, at whatever hour the demo begins; how many come."""
    dealer = Organisation.objects.filter(name=NORTHSIDE.name, kind="dealer").first()
    desk = Person.objects.filter(organisation=dealer, role="reception").first()
    if dealer is None or desk is None:
        return 0
    hours = dealer.opening_hours
    today = hours.day_begins(hours.local_day(now))
    tomorrow = hours.day_begins(hours.local_day(now) + timedelta(days=1))
    if len(expected(dealer.pk, now - HALF_HOUR, tomorrow)) >= len(VISITS):
        return 0
    since = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    leads = _who_might_come(dealer, now)
    received = 0
    for place, (halves, came) in enumerate(VISITS):
        at = since + halves * HALF_HOUR
        if not today <= at < tomorrow:
            continue
        for lead in leads:
            if (lead.owner is not None and lead.owner.email == STAR) != (halves in HERS):
                continue
            if _visits(lead, at, came, ABOUT[place % len(ABOUT)], desk, now):
                leads.remove(lead)
                received += 1
                break
    return received


def _who_might_come(dealer: Organisation, now: datetime) -> list[Lead]:
    """Open leads somebody has spoken to, with whom nothing is agreed, that were left alone for a while."""
    found = Lead.objects.filter(
        dealer=dealer, closed_at=None, appointment_at=None, calling_by=None, reached_at__isnull=False,
        owner__role="salesperson", owner__organisation=dealer, customer__opted_out_at=None,
    ).select_related("owner").order_by("-received_at")  # fmt: skip
    return [
        lead for lead in found
        if lead.standing.contract is None and lead.standing.taken_over_at is None and lead.standing.missed_at is None
        and read_history(lead).facts[-1].at < now - AGREED_BEFORE
    ]  # fmt: skip


@transaction.atomic
def _visits(lead: Lead, at: datetime, came: bool | None, about: str, desk: Person, now: datetime) -> bool:
    lead, by, agreed = locked(lead.pk), lead.owner_id or 0, min(now, at) - AGREED_BEFORE + HALF_HOUR
    if not isinstance(appointment.book(lead, by, at, agreed, about), Booked):
        return False
    appointment.confirm(lead, by, "phone", agreed + 4 * HALF_HOUR)
    if came is True:
        appointment.came(lead, desk.pk, at - timedelta(minutes=2))
    elif came is False:
        appointment.missed(lead, desk.pk, at + timedelta(minutes=25))
    follow_up(lead, now)
    return True

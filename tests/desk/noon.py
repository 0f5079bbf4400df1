"""Pages look at the real clock: a dealer for whom it is noon now, open all day."""

from datetime import UTC, datetime, timedelta
from typing import Any

from leadbell.dealers.models import Organisation
from leadbell.dealers.week import WEEKDAYS
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from tests.conftest import lead_of

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
EVERY_DAY = {"week": {day: [["00:00", "24:00"]] for day in WEEKDAYS}}


def make_it_noon(dealer: Organisation) -> None:
    """Move the dealer to where the sun stands highest; it has no public holidays there."""
    ahead = 12 - datetime.now(UTC).hour
    dealer.zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
    dealer.country, dealer.hours = "XX", EVERY_DAY
    dealer.save()


def lead_now(
    dealer: Organisation, ago: timedelta = MINUTE, customer: str = "Mr Okafor", **about: Any
) -> Lead:
    """A lead that came a moment ago, locked to act on."""
    at = datetime.now(UTC) - ago
    lead = lead_of(dealer, customer, now=at, **about)
    Lead.objects.filter(pk=lead.pk).update(received_on=dealer.opening_hours.local_day(at))
    return locked(lead.pk)

"""A network of seven dealers below Hyundai, each with ten leads of a month, of which so many were called."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from leadbell.conversation import actions as conversation
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import Assigned
from leadbell.lead.journal import record
from leadbell.metrics.monthly.rules import Month
from leadbell.metrics.rows.keeping import keep_some, note_stale
from tests.conftest import lead_of, make_dealer, make_person

MINUTE = timedelta(minutes=1)
#: Of ten leads each; Northside's nine stand beside them.
CALLED = {"Eastside": 2, "Westside": 4, "Midtown": 5, "Harbour": 6, "Hilltop": 8, "Lakeside": 10}


def wednesday(month: Month) -> date:
    """The second one: no holiday's."""
    begins = month.first + timedelta(days=7)
    return begins + timedelta(days=(2 - begins.weekday()) % 7)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo("Europe/Amsterdam"))


def received(dealer: Organisation, person: Person, at: datetime, leads: int, called: int) -> None:
    """So many leads from then on, of which the first are called, each a little later than the one before."""
    for number in range(leads):
        lead = lead_of(dealer, f"Mr Okafor {number}", now=at + number * MINUTE)
        record(lead, Assigned(at=lead.received_at, to=person.pk))
        if number < called:
            conversation.start_attempt(
                lead, person.pk, lead.received_at + timedelta(seconds=7 * (number + 1))
            )


def below(above: Organisation, dealer: Organisation) -> Organisation:
    dealer.parent = above
    dealer.save()
    return dealer


def importer(name: str = "Hyundai") -> Organisation:
    above = make_dealer(name)
    above.kind = "importer"
    above.save()
    return above


def network(northside: Organisation, rosa: Person, month: Month) -> Organisation:
    """The importer; Lakeside sells another brand, so it is not comparable."""
    above, at = importer(), noon(wednesday(month))
    received(below(above, northside), rosa, at, 10, 9)
    for name, called in CALLED.items():
        dealer = make_dealer(name, above)
        if name == "Lakeside":
            dealer.brands = ["Kia"]
            dealer.save()
        received(dealer, make_person("Lena", dealer), at, 10, called)
    keep()
    return above


def keep() -> None:
    note_stale()
    while keep_some():
        pass

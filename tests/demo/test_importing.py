"""What the demo's importer has sent: taken leads with their clocks, one to decide, one that waits for De Linde."""

from datetime import timedelta

import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.demo.importing import send_leads
from leadbell.lead.models import Lead
from leadbell.network.models import Agreement, Offer, Passing
from leadbell.network.shelves import books
from tests.conftest import NOON, lead_of, make_dealer, make_person


@pytest.fixture
def aurora(db: None) -> Organisation:
    importer = Organisation.objects.create(
        kind="importer", name="Aurora Import", country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
    for name in ("Northside", "De Linde", "Lanterna Riga"):
        make_person(name.split()[-1], make_dealer(name, importer))
    Organisation.objects.exclude(name="De Linde").update(brands=["Hyundai", "Kia"])
    return importer


def test_the_importer_has_sent_leads_and_its_books_balance(aurora: Organisation) -> None:
    northside = Organisation.objects.get(name="Northside")
    rosa = Person.objects.get(name="Northside")
    at = NOON - timedelta(days=3)
    for nth in range(3):
        lead = lead_of(northside, now=at, phone=f"+3161234567{nth}")
        accepted = at + timedelta(minutes=1) if nth else None
        Lead.objects.filter(pk=lead.pk).update(
            source="Aurora Import", owner=rosa, accepted_at=accepted, worked_at=accepted
        )
    assert send_leads(NOON, "seed") == 2
    states = sorted(Passing.objects.values_list("state", flat=True))
    assert states == ["closed", "offered", "returned", "taken", "taken", "taken", "taken"]
    for first, outcome in (("De Linde", "expired"), ("Lanterna Riga", "refused")):
        offer = Offer.objects.get(outcome=outcome)
        assert offer.dealer.name == first
        assert Lead.objects.get(pk=offer.lead).lost_reason == "withdrawn"
        assert [one.dealer.name for one in offer.passing.offers.order_by("at")] == [first, "Northside"]
        assert Lead.objects.get(pk=offer.passing.lead).standing.call_back_at is not None
    waits = Offer.objects.get(outcome="")
    assert waits.dealer.name == "De Linde"
    assert waits.until > NOON
    assert Agreement.objects.get(dealer=northside).given == 4
    pages = books(aurora.pk, None)
    assert pages
    assert all(page.balanced for page in pages)
    assert send_leads(NOON, "seed") == 0, "a second start says nothing twice"

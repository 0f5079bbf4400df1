"""Dealers side by side."""

from datetime import timedelta

import pytest

from leadbell.conversation import actions as conversation
from tests.conftest import make_dealer, make_person
from tests.desk.noon import MINUTE, SECOND, lead_now, make_it_noon

pytestmark = pytest.mark.django_db


@pytest.fixture
def importer(northside, southside):
    above = make_dealer("Hyundai Nederland")
    above.kind, above.country = "importer", "NL"
    above.save()
    for dealer in (northside, southside):
        dealer.parent = above
        make_it_noon(dealer)
    return above


@pytest.fixture
def ivan(importer):
    return make_person("Ivan", importer, "importer")


def test_an_importer_without_dealers(db, signed_in):
    alone = make_dealer("Alone")
    alone.kind = "importer"
    alone.save()
    page = signed_in(make_person("Ivan", alone, "importer")).get("/network/").content.decode()
    assert "There is no dealer below this organisation yet." in page


def test_counts_with_their_bases_and_no_customer(importer, northside, rosa, ivan, signed_in):
    for number in range(5):
        lead = lead_now(northside, 20 * MINUTE, "Mr Okafor")
        conversation.start_attempt(lead, rosa.pk, lead.received_at + (60 + 30 * number) * SECOND)
    lead_now(northside, timedelta(days=2), "Ms Lindqvist")
    answer = signed_in(ivan).get("/network/")
    page = " ".join(answer.content.decode().split())
    assert '<b>60 %</b> <span class="why">3 of 5</span>' in page
    assert "2:00" in page
    assert page.index("Northside") < page.index("Southside")
    for private in ("Okafor", "Lindqvist", "+31612345678", "okafor@example.org", "/leads/"):
        assert private not in page


def test_books_that_do_not_balance_are_said(importer, northside, ivan, signed_in):
    assert "don't balance" not in signed_in(ivan).get("/network/").content.decode()
    lead_now(northside)
    assert "don't balance" in signed_in(ivan).get("/network/").content.decode(), "a lead without an envelope"


def test_htmx_gets_the_tables_only(ivan, signed_in):
    part = signed_in(ivan).get("/network/", HTTP_HX_REQUEST="true").content.decode()
    assert part.lstrip().startswith('<div id="network"')


def test_who_has_nothing_to_compare(importer, northside, rosa, ines, signed_in):
    for person in (rosa, ines):
        assert signed_in(person).get("/network/").status_code == 403


def test_a_group_sees_its_own_dealers_only(importer, northside, southside, signed_in):
    group = make_dealer("Noord Groep", importer)
    group.kind = "group"
    group.save()
    northside.parent = group
    northside.save()
    page = signed_in(make_person("Greta", group, "manager")).get("/network/").content.decode()
    assert "Northside" in page
    assert "Southside" not in page


def test_an_importer_opens_no_lead(importer, northside, ivan, signed_in):
    lead = lead_now(northside)
    client = signed_in(ivan)
    client.get("/network/")
    assert client.get(f"/leads/{lead.pk}/").status_code == 404

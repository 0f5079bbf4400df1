"""The importer's page of its own leads, its agreements, and what a dealer sees and says of them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from tests.conftest import make_dealer, make_person, make_source
from tests.network.test_distribution import post, run_due

SignIn = Callable[[Person], Client]
HOSTILE = "Mr Okafor <3 & co"


@pytest.fixture
def importer(db: None) -> Organisation:
    return Organisation.objects.create(
        kind="importer", name="Hyundai Nederland", country="NL", zone="Europe/Amsterdam", created_at=datetime.now(UTC)
    )  # fmt: skip


@pytest.fixture
def northside(importer: Organisation) -> Organisation:
    return make_dealer("Northside", importer)


@pytest.fixture
def ilse(importer: Organisation) -> Person:
    return make_person("Ilse", importer, "importer")


def lead_at(importer: Organisation, name: str = "Mr Okafor") -> Passing:
    now = datetime.now(UTC)
    source = make_source(importer, f"hyundai.nl {Passing.objects.count()}")
    number = 10_000_000 + Passing.objects.count()
    post(source, b'{"name": "%s", "phone": "+316%d", "model": "Kona"}' % (name.encode(), number), now)
    return Passing.objects.latest("pk")


def test_what_came_back_is_decided_there(
    importer: Organisation, northside: Organisation, ilse: Person, signed_in: SignIn
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, takes_leads=False)
    passing = lead_at(importer, HOSTILE)
    client = signed_in(ilse)
    page = client.get(reverse("passings")).content.decode()
    assert "Mr Okafor &lt;3 &amp; co" in page
    assert HOSTILE not in page
    assert "no dealer takes leads" in page
    client.post(reverse("passing-choice", args=[passing.pk]), {"dealer": northside.pk})
    assert "It rings at the dealer now." in client.get(reverse("passings")).content.decode()
    run_due(datetime.now(UTC))
    passing.refresh_from_db()
    assert (passing.state, passing.dealer) == ("offered", northside)
    client.post(reverse("passing-closing", args=[passing.pk]))
    assert "isn’t waiting for you any more" in client.get(reverse("passings")).content.decode()


def test_a_closed_lead_is_forgotten(
    importer: Organisation, northside: Organisation, ilse: Person, signed_in: SignIn
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, takes_leads=False)
    passing = lead_at(importer)
    client = signed_in(ilse)
    assert "Mr Okafor" in client.get(reverse("passings")).content.decode()
    client.post(reverse("passing-closing", args=[passing.pk]))
    passing.refresh_from_db()
    assert (passing.state, passing.inquiry, passing.closed_by) == ("closed", None, ilse.pk)
    assert "Mr Okafor" not in client.get(reverse("passings")).content.decode()


def test_names_are_shown_only_where_the_dealer_says_so(
    importer: Organisation,
    northside: Organisation,
    rosa: Person,
    ines: Person,
    ilse: Person,
    signed_in: SignIn,
) -> None:
    passing = lead_at(importer)
    Lead.objects.filter(pk=passing.lead).update(accepted_at=datetime.now(UTC), state="accepted", owner=rosa)
    run_due(datetime.now(UTC))
    passing.refresh_from_db()
    assert passing.state == "taken"
    at_the_importer, at_the_dealer = signed_in(ilse), signed_in(ines)
    assert "Mr Okafor" not in at_the_importer.get(reverse("passings")).content.decode()
    sharing = reverse("channel-sharing", args=[northside.pk])
    assert (
        "Hyundai Nederland"
        in at_the_dealer.get(reverse("dealer-channels", args=[northside.pk])).content.decode()
    )
    at_the_dealer.post(sharing, {"shows_customers": "1"})
    assert "Mr Okafor" in at_the_importer.get(reverse("passings")).content.decode()
    assert at_the_importer.post(sharing, {"shows_customers": "1"}).status_code in (403, 404)
    at_the_dealer.post(sharing, {})
    assert "Mr Okafor" not in at_the_importer.get(reverse("passings")).content.decode()
    assert at_the_importer.get(reverse("lead", args=[passing.lead])).status_code == 404


def test_the_dealer_sees_the_same_clock_as_the_importer_and_gives_back(
    importer: Organisation, northside: Organisation, rosa: Person, ilse: Person, signed_in: SignIn
) -> None:
    lead_at(importer)
    offer = Offer.objects.get()
    assert offer.until
    client = signed_in(rosa)
    page = client.get(reverse("lead", args=[offer.lead])).content.decode()
    until = offer.until.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%H:%M")
    said = re.search(r"From Hyundai Nederland: accept or call until ([^<]*?), else another dealer", page)
    assert said
    assert until in said[1]
    assert said[1] in signed_in(ilse).get(reverse("passings")).content.decode()
    client.post(reverse("giving-back", args=[offer.lead]), {"note": "They want a van."})
    assert "leaves your desk" in client.get(reverse("lead", args=[offer.lead])).content.decode()
    run_due(datetime.now(UTC))
    assert Passing.objects.get().state == "returned"
    assert Lead.objects.get(pk=offer.lead).lost_reason == "withdrawn"


def test_another_importers_dealers_and_leads_are_not_there(
    importer: Organisation, northside: Organisation, ilse: Person, signed_in: SignIn
) -> None:
    another = Organisation.objects.create(
        kind="importer", name="Kia", country="NL", zone="Europe/Amsterdam", created_at=datetime.now(UTC)
    )
    theirs = make_dealer("Eastside", another)
    Agreement.objects.create(importer=another, dealer=theirs, takes_leads=False)
    passing = lead_at(another)
    client = signed_in(ilse)
    assert "Mr Okafor" not in client.get(reverse("passings")).content.decode()
    client.post(reverse("passing-closing", args=[passing.pk]))
    client.post(reverse("passing-choice", args=[passing.pk]), {"dealer": northside.pk})
    passing.refresh_from_db()
    assert passing.state == "returned"
    assert client.post(reverse("agreement", args=[theirs.pk]), {"share": "9"}).status_code == 404


GOOD: dict[str, Any] = {"takes_leads": "1", "share": "3", "postcodes": "10, 11 1382", "most_a_day": "",
    "latitude": "52,37", "longitude": "4.90"}  # fmt: skip


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({}, ""), ({"share": "-1"}, "A share is a whole number"), ({"share": "x"}, "A share is a whole number"),
        ({"most_a_day": "many"}, "At most a day"), ({"latitude": "91"}, "Latitude and longitude are degrees"),
        ({"latitude": "nan"}, "Latitude and longitude"), ({"share": "9" * 40}, "A share is a whole number"),
    ],
)  # fmt: skip
def test_agreements_are_checked(
    importer: Organisation, northside: Organisation, ilse: Person, signed_in: SignIn, said: dict[str, Any], because: str
) -> None:  # fmt: skip
    answer = signed_in(ilse).post(reverse("agreement", args=[northside.pk]), GOOD | said)
    if because:
        assert answer.status_code == 409
        assert because in answer.content.decode()
        assert not Agreement.objects.exists()
        return
    agreed = Agreement.objects.get()
    assert (agreed.share, agreed.postcodes, agreed.most_a_day) == (3, ["10", "11", "1382"], None)
    assert (agreed.latitude, agreed.longitude, agreed.shows_customers) == (52.37, 4.9, False)


def test_the_plan_is_checked_and_kept(importer: Organisation, ilse: Person, signed_in: SignIn) -> None:
    client, here = signed_in(ilse), reverse("agreements")
    good = {"answer_minutes": "20", "most_dealers": "2", "places": "1012; 52.37; 4.90\n20\t52,38\t4,64\n"}
    assert client.post(here, good).status_code == 303
    plan = NetworkPlan.objects.get()
    assert (plan.answer_minutes, plan.most_dealers) == (20, 2)
    assert plan.places == {"1012": [52.37, 4.9], "20": [52.38, 4.64]}
    assert "1012; 52.37; 4.9" in client.get(here).content.decode()
    wrongs = (
        ({"answer_minutes": "0"}, "between 1 and"),
        ({"places": "x"}, "Line 1 isn’t"),
        ({"most_dealers": "99"}, "1 and 20"),
    )
    for wrong, because in wrongs:
        answer = client.post(here, good | wrong)
        assert answer.status_code == 409
        assert because in answer.content.decode()
    assert client.post(here, {"name": "hyundai.nl", "origin": "online"}).status_code == 303
    assert "/in/" in client.get(here).content.decode()


def test_only_the_importers_people_enter(
    northside: Organisation, rosa: Person, ines: Person, signed_in: SignIn
) -> None:
    for person in (rosa, ines):
        for name in ("passings", "agreements"):
            assert signed_in(person).get(reverse(name)).status_code == 403

"""Each month: a dealer's page beside the others, who may read it, and the switch for its letter."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from leadbell.metrics.monthly.letter import LETTERS
from leadbell.metrics.monthly.rules import last_month
from tests.conftest import make_person
from tests.desk.test_reports import text
from tests.metrics.monthly.network import CALLED, network

pytestmark = pytest.mark.django_db
LIST, MAIL, LETTER, SWITCH = (
    "/reports/months/",
    "/reports/months/mail/",
    "/reports/months/letter/",
    "/me/monthly/",
)


def month_before(dealer):
    return last_month(datetime.now(UTC).date())


@pytest.fixture
def hyundai(northside, rosa):
    return network(northside, rosa, month_before(northside))


@pytest.fixture
def ivan(hyundai):
    return make_person("Ivan", hyundai, "importer")


def page(dealer):
    return f"{LIST}{dealer.pk}/?month={month_before(dealer).code}"


def test_a_dealers_page_names_no_other_dealer(hyundai, northside, ines, signed_in):
    said = text(signed_in(ines).get(page(northside)))
    assert "9 of 10 · 59.6–98.2 %" in said
    assert "half between 40 % and 60 %; 5 dealers" in said
    assert "middle of 6 dealers" in said
    assert "surely better" in said
    assert "85 % of 5,247 leads forwarded in opening hours [S0]" in said
    assert "Okafor" not in said
    assert not any(name in said for name in CALLED)


def test_the_importer_sees_who_is_compared(ivan, northside, signed_in):
    said = text(signed_in(ivan).get(page(northside)))
    assert "Comparable here: Eastside, Harbour, Hilltop, Midtown, Westside." in said
    assert "Okafor" not in said


def test_the_page_leaves_the_door_as_it_was(hyundai, northside, ines, signed_in):
    client = signed_in(ines)
    client.get(page(northside))
    said = text(client.get("/reports/?period=90&who=all"))
    assert "9 of 10 leads forwarded in opening hours" in said


def test_who_runs_one_dealer_is_led_to_its_page(northside, ines, signed_in):
    answer = signed_in(ines).get(LIST)
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{northside.pk}/")


def test_the_importers_list(ivan, northside, signed_in):
    client = signed_in(ivan)
    said = client.get(LIST).content.decode()
    for name in (*CALLED, "Northside"):
        assert name in said
    assert f"/reports/months/{northside.pk}/?month=" in said
    assert "best=show_rate" in said
    assert client.get(f"{LIST}?best=nothing&month=x").status_code == 200


def test_who_is_best_is_named_to_the_importer_alone(ivan, northside, ines, signed_in):
    """Northside's ten were sold, nobody else's; old enough to be judged."""
    with connection.cursor() as cursor:
        cursor.execute("update leadbell_leadrow set received_ms = received_ms - 3888000000")
        cursor.execute(
            "update leadbell_leadrow set sold_ms = received_ms where dealer_id = %s", [northside.pk]
        )
    listed = text(signed_in(ivan).get(LIST))
    assert "lies above the network’s 14 %. They are 1; 6 others can be told." in listed
    assert "<b>Northside</b> 100 % (10 of 10, 72.2–100.0 %)" in listed
    for person in (ivan, ines):
        said = text(signed_in(person).get(page(northside)))
        assert "Too few dealers on one side: what they do is told of at least 5 of either" in said
        assert "lies above the network" not in said


def test_it_is_for_who_runs_a_dealer_or_a_network(
    hyundai, northside, southside, rosa, ines, ivan, lena, signed_in
):
    boss = make_person("Olga", southside, "manager")
    for path in (LIST, MAIL, LETTER, page(northside)):
        assert signed_in(rosa).get(path).status_code == 403
    assert signed_in(rosa).post(SWITCH, {"on": "1"}).status_code == 403
    assert signed_in(boss).get(page(northside)).status_code == 404
    assert signed_in(boss).get(page(southside)).status_code == 200
    assert signed_in(ivan).get(page(southside)).status_code == 404
    assert signed_in(ivan).get(f"{LIST}{hyundai.pk}/").status_code == 404


def test_a_dealer_with_nothing_says_so(northside, ines, signed_in):
    said = text(signed_in(ines).get(page(northside)))
    assert "No active lead was received in this month." in said
    assert "No dealer of the network has leads enough to say who is best." in said
    assert "too few dealers" in said
    assert "nan" not in said.lower().split()


def test_the_letter_and_its_switch(hyundai, northside, ines, signed_in):
    client = signed_in(ines)
    shown = client.get(MAIL)
    assert "frame-src 'self'" in shown["Content-Security-Policy"]
    assert "Nobody gets it unasked" in text(shown)
    letter = client.get(LETTER)
    assert "style-src 'unsafe-inline'" in letter["Content-Security-Policy"]
    assert "the middle of 5 comparable dealers: 50 %" in text(letter)
    assert client.get(f"{LETTER}?as=text")["Content-Type"].startswith("text/plain")
    for on, wanted in (("1", True), ("1", True), ("0", False)):
        assert client.post(SWITCH, {"on": on}).status_code == 303
        ines.refresh_from_db()
        assert (ines.monthly_from is not None) == wanted
        assert ines.weekly_from is None


def test_the_link_in_the_letter_ends_this_kind_only(ines, client):
    ines.monthly_from = ines.weekly_from = ines.created_at
    ines.save()
    name = LETTERS.name_of(ines)
    assert "No monthly page any more?" in text(client.get(f"/monthly/{name}/"))
    assert client.post(f"/weekly/{name}/").status_code == 404
    assert client.post(f"/monthly/{name[:-1]}/").status_code == 404
    assert "You get no monthly page any more." in text(client.post(f"/monthly/{name}/"))
    ines.refresh_from_db()
    assert ines.monthly_from is None
    assert ines.weekly_from is not None

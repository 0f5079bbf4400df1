"""Every Monday: the letter as it would be sent, who may have it, and the switch."""

import pytest

from leadbell.lead.facts import Assigned
from leadbell.lead.journal import record
from leadbell.metrics.rows.keeping import keep_some, note_stale
from leadbell.metrics.weekly.letter import LETTERS
from tests.conftest import lead_of, make_dealer, make_person
from tests.conversation.mail import set_up_mail
from tests.desk.test_reports import text

pytestmark = pytest.mark.django_db
PAGE, LETTER, SWITCH = "/reports/weekly/", "/reports/weekly/letter/", "/me/weekly/"


@pytest.fixture
def ivan(northside):
    above = make_dealer("Hyundai")
    above.kind = "importer"
    above.save()
    northside.parent = above
    northside.save()
    return make_person("Ivan", above, "importer")


def test_it_shows_the_letter_it_would_send(northside, ines, rosa, signed_in):
    lead = lead_of(northside)
    record(lead, Assigned(at=lead.received_at, to=rosa.pk))
    note_stale()
    keep_some()
    client = signed_in(ines)
    page = client.get(PAGE)
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert f'<iframe class="weekly-letter" src="{LETTER}"' in page.content.decode()
    letter = client.get(LETTER)
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    policy = letter["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src 'none'" in policy
    assert "Northside: the week of" in text(letter)
    plain = client.get(f"{LETTER}?as=text")
    assert plain["Content-Type"].startswith("text/plain")
    assert "Northside: the week of" in plain.content.decode()
    for one in (page, letter, plain):
        assert "Okafor" not in one.content.decode()


@pytest.mark.parametrize("path", [PAGE, LETTER])
def test_it_is_for_who_runs_a_dealer_or_a_network(path, rosa, ines, ivan, signed_in):
    assert signed_in(rosa).get(path).status_code == 403
    assert signed_in(rosa).post(SWITCH, {"on": "1"}).status_code == 403
    for person in (ines, ivan):
        assert signed_in(person).get(path).status_code == 200
    assert "/reports/figures/" not in signed_in(ivan).get(LETTER).content.decode()


def test_the_switch(northside, ines, signed_in):
    client = signed_in(ines)
    assert "No mail account is set up here yet" in text(client.get(PAGE))
    set_up_mail(northside, 25)
    page = text(client.get(PAGE))
    assert "No mail account is set up" not in page
    assert "Nobody gets it unasked" in page
    for on, wanted in (("1", True), ("1", True), ("0", False)):
        assert client.post(SWITCH, {"on": on}).status_code == 303
        ines.refresh_from_db()
        assert (ines.weekly_from is not None) == wanted
    client.post(SWITCH, {"on": "1"})
    assert "You get it from next Monday on." in text(client.get(PAGE))


def test_the_link_in_the_letter_is_signed_and_asks_before_it_acts(ines, rosa, client):
    ines.weekly_from = ines.created_at
    ines.save()
    name = LETTERS.name_of(ines)
    assert "No weekly report any more?" in text(client.get(f"/weekly/{name}/"))
    ines.refresh_from_db()
    assert ines.weekly_from is not None
    forged = f"{rosa.pk}.{name.split('.', 1)[1]}"
    for wrong in (forged, "x", f"{ines.pk}.", name[:-1], "9" * 30 + ".x"):
        assert client.get(f"/weekly/{wrong}/").status_code == 404
        assert client.post(f"/weekly/{wrong}/").status_code == 404
    assert "You get no weekly report any more." in text(client.post(f"/weekly/{name}/"))
    ines.refresh_from_db()
    assert ines.weekly_from is None

"""The same lead by two ways is one lead; what comes by one way only is listed within five minutes."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.followup.clockwork import run_due
from leadbell.intake.actions import type_in
from leadbell.intake.models import CaughtForms, Envelope, Inquiry, SettledGap, Source
from leadbell.intake.ways import MISSED_AFTER, compare
from leadbell.lead.models import Lead
from tests.conftest import NOON, make_person, make_source
from tests.visits.test_sites import make_site

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def comes(source: Source, at: datetime, phone: str = "+31612345678", **about: str) -> Lead:
    envelope = type_in(source, {"name": "Mr Okafor", "phone": phone, "model": "Kona", **about}, 0, at)
    assert isinstance(envelope, Envelope)
    run_due(at)
    return Inquiry.objects.get(envelope=envelope).lead


@pytest.fixture
def crm(northside: Organisation) -> Source:
    source = make_source(northside, "Our CRM")
    source.way = "crm"
    source.save()
    return source


@pytest.fixture
def forms(northside: Organisation) -> Source:
    source = make_source(northside, "Forms: Website")
    source.way = "site"
    source.save()
    return source


def missing(dealer: Organisation, at: datetime) -> list[tuple[int, str]]:
    return [(gap.lead.pk, gap.missing) for gap in compare(dealer, at).gaps]


@pytest.mark.parametrize("order", ["website first", "CRM first"])
def test_the_same_lead_by_two_ways_is_one_lead_and_rings_once(forms, crm, order):
    first, second = (forms, crm) if order == "website first" else (crm, forms)
    lead = comes(first, NOON, message="Is it blue?")
    assert comes(second, NOON + 2 * MINUTE, message="Is it blue? (from the website)") == lead
    assert [one.outcome for one in Inquiry.objects.order_by("id")] == ["opened", "duplicate"]
    assert lead.facts.filter(kind="asked_again").count() == 0
    assert missing(lead.dealer, NOON + 10 * MINUTE) == []


def test_the_same_customer_later_or_with_news_asks_again(forms, crm, source):
    lead = comes(forms, NOON)
    comes(crm, NOON + 31 * MINUTE)
    comes(forms, NOON + 40 * MINUTE, email="okafor@example.org")
    assert [one.outcome for one in Inquiry.objects.order_by("id")] == ["opened", "joined", "joined"]
    assert lead.facts.filter(kind="asked_again").count() == 2


def test_two_portals_are_not_two_ways_of_one_lead(northside, source):
    comes(source, NOON)
    comes(make_source(northside, "Portal"), NOON + MINUTE)
    assert [one.outcome for one in Inquiry.objects.order_by("id")] == ["opened", "joined"]


def test_what_comes_by_one_way_only_is_listed_after_five_minutes(northside, forms, crm, source):
    caught = comes(forms, NOON, "+31611111111")
    portal = comes(source, NOON, "+31622222222")
    theirs = comes(crm, NOON, "+31633333333")
    assert missing(northside, NOON + MISSED_AFTER - MINUTE) == []
    found = missing(northside, NOON + MISSED_AFTER)
    assert set(found) == {(caught.pk, "crm"), (portal.pk, "crm"), (theirs.pk, "ways")}
    comes(crm, NOON + 6 * MINUTE, "+31611111111")
    assert set(missing(northside, NOON + 6 * MINUTE)) == {(portal.pk, "crm"), (theirs.pk, "ways")}
    assert compare(northside, NOON + 6 * MINUTE).compared == 3


def test_without_a_crm_nothing_is_compared(northside, source):
    comes(source, NOON)
    comparison = compare(northside, NOON + MISSED_AFTER)
    assert (comparison.since, list(comparison.gaps)) == (None, [])


def test_a_gap_is_settled_once_by_whoever_looked(northside, forms, crm, rosa, lena, signed_in):
    now = datetime.now(UTC)
    Source.objects.update(created_at=now - timedelta(hours=1))
    lead = comes(forms, now - 6 * MINUTE)
    page = signed_in(rosa).get("/missing/").content.decode()
    assert "not in the CRM" in page
    assert "caught on the website" in page
    assert (
        signed_in(lena).post(f"/leads/{lead.pk}/gap/", {"missing": "crm", "how": "known"}).status_code == 404
    )
    assert (
        signed_in(rosa).post(f"/leads/{lead.pk}/gap/", {"missing": "crm", "how": "nonsense"}).status_code
        == 303
    )
    assert not SettledGap.objects.exists()
    signed_in(rosa).post(f"/leads/{lead.pk}/gap/", {"missing": "crm", "how": "sent_on"})
    settled = SettledGap.objects.get()
    assert (settled.lead_id, settled.how, settled.by) == (lead.pk, "sent_on", rosa.pk)
    assert "Nothing is missing" in signed_in(rosa).get("/missing/").content.decode()
    assert "not in the CRM" not in signed_in(lena).get("/missing/").content.decode()


def test_a_manager_marks_the_crm(northside, southside, source, forms, rosa, ines, signed_in):
    path = f"/dealers/{northside.pk}/channels/{source.pk}/crm/"
    assert signed_in(rosa).post(path, {"crm": "yes"}).status_code == 403
    assert signed_in(make_person("Olaf", southside, "manager")).post(path, {"crm": "yes"}).status_code == 404
    signed_in(ines).post(path, {"crm": "yes"})
    source.refresh_from_db()
    assert source.way == "crm"
    signed_in(ines).post(path, {"crm": "no"})
    source.refresh_from_db()
    assert source.way == ""
    signed_in(ines).post(f"/dealers/{northside.pk}/channels/{forms.pk}/crm/", {"crm": "yes"})
    forms.refresh_from_db()
    assert forms.way == "site"


def test_a_manager_lets_forms_be_caught(northside, southside, rosa, ines, signed_in):
    site = make_site(northside)
    path = f"/dealers/{northside.pk}/sites/{site.pk}/forms/"
    said = {"forms": "on", "selector": "form.contact", "fields": "phone = [name=mobile]\nname=#who"}
    assert signed_in(rosa).post(path, said).status_code == 403
    assert signed_in(make_person("Olaf", southside, "manager")).post(path, said).status_code == 404
    signed_in(ines).post(path, said)
    chosen = CaughtForms.objects.get()
    assert (chosen.is_on, chosen.fields) == (True, {"phone": "[name=mobile]", "name": "#who"})
    assert (chosen.source.way, chosen.source.origin) == ("site", "online")
    assert (
        "caught, beside the website"
        in signed_in(ines).get(f"/dealers/{northside.pk}/sites/").content.decode()
    )
    for wrong in ("password = #pw", "phone", "phone ="):
        signed_in(ines).post(path, {"forms": "on", "fields": wrong})
        chosen.refresh_from_db()
        assert chosen.fields == {"phone": "[name=mobile]", "name": "#who"}
    strange = {"forms": "on", "selector": "form\x00.a", "fields": "name\x00 = #who\n\x00"}
    assert signed_in(ines).post(path, strange).status_code == 303
    chosen.refresh_from_db()
    assert (chosen.selector, chosen.fields) == ("form.a", {"name": "#who"})
    signed_in(ines).post(path, {"forms": "off"})
    assert CaughtForms.objects.get().source_id == chosen.source_id
    assert not CaughtForms.objects.get().is_on


def test_the_script_knows_its_own_channel_only(northside):
    from leadbell.intake.catching import Catching

    catching = Catching("")
    catching.about = {7: {"key": "abc", "selector": "</script>", "fields": {}}}
    script = catching.script_for(7, "x") or ""
    assert json.dumps(catching.about[7]) in script
    assert catching.script_for(8, "x") is None


def test_the_web_sees_its_own_dealers_choices_only(northside, lena, forms):
    from leadbell.lead.doors import through_the_door

    CaughtForms.objects.create(dealer=northside, site=1, source=forms, changed_at=NOON)
    lead = comes(forms, NOON)
    SettledGap.objects.create(dealer=northside, lead=lead, missing="crm", how="known", by=1, at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        with through_the_door(lena):
            assert not CaughtForms.objects.exists()
            assert not SettledGap.objects.exists()
        cursor.execute("reset role")

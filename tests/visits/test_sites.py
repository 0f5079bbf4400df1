"""The Sites part of the Dealer page, and a lead's visits: what managers set up, what joins a visitor, who sees it."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.intake.actions import type_in
from leadbell.intake.models import Envelope, Source
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.visits.actions import read_site
from leadbell.visits.joining import join_by_call
from leadbell.visits.links import GOOD_FOR, link_for, read_link
from leadbell.visits.models import NumberLease, Site, SiteCount, Visitor, VisitorJoin
from leadbell.visits.shelves import visits_of
from tests.conftest import NOON, lead_of, make_person

pytestmark = pytest.mark.django_db
SAID = {
    "name": "Website", "origins": "https://www.Northside.example/cars?x=1\nnorthside.example:8443", "keep_days": "60",
    "patterns": "/cars/{make}/{model}/{stock}", "consent": "ask",
}  # fmt: skip


def make_site(dealer: Organisation, name: str = "Website") -> Site:
    return Site.objects.create(
        dealer=dealer, name=name, key=uuid.uuid4().hex[:20], origins=["https://www.northside.example"], created_at=NOON
    )  # fmt: skip


def make_visitor(site: Site) -> Visitor:
    return Visitor.objects.create(
        dealer=site.dealer, site=site, uid=uuid.uuid4(), first_seen_at=NOON, last_seen_at=NOON
    )


def looked(visitor: Visitor, at: datetime, title: str, kind: str = "view", ms: int = 0, **car: Any) -> None:
    """A beacon of this visitor."""
    about = {"stock": "", "make": "", "model": "", "price": None, **car}
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_keep_beacons_on(%s)", [at.date()])
        cursor.execute(
            "insert into leadbell_beacon (at, dealer_id, site_id, keep_days, visitor, kind, page, path, title, stock,"
            " make, model, price, ms) values (%s, %s, %s, 60, %s, %s, %s, '/', %s, %s, %s, %s, %s, %s)",
            [at, visitor.dealer_id, visitor.site_id, visitor.uid, kind, title, title, *about.values(), ms],
        )  # fmt: skip


def sends_a_form(source: Source, visitor: Visitor, phone: str, name: str, at: datetime) -> Lead:
    typed = {"name": name, "phone": phone, "model": "Kona", "leadbell_visitor": visitor.uid.hex}
    envelope = type_in(source, typed, 0, at)
    assert isinstance(envelope, Envelope)
    run_due(at)
    return Lead.objects.get(inquiries__envelope=envelope)


def shown(visitor: Visitor, number: int, at: datetime = NOON - timedelta(minutes=5)) -> NumberLease:
    """This visitor alone was shown the tracking number then, and nobody else for two hours."""
    return NumberLease.objects.create(
        dealer=visitor.dealer, site=visitor.site, number=number, visitor=visitor.uid, began_at=at, shown_at=at,
        held_until=at + timedelta(hours=2),
    )  # fmt: skip


@pytest.fixture
def at(northside):
    return lambda path="": f"/dealers/{northside.pk}/sites/{path}"


def test_a_manager_adds_changes_and_removes_a_website(northside, ines, signed_in, at):
    manager = signed_in(ines)
    assert manager.post(at(), SAID).status_code == 303
    site = Site.objects.get()
    assert site.origins == ["https://www.northside.example", "https://northside.example:8443"]
    page = manager.get(at()).content.decode()
    assert f"/v.js&quot; data-site=&quot;{site.key}&quot; defer" in page
    assert "nothing heard yet" in page
    assert " style=" not in page
    manager.post(at(f"{site.pk}/"), {**SAID, "name": "Cars", "consent": "never", "keep_days": "30"})
    site.refresh_from_db()
    assert (site.name, site.consent, site.keep_days) == ("Cars", "never", 30)
    manager.post(at(f"{site.pk}/removal/"))
    assert "Cars" not in manager.get(at()).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "}, {"origins": ""}, {"origins": "javascript:alert(1)"}, {"origins": "https://a@b"},
        {"patterns": "(a+)+$"}, {"patterns": "/cars/{wheels}"}, {"keep_days": "9999"}, {"consent": "always"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(northside, ines, signed_in, at, wrong):
    answer = signed_in(ines).post(at(), {**SAID, **wrong})
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert not Site.objects.exists()


def test_signs_that_cant_be_stored_are_left_out(northside, ines, signed_in, at):
    strange = {
        "name": "Web\x00site\u202e",
        "patterns": "/cars\x00/{model}\n\x00",
        "price_pages": "/finance\x00",
    }
    assert signed_in(ines).post(at(), {**SAID, **strange}).status_code == 303
    site = Site.objects.get()
    assert (site.name, site.patterns, site.price_pages) == ("Web site", ["/cars /{model}"], ["/finance"])


def test_the_page_says_what_came_and_what_was_dropped(northside, ines, signed_in, at):
    site = make_site(northside)
    for what, beacons in (("kept", 7), ("anonymous", 5), ("bot_search", 3), ("foreign_origin", 2)):
        SiteCount.objects.create(
            dealer=northside, site=site, day=datetime.now(NOON.tzinfo).date(), what=what, beacons=beacons,
            last_at=datetime.now(NOON.tzinfo),
        )  # fmt: skip
    page = signed_in(ines).get(at()).content.decode()
    for said in (
        "works",
        "7 signals kept",
        "5 page views, counted only",
        "<b>3</b> bot: search engine",
        "<b>2</b> from another",
    ):
        assert said in page


def test_only_its_managers_may_enter(northside, southside, rosa, signed_in, at):
    site = make_site(northside)
    stranger = signed_in(make_person("Olaf", southside, "manager"))
    for path in ("", f"{site.pk}/", f"{site.pk}/removal/"):
        assert signed_in(rosa).post(at(path), SAID).status_code == 403
        assert stranger.post(at(path), SAID).status_code == 404
    assert stranger.get(at()).status_code == 404
    theirs = make_site(southside, "Theirs")
    assert (
        signed_in(make_person("Ida", northside, "manager")).post(at(f"{theirs.pk}/"), SAID).status_code == 404
    )


def test_a_form_joins_the_visitor_and_the_visits_before_it_count(northside, source, rosa, ines, signed_in):
    visitor = make_visitor(make_site(northside))
    looked(visitor, NOON - timedelta(minutes=9), "Kona", make="Hyundai", model="Kona", stock="N-41")
    looked(visitor, NOON - timedelta(minutes=8), "Kona", "time", 65_000)
    lead = sends_a_form(source, visitor, "0612345678", "Mr Okafor", NOON)
    join = VisitorJoin.objects.get()
    assert (join.how, join.lead_id, join.customer_id) == ("form", lead.pk, lead.customer_id)
    assert join.evidence == {"envelope": str(Envelope.objects.get().pk)}
    [visit] = visits_of(lead)
    assert [(page.car.stock, page.ms) for page in visit.pages] == [("N-41", 65_000)]
    assert str(visitor.uid.hex) not in (lead.message or "")
    page = signed_in(rosa).get(f"/leads/{lead.pk}/").content.decode()
    assert "Hyundai Kona" in page
    assert "1:05" in page


def test_the_same_form_again_is_no_second_join(northside, source):
    visitor = make_visitor(make_site(northside))
    for minutes in (0, 5):
        sends_a_form(source, visitor, "0612345678", "Mr Okafor", NOON + timedelta(minutes=minutes))
    assert VisitorJoin.objects.count() == 1


def test_a_browser_of_another_dealer_or_a_guessed_id_joins_nobody(northside, southside, source):
    theirs = make_visitor(make_site(southside, "Theirs"))
    sends_a_form(source, theirs, "0612345678", "Mr Okafor", NOON)
    for guess in ("1", "../../etc", str(uuid.uuid4()), "x" * 5000):
        typed = {"name": "Mr Okafor", "phone": "0612345678", "leadbell_visitor": guess}
        type_in(source, typed, 0, NOON)
        run_due(NOON)
    assert not VisitorJoin.objects.exists()
    assert not Envelope.objects.exclude(status__in=("read", "duplicate")).exists()


def test_a_shared_device_is_the_newest_ones_until_that_is_undone(northside, source, rosa, signed_in):
    visitor = make_visitor(make_site(northside))
    looked(visitor, NOON - timedelta(hours=2), "His")
    his = sends_a_form(source, visitor, "0612345678", "Mr Okafor", NOON - timedelta(hours=1))
    hers = sends_a_form(source, visitor, "0687654321", "Mrs Okafor", NOON)
    looked(visitor, NOON + timedelta(hours=1), "Hers")

    def titles(lead: Lead) -> list[str]:
        return [page.title for visit in visits_of(lead) for page in visit.pages]

    assert (titles(his), titles(hers)) == (["His"], ["Hers"])
    wrong = VisitorJoin.objects.get(lead=hers)
    assert signed_in(rosa).post(f"/leads/{hers.pk}/visitors/{wrong.pk}/undoing/").status_code == 303
    wrong.refresh_from_db()
    visitor.refresh_from_db()
    assert (wrong.undone_by_id, visitor.customer_id) == (rosa.pk, his.customer_id)
    assert (titles(his), titles(hers)) == (["Hers", "His"], [])


def test_nobody_else_undoes_a_join(northside, source, lena, rosa, signed_in):
    visitor = make_visitor(make_site(northside))
    lead = sends_a_form(source, visitor, "0612345678", "Mr Okafor", NOON)
    other = lead_of(northside, "Mrs Petrova", phone="+31611111111", email=None)
    join = VisitorJoin.objects.get()
    assert signed_in(lena).post(f"/leads/{lead.pk}/visitors/{join.pk}/undoing/").status_code == 404
    assert signed_in(rosa).post(f"/leads/{other.pk}/visitors/{join.pk}/undoing/").status_code == 404
    join.refresh_from_db()
    assert join.undone_at is None


def test_one_person_on_several_devices(northside, source):
    site = make_site(northside)
    phone, laptop = make_visitor(site), make_visitor(site)
    looked(phone, NOON - timedelta(hours=3), "On the phone")
    looked(laptop, NOON - timedelta(hours=1), "On the laptop")
    lead = sends_a_form(source, phone, "0612345678", "Mr Okafor", NOON)
    shown(laptop, 7)
    join_by_call(northside.pk, lead.pk, 7, "+31201234567", NOON, is_named=True)
    assert [page.title for visit in visits_of(lead) for page in visit.pages] == [
        "On the laptop",
        "On the phone",
    ]
    assert VisitorJoin.objects.get(how="call").evidence == {
        "number": "+31201234567",
        "shown_at": (NOON - timedelta(minutes=5)).isoformat(),
    }


@pytest.mark.parametrize(
    ("dealer", "later", "changed", "known"),
    [
        (1, timedelta(0), "", True),
        (1, GOOD_FOR, "", True),
        (1, GOOD_FOR + timedelta(seconds=1), "", False),
        (1, -timedelta(seconds=1), "", False),
        (2, timedelta(0), "", False),
        (1, timedelta(0), "x", False),
    ],
)
def test_a_link_tells_whose_it_is_for_its_dealer_and_its_time(dealer, later, changed, known):
    address = link_for("https://www.northside.example/cars?page=2", 1, 41, NOON)
    token = address.partition("leadbell=")[2].replace("%3A", ":")
    assert address.startswith("https://www.northside.example/cars?page=2&leadbell=")
    link = read_link(token + changed, dealer, NOON + later)
    assert (link is not None) == known
    if link:
        assert (link.lead, json.loads(link.evidence)) == (41, {"link": int(NOON.timestamp())})


def test_the_web_sees_its_own_dealers_visits_only(
    northside: Organisation, southside: Organisation, lena: Person
):
    from leadbell.lead.doors import through_the_door

    ours = make_visitor(make_site(northside))
    looked(ours, NOON, "Ours")
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        with through_the_door(lena):
            assert not Visitor.objects.exists()
            assert not Site.objects.exists()
            cursor.execute("select count(*) from leadbell_beacon")
            assert cursor.fetchone() == (0,)


def test_pages_and_own_networks_are_understood_or_refused() -> None:
    form = {"name": "Website", "origins": "https://www.northside.example"}
    read = read_site(
        form
        | {
            "price_pages": "/finance\n\n/lease",
            "trade_in_pages": "/trade-in",
            "own_networks": "192.0.2.0/24, ::1",
        }
    )
    assert not isinstance(read, Refused)
    assert (read.price_pages, read.trade_in_pages) == (["/finance", "/lease"], ["/trade-in"])
    assert read.own_networks == ["192.0.2.0/24", "::1"]
    wrong = [
        {"price_pages": "finance"}, {"trade_in_pages": "/a?b"}, {"own_networks": "0.0.0.0/0"},
        {"own_networks": "our office"}, {"price_pages": "\n".join(f"/{n}" for n in range(11))},
    ]  # fmt: skip
    assert all(isinstance(read_site(form | one), Refused) for one in wrong)

"""Numbers of their own: what a manager sets up, and whose visit it is when somebody calls one of them."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.followup.inbound import arrives
from leadbell.followup.pool import pools_of, set_up_pool
from leadbell.intake.models import Source
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.models import TrackingNumber
from leadbell.ring.ports import Heard
from leadbell.visits.models import NumberLease, NumberPool, SiteCount, VisitorJoin
from leadbell.visits.shelves import sites_of, visits_of
from tests.conftest import NOON, make_person
from tests.visits.test_sites import looked, make_site, make_visitor, sends_a_form, shown

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
SAID = {
    "own_numbers": "on", "printed": "020 123 4567", "selector": "", "lease_minutes": "30", "rest_hours": "2",
    "numbers": "020 999 8801\n+31 20 999 8802\n",
}  # fmt: skip


def calls(number: str, caller: str = "+31612345678", at: Any = NOON) -> Lead:
    """A customer calls; the switchboard says so with its own rights in the database."""
    heard = Heard(uuid.uuid4().hex, "arrived", at, called=number, caller=caller, leg="in-1")
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")
        try:
            assert arrives(heard, "asterisk", at) is not None
        finally:
            cursor.execute("reset role")
    return Lead.objects.latest("pk")


@pytest.fixture
def site(northside):
    return make_site(northside)


@pytest.fixture
def numbers(northside, site):
    """The website's two numbers, by what is dialled."""
    assert not isinstance(set_up_pool(northside, site, SAID, NOON), Refused)
    return {one.number: one.pk for one in TrackingNumber.objects.filter(site=site.pk)}


def test_a_manager_gives_a_website_its_numbers(northside, site, numbers):
    assert sorted(numbers) == ["+31209998801", "+31209998802"]
    pool = NumberPool.objects.get()
    assert (pool.is_on, pool.printed, pool.lease_minutes, pool.rest_hours) == (True, "+31201234567", 30, 2)
    source = Source.objects.get(origin="call")
    assert source.name == "Calls: Website"
    assert set(TrackingNumber.objects.values_list("source", flat=True)) == {source.pk}
    fewer = {**SAID, "numbers": "020 999 8802", "own_numbers": "off", "rest_hours": "24"}
    set_up_pool(northside, site, fewer, NOON)
    left = TrackingNumber.objects.get(number="+31209998801")
    assert (left.site, left.removed_at) == (None, None), "who wrote it down still reaches the dealer"
    pool.refresh_from_db()
    assert (pool.is_on, pool.rest_hours) == (False, 24)


@pytest.mark.parametrize(
    "wrong",
    [
        {"printed": ""}, {"printed": "call us"}, {"numbers": ""}, {"numbers": "12"}, {"numbers": "020 999 8801\nx"},
        {"numbers": "020 123 4567"}, {"lease_minutes": "0"}, {"lease_minutes": "9999999999"},
        {"lease_minutes": "0000309999"}, {"rest_hours": "-1"}, {"rest_hours": "1.5"}, {"selector": "x" * 201},
        {"numbers": "\n".join(f"020 70{n:05}" for n in range(201))},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(northside, site, wrong):
    assert isinstance(set_up_pool(northside, site, {**SAID, **wrong}, NOON), Refused)
    assert not NumberPool.objects.exists()
    assert not TrackingNumber.objects.exists()


def test_a_place_is_kept_as_one_line(northside, site):
    pool = set_up_pool(northside, site, {**SAID, "selector": " .phone\x00\r\n.foot "}, NOON)
    assert isinstance(pool, NumberPool)
    assert pool.selector == ".phone .foot"


def test_a_number_that_everybody_is_shown_is_nobodys_own(northside, southside, site, numbers):
    def number(of: Organisation, written: str) -> None:
        TrackingNumber.objects.create(dealer=of, number=written, source=1, name="Flyer", created_at=NOON)

    number(northside, "+31209998803")
    number(southside, "+31209998804")
    elsewhere = make_site(northside, "Elsewhere")
    for taken, said in (("3", "Flyer"), ("4", "in use already"), ("1", "another website")):
        lines = f"020 999 8805\n020 999 880{taken}"
        outcome = set_up_pool(northside, elsewhere, {**SAID, "numbers": lines}, NOON)
        assert isinstance(outcome, Refused)
        assert said in str(outcome.because)
    assert not TrackingNumber.objects.filter(number="+31209998805").exists(), "all or nothing"


def test_the_page_says_how_it_goes(northside, site, numbers, ines, signed_in, settings):
    now, visitor = NOON, make_visitor(site)
    shown(visitor, numbers["+31209998801"], now)
    for what, beacons in (("number_given", 3), ("number_empty", 2), ("number_refused", 1), ("kept", 9)):
        SiteCount.objects.create(
            dealer=northside, site=site, day=now.date(), what=what, beacons=beacons, last_at=now
        )
    one = pools_of(northside, now)[site.pk]
    assert (one.shown, one.resting, one.given, one.empty, one.refused) == (1, 0, 3, 2, 1)
    later = pools_of(northside, now + 40 * MINUTE)[site.pk]
    assert (later.shown, later.resting) == (0, 1)
    assert sites_of(northside, now)[0].drops == ()
    manager, path = signed_in(ines), f"/dealers/{northside.pk}/sites/"
    page = manager.get(path).content.decode()
    assert "2 numbers of their own" in page
    assert "+31 20 999 8801" in page
    assert manager.post(f"{path}{site.pk}/numbers/", {**SAID, "own_numbers": "off"}).status_code == 303
    assert "everybody sees the same" in manager.get(path).content.decode()


def test_nobody_else_sets_them_up(northside, southside, site, rosa, signed_in):
    path = f"/dealers/{northside.pk}/sites/{site.pk}/numbers/"
    assert signed_in(rosa).post(path, SAID).status_code == 403
    assert signed_in(make_person("Olaf", southside, "manager")).post(path, SAID).status_code == 404
    theirs = make_site(southside, "Theirs")
    other = f"/dealers/{northside.pk}/sites/{theirs.pk}/numbers/"
    assert signed_in(make_person("Ida", northside, "manager")).post(other, SAID).status_code == 404
    assert not NumberPool.objects.exists()


def test_a_call_joins_the_visitor_who_was_shown_the_number(site, numbers, rosa, signed_in):
    visitor, other = make_visitor(site), make_visitor(site)
    looked(visitor, NOON - 9 * MINUTE, "Kona", make="Hyundai", model="Kona", stock="N-41")
    shown(visitor, numbers["+31209998801"])
    shown(other, numbers["+31209998802"])
    lead = calls("+31209998801")
    join = VisitorJoin.objects.get()
    assert (join.how, join.visitor_id, join.lead_id) == ("call", visitor.pk, lead.pk)
    assert (lead.origin, lead.source) == ("call", "Calls: Website")
    assert [page.car.stock for visit in visits_of(lead) for page in visit.pages] == ["N-41"]
    reads = signed_in(rosa)
    page = reads.get(f"/leads/{lead.pk}/").content.decode()
    assert "called the number shown to them" in page
    assert "They called +31 20 999 8801. This browser alone was shown that number, last at" in page
    assert "Hyundai Kona" in page
    # Somebody else wrote the number down: it is undone like every join.
    assert reads.post(f"/leads/{lead.pk}/visitors/{join.pk}/undoing/").status_code == 303
    visitor.refresh_from_db()
    assert visitor.customer_id is None
    assert visits_of(lead) == []


def test_a_caller_without_a_number_is_joined_too(site, numbers):
    visitor = make_visitor(site)
    looked(visitor, NOON - 9 * MINUTE, "Kona")
    shown(visitor, numbers["+31209998801"])
    lead = calls("+31209998801", caller="")
    assert lead.customer.phones == []
    assert VisitorJoin.objects.get().lead_id == lead.pk
    assert [page.title for visit in visits_of(lead) for page in visit.pages] == ["Kona"]


def test_a_caller_without_a_number_takes_no_browser_from_somebody_we_know(site, numbers, source):
    visitor = make_visitor(site)
    his = sends_a_form(source, visitor, "0612345678", "Mr Okafor", NOON - MINUTE)
    shown(visitor, numbers["+31209998801"])
    calls("+31209998801", caller="")
    visitor.refresh_from_db()
    assert visitor.customer_id == his.customer_id
    theirs = calls("+31209998801", caller="+31687654321", at=NOON + MINUTE)
    visitor.refresh_from_db()
    assert visitor.customer_id == theirs.customer_id


@pytest.mark.parametrize(
    ("later", "joins"), [(0 * MINUTE, 1), (119 * MINUTE, 1), (120 * MINUTE, 0), (-1 * MINUTE, 0)]
)
def test_a_number_is_a_visitors_until_its_rest_is_over(site, numbers, later, joins):
    at = NOON - timedelta(hours=3)
    shown(make_visitor(site), numbers["+31209998801"], at)
    calls("+31209998801", at=at + later)
    assert VisitorJoin.objects.count() == joins
    assert Lead.objects.count() == 1, "the call is a lead whoever calls"


@pytest.mark.parametrize("whose", ["nobody's", "own people's", "printed"])
def test_a_call_that_tells_of_no_visitor_joins_nobody(site, numbers, whose):
    visitor = make_visitor(site)
    shown(visitor, numbers["+31209998801"])
    if whose == "nobody's":
        NumberLease.objects.update(visitor=None)
    elif whose == "own people's":
        visitor.own_since = NOON
        visitor.save()
    else:
        TrackingNumber.objects.update(site=None)
    calls("+31209998801")
    assert not VisitorJoin.objects.exists()


def test_a_lease_of_another_dealer_joins_nobody_here(southside, site, numbers):
    theirs = make_visitor(make_site(southside, "Theirs"))
    shown(theirs, numbers["+31209998801"])
    calls("+31209998801")
    assert not VisitorJoin.objects.exists()


def test_only_their_own_dealer_sees_leases_and_pools(northside, southside, site, numbers, lena):
    from leadbell.lead.doors import through_the_door

    shown(make_visitor(site), numbers["+31209998801"])
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        with through_the_door(lena):
            assert not NumberPool.objects.exists()
            assert not NumberLease.objects.exists()
            assert not TrackingNumber.objects.exists()

"""A lost customer on the website: the lead is back, its salesperson told, once per visit, in the right rooms."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, Lost, OptedOut, Reopened, SeenAgain, Sold
from leadbell.lead.history import after
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Lead
from leadbell.lead.shelves import desk_of
from leadbell.lead.standing import Standing
from leadbell.metrics.now.ledger import ledger
from leadbell.unlost.models import Alert, UnlostChoice
from leadbell.unlost.shelves import alerts_of
from leadbell.visits.models import KnownVisit, Site, Visitor, VisitorJoin
from tests.conftest import NOON, lead_of, make_person

LONG_AGO = NOON - timedelta(days=20)


def make_site(dealer: Organisation, **about: object) -> Site:
    return Site.objects.create(
        dealer=dealer, name="Website", key=uuid.uuid4().hex[:20], origins=["https://www.northside.example"],
        created_at=LONG_AGO, **about,
    )  # fmt: skip


def browser_of(lead: Lead, site: Site) -> Visitor:
    visitor = Visitor.objects.create(
        dealer=site.dealer, site=site, uid=uuid.uuid4(), first_seen_at=LONG_AGO, last_seen_at=LONG_AGO,
        customer=lead.customer,
    )  # fmt: skip
    VisitorJoin.objects.create(
        dealer=site.dealer, visitor=visitor, customer=lead.customer, lead=lead, how="form", at=LONG_AGO
    )
    return visitor


def looks(visitor: Visitor, at: datetime, path: str = "/cars/hyundai/kona/N-41", model: str = "Kona") -> None:
    """A page view as the writer commits it, with the rights of the door."""
    Visitor.objects.filter(pk=visitor.pk).update(last_seen_at=at)
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_keep_beacons_on(%s)", [at.date()])
        cursor.execute("set local role leadbell_mouth")
        cursor.execute(
            f"insert into leadbell_beacon_60_{at:%Y%m%d}"
            " (at, dealer_id, site_id, keep_days, visitor, kind, page, path, title, stock, make, model, price, ms)"
            " values (%s, %s, %s, 60, %s, 'view', %s, %s, '', '', %s, %s, null, 0)",
            [
                at, visitor.dealer_id, visitor.site_id, visitor.uid, uuid.uuid4().hex, path,
                "Hyundai" if model else "", model,
            ],
        )  # fmt: skip
        cursor.execute(
            "select * from leadbell_sighted(%s::bigint[], %s::uuid[], %s::timestamptz[])",
            [[visitor.site_id], [visitor.uid], [at]],
        )
        cursor.execute("reset role")


def lost_lead(dealer: Organisation, owner: Person, reason: str = "price", **about: object) -> Lead:
    lead = lead_of(dealer, now=LONG_AGO, **about)  # type: ignore[arg-type]  # what the test says about it
    record(lead, Accepted(at=LONG_AGO, by=owner.pk))
    record(lead, Lost(at=LONG_AGO, by=owner.pk, reason=reason))
    return lead


@pytest.fixture
def lost(northside: Organisation, rosa: Person) -> Lead:
    return lost_lead(northside, rosa)


@pytest.fixture
def visitor(lost: Lead) -> Visitor:
    return browser_of(lost, make_site(lost.dealer, price_pages=["/finance"], trade_in_pages=["/trade-in"]))


def test_a_lost_lead_comes_back_once(lost: Lead, visitor: Visitor, rosa: Person, ines: Person) -> None:
    looks(visitor, NOON)
    run_due(NOON)
    lead = Lead.objects.get(pk=lost.pk)
    assert (lead.state, lead.is_open, lead.owner_id) == ("accepted", True, rosa.pk)
    [fact] = read_history(lead).of(SeenAgain)
    assert isinstance(fact, SeenAgain)
    visit = KnownVisit.objects.get()
    assert (fact.visit, fact.was, fact.told, fact.began_at) == (visit.pk, "lost", (rosa.pk,), NOON)
    assert fact.join == VisitorJoin.objects.get().pk
    [alert] = Alert.objects.all()
    assert (alert.lead_id, alert.people) == (lost.pk, [rosa.pk])
    assert (lead.next_kind, lead.next_for, lead.next_at) == ("call", rosa.pk, NOON)
    for minute in range(1, 40, 4):
        looks(visitor, NOON + timedelta(minutes=minute))
        run_due(NOON + timedelta(minutes=minute))
    assert Alert.objects.count() == KnownVisit.objects.count() == 1
    assert len(read_history(lead).of(SeenAgain)) == 1


def test_the_books_balance_at_every_step(lost: Lead, visitor: Visitor, rosa: Person) -> None:
    def counted() -> tuple[int, int]:
        [page] = ledger([lost.dealer_id])
        return page.open, page.lost

    assert counted() == (0, 1)
    looks(visitor, NOON)
    run_due(NOON)
    assert counted() == (1, 0)
    record(locked(lost.pk), Lost(at=NOON, by=rosa.pk, reason="price"))
    assert counted() == (0, 1)


def test_follow_up_begins_anew_and_the_next_visit_is_another(
    lost: Lead, visitor: Visitor, rosa: Person
) -> None:
    looks(visitor, NOON)
    run_due(NOON)
    run_due(NOON + timedelta(days=30))
    assert Lead.objects.get(pk=lost.pk).is_open
    late = NOON + timedelta(days=46, hours=1)
    run_due(late)
    lead = Lead.objects.get(pk=lost.pk)
    assert (lead.state, lead.lost_reason) == ("lost", "no_answer_45_days")
    looks(visitor, late + timedelta(hours=1))
    run_due(late + timedelta(hours=1))
    assert Alert.objects.filter(lead=lost).count() == 2
    assert Lead.objects.get(pk=lost.pk).is_open


def test_a_lead_closed_in_the_middle_of_a_call_comes_back_to_the_desk(
    lost: Lead, visitor: Visitor, rosa: Person
) -> None:
    """Nobody said how the call ended: that hides neither the alert nor the next step, and nobody stays busy."""
    record(locked(lost.pk), Reopened(at=LONG_AGO, by=rosa.pk))
    record(locked(lost.pk), Attempted(at=LONG_AGO, by=rosa.pk, key="attempt:1"), key="attempt:1")
    record(locked(lost.pk), Lost(at=LONG_AGO, by=rosa.pk, reason="price"))
    assert Lead.objects.get(pk=lost.pk).calling_by is None
    looks(visitor, NOON)
    run_due(NOON)
    assert [alert.lead_id for alert in alerts_of(rosa, [lost.dealer_id], NOON)] == [lost.pk]
    assert [lead.pk for lead in desk_of(rosa, [lost.dealer_id], NOON).due.leads] == [lost.pk]


@pytest.mark.parametrize("opens", [Reopened, SeenAgain])
def test_a_call_that_was_left_open_before_ends_when_the_lead_is_opened_again(
    opens: type[Reopened | SeenAgain],
) -> None:
    """As closed leads were stored once."""
    left = Standing(
        state="lost", closed_at=LONG_AGO, owner=1, calling_by=1, calling_since=LONG_AGO, connected_at=LONG_AGO
    )
    fact = Reopened(at=NOON) if opens is Reopened else SeenAgain(at=NOON, visit=1, began_at=NOON, was="lost")
    standing = after(left, fact)
    assert (standing.calling_by, standing.calling_since, standing.connected_at) == (None, None, None)


def test_after_a_kill_the_alert_is_still_made(lost: Lead, visitor: Visitor) -> None:
    """The visit is due from the beacons' own commit on; a transaction that didn't commit did nothing."""
    looks(visitor, NOON)
    with transaction.atomic():
        run_due(NOON)
        assert Alert.objects.exists()
        transaction.set_rollback(True)
    assert not Alert.objects.exists()
    assert not Lead.objects.get(pk=lost.pk).is_open
    run_due(NOON + timedelta(minutes=2))
    assert Alert.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        record(
            locked(lost.pk),
            SeenAgain(at=NOON, visit=1, began_at=NOON, was="lost"),
            key=f"visit:{KnownVisit.objects.get().pk}",
        )


def test_who_wants_no_contact_is_left_alone(lost: Lead, visitor: Visitor) -> None:
    record(lost, OptedOut(at=LONG_AGO))
    looks(visitor, NOON)
    run_due(NOON)
    assert not Alert.objects.exists()
    assert Lead.objects.get(pk=lost.pk).state == "lost"


def test_who_bought_is_told_of_later_and_stays_sold(
    northside: Organisation, rosa: Person, visitor: Visitor, lost: Lead
) -> None:
    record(lost, Sold(at=LONG_AGO, by=rosa.pk))
    looks(visitor, NOON)
    run_due(NOON)
    assert not Alert.objects.exists()
    UnlostChoice.objects.create(dealer=northside, sold_quiet_days=19)
    looks(visitor, NOON + timedelta(minutes=1))
    run_due(NOON + timedelta(minutes=1))
    assert Alert.objects.count() == 1
    [page] = ledger([northside.pk])
    assert (page.sold, page.open) == (1, 0)


def test_an_open_lead_in_hand_makes_no_alert_and_shows_its_signals(
    northside: Organisation, rosa: Person, visitor: Visitor, lost: Lead
) -> None:
    record(lost, Attempted(at=NOON - timedelta(days=1), by=rosa.pk, key="attempt:1"))
    mine = lead_of(northside, now=NOON - timedelta(days=1))
    record(mine, Accepted(at=NOON - timedelta(days=1), by=rosa.pk))
    record(mine, Attempted(at=NOON - timedelta(days=1), by=rosa.pk, key="attempt:1"))
    record(
        mine, AttemptEnded(at=NOON - timedelta(days=1), by=rosa.pk, key="attempt:1", outcome="conversation")
    )
    visitor.customer = mine.customer
    visitor.save()
    before = len(read_history(mine).facts)
    for minute, path in enumerate(("/cars/a", "/finance/lease", "/trade-in.html", "/cars/a")):
        looks(visitor, NOON + timedelta(minutes=minute), path, "Kona" if path == "/cars/a" else "")
    run_due(NOON + timedelta(minutes=4))
    assert not Alert.objects.exists()
    assert len(read_history(mine).facts) == before
    signals = KnownVisit.objects.get().body["signals"]
    assert {(one["kind"], one["times"]) for one in signals} == {
        ("car_again", 2),
        ("price", 1),
        ("trade_in", 1),
    }


def test_a_person_gets_only_so_many(northside: Organisation, rosa: Person) -> None:
    UnlostChoice.objects.create(dealer=northside, cap=2)
    site = make_site(northside)
    for n in range(4):
        lead = lost_lead(northside, rosa, customer=f"Customer {n}", phone=f"+3161234567{n}", email=None)
        looks(browser_of(lead, site), NOON)
    run_due(NOON)
    assert Alert.objects.count() == 2
    assert Lead.objects.filter(state="lost").count() == 2
    looks(Visitor.objects.get(customer=lead.customer), NOON + timedelta(days=1))
    run_due(NOON + timedelta(days=1))
    assert Alert.objects.count() == 3


def test_the_manager_hears_of_lost_sale_leads_and_of_who_left(
    northside: Organisation, rosa: Person, ines: Person
) -> None:
    site = make_site(northside)
    campaign = lost_lead(northside, rosa, origin="lost_sale")
    looks(browser_of(campaign, site), NOON)
    run_due(NOON)
    assert Alert.objects.get().people == [ines.pk]
    orphan = lost_lead(northside, rosa, customer="Mr Cole")
    rosa.is_active = False
    rosa.save()
    looks(browser_of(orphan, site), NOON + timedelta(minutes=10))
    run_due(NOON + timedelta(minutes=10))
    assert Alert.objects.get(lead=orphan).people == [ines.pk]
    back = Lead.objects.get(pk=orphan.pk)
    assert (back.is_open, back.owner_id) == (True, None)


def test_the_groups_manager_hears_only_where_the_dealer_has_none(
    northside: Organisation, rosa: Person, ines: Person
) -> None:
    noord = Organisation.objects.create(
        kind="group", name="Noord", country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
    Organisation.objects.filter(pk=northside.pk).update(parent=noord)
    gina, site = make_person("Gina", noord, "manager"), make_site(northside)
    told = {}
    for minutes in (0, 10):
        lead = lost_lead(
            northside, rosa, customer=f"Customer {minutes}", phone=None, email=None, origin="lost_sale"
        )
        looks(browser_of(lead, site), NOON + timedelta(minutes=minutes))
        run_due(NOON + timedelta(minutes=minutes))
        told[minutes] = Alert.objects.get(lead=lead).people
        Person.objects.filter(pk=ines.pk).update(is_active=False)
    assert told == {0: [ines.pk], 10: [gina.pk]}


def test_nobody_of_another_dealer_hears(
    lost: Lead, visitor: Visitor, southside: Organisation, lena: Person
) -> None:
    theirs = lost_lead(southside, lena)
    looks(visitor, NOON)
    run_due(NOON)
    assert list(Alert.objects.values_list("lead_id", flat=True)) == [lost.pk]
    assert Lead.objects.get(pk=theirs.pk).state == "lost"


def test_an_own_browser_is_nobodys_visit(lost: Lead, visitor: Visitor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_own_visitor(%s, %s, %s)", [lost.dealer_id, visitor.uid, NOON])
    looks(visitor, NOON)
    run_due(NOON)
    assert not KnownVisit.objects.exists()


def test_erasing_takes_the_visits_along(lost: Lead, visitor: Visitor) -> None:
    looks(visitor, NOON)
    run_due(NOON)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_mouth")
        cursor.execute("select leadbell_visitor_erased(%s, %s)", [visitor.site_id, visitor.uid])
        cursor.execute("reset role")
    assert not KnownVisit.objects.exists()
    assert Lead.objects.get(pk=lost.pk).is_open
    assert "Kona" not in str(read_history(lost).of(SeenAgain))

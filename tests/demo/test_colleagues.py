"""The demo plays its people: through the screens' actions, never the visitor's part, never who is there themselves."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

import pytest

from leadbell.conversation.actions import end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.demo import stage
from leadbell.demo.bdc import begin_between
from leadbell.demo.cast import STAR
from leadbell.demo.colleagues import Colleagues, act_out, who_is_played
from leadbell.followup.clockwork import run_due
from leadbell.followup.playbooks import plans_of
from leadbell.handover.actions import offer
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, FirstContact
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.ring.actions import ring
from leadbell.routing.actions import assign
from tests.conftest import lead_of
from tests.demo.conftest import NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
def dealer(db: None) -> Organisation:
    stage.set_up(NOW - timedelta(days=90), NOW)
    return Organisation.objects.get(name="Northside")


def person(first: str) -> Person:
    return Person.objects.get(name__startswith=first)


def let_time_pass(
    colleagues: Colleagues, since: datetime, minutes: float, also: Callable[[datetime], object]
) -> None:
    """The clockwork and the colleagues, every four seconds."""
    for tick in range(int(minutes * 15)):
        now = since + 4 * tick * SECOND
        also(now)
        run_due(now)
        colleagues.act(now)


def nobody(now: datetime) -> None:
    pass


def rosa_has_the_desk_open(now: datetime) -> None:
    Person.objects.filter(email=STAR).update(seen_at=now)


def by_whom(lead: Lead) -> set[int | None]:
    return {getattr(fact, "by", None) for fact in read_history(lead).facts}


def test_a_new_lead_finds_a_colleague_who_calls(dealer: Organisation) -> None:
    lead = lead_of(dealer, now=NOW)
    let_time_pass(Colleagues(Random(4)), NOW, 15, nobody)
    facts = read_history(lead).facts
    taken = next(fact for fact in facts if isinstance(fact, Accepted))
    called = next(fact for fact in facts if isinstance(fact, Attempted))
    ended = next(fact for fact in facts if isinstance(fact, AttemptEnded))
    assert taken.at < called.at < ended.at
    if ended.outcome == "conversation":
        assert ended.connected_at is not None
        assert called.at < ended.connected_at < ended.at


@pytest.mark.parametrize("seed", range(3))
def test_rosa_is_never_played(dealer: Organisation, seed: int) -> None:
    rosa = person("Rosa")
    leads = [lead_of(dealer, f"Customer {n}", NOW, f"+3120010400{n}", f"c{n}@example.org") for n in range(3)]
    for lead in leads:
        ring(locked(lead.pk), [rosa.pk], "best", 20, NOW)
    let_time_pass(Colleagues(Random(seed)), NOW, 4, nobody)
    assert all(rosa.pk not in by_whom(lead) for lead in leads)
    assert any(Lead.objects.get(pk=lead.pk).owner_id for lead in leads)


def test_rosa_rings_first_while_her_desk_is_open(dealer: Organisation) -> None:
    rosa = person("Rosa")
    rosa_has_the_desk_open(NOW)
    lead = lead_of(dealer, now=NOW)
    run_due(NOW)
    assert Lead.objects.get(pk=lead.pk).ringing == [rosa.pk]


def test_colleagues_take_what_rosa_does_not(dealer: Organisation) -> None:
    lead = lead_of(dealer, now=NOW)
    let_time_pass(Colleagues(Random(1)), NOW, 3, rosa_has_the_desk_open)
    owner = Lead.objects.get(pk=lead.pk).owner
    assert owner is not None
    assert owner.email != STAR


def test_whoever_is_there_plays_their_own_part(dealer: Organisation) -> None:
    samir = person("Samir")
    assert samir.pk in who_is_played(NOW)
    Person.objects.filter(pk=samir.pk).update(seen_at=NOW - timedelta(seconds=40))
    assert samir.pk not in who_is_played(NOW)
    assert samir.pk in who_is_played(NOW + timedelta(minutes=5))


def test_people_who_were_added_are_not_played(dealer: Organisation) -> None:
    added = Person.objects.create(
        email="new@northside.example", name="New", role="salesperson", organisation=dealer, created_at=NOW
    )
    assert added.pk not in who_is_played(NOW)


def test_a_plan_is_dropped_when_somebody_else_acts_first(dealer: Organisation) -> None:
    """A manager gives the lead to Rosa while a colleague's phone rings: nobody takes it from her."""
    rosa, samir, ines = person("Rosa"), person("Samir"), person("Ines")
    lead = lead_of(dealer, now=NOW)
    ring(locked(lead.pk), [samir.pk], "best", 20, NOW)
    colleagues = Colleagues(Random(2))
    colleagues.act(NOW)
    assign(locked(lead.pk), rosa.pk, ines.pk, NOW + SECOND)
    for tick in range(40):
        colleagues.act(NOW + tick * SECOND)
    assert Lead.objects.get(pk=lead.pk).owner_id == rosa.pk
    assert samir.pk not in by_whom(lead)


@pytest.mark.slow
def test_an_afternoon_of_playing_keeps_the_rules(dealer: Organisation) -> None:
    """Every fact the colleagues record is one the actions allow, and is in order."""
    for n in range(6):
        lead_of(dealer, f"Customer {n}", NOW, f"+3120010400{n}", f"c{n}@example.org")
    colleagues = Colleagues(Random(9))
    for tick in range(5 * 60 * 2):
        now = NOW + 30 * tick * SECOND
        run_due(now)
        colleagues.act(now)
    worked = 0
    for lead in Lead.objects.filter(dealer=dealer):
        facts = read_history(lead).facts
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
        worked += len(facts)
        assert person("Rosa").pk not in by_whom(lead)
    assert worked > 30


def test_a_part_from_elsewhere_is_left_to_the_clockwork(dealer: Organisation) -> None:
    """A group's BDC agent, left behind by a visitor in the middle of a call at a dealer who isn't called by her."""
    noor, riga = person("Noor"), Organisation.objects.get(name="Lanterna Riga")
    lead = lead_of(riga, now=NOW)
    assign(locked(lead.pk), riga.people.exclude(role="manager").first().pk, None, NOW)
    start_attempt(locked(lead.pk), noor.pk, NOW + SECOND)
    let_time_pass(Colleagues(Random(3)), NOW + SECOND, 2, nobody)
    assert Lead.objects.get(pk=lead.pk).calling_by == noor.pk


def test_a_colleague_accepts_a_handover_and_tells_of_the_first_contact(dealer: Organisation) -> None:
    noor, samir = person("Noor"), person("Samir")
    lead = lead_of(dealer, now=NOW)
    assign(locked(lead.pk), noor.pk, None, NOW)
    offer(locked(lead.pk), samir.pk, NOW + 1800 * SECOND, "quote", NOW + SECOND, by=noor.pk)
    act_out(locked(lead.pk), Accepted(at=NOW + 60 * SECOND, by=samir.pk), NOW + 60 * SECOND)
    assert locked(lead.pk).owner_id == samir.pk
    act_out(locked(lead.pk), FirstContact(at=NOW, by=samir.pk, went="kept"), NOW + 90 * SECOND)
    assert locked(lead.pk).standing.taken_over_at is None


def test_the_visitor_finds_handovers_that_wait_and_campaigns_in_the_queue(dealer: Organisation) -> None:
    samir = person("Samir")
    leads = [lead_of(dealer, f"Customer {n}", NOW, f"+3120010400{n}", f"c{n}@example.org") for n in range(3)]
    for n, lead in enumerate(leads):
        assign(locked(lead.pk), samir.pk, None, NOW)
        start_attempt(locked(lead.pk), samir.pk, NOW + (1 + n) * SECOND)
        end_attempt(locked(lead.pk), samir.pk, "conversation", NOW + (60 + n) * SECOND)
    assert begin_between(NOW + 600 * SECOND) == 3
    offered = [one for lead in leads if (one := locked(lead.pk).standing.contract)]
    hers = [one for one in offered if one.to == person("Rosa").pk]
    assert {one.goal for one in hers} == {"appointment", "quote"}
    (asks,) = (one for one in offered if one.to == person("Emre").pk)
    assert asks.asked_at is not None, "and its BDC agent has something to answer"
    assert plans_of(dealer)["direct_mail"].first == "bdc"

"""The told past keeps to the rules that everybody else keeps."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from leadbell.demo.cast import STAR
from leadbell.demo.house import House
from leadbell.demo.past import FEWEST_A_DAY, MOST_A_DAY, LeadRow, Past
from leadbell.demo.writing import appointments
from leadbell.followup.decisions import Ring
from leadbell.followup.rules import decide
from leadbell.lead.facts import (
    AnyFact,
    Arrived,
    AskedAgain,
    Attempted,
    AttemptEnded,
    Booked,
    Lost,
    Opened,
    Rang,
    Replied,
    Sold,
)
from leadbell.lead.history import History, folded
from tests.demo.conftest import DAYS, NOW, tell

MINUTE = timedelta(minutes=1)


def facts_of(lead: LeadRow) -> list[AnyFact]:
    return [one.fact for one in lead.told]


def test_the_same_seed_and_moment_give_the_same_past() -> None:
    days = timedelta(days=6)
    (one, _), (same, _), (other, _) = tell("x", days=days), tell("x", days=days), tell("y", days=days)
    assert [lead.told for lead in one.leads] == [lead.told for lead in same.leads]
    assert one.envelopes == same.envelopes
    assert [row.body for row in one.envelopes] != [row.body for row in other.envelopes]


def test_a_day_brings_the_same_leads_however_much_is_told_before() -> None:
    (week, _), (days, _) = tell("x", days=timedelta(days=6)), tell("x", days=timedelta(days=3))
    since = min(lead.received_at for lead in days.leads)
    came = [
        (lead.received_at, lead.house.number, lead.line.name)
        for lead in week.leads
        if lead.received_at >= since
    ]
    assert came == [(lead.received_at, lead.house.number, lead.line.name) for lead in days.leads]


def test_every_day_brings_leads_to_every_dealer(past: Past, houses: list[House]) -> None:
    for house in houses:
        days = Counter(house.hours.local_day(lead.received_at) for lead in past.leads if lead.house is house)
        whole = [count for day, count in days.items() if min(days) < day < max(days)]
        assert len(whole) == DAYS.days - 1
        assert min(whole) >= FEWEST_A_DAY
        assert max(whole) <= MOST_A_DAY
        assert len(set(whole)) > 3


def test_facts_stand_in_the_order_in_which_they_happened(past: Past) -> None:
    for lead in past.leads:
        moments = [one.fact.at for one in lead.told]
        assert moments == sorted(moments)
        assert moments[-1] <= NOW
        assert isinstance(lead.told[0].fact, Arrived)
        assert sum(isinstance(fact, Arrived) for fact in facts_of(lead)) == 1


def test_nothing_is_done_about_a_closed_lead(past: Past) -> None:
    for lead in past.leads:
        closed = [place for place, fact in enumerate(facts_of(lead)) if isinstance(fact, Sold | Lost)]
        assert closed in ([], [len(lead.told) - 1])


def test_where_a_lead_stands_is_folded_from_its_facts(past: Past) -> None:
    for lead in past.leads:
        assert folded(one.fact for one in lead.told) == lead.standing


def test_nothing_that_can_happen_once_happens_twice(past: Past) -> None:
    for lead in past.leads:
        keys = [one.key for one in lead.told if one.key]
        assert len(keys) == len(set(keys))
        kept = {type(one.fact) for one in lead.told if one.key}
        assert kept <= {Rang, Attempted, AttemptEnded, Opened}


def test_nobody_talks_with_two_customers_at_once(past: Past) -> None:
    calls: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for lead in past.leads:
        began = {fact.key: fact.at for fact in facts_of(lead) if isinstance(fact, Attempted)}
        for fact in facts_of(lead):
            if isinstance(fact, AttemptEnded):
                calls[fact.by].append((began[fact.key], fact.at))
    assert sum(map(len, calls.values())) > 500
    for days in calls.values():
        days.sort()
        for (_, ended), (begins, _) in pairwise(days):
            assert ended <= begins


def test_people_call_and_open_leads_only_while_they_work(past: Past) -> None:
    for lead in past.leads:
        for fact in facts_of(lead):
            if isinstance(fact, Attempted):
                assert lead.house.worker(fact.by).is_on(fact.at)


def test_whoever_has_no_number_is_never_called(past: Past) -> None:
    for lead in past.leads:
        for place, fact in enumerate(facts_of(lead)):
            if isinstance(fact, Attempted):
                assert folded(one.fact for one in lead.told[:place]).by_phone


def test_a_customer_has_one_open_lead_at_a_time(past: Past) -> None:
    open_until: dict[int, datetime | None] = {}
    for lead in past.leads:
        before = open_until.get(lead.customer.number, lead.received_at)
        assert before is not None
        assert before <= lead.received_at
        open_until[lead.customer.number] = lead.standing.closed_at


def test_nothing_has_two_owners_of_one_handle(past: Past) -> None:
    handles = [(who.dealer, handle) for who in past.customers for handle in who.handles]
    assert len(handles) == len(set(handles))


def test_whatever_is_asked_has_an_envelope(past: Past) -> None:
    envelopes = {str(row.id): row for row in past.envelopes}
    assert len(envelopes) == len(past.envelopes)
    for lead in past.leads:
        for fact in facts_of(lead):
            if isinstance(fact, Arrived | AskedAgain):
                row = envelopes[fact.envelope]
                assert (row.received_at, row.status) == (fact.at, "read")


def test_all_kinds_of_things_happen(past: Past) -> None:
    kinds = {type(fact) for lead in past.leads for fact in facts_of(lead)}
    assert {AskedAgain, Replied, Booked, Sold, Lost, Opened} <= kinds
    assert {row.status for row in past.envelopes} == {"read", "duplicate", "quarantined"}
    assert {row.transport for row in past.envelopes} == {"http", "smtp", "hand"}
    assert {lead.line.origin for lead in past.leads} == {"online", "walk_in", "direct_mail", "lost_sale"}
    assert any(isinstance(f, Arrived) and f.known_to for lead in past.leads for f in facts_of(lead))
    assert any(not lead.standing.by_phone for lead in past.leads)


def test_the_start_is_calm(past: Past, houses: list[House]) -> None:
    """Hardly anything rings, the visitor's part is on no call, and old leads have somebody."""
    rings = 0
    for lead in past.leads:
        if not lead.standing.is_open:
            continue
        history = History(tuple(one.fact for one in lead.told))
        rings += isinstance(decide(lead.house.playbook(lead.line.origin, NOW), history, NOW), Ring)
        assert not lead.standing.ring_until or lead.standing.ring_until <= NOW
        if lead.standing.calling_by:
            assert lead.house.worker(lead.standing.calling_by).player.email != STAR
        if lead.received_at < NOW - timedelta(days=4):
            assert lead.standing.owner is not None
    assert rings <= 5


@pytest.fixture
def median_s(past: Past, houses: list[House]) -> list[float]:
    """The median response time of each dealer, of leads received in opening hours."""
    medians = []
    for house in houses:
        times = sorted(
            (lead.standing.first_attempt_at - lead.received_at).total_seconds()
            for lead in past.leads
            if lead.house is house and lead.line.origin == "online" and lead.standing.first_attempt_at
            and house.hours_at(lead.received_at).is_open(lead.received_at)
        )  # fmt: skip
        medians.append(times[len(times) // 2])
    return medians


def test_dealers_differ_as_they_do(past: Past, houses: list[House], median_s: list[float]) -> None:
    """Northside calls within two minutes, Lanterna a little later; De Linde prepares and gives up early [S3]."""
    northside, linde, lanterna = median_s
    assert northside < 120 < lanterna < 300 < linde
    made = []
    for house in houses[:2]:
        missed = [
            lead.standing.attempts for lead in past.leads
            if lead.house is house and lead.standing.by_phone and not lead.standing.is_open
            and lead.standing.reached_at is None and lead.line.origin == "online"
        ]  # fmt: skip
        made.append(sum(attempts >= 3 for attempts in missed) / len(missed))
    assert made[0] > 2 * made[1]


def test_an_appointment_is_one_row_whatever_becomes_of_it(past: Past) -> None:
    rows = list(appointments(past.leads))
    assert len({row[0] for row in rows}) == len(rows)
    booked = sum(isinstance(fact, Booked) for lead in past.leads for fact in facts_of(lead))
    assert len(rows) == booked
    assert {row[7] for row in rows} == {"booked", "confirmed", "shown", "no_show", "cancelled"}
    assert all(row[3] and row[9] < row[4] for row in rows)

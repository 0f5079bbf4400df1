"""What was worked out before is answered again only while no fact has come and no time has changed it."""

from array import array
from datetime import timedelta
from statistics import median

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from leadbell.conversation import actions as conversation
from leadbell.lead.doors import tenant
from leadbell.lead.models import Lead
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.catalogue.conversion import RIPE_MS
from leadbell.metrics.engines.postgres import Postgres
from leadbell.metrics.figures import quantile
from leadbell.metrics.question import LATER, Which
from leadbell.metrics.reports.behind import leads_behind
from leadbell.metrics.reports.report import SECTIONS, report
from leadbell.metrics.reports.verdict import cohorts, funnel
from leadbell.metrics.rows.exchange import CANT_SAY, ms
from leadbell.metrics.rows.live import HOLDS_MS, MOST, MOST_SAID, MOST_VALUES, ROWS, Answered, Known, Live
from leadbell.metrics.rows.parts import NEVER, Part, nth, percentile
from tests.conftest import NOON
from tests.metrics.monthly.network import keep, received

NOW = 1_795_000_000_000


def test_an_answer_holds_until_its_moment() -> None:
    known = Known()
    known.keep(((3,), "a"), Answered((1,), NOW, NOW + 10, [[1]]))
    assert [known.answer(((3,), "a"), (1,), NOW + wait) for wait in (-1, 0, 9, 10)] == [
        None,
        [[1]],
        [[1]],
        None,
    ]
    assert known.answer(((3,), "b"), (1,), NOW) is None
    assert known.answer(((4,), "a"), (1,), NOW) is None


def test_an_answer_is_of_the_dealers_numbers_and_the_next_stands_in_its_place() -> None:
    known = Known()
    for number in range(3 * MOST_SAID // 1000):
        known.keep(((3,), "a"), Answered((number,), NOW, NEVER, [range(1000)]))
        assert known.answer(((3,), "a"), (number,), NOW)
        assert known.answer(((3,), "a"), (number - 1,), NOW) is None
    known.keep(((3,), "b"), Answered((0,), NOW, NEVER, [range(MOST_SAID - 1010)]))
    assert known.answer(((3,), "a"), (number,), NOW), "there is room for both"


def test_answers_that_grow_too_large_are_forgotten() -> None:
    known = Known()
    for question in ("a", "b"):
        known.keep(((3,), question), Answered((0,), NOW, NEVER, [range(MOST_SAID // 2 - 1)]))
    assert known.answer(((3,), "a"), (0,), NOW)
    known.keep(((3,), "c"), Answered((0,), NOW, NEVER, [[1]]))
    assert [bool(known.answer(((3,), one), (0,), NOW)) for one in "abc"] == [True, False, True]


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    known = Known()
    for number in range(MOST):
        known.keep(((number,), ""), Answered((), 0, NEVER, [[number]]))
    assert known.answer(((0,), ""), (), NOW) == [[0]]
    known.keep(((MOST,), ""), Answered((), 0, NEVER, [[MOST]]))
    assert known.answer(((0,), ""), (), NOW) == [[0]]
    assert known.answer(((1,), ""), (), NOW) is None


def test_parts_that_grow_too_many_are_forgotten() -> None:
    known = Known()
    half = Part(1, NEVER, {(): ((), (range(MOST_VALUES // 2 - 1),))})
    known.keep_parts("first", {1: half})
    known.keep_parts("second", {1: half})
    assert known.parts("first")
    known.keep_parts("third", {2: half})
    assert not known.parts("second"), "asked for before the first"
    assert known.parts("first")
    assert known.parts("third")


@given(st.lists(st.lists(st.integers(-(2**40), 2**40)).map(sorted), min_size=1))
def test_percentiles_of_runs_are_those_of_all_values(runs: list[list[int]]) -> None:
    some = [array("q", run) for run in runs if run]
    every = sorted(value for run in runs for value in run)
    if not every:
        assert percentile(some, 0.5) is None
        return
    assert [nth(some, place) for place in range(len(every))] == every
    for share in (0.1, 0.5, 0.9):
        assert percentile(some, share) == quantile(every, share)
    assert percentile(some, 0.5) == median(every)


@pytest.fixture
def worked(northside, southside, rosa, lena):
    """Of Northside's 6 five were called, of Southside's 8 six."""
    received(northside, rosa, NOON, 6, 5)
    received(southside, lena, NOON, 8, 6)
    keep()
    return northside.pk, southside.pk


class Heard:
    """A cursor that remembers what was asked."""

    def __init__(self, cursor):
        self.cursor, self.asked = cursor, []

    def execute(self, query):
        self.asked.append(query)
        return self.cursor.execute(query)

    def fetchall(self):
        return self.cursor.fetchall()


def live(known, now, dealers):
    """An engine over these dealers, and what it asks."""
    heard = Heard(connection.cursor())
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
    with tenant(dealers):
        engine = Live(heard, ms(now), known)
    heard.asked.clear()
    return engine, heard.asked


def leave():
    with connection.cursor() as cursor:
        cursor.execute("reset role")


def plain(now, dealers):
    """The same asked in one statement, as of a moment."""
    return (
        Postgres(connection.cursor(), ROWS, CANT_SAY),
        ms(now),
        Which(only={"dealer": tuple(map(str, dealers))}),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("by", [(), ("dealer",), ("source", "salesperson"), ("received_month",)])
def test_parts_put_together_are_the_answer_to_the_whole(worked, by):
    engine, _ = live(Known(), NOON + timedelta(hours=1), worked)
    found = ask(engine, METRICS.values(), LATER, by=by)
    leave()
    whole, at, which = plain(NOON + timedelta(hours=1), worked)
    assert found == ask(whole, METRICS.values(), at, by=by, which=which)
    assert any(answer.median is not None for answer in found.given)


@pytest.mark.django_db
def test_every_report_is_the_same_put_together(worked):
    engine, _ = live(Known(), NOON + timedelta(hours=1), worked)
    whole, at, which = plain(NOON + timedelta(hours=1), worked)
    for section in SECTIONS:
        assert report(engine, section, LATER) == report(whole, section, at, which)
    assert funnel(engine, LATER, ripe=True) == funnel(whole, at, which, ripe=True)
    assert cohorts(engine, LATER) == cohorts(whole, at, which)
    base = METRICS["attempted_rate"]
    assert leads_behind(engine, base, LATER) == leads_behind(whole, base, at, which)
    leave()


@pytest.mark.django_db
def test_only_the_dealer_with_a_new_fact_is_asked_again(worked, northside, rosa):
    known, now = Known(), NOON + timedelta(hours=1)
    metrics = [METRICS["attempted_rate"], METRICS["response_time"]]
    engine, asked = live(known, now, worked)
    assert ask(engine, metrics, LATER).of("attempted_rate").numerator == 11
    assert f"array[{worked[0]}, {worked[1]}]::bigint[]" in asked[0]
    engine, asked = live(known, now, worked)
    ask(engine, metrics, LATER)
    assert asked == []
    leave()
    uncalled = Lead.objects.filter(dealer=northside).order_by("pk").last()
    conversation.start_attempt(uncalled, rosa.pk, NOON + timedelta(minutes=30))
    keep()
    engine, asked = live(known, now, worked)
    assert ask(engine, metrics, LATER).of("attempted_rate").numerator == 12
    assert len(asked) == 1
    assert f"array[{worked[0]}]::bigint[]" in asked[0]
    leave()


@pytest.mark.django_db
def test_time_changes_an_answer_at_its_moment_and_asks_nothing_before(worked):
    known, ripe = Known(), METRICS["sales_conversion_ripe"]
    first = NOON + timedelta(milliseconds=RIPE_MS)
    counts = []
    for now in (NOON, first - timedelta(milliseconds=1), first, first + timedelta(minutes=4)):
        engine, asked = live(known, now, worked)
        answer = ask(engine, [ripe, METRICS["attempted_rate"]], LATER).of(ripe.name)
        counts.append((answer.denominator, len(asked)))
    leave()
    assert counts == [(0, 1), (0, 0), (2, 1), (10, 1)]


@pytest.mark.django_db
def test_what_has_no_parts_is_asked_again_after_a_minute(worked):
    known, ripe = Known(), METRICS["sales_conversion_ripe"]
    counts = []
    for wait in (0, HOLDS_MS - 1, HOLDS_MS):
        engine, asked = live(known, NOON + timedelta(milliseconds=wait), worked)
        ask(engine, [ripe], LATER)
        counts.append(len(asked))
    leave()
    assert counts == [1, 0, 1], "its base itself depends on the moment"


@pytest.mark.django_db
def test_a_part_is_told_to_nobody_elses_dealer(worked):
    """Who may see one dealer gets an answer made of its part alone, whatever is remembered of others."""
    known, metrics = Known(), [METRICS["attempted_rate"]]
    live_of_both, _ = live(known, NOON, worked)
    ask(live_of_both, metrics, LATER)
    engine, asked = live(known, NOON, worked[1:])
    answer = ask(engine, metrics, LATER).of("attempted_rate")
    assert (answer.numerator, answer.denominator, asked) == (6, 8, [])
    engine, _ = live(known, NOON, ())
    assert ask(engine, metrics, LATER).of("attempted_rate").denominator == 0
    leave()

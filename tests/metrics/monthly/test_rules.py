"""Months by the reader's calendar, who is comparable with whom, and what may be said of others."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.metrics.answers import Answer, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.figures import quantile
from leadbell.metrics.monthly.best import shift, sides
from leadbell.metrics.monthly.compared import Asked, Compared
from leadbell.metrics.monthly.peers import FEWEST_DEALERS, Member, Network, Ranked, Spread, comparable
from leadbell.metrics.monthly.rules import LATE, Month, due, last_month, month_named, ripe_month

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
#: The first of November 2026, 7:00 in Amsterdam.
SEVEN = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OCTOBER = Month(date(2026, 10, 1))


@pytest.mark.parametrize(
    ("wanted_from", "now", "says"),
    [
        (LONG_AGO, SEVEN - SECOND, None),
        (LONG_AGO, SEVEN, OCTOBER),
        (LONG_AGO, SEVEN + LATE - SECOND, OCTOBER),
        (LONG_AGO, SEVEN + LATE, None),
        (SEVEN + SECOND, SEVEN + timedelta(hours=1), None),
        (SEVEN + SECOND, datetime(2026, 12, 1, 6, 0, tzinfo=UTC), Month(date(2026, 11, 1))),
    ],
)
def test_due(wanted_from, now, says):
    assert due("Europe/Amsterdam", wanted_from, now) == says


@pytest.mark.parametrize(
    ("zone", "seven", "first"),
    [
        ("Pacific/Auckland", datetime(2026, 10, 31, 18, 0, tzinfo=UTC), date(2026, 10, 1)),
        (
            "America/Los_Angeles",
            datetime(2026, 11, 1, 15, 0, tzinfo=UTC),
            date(2026, 10, 1),
        ),  # winter began at 2
        ("Europe/Amsterdam", datetime(2027, 1, 1, 6, 0, tzinfo=UTC), date(2026, 12, 1)),
    ],
)
def test_seven_is_seven_on_the_wall(zone, seven, first):
    assert due(zone, LONG_AGO, seven - SECOND) is None
    assert due(zone, LONG_AGO, seven) == Month(first)


def test_a_month():
    assert (OCTOBER.last, OCTOBER.until, OCTOBER.key) == (
        date(2026, 10, 31),
        date(2026, 11, 1),
        "month:2026-10",
    )
    assert OCTOBER.back(10).code == "2025-12"
    assert OCTOBER.back(-3).code == "2027-01"
    assert OCTOBER.year_began == date(2025, 11, 1)


def test_a_month_is_ripe_when_its_last_lead_is_45_days_old():
    assert OCTOBER.ripe_on == date(2026, 12, 16)
    assert ripe_month(OCTOBER, date(2026, 12, 15)).code == "2026-09"
    assert ripe_month(OCTOBER, date(2026, 12, 16)) == OCTOBER


@pytest.mark.parametrize("day", [date(2026, 11, 1), date(2026, 11, 30)])
def test_the_last_month_is_over(day):
    assert last_month(day) == OCTOBER


@pytest.mark.parametrize("code", ["2026-11", "2027-01", "1999-01", "x", "", "2026-13"])
def test_what_is_no_month_to_show_falls_back_to_the_last(code):
    assert month_named(code, date(2026, 11, 22)) == OCTOBER


def member(number, house=None, *brands):
    return Member(number, f"dealer {number}", house or number, frozenset(brands))


@pytest.mark.parametrize(
    ("other", "leads", "is_comparable"),
    [
        (member(2, None, "hyundai"), 100, True),
        (member(2, None, "hyundai", "kia"), 100, True),
        (member(2, None, "kia"), 100, False),
        (member(2), 100, True),
        (member(2, 1, "hyundai"), 100, False),
        (member(2, None, "hyundai"), 50, True),
        (member(2, None, "hyundai"), 49, False),
        (member(2, None, "hyundai"), 200, True),
        (member(2, None, "hyundai"), 201, False),
        (member(2, None, "hyundai"), 0, False),
    ],
)
def test_comparable(other, leads, is_comparable):
    network = Network("Hyundai", (member(1, 1, "hyundai"), other))
    assert comparable(network, 1, {1: 100, 2: leads}) == ((other,) if is_comparable else ())


def test_who_got_no_lead_is_comparable_with_nobody():
    assert comparable(Network("Hyundai", (member(1), member(2))), 1, {}) == ()


def test_of_fewer_than_five_dealers_nothing_is_said():
    four = Ranked(enumerate([0.1, 0.2, None, 0.3, None, 0.4]))
    five = Ranked(enumerate([0.5, 0.1, 0.3, 0.4, 0.2, None]))
    assert four.of(range(6)) is four.without([]) is None
    assert five.of(range(6)) == five.without([]) == Spread(5, 0.2, 0.3, 0.4)
    assert FEWEST_DEALERS == 5


@given(st.lists(st.none() | st.sampled_from([0.1, 0.2, 0.3]), max_size=40), st.sets(st.integers(0, 40)))
def test_some_dealers_or_all_but_some_are_said_as_if_only_they_were_there(values, some):
    everybody = Ranked(enumerate(values))
    left = [(n, value) for n, value in enumerate(values) if n not in some]
    assert everybody.without(some) == everybody.of({n for n, _ in left}) == Ranked(left).without([])


def test_a_house_is_all_dealers_of_one_group():
    network = Network("Hyundai", (member(1), member(2, 9), member(3, 9)))
    assert [network.own(number) for number in (1, 2, 3)] == [[1], [2, 3], [2, 3]]


def test_quantiles_lie_between_two_values():
    assert [quantile([1, 2, 4, 8], share) for share in (0, 0.1, 0.5, 0.9, 1)] == [
        1,
        1.3,
        3,
        pytest.approx(6.8),
        8,
    ]


@pytest.mark.parametrize(
    ("name", "part", "middle", "stands"),
    [
        ("show_rate", 50, 0.6, "worse"), ("show_rate", 50, 0.4, "better"), ("show_rate", 50, 0.45, ""),
        ("fallout_rate", 50, 0.6, "better"), ("fallout_rate", 50, 0.4, "worse"), ("quote_rate", 50, 0.4, "above"),
        ("quote_rate", 50, 0.6, "below"),
    ],
)  # fmt: skip
def test_surely_is_said_where_the_whole_interval_lies_on_one_side(name, part, middle, stands):
    answer = Answer(METRICS[name], ("1",), part, 100, part / 100, wilson(part, 100))
    around = Spread(5, middle, middle, middle)
    assert Compared(answer, None, around, False).stands == stands
    assert Compared(answer, around, None, False).stands == stands
    assert Compared(answer, None, None, False).stands == ""


def sold(dealer, part, of):
    share = part / of if of >= 5 else None
    return Answer(METRICS["sales_conversion_ripe"], (str(dealer),), part, of, share, wilson(part, of))


def test_the_best_are_surely_above_the_network():
    found = sides([sold(1, 40, 100), sold(2, 12, 100), sold(3, 9, 100), sold(4, 3, 4), sold(5, 14, 100)])
    assert found is not None
    assert found.share == 75 / 400
    assert [one.group[0] for one in found.best] == ["1"]
    assert [one.group[0] for one in found.others] == ["2", "3", "5"]
    assert sides([sold(1, 3, 4)]) is None


#: Critical values of U at 5 %, two-sided, from the published tables; the interval ends one place further in.
@pytest.mark.parametrize(
    ("n", "m", "critical"), [(4, 4, 0), (5, 5, 2), (5, 8, 6), (8, 12, 22), (10, 10, 23), (20, 20, 127)]
)
def test_the_interval_is_mann_and_whitneys(n, m, critical):
    best, others = [10_000.0 * i for i in range(n)], [float(j) - 5_000.0 for j in range(m)]
    pairs = sorted(one - other for one, other in product(best, others))
    found = shift(best, others)
    assert found is not None
    assert found.interval == (pairs[critical], pairs[-critical - 1])
    assert found.difference == quantile(pairs, 0.5)


def test_of_very_few_dealers_no_difference_is_said():
    assert shift([5, 6, 7], [1, 2, 3]) is None
    assert shift([5, 6, 7, 8], [1, 2, 3, 4]) is not None
    assert shift([5, 6, 7, 8], [1, 2, 3, 4], among=12) is None


def test_many_dealers_are_near_the_exact_count():
    best, others = [float(i) for i in range(45)], [float(j) - 20.5 for j in range(45)]
    found = shift(best, others)
    assert found is not None
    assert found.sure
    assert found.interval[0] < found.difference < found.interval[1]
    assert found.difference == 20.5


def test_what_chance_could_make_is_not_sure():
    found = shift([1, 2, 3, 4, 5], [1.5, 2.5, 3.5, 4.5, 0.5])
    assert found is not None
    assert not found.sure


def by_dealer(name, shares):
    return {
        dealer: Answer(METRICS[name], (str(dealer),), part, 100, part / 100, wilson(part, 100))
        for dealer, part in shares.items()
    }


def asked_for(sold, called, members):
    year = {"sales_conversion_ripe": by_dealer("sales_conversion_ripe", sold),
            "attempted_rate": by_dealer("attempted_rate", called), "show_rate": by_dealer("show_rate", {})}  # fmt: skip
    network = Network("Hyundai", tuple(member(number) for number in range(1, members + 1)))
    return Asked(OCTOBER, OCTOBER, date(2027, 1, 1), network, {"sales_conversion": {}}, {}, year)


def test_what_the_best_do_differently_beyond_chance():
    """Five of twelve sell 40 to 44 of 100, the others 5 to 11; they call 95 to 99 of 100, the others 60 to 66."""
    sold = {n: 39 + n for n in range(1, 6)} | {n: n - 1 for n in range(6, 13)}
    called = {n: 94 + n for n in range(1, 6)} | {n: 54 + n for n in range(6, 13)}
    best = asked_for(sold, called, 12).best("sales_conversion_ripe")
    assert best is not None
    assert best.told
    assert {one.group[0] for one in best.sides.best} == {"1", "2", "3", "4", "5"}
    (one,) = best.sure
    assert (one.metric.name, one.shift.n_best, one.shift.n_others) == ("attempted_rate", 5, 7)
    assert (one.shift.best, one.shift.others) == (0.97, 0.63)
    assert one.shift.difference == pytest.approx(0.34)
    assert 0.29 <= one.shift.interval[0] < 0.34 < one.shift.interval[1] <= 0.39
    assert [one.metric.name for one in best.alike] == ["show_rate"]


def test_what_single_dealers_do_is_given_away_to_nobody():
    sold = {n: 39 + n for n in range(1, 5)} | {n: n - 1 for n in range(5, 13)}
    called = {n: 94 + n for n in range(1, 5)} | {n: 54 + n for n in range(5, 13)}
    few = asked_for(sold, called, 12)
    best = few.best("sales_conversion_ripe")
    assert best is not None
    assert not best.told
    assert all(one.shift is None for one in best.differences)
    named = few.best("sales_conversion_ripe", fewest=3)
    assert named is not None
    assert [one.metric.name for one in named.sure] == ["attempted_rate"]
    assert few.best("show_rate") is None

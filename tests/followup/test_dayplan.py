"""A day is planned: nobody gets more than they can do, nothing is dropped, the best chances come first."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.dealers.hours import OpeningHours
from leadbell.followup.dayplan import (
    AHEAD,
    EVERY,
    Choices,
    Touch,
    Worker,
    can_do,
    chance,
    look_again_at,
    plan_the_day,
    planned_day,
    why,
)

ROSA, SAMIR, INES = 1, 2, 3
DAY = 540
HOURS = OpeningHours("Europe/Amsterdam", country="NL")
#: Monday 23 November 2026, 9:00 in Amsterdam.
NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEEN = NINE - timedelta(hours=15)


def said(placed):
    return [(one.lead, one.person, one.fits, one.nth, one.of) for one in placed]


def texts(placed):
    return {one.lead: [str(reason) for reason in one.because] for one in placed}


@pytest.mark.parametrize(
    ("minutes", "per_day", "most"),
    [
        (540, None, 18), (270, None, 9), (0, None, 0), (29, None, 0),
        (540, 12, 12), (270, 12, 6), (720, 12, 12), (0, 12, 0), (45, 12, 1),
    ],
)  # fmt: skip
def test_what_somebody_can_do(minutes: int, per_day: int | None, most: int) -> None:
    assert can_do(minutes, DAY, Choices(per_day)) == most


def test_who_works_while_the_dealer_is_closed_can_do_a_full_day() -> None:
    assert can_do(240, 0, Choices(12)) == 12


def test_the_best_chances_come_first_and_the_rest_does_not_fit() -> None:
    due = [
        Touch(1, ROSA, 3), Touch(2, ROSA, 30), Touch(3, ROSA, 12, by_phone=False), Touch(4, ROSA, 12),
        Touch(5, ROSA, 12, tries=3), Touch(6, ROSA, 40, seen_at=SEEN, looked_at="Hyundai Kona"), Touch(7, ROSA, 9),
    ]  # fmt: skip
    placed = plan_the_day(due, [Worker(ROSA, DAY)], DAY, Choices(6))
    assert said(placed) == [
        (6, ROSA, True, 1, 6), (7, ROSA, True, 2, 6), (4, ROSA, True, 3, 6), (3, ROSA, True, 4, 6),
        (5, ROSA, True, 5, 6), (1, ROSA, True, 6, 6), (2, ROSA, False, 1, 1),
    ]  # fmt: skip
    reasons = texts(placed)
    assert reasons[6][0].startswith("looked at the Hyundai Kona: ")
    assert reasons[7] == ["day 9: people decide between day 8 and 19"]
    assert reasons[5][1] == "3 attempts without an answer"
    assert reasons[2] == ["the day is full: 6 follow-ups", "day 30: less often now, but not forgotten"]


def test_what_has_its_own_time_and_what_is_done_take_their_room_first() -> None:
    due = [Touch(lead, ROSA, 9) for lead in range(1, 6)]
    placed = plan_the_day(due, [Worker(ROSA, DAY, busy=2, done=1)], DAY, Choices(5))
    assert [(one.lead, one.fits, one.nth, one.of) for one in placed] == [
        (1, True, 2, 3), (2, True, 3, 3), (3, False, 1, 3), (4, False, 2, 3), (5, False, 3, 3),
    ]  # fmt: skip
    assert texts(placed)[3][0] == "the day is full: 5 follow-ups, 2 other tasks go first"


@pytest.mark.parametrize(
    ("absent", "persons", "because"),
    [
        ("colleagues", [(1, SAMIR, True), (2, SAMIR, True), (3, ROSA, False)], "nobody has room left"),
        ("waits", [(1, ROSA, False), (2, ROSA, False), (3, ROSA, False)], "whose customer it is isn't here"),
    ],
)
def test_an_absent_persons_follow_ups(absent, persons, because) -> None:
    """Colleagues keep their own first; a manager stands in for nobody."""
    due = [Touch(lead, ROSA, 9) for lead in (1, 2, 3)] + [Touch(4, SAMIR, 40)]
    workers = [Worker(ROSA, 0), Worker(SAMIR, DAY), Worker(INES, DAY, stands_in=False)]
    placed = plan_the_day(due, workers, DAY, Choices(3, absent))
    theirs = sorted((one.lead, one.person, one.fits) for one in placed if one.lead != 4)
    assert theirs == persons
    assert next(one for one in placed if one.lead == 4).fits
    assert because in texts(placed)[3][0]


def test_days_that_went_without_are_told() -> None:
    assert [str(one) for one in why(Touch(1, ROSA, 11, put_off=2))][-1] == "not made on 2 days before"


TOUCHES = st.builds(
    Touch, st.integers(1, 10_000), st.integers(1, 6), st.integers(0, 45), st.integers(0, 5), st.booleans(),
    st.none() | st.just(SEEN),
)  # fmt: skip
DUE = st.lists(TOUCHES, max_size=60, unique_by=lambda touch: touch.lead)
WORKERS = st.lists(
    st.builds(Worker, st.integers(1, 5), st.integers(0, 700), st.integers(0, 9), st.integers(0, 9), st.booleans()),
    max_size=5, unique_by=lambda worker: worker.person,
)  # fmt: skip
CHOICES = st.builds(Choices, st.none() | st.integers(1, 30), st.sampled_from(["colleagues", "waits"]))


@given(DUE, WORKERS, CHOICES)
def test_every_due_follow_up_is_planned_or_shown_as_not_fitting(due, workers, choices) -> None:
    placed = plan_the_day(due, workers, DAY, choices)
    assert sorted(one.lead for one in placed) == sorted(touch.lead for touch in due)
    owners = {touch.lead: touch.owner for touch in due}
    for one in placed:
        assert one.because
        assert 1 <= one.nth <= one.of
        if not one.fits or choices.absent == "waits":
            assert one.person == owners[one.lead]


@given(DUE, WORKERS, CHOICES)
def test_nobody_gets_more_than_they_can_do(due, workers, choices) -> None:
    placed = plan_the_day(due, workers, DAY, choices)
    day = {worker.person: worker for worker in workers}
    for person in {one.person for one in placed if one.fits}:
        worker = day[person]
        planned = sum(one.fits and one.person == person for one in placed)
        assert worker.busy + worker.done + planned <= can_do(worker.minutes, DAY, choices)


@given(DUE, WORKERS, CHOICES)
def test_a_better_chance_never_loses_to_a_worse_one_of_the_same_person(due, workers, choices) -> None:
    by_lead = {touch.lead: touch for touch in due}
    placed = plan_the_day(due, workers, DAY, choices)
    for person in {touch.owner for touch in due}:
        mine = [one for one in placed if one.person == person and by_lead[one.lead].owner == person]
        planned = [chance(by_lead[one.lead]) for one in mine if one.fits]
        without = [chance(by_lead[one.lead]) for one in mine if not one.fits]
        assert not planned or not without or max(planned) < min(without)
    for person in {one.person for one in placed}:
        order = sorted(
            (one.nth, chance(by_lead[one.lead])) for one in placed if one.person == person and one.fits
        )
        assert [rank for _nth, rank in order] == sorted(rank for _nth, rank in order)


@given(DUE, WORKERS, CHOICES)
def test_no_room_is_left_while_something_of_ones_own_does_not_fit(due, workers, choices) -> None:
    placed = plan_the_day(due, workers, DAY, choices)
    for worker in workers:
        if worker.minutes and any(not one.fits and one.person == worker.person for one in placed):
            planned = sum(one.fits and one.person == worker.person for one in placed)
            assert worker.busy + worker.done + planned >= can_do(worker.minutes, DAY, choices)


@given(DUE, WORKERS, CHOICES, st.randoms(use_true_random=False))
def test_the_plan_is_the_same_in_whatever_order_it_is_read(due, workers, choices, chance_of) -> None:
    shuffled, people = list(due), list(workers)
    chance_of.shuffle(shuffled)
    chance_of.shuffle(people)
    first, again = (plan_the_day(*read, DAY, choices) for read in ((due, workers), (shuffled, people)))
    assert sorted(first, key=attrgetter("lead")) == sorted(again, key=attrgetter("lead"))


@pytest.mark.parametrize(
    ("now", "day", "again"),
    [
        (NINE - 3 * AHEAD, None, NINE - AHEAD),
        (NINE - AHEAD, NINE.date(), NINE + EVERY - AHEAD),
        (NINE, NINE.date(), NINE + EVERY),
        (NINE + timedelta(hours=8, minutes=50), NINE.date(), NINE + timedelta(days=1) - AHEAD),
        (NINE + timedelta(hours=10), None, NINE + timedelta(days=1) - AHEAD),
    ],
)
def test_when_a_day_is_planned(now, day, again) -> None:
    assert planned_day(HOURS, now) == day
    assert look_again_at(HOURS, now) == again


def test_a_dealer_that_never_opens_is_looked_at_tomorrow() -> None:
    closed = OpeningHours("Europe/Amsterdam", week=((),) * 7)
    assert planned_day(closed, NINE) is None
    assert look_again_at(closed, NINE) == NINE + timedelta(days=1)

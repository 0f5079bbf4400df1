"""Which leads a BDC calls, when a salesperson is free, and who takes a lead over."""

from datetime import UTC, date, datetime, timedelta

import pytest

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.shifts import DaysOff, Shift
from leadbell.handover.rules import (
    Receiver,
    accept_by,
    free_times,
    who_receives,
    why_in_queue,
    why_not_free,
)
from leadbell.lead.standing import Standing
from tests.conftest import NOON

HOURS = OpeningHours("Europe/Amsterdam", country="NL")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROSA, SAMIR, INES = 1, 2, 3
#: Tuesday at 10:00 in Amsterdam.
TUESDAY_10 = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def receiver(*busy: tuple[datetime, datetime], off: bool = False, role: str = "salesperson") -> Receiver:
    days_off = (DaysOff(date(2026, 11, 24), date(2026, 11, 24)),) if off else ()
    return Receiver(ROSA, "Rosa", role, Shift(HOURS, days_off=days_off), tuple(busy))


@pytest.mark.parametrize(
    ("one", "starts_at", "because"),
    [
        (receiver(), TUESDAY_10, None),
        (receiver(), TUESDAY_10 - 3 * HOUR, "The dealer is closed then."),
        (receiver(), TUESDAY_10 + 7.5 * HOUR, "The dealer is closed then."),
        (receiver(off=True), TUESDAY_10, "Rosa isn’t at work then."),
        (receiver((TUESDAY_10, TUESDAY_10 + HOUR)), TUESDAY_10 + HOUR, None),
        (
            receiver((TUESDAY_10, TUESDAY_10 + HOUR)),
            TUESDAY_10 + 0.5 * HOUR,
            f"Rosa has something else at {TUESDAY_10.isoformat()}.",
        ),
        (
            receiver((TUESDAY_10, TUESDAY_10 + HOUR)),
            TUESDAY_10 - 0.5 * HOUR,
            f"Rosa has something else at {TUESDAY_10.isoformat()}.",
        ),
    ],
)
def test_a_person_is_free_or_it_is_said_why_not(
    one: Receiver, starts_at: datetime, because: str | None
) -> None:
    said = why_not_free(one, HOURS, starts_at)
    assert (str(said) if said else None) == because


def test_free_times_are_two_a_day_and_none_is_taken() -> None:
    busy = (TUESDAY_10 - HOUR, TUESDAY_10 + 0.5 * HOUR)
    found = free_times(receiver(busy), HOURS, NOON)
    monday_2pm = NOON + 2 * HOUR
    # Open until 18:00; nothing earlier than two hours ahead, and Tuesday morning is taken until half past ten.
    assert found[:3] == (monday_2pm, TUESDAY_10 + 0.5 * HOUR, TUESDAY_10 + 3 * HOUR)
    assert len(found) == 6
    assert all(why_not_free(receiver(busy), HOURS, at) is None for at in found)


def test_who_is_never_here_has_no_free_time() -> None:
    whole_week = (NOON - DAY, NOON + 30 * DAY)
    assert free_times(receiver(whole_week), HOURS, NOON) == ()


def standing(origin: str = "online", **about: object) -> Standing:
    return Standing(origin=origin, received_at=NOON, asked_at=NOON, **about)  # type: ignore[arg-type]  # rows of the table


EVENING = NOON + 9 * HOUR


@pytest.mark.parametrize(
    ("s", "now", "bdc_first", "why"),
    [
        (standing(), NOON, False, None),
        (standing(), NOON, True, "first"),
        (standing(), EVENING, False, "closed"),
        (standing("direct_mail"), NOON, False, "direct_mail"),
        (standing("lost_sale"), NOON, False, "lost_sale"),
        (standing(rounds=("best", "best", "all", "manager")), NOON, False, "overflow"),
        (standing(rounds=("best",)), NOON, True, None),
        (standing(owner=ROSA), EVENING, False, None),
        (standing(ringing=(ROSA,)), EVENING, False, None),
        (standing(closed_at=NOON), EVENING, False, None),
        (standing(opted_out=True), EVENING, False, None),
    ],
)
def test_an_active_lead_in_opening_hours_is_a_salespersons(
    s: Standing, now: datetime, bdc_first: bool, why: str | None
) -> None:
    found = why_in_queue(s, HOURS, now, 4, 120, bdc_first)
    assert (found.why if found else None) == why
    # What [S3] says stands on the screen where the dealer has decided otherwise, and nowhere else.
    assert bool(found and found.against) == (why == "first")


def test_direct_mail_is_not_called_too_directly() -> None:
    early = why_in_queue(standing("direct_mail"), HOURS, NOON, 3, 120, False)
    late = why_in_queue(standing("direct_mail"), HOURS, NOON + 2 * HOUR, 3, 120, False)
    assert early is not None
    assert early.not_before == NOON + 2 * HOUR
    assert late is not None
    assert late.not_before is None


@pytest.mark.parametrize(
    ("now", "visit_at", "until"),
    [
        (NOON, None, NOON + 0.5 * HOUR),
        (EVENING, None, TUESDAY_10 - 0.5 * HOUR),
        (NOON, NOON + 0.25 * HOUR, NOON + 0.25 * HOUR),
    ],
)
def test_a_handover_is_accepted_while_somebody_is_at_work_and_before_the_visit(
    now: datetime, visit_at: datetime | None, until: datetime
) -> None:
    assert accept_by(receiver(), HOURS, now, 30, visit_at) == until


def test_lost_sale_leads_go_to_the_manager_and_not_to_who_spoke_to_them_before() -> None:
    shift = Shift(HOURS)
    people = [
        Receiver(ROSA, "Rosa", "salesperson", shift), Receiver(SAMIR, "Samir", "salesperson", shift),
        Receiver(INES, "Ines", "manager", shift), Receiver(9, "Bea", "bdc", shift),
    ]  # fmt: skip
    assert [one.name for one in who_receives("lost_sale", people, ROSA)] == ["Ines", "Samir", "Rosa"]
    assert [one.name for one in who_receives("online", people, SAMIR)] == ["Samir", "Rosa", "Ines"]

"""The verdict, its funnel and what closing the leak is worth: the design's own numbers."""

import duckdb
import pytest

from leadbell.metrics.engines.duck import Duck
from leadbell.metrics.reports.verdict import bdc_break_even, cohorts, funnel, process_verdict
from leadbell.words import Words

DAY = 86_400_000
AS_OF = 100 * DAY


def dealer(
    received: int, attempted: int, reached: int, appointment: int, shown: int, sold: int, **columns: str
) -> Duck:
    """So many active leads at each step, the first day; `columns` replace others of the leads."""
    about = {
        "lead": "i", "origin": "'online'", "received_ms": "0", "received_on": "20260101",
        "booked_ms": f"case when i < {appointment} then 1 end", "shown_ms": f"case when i < {shown} then 1 end",
        "sold_ms": f"case when i < {sold} then 1 end",
    } | columns  # fmt: skip
    found = duckdb.connect()
    found.execute("set threads = 2")
    said = ", ".join(f"{sql} as {name}" for name, sql in about.items())
    found.execute(f"create table leads as select {said} from range({received}) as r(i)")
    found.execute(
        f"""create table touches as select i as lead, 1 as nr, 5000 as started_ms, 'phone' as channel,
            'out' as direction, 'human' as made_by,
            case when i < {reached} then 'conversation' else 'no_answer' end as outcome
        from range({attempted}) as r(i)"""
    )
    return Duck(found)


DESIGN = (1204, 1011, 588, 221, 152, 113)


def test_the_design_says_the_process() -> None:
    verdict = process_verdict(dealer(*DESIGN), AS_OF)
    assert not isinstance(verdict, Words)
    assert verdict.said == "process"
    assert verdict.conversion.printed == "9.4 %"
    assert verdict.conversion.interval == pytest.approx((0.0786, 0.1116), abs=5e-5)
    assert tuple(step.leads for step in verdict.funnel) == DESIGN
    assert [round(100 * step.share) for step in verdict.funnel if step.share is not None] == [
        84,
        58,
        38,
        69,
        74,
    ]
    assert verdict.leak is not None
    assert (verdict.leak.stage, verdict.leak.reference, verdict.leak.lost) == ("reached", 0.73, 423)
    assert verdict.worth is not None
    assert (round(verdict.worth.more), round(verdict.worth.sales)) == (150, 29)
    assert "the fault is in the process" in str(verdict.because)


@pytest.mark.parametrize(
    ("sold", "said"),
    [(0, "process"), (109, "process"), (111, "too few leads to tell"), (150, "too few leads to tell"),
     (152, "meets the norm"), (400, "meets the norm")],
)  # fmt: skip
def test_the_interval_decides_not_the_share(sold: int, said: str) -> None:
    """Of 1,000 leads: the upper end is under 13 % up to 109, the lower end at it from 152 on."""
    verdict = process_verdict(dealer(1000, 900, 700, 400, 400, sold), AS_OF)
    assert not isinstance(verdict, Words)
    assert verdict.said == said


def test_young_leads_are_not_judged() -> None:
    half_young = dealer(*DESIGN, received_ms=f"case when i % 2 = 0 then 0 else {60 * DAY} end")
    verdict = process_verdict(half_young, AS_OF)
    assert not isinstance(verdict, Words)
    assert (verdict.conversion.denominator, verdict.funnel[0].leads, verdict.unripe) == (602, 602, False)
    all_young = process_verdict(half_young, 40 * DAY)
    assert not isinstance(all_young, Words)
    assert (all_young.conversion.denominator, all_young.unripe) == (1204, True)


def test_a_sale_without_an_appointment_leaks_nowhere() -> None:
    steps = funnel(dealer(100, 50, 0, 0, 0, 20), AS_OF)
    assert [(step.leads, step.implied) for step in steps] == [
        (100, 0),
        (50, 0),
        (20, 20),
        (20, 20),
        (20, 20),
        (20, 0),
    ]


def test_what_a_file_cant_say_is_no_step() -> None:
    duck = dealer(*DESIGN)
    duck.connection.execute("drop table touches")
    duck.connection.execute("alter table leads drop column shown_ms")
    steps = funnel(Duck(duck.connection), AS_OF)
    assert [(step.stage, step.reference) for step in steps] == [
        ("received", None),
        ("appointment", None),
        ("sold", None),
    ]
    duck.connection.execute("alter table leads drop column sold_ms")
    assert str(process_verdict(Duck(duck.connection), AS_OF)) == "sales aren't recorded"


def test_months_younger_than_45_days_are_immature() -> None:
    days = "case when i % 2 = 0 then 20260131 else 20260201 end"
    duck = dealer(*DESIGN, received_on=days, received_ms=f"case when i % 2 = 0 then 0 else {DAY} end")
    found = cohorts(duck, 45 * DAY)
    assert not isinstance(found, Words)
    assert [(one.month, one.immature, one.conversion.denominator) for one in found] == [
        (202601, False, 602), (202602, True, 602),
    ]  # fmt: skip


def test_break_even() -> None:
    """13 % without a team, and 7 % of a margin per lead: over 20 % needed [S3]."""
    assert bdc_break_even(0.13, 70, 1000) == pytest.approx(0.20)
    assert bdc_break_even(0.13, 70, 0) is None

"""DuckDB answers the figures, asks only for what they need, and says what it can't say."""

import duckdb
import pytest

from leadbell.metrics import question
from leadbell.metrics.answers import ask, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines.duck import Duck
from leadbell.metrics.question import NoSuchKey, Which

DAY = 86_400_000


def house(leads: str, touches: str | None = None) -> Duck:
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute(f"create table leads as {leads}")
    if touches:
        connection.execute(f"create table touches as {touches}")
    return Duck(connection)


TEN = """select i as lead, 'Northside' as dealer, 'online' as origin, 1000 * i as received_ms,
    20260101 + i // 5 as received_on, true as in_hours, case when i < 3 then 1000 * i + 5000 end as sold_ms
    from range(10) as r(i)"""


def test_a_file_of_leads_alone_says_what_it_can() -> None:
    answers = ask(house(TEN), METRICS.values(), 100 * DAY)
    sold = answers.of("sales_conversion")
    assert (sold.numerator, sold.denominator, sold.value) == (3, 10, 0.3)
    because = {one.metric.name: str(one.because) for one in answers.unsupported}
    assert because["attempted_rate"] == "it isn't said when somebody called"
    assert because["fallout_rate"] == "handovers from BDC to salesperson aren't recorded"
    assert "sales_conversion" not in because


def test_groups_and_filters() -> None:
    by_day = ask(house(TEN), [METRICS["sales_conversion"]], 0, by=("dealer", "received_on"))
    assert [(a.group, a.numerator, a.denominator) for a in by_day.given] == [
        (("Northside", 20260101), 3, 5), (("Northside", 20260102), 0, 5),
    ]  # fmt: skip
    one = ask(
        house(TEN), [METRICS["sales_conversion"]], 0, which=Which(since=20260102, only={"origin": ["online"]})
    )
    assert one.of("sales_conversion").denominator == 5
    none = ask(house(TEN), [METRICS["sales_conversion"]], 0, which=Which(only={"dealer": ["x' or 1=1 --"]}))
    assert none.of("sales_conversion").denominator == 0


def test_only_known_keys_may_be_asked_for() -> None:
    with pytest.raises(NoSuchKey, match="grouped by 'lead; drop'"):
        ask(house(TEN), [METRICS["sales_conversion"]], 0, by=("lead; drop",))


def test_a_figure_costs_only_the_columns_it_needs() -> None:
    sql = question.facts({"response_ms"}).sql("duckdb")
    assert "touches" in sql
    assert "visits" not in sql
    assert "opportunity" not in sql
    assert "touches" not in question.facts({"sold_ms"}).sql("duckdb")


def test_too_few_is_said_and_not_a_number() -> None:
    few = ask(house(TEN), [METRICS["sales_conversion"]], 0, which=Which(until=20260101))
    assert (few.of("sales_conversion").value, few.of("sales_conversion").too_few) == (None, True)


@pytest.mark.parametrize(("part", "of"), [(534, 1398), (1, 10), (113, 1204), (9, 10)])
def test_wilson_bounds_are_where_the_share_is_just_believable(part: int, of: int) -> None:
    interval = wilson(part, of)
    assert interval is not None
    for bound in interval:
        assert abs(part / of - bound) == pytest.approx(1.959964 * (bound * (1 - bound) / of) ** 0.5, rel=1e-6)


def test_wilson_of_none_all_and_nothing() -> None:
    none, every = wilson(0, 10), wilson(10, 10)
    assert none is not None
    assert every is not None
    assert (none[0], every[1]) == (0.0, 1.0)
    assert none[1] == pytest.approx(1 - every[0])
    assert wilson(0, 0) is None


@pytest.mark.parametrize("dialect", ["spark", "postgres", "duckdb"])
def test_what_has_no_name_comes_last_in_every_dialect(dialect: str) -> None:
    """Spark would put it first."""
    asked = question.select({"n": "count(1)"}, question.keys(("campaign",)), question.EVERY, 0, "rows")
    said = asked.sql(dialect=dialect)
    assert said.endswith("ORDER BY campaign NULLS LAST" if dialect == "spark" else "ORDER BY campaign"), said

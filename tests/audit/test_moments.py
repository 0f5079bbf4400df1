"""Amounts and durations as people in several countries write them."""

from collections.abc import Callable, Iterator

import duckdb
import pytest

from leadbell.audit.moments import cents, duration_ms

WorkedOut = Callable[[str, str], int | None]


@pytest.fixture(scope="module")
def duck() -> Iterator[duckdb.DuckDBPyConnection]:
    """Its own: what a test leaves unread on the one that everybody shares stops the next test."""
    with duckdb.connect() as duck:
        yield duck


@pytest.fixture
def worked_out(duck: duckdb.DuckDBPyConnection) -> WorkedOut:
    def worked_out(sql: str, cell: str) -> int | None:
        found = duck.execute(f"select {sql} from (select ?::varchar as cell)", [cell]).fetchall()
        return None if not found else found[0][0]

    return worked_out


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("12", 1200), ("12,5", 1250), ("12.50", 1250), ("1.234", 123_400), ("1,234", 123_400), ("1.234,56", 123_456),
        ("1,234.56", 123_456), ("€ 1 234,56", 123_456), ("1\u00a0234,50 €", 123_450), ("1'234.50", 123_450),
        ("€ 12,-", 1200), ("-€ 12,50", -1250), ("€ -12,50", -1250), ("−5", -500), ("(12.50)", -1250), (".50", 50),
        ("0,125", 13), ("1.234.567", 123_456_700), ("12.3456", None), ("12 (2 leads)", None), ("12-11-2026", None),
        ("free", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_it_is_meant_or_not_at_all(
    worked_out: WorkedOut, cell: str, amount: int | None
) -> None:
    assert worked_out(cents("cell"), cell) == amount


@pytest.mark.parametrize(
    ("cell", "ms"),
    [
        ("2", 120_000), ("2.5", 150_000), ("2,5", 150_000), ("2,5 min", 150_000), ("90 s", 90_000), ("1 h", 3_600_000),
        ("2:10", 130_000), ("0:02:10", 130_000), ("1:02,5", 62_500), ("-2:10", -130_000), ("-0:30", -30_000),
        ("1e3", None), ("1 h 30 min", None), ("a while", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_as_it_is_meant_or_not_at_all(
    worked_out: WorkedOut, cell: str, ms: int | None
) -> None:
    assert worked_out(duration_ms("cell", 60_000, minutes_first=True), cell) == ms

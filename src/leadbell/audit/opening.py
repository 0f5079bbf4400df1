"""The dealer's opening hours as a table of openings, so that DuckDB can tell what was in them. Pure but for the table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb

from leadbell.audit.mapping import ExportMap
from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.week import WrongHours
from leadbell.trouble import Trouble

#: Followed leads may be called for so long after the last one arrived.
_AHEAD = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def openings(mapping: ExportMap, first: datetime, last: datetime) -> list[tuple[int, int, int]]:
    """(opens, closes, opening-hours time before it) in milliseconds, ascending; raises Trouble for wrong hours."""
    try:
        hours = OpeningHours.from_json(
            {"zone": mapping.zone or "UTC", "week": mapping.hours, "country": mapping.country or None}
        )
    except WrongHours as wrong:
        raise Trouble("The opening hours can't be used: %(why)s.", why=str(wrong)) from None
    found: list[tuple[int, int, int]] = []
    at, before = hours.next_opening(first - timedelta(days=8)), 0
    while at is not None and at < last + _AHEAD:
        closes = hours.closing_after(at)
        if closes is None:
            closes = last + _AHEAD
        start, end = _ms(at), _ms(closes)
        found.append((start, end, before))
        before += end - start
        at = hours.next_opening(closes)
    return found


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def keep(connection: "duckdb.DuckDBPyConnection", spans: Sequence[tuple[int, int, int]]) -> None:
    """As the table `openings`, with one before everything, so that every moment finds one."""
    connection.execute("create table openings (opens bigint, closes bigint, before bigint)")
    connection.executemany("insert into openings values (?, ?, ?)", [(-(2**53), -(2**53), 0), *spans])

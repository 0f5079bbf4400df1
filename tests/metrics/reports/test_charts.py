"""The same values stand in a chart, in its picture and in the table beside it."""

import xml.etree.ElementTree as ET

import pytest

from leadbell.metrics.reports.charts import (
    Chart,
    attempts_ladder,
    days_to_sale,
    readable,
    response_curve,
    sale_weekdays,
    talk_connect_map,
)
from leadbell.metrics.reports.stills import still
from leadbell.metrics.reports.studies import Cell
from leadbell.words import Words

CURVE = response_curve([Cell((0,), (10, 4)), Cell((5,), (30, 20)), Cell((None,), (60, 0))])
MAP = talk_connect_map(
    [Cell((0, 4), (20, 12)), Cell((2, 4), (4, 4)), Cell((1, 5), (10, 0)), Cell((5, 7), (8, 1))]
)
LADDER = attempts_ladder([Cell((0,), (7, 0, 7)), Cell((3,), (9, 6, 3)), Cell((5,), (2, 2, 0))])
DAYS = days_to_sale([Cell((1,), (3,)), Cell((8,), (2,)), Cell((19,), (1,)), Cell((80,), (4,))], 12.34)


def test_the_curve_grows_to_all_that_were_ever_called() -> None:
    attempted, reached = CURVE.lines
    assert attempted.values[0] == 0.1
    assert attempted.values[-1] == 0.4
    assert reached.values[-1] == 0.24
    assert CURVE.table.rows[-1] == ("1 d", 40, 24, 100)


def test_a_curve_of_four_leads_says_nothing() -> None:
    assert response_curve([Cell((0,), (4, 4))]).lines[0].values == ()


def test_the_map_frames_where_the_reference_has_its_appointments() -> None:
    framed = {(i, j) for i, row in enumerate(MAP.squares) for j, one in enumerate(row) if one.framed}
    assert framed == {(0, 4), (0, 5), (1, 4), (1, 5)}
    assert (MAP.rows[:2], MAP.columns[4:6]) == (("< 0:45", "0:45"), ("2:30", "3:00"))


def test_four_conversations_are_too_few_for_a_share() -> None:
    assert MAP.squares[0][4].share == 0.6
    assert MAP.squares[2][4].share is None
    assert ("1:30", "2:30", 4, 4) in MAP.table.rows


def test_the_ladder_has_a_step_for_each_number_of_attempts() -> None:
    assert [row[1:] for row in LADDER.table.rows] == [(0, 7), (0, 0), (0, 0), (6, 3), (0, 0), (2, 0)]


def test_sales_fall_into_the_bands_of_the_source() -> None:
    assert [row[1:] for row in DAYS.table.rows] == [(3, 10), (2 + 1, 10), (0, 10), (4, 10)]
    assert DAYS.note is not None
    assert DAYS.note.values == {"mean": "12.3"}


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ((60, 50, 55, 52, 58, 54, 51), "no difference that chance"),
        ((10, 10, 10, 10, 10, 10, 300), "differ by more than chance"),
        ((1, 0, 0, 0, 0, 0, 0), "rough"),
        ((0,) * 7, "too few sales"),
    ],
)
def test_young_and_old_sales_are_compared_with_a_test(old: tuple[int, ...], says: str) -> None:
    young = (61, 52, 54, 50, 60, 55, 50)
    cells = [Cell(("young", i + 1), (n,)) for i, n in enumerate(young)]
    cells += [Cell(("old", i + 1), (n,)) for i, n in enumerate(old)]
    note = sale_weekdays(cells).note
    assert note is not None
    assert says in str(note)


@pytest.mark.parametrize("chart", [CURVE, MAP, LADDER, DAYS, response_curve([]), talk_connect_map([])])
def test_every_chart_has_a_picture_without_styles(chart: Chart) -> None:
    drawn = still(chart, str)
    root = ET.fromstring(drawn)
    assert root.get("aria-label") == f"{chart.title}: {chart.base}"
    assert "style" not in drawn


def test_words_from_outside_do_no_harm_in_a_picture() -> None:
    drawn = still(LADDER, lambda words: "<script>&\"'" + words.text)
    assert "<script>" not in drawn
    ET.fromstring(drawn)


def test_a_table_is_read_in_the_readers_language() -> None:
    assert readable(Words("attempts"), lambda words: words.text.upper()) == "ATTEMPTS"
    assert readable(7, str) == 7

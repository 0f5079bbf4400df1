"""Cells of tables with hundreds of dealers: every word escaped, in the reader's language, said anew when it changes."""

from dataclasses import replace

import pytest
from django.utils import translation

from leadbell.desk.reports.scope import Who
from leadbell.desk.templatetags.cells import (
    beside_others,
    each_beside_others,
    in_league,
    options,
    side_by_side,
)
from leadbell.metrics.answers import Answer, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.monthly.compared import Compared
from leadbell.metrics.monthly.peers import Spread
from leadbell.metrics.reports.league import Placed


def share(part: int, of: int, name: str = "attempted_rate") -> Answer:
    return Answer(METRICS[name], ("1",), part, of, part / of if of >= 5 else None, wilson(part, of))


def beside(answer: Answer, middle: float = 0.5, *, unripe: bool = False) -> Compared:
    return Compared(answer, Spread(9, middle, middle, middle), None, unripe)


RESPONSE = Answer(METRICS["response_time"], ("1",), 900_000, 12, 75_000.0, None, 62_000.0, 1_000.0, 99_000.0)


def test_a_share_beside_others_has_its_base_and_interval():
    assert beside_others(beside(share(50, 100))) == (
        '<b class="clock">50 %</b><div class="why">50 of 100 · 40.4–59.6 %</div>'
    )


def test_a_measure_beside_others_is_its_median_with_the_mean_below():
    assert beside_others(beside(RESPONSE)) == (
        '<b class="clock">1:02</b><div class="why">median of 12 · mean 1:15</div>'
    )
    few = replace(RESPONSE, denominator=3, value=None, median=None)
    assert beside_others(beside(few)) == '<span class="why">too few</span><div class="why">median of 3</div>'


def test_of_too_few_leads_there_is_no_share_and_no_interval():
    assert (
        beside_others(beside(share(2, 4))) == '<span class="why">too few</span><div class="why">2 of 4</div>'
    )


@pytest.mark.parametrize(
    ("name", "middle", "says"),
    [
        ("attempted_rate", 0.1, "surely better"),
        ("attempted_rate", 0.9, "surely worse"),
        ("lost_rate", 0.1, "surely worse"),
        ("hands", 0.5, None),
        ("attempted_rate", 0.5, None),
    ],
)
def test_where_it_surely_stands_is_said(name, middle, says):
    cell = beside_others(beside(share(50, 100, name), middle))
    assert [word for word in ("surely better", "surely worse", "surely") if word in cell][:1] == (
        [says] if says else []
    )


def test_what_still_grows_is_marked():
    assert "not ripe" in beside_others(beside(share(50, 100), unripe=True))
    assert "not ripe" not in beside_others(beside(share(50, 100)))


def test_each_reader_gets_the_own_language():
    line = beside(share(999, 2000))
    assert "47.8–52.1 %" in beside_others(line)
    with translation.override("nl"):
        assert "47,8–52,1 %" in beside_others(line)
        assert "999 van 2000" in beside_others(line)
    assert "47.8–52.1 %" in beside_others(line)


def test_a_row_is_a_cell_for_each_figure():
    row = each_beside_others([beside(share(50, 100)), beside(RESPONSE)])
    assert row.count('<td class="n">') == row.count("</td>") == 2


def test_side_by_side_each_is_judged_by_its_reference():
    low, high = share(1, 100, "sales_conversion"), share(50, 100, "sales_conversion")
    assert side_by_side([low, high]) == (
        '<td class="n"><b class="clock late">1.0 %</b><div class="why">1 of 100<br>0.2–5.4 %</div></td>'
        '<td class="n"><b class="clock fine">50 %</b><div class="why">50 of 100<br>40.4–59.6 %</div></td>'
    )
    assert '<div class="why">of 12</div>' in side_by_side([RESPONSE])


def test_the_league_draws_share_interval_and_references():
    cells = in_league(Placed("1", 1, share(50, 100, "sales_conversion")))
    assert cells.count('class="best"') == len(METRICS["sales_conversion"].references) > 0
    assert '<line class="span" x1="40.38" x2="59.62" y1="5" y2="5"/>' in cells
    assert '<line class="at" x1="50.00" x2="50.00" y1="0" y2="10"/>' in cells
    assert 'aria-label="40.4–59.6 %"' in cells


def test_who_has_too_few_leads_is_in_the_league_without_a_picture():
    cells = in_league(Placed("1", None, share(2, 4)))
    assert "too few" in cells
    assert "svg" not in cells


def test_a_name_in_a_choice_stays_a_name():
    choices = [Who("all", "Hyundai", (1, 2)), Who("d2", "<b>Bob & Sons", (2,))]
    assert options(choices, "d2") == (
        '<option value="all">Hyundai</option><option value="d2" selected>&lt;b&gt;Bob &amp; Sons</option>'
    )

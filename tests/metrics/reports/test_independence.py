"""The chi-square test against published values."""

import pytest

from leadbell.metrics.reports.independence import independence, surviving


@pytest.mark.parametrize(
    ("degrees", "at_5_percent", "at_1_percent"),
    [(1, 3.841459, 6.634897), (2, 5.991465, 9.210340), (6, 12.591587, 16.811894), (7, 14.067140, 18.475307),
     (30, 43.772972, 50.892181)],
)  # fmt: skip
def test_the_critical_values_of_the_tables(degrees: int, at_5_percent: float, at_1_percent: float) -> None:
    assert surviving(at_5_percent, degrees) == pytest.approx(0.05, abs=1e-6)
    assert surviving(at_1_percent, degrees) == pytest.approx(0.01, abs=1e-6)
    assert surviving(0, degrees) == 1.0


def test_two_by_two_by_hand() -> None:
    """[[10, 20], [30, 40]]: expected 12, 18, 28, 42, so 4/12 + 4/18 + 4/28 + 4/42."""
    tested = independence([[10, 20], [30, 40]])
    assert tested.chi2 == pytest.approx(4 / 12 + 4 / 18 + 4 / 28 + 4 / 42)
    assert (tested.degrees, tested.thin, tested.rough) == (1, 0.0, False)
    assert tested.p == pytest.approx(0.3729985, abs=1e-6)


def test_empty_days_take_no_part_and_nothing_gives_no_p() -> None:
    assert independence([[10, 0, 20], [30, 0, 40]]) == independence([[10, 20], [30, 40]])
    assert independence([[1, 2, 3], [0, 0, 0]]).p is None
    assert independence([]).p is None
    assert independence([[1, 2], [2, 1]]).rough

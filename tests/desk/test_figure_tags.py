"""How figures are said: rounded as everybody rounds, in the reader's way of writing numbers."""

import pytest
from django.utils import translation

from leadbell.desk.templatetags.figures import in_unit, interval, percent


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.386, "39 %"), (0.996, "100 %"), (0.0949, "9.5 %"), (0.0, "0 %"), (1.0, "100 %"), (None, "–")],
)
def test_a_share_is_rounded_not_cut(share, said):
    assert percent(share) == said


def test_an_interval_is_rounded_not_cut():
    assert interval((0.16664, 0.47876)) == "16.7–47.9 %"


def test_a_number_in_its_unit():
    assert in_unit(2.5507, "per_lead") == "2.55"
    assert in_unit(11.96, "days") == "12.0 days"
    with translation.override("nl"):
        assert in_unit(2.556, "per_lead") == "2,56"

"""How figures are said: rounded as everybody rounds, in the reader's way of writing numbers."""

import pytest
from django.utils import translation

from leadbell.desk.templatetags.figures import counted, in_unit, interval, percent
from leadbell.metrics.answers import Answer
from leadbell.metrics.catalogue import METRICS


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


def test_the_count_in_the_readers_language():
    answer = Answer(METRICS["show_rate"], (), 1200, 3400, 0.35)
    assert counted(answer) == "1200 of 3400"
    with translation.override("nl"):
        assert counted(answer) == "1200 van 3400"

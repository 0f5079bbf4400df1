"""docs/figures.md says what the definitions say."""

from pathlib import Path

import pytest

from leadbell.metrics import question
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.tables import TABLES
from tests.metrics import figures_page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "figures.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text().split("## Every figure\n\n")[1].rstrip("\n") == figures_page.page()


@pytest.mark.parametrize("name", METRICS)
def test_what_a_figure_needs_exists_and_is_enough(name: str) -> None:
    """A column it is counted from is either needed, or stands for "didn't happen" where it isn't there."""
    metric = METRICS[name]
    every = {f"{table.name}.{column.name}" for table in TABLES.values() for column in table.columns}
    needs = {one for need in metric.needs for one in ([need] if isinstance(need, str) else need)}
    assert needs <= every
    asked = question.select(question.counted(metric, "m"), {}, question.EVERY, 0, "rows")
    used = {column.name for column in asked.find_all(question.exp.Column)}
    assert used <= set(question.columns())


def test_every_rate_names_its_base() -> None:
    for metric in METRICS.values():
        assert any(word in str(metric.title) for word in (", of ", ", per ")), metric.name

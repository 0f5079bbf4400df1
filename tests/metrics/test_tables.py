"""The exchange format is what its page says."""

from pathlib import Path

import pytest

from leadbell.metrics.tables import TABLES, Table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exchange-format.md"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_stands_on_the_page(table: Table) -> None:
    section = PAGE.read_text().split(f"## {table.name}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{column.name}`{' (needed)' if column.required else ''} | {column.type} | {column.about} |"
        for column in table.columns
    ]

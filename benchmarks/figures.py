"""What was measured: a figure with its target, and what stood beside it in the same run."""

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. `beside` says what was measured next to it for comparison."""

    bench: str
    about: str
    value: float
    unit: str
    target: float
    #: Whether the target is the least or the most that is good.
    at_least: bool
    beside: str = ""

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def ratio(self) -> float:
        """How much better than the target: 1 meets it exactly, 2 is twice as good."""
        if self.at_least:
            return self.value / self.target
        return self.target / max(self.value, 1e-9)

    def row(self) -> tuple[str, ...]:
        sign = "≥" if self.at_least else "≤"
        return (
            self.bench, self.about, said(self.value, self.unit), f"{sign} {said(self.target, self.unit)}",
            f"{self.ratio:.2f}", "met" if self.met else "NOT MET", self.beside,
        )  # fmt: skip


COLUMNS = ("", "figure", "measured", "target", "ratio", "verdict", "beside it, in the same run")


def said(value: float, unit: str) -> str:
    number = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return f"{number} {unit}".strip()


def as_table(figures: list[Figure], machine: str) -> Table:
    table = Table(title="Leadbell's speeds", caption=machine, caption_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in ("measured", "target", "ratio") else "left")
    for figure in figures:
        table.add_row(*figure.row(), style=None if figure.met else "bold red")
    return table


def as_markdown(figures: list[Figure], machine: str) -> str:
    rows = [
        COLUMNS,
        ("---", "---", "---:", "---:", "---:", "---", "---"),
        *(figure.row() for figure in figures),
    ]
    return "\n".join(["| " + " | ".join(row) + " |" for row in rows] + ["", machine])


def as_json(figures: list[Figure], machine: str) -> dict[str, Any]:
    rows = [asdict(f) | {"ratio": round(f.ratio, 3), "met": f.met} for f in figures]
    return {"machine": machine, "figures": rows}

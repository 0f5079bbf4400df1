"""What a figure is: something counted or measured over a named base of leads, read against a reference."""

from dataclasses import dataclass
from typing import Literal

from leadbell.metrics.figures import FEWEST as FEWEST
from leadbell.words import Words

#: share: 0 to 1. ms: milliseconds. days: of 24 hours. per_lead, people, leads: plain numbers.
Unit = Literal["share", "ms", "days", "per_lead", "people", "leads"]
#: A share counts leads; a ratio divides two sums; a measure has mean, median and percentiles over leads.
Shape = Literal["share", "ratio", "measure"]
#: A column, or several of which one is enough.
Need = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A line to read a figure against. `value` in the figure's unit; `upper` where the source gives a range."""

    value: float
    #: The source in domain.md: S0 … S4.
    source: str
    says: Words
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, defined over the rows of lead_facts.sql in the SQL that all engines share.

    `part` and `of` are conditions (share), sums of integers (ratio), or a value and a condition (measure). A
    condition that is NULL doesn't hold. `as_of` stands for the moment the question is asked for.
    """

    name: str
    title: Words
    #: What the base is, in words: "leads forwarded in opening hours".
    base: Words
    tooltip: Words
    shape: Shape
    unit: Unit
    part: str
    of: str
    better: Literal["more", "less", ""] = ""
    references: tuple[Reference, ...] = ()
    #: Columns of the exchange format without which it can't be said.
    needs: tuple[Need, ...] = ()
    fewest: int = FEWEST
    #: What has to be said wherever the figure is shown.
    warning: Words | None = None
    #: A measure is in milliseconds below; divided by this for its unit.
    scale: int = 1

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def reference(self) -> Reference | None:
        """The headline reference, where a source gives one."""
        return self.references[0] if self.references else None

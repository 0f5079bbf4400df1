"""What a chart shows: the same values for the screen, for print, for the table beside it and its download."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from leadbell.metrics.metric import FEWEST
from leadbell.metrics.reports.independence import independence, side_by_side
from leadbell.metrics.reports.studies import (
    CLUSTER_CONNECT,
    CLUSTER_TALK,
    CONNECT_BOUNDS,
    RESPONSE_BOUNDS,
    SALE_BANDS,
    TALK_BOUNDS,
    Cell,
)
from leadbell.words import Words, say

#: first, second: side by side. auto: automation, always dashed. late: what goes wrong. quiet: the rest.
Tone = Literal["first", "second", "auto", "late", "quiet"]
Said = Words | str | int | float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One run of values, one per place of the chart; None where nothing may be said."""

    title: Words
    values: tuple[float | None, ...]
    tone: Tone = "first"


@dataclass(frozen=True, slots=True)
class Mark:
    """A reference line at a value."""

    at: float
    says: Words


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[Words, ...]
    rows: tuple[tuple[Said, ...], ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Shares that grow with a duration in milliseconds, `xs` ascending; `marks` are durations."""

    name: str
    title: Words
    base: Words
    xs: tuple[int, ...]
    lines: tuple[Line, ...]
    table: Table
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Counts or shares side by side per label; `marks` are values. `stacked`: one upon the other."""

    name: str
    title: Words
    base: Words
    labels: tuple[Words | str, ...]
    lines: tuple[Line, ...]
    table: Table
    unit: Literal["count", "share"] = "count"
    stacked: bool = False
    marks: tuple[Mark, ...] = ()
    #: What has to be said under it.
    note: Words | None = None


@dataclass(frozen=True, slots=True)
class Square:
    part: int
    of: int
    #: Where the source says that most appointments are.
    framed: bool = False

    @property
    def share(self) -> float | None:
        return self.part / self.of if self.of >= FEWEST else None


@dataclass(frozen=True, slots=True)
class Map:
    """Shares by two durations: `squares[row][column]`."""

    name: str
    title: Words
    base: Words
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    squares: tuple[tuple[Square, ...], ...]
    row_title: Words
    column_title: Words
    table: Table
    note: Words | None = None


Chart = Curve | Columns | Map


def short(ms: float) -> str:
    """`0:45`, `10:00`, `4 h`, `1 d`."""
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 3600} h" if seconds < 86_400 else f"{seconds // 86_400} d"


def spans(bounds: Sequence[int]) -> tuple[str, ...]:
    """`< 0:45`, `0:45`, …, `> 10:00`: each band by where it begins."""
    return (f"< {short(bounds[0])}", *(short(bound) for bound in bounds[:-1]), f"> {short(bounds[-1])}")


def response_curve(cells: Sequence[Cell]) -> Curve:
    """Of the leads forwarded in opening hours: how many had an attempt, and contact at it, within a time."""
    leads = {cell.keys[0]: cell.counts for cell in cells}
    total = sum(counts[0] for counts in leads.values())
    tried, met, rows = 0, 0, []
    shares: list[tuple[float, float]] = []
    for i, bound in enumerate(RESPONSE_BOUNDS):
        tried += leads.get(i, (0, 0))[0]
        met += leads.get(i, (0, 0))[1]
        shares.append((tried / total, met / total) if total else (0.0, 0.0))
        rows.append((short(bound), tried, met, total))
    said = total >= FEWEST
    return Curve(
        "response_curve", say("How soon customers are called"),
        say("%(total)s leads forwarded in opening hours", total=total), RESPONSE_BOUNDS,
        (
            Line(say("attempted within the time"), tuple(one for one, _ in shares) if said else (), "first"),
            Line(say("reached at that attempt"), tuple(two for _, two in shares) if said else (), "second"),
        ),
        Table((say("within"), say("attempted"), say("reached at the first attempt"), say("of")), tuple(rows)),
        (Mark(120_000, say("2 minutes")),),
    )  # fmt: skip


def talk_connect_map(cells: Sequence[Cell]) -> Map:
    """Share of conversations that became an appointment, by how soon connected and how long they talked."""
    counts = {cell.keys: cell.counts for cell in cells}
    total = sum(of for of, _ in counts.values())
    squares = []
    for i in range(len(CONNECT_BOUNDS) + 1):
        soon = i < len(CONNECT_BOUNDS) and CONNECT_BOUNDS[i] <= CLUSTER_CONNECT
        row = []
        for j in range(len(TALK_BOUNDS) + 1):
            of, part = counts.get((i, j), (0, 0))
            inside = 0 < j < len(TALK_BOUNDS) and TALK_BOUNDS[j - 1] >= CLUSTER_TALK[0] \
                and TALK_BOUNDS[j] <= CLUSTER_TALK[1]  # fmt: skip
            row.append(Square(part, of, soon and inside))
        squares.append(tuple(row))
    rows, columns = spans(CONNECT_BOUNDS), spans(TALK_BOUNDS)
    table = tuple(
        (rows[i], columns[j], one.part, one.of)
        for i, line in enumerate(squares) for j, one in enumerate(line) if one.of
    )  # fmt: skip
    return Map(
        "talk_connect_map", say("Appointments by connect time and talk time"),
        say("share of conversations, %(total)s in all", total=total), rows, columns, tuple(squares),
        say("connected within"), say("talk time"),
        Table((say("connect time"), say("talk time"), say("appointments"), say("conversations")), table),
        say("framed: where most appointments of the reference are, talks of 2:30 to 3:30 connected within 1:30 [S0]"),
    )  # fmt: skip


def attempts_ladder(cells: Sequence[Cell]) -> Columns:
    """Leads with a number by how often they were called, and whether they were ever reached."""
    counts = {cell.keys[0]: cell.counts for cell in cells}
    steps = range(6)
    labels = ("0", "1", "2", "3", "4", say("5 and more"))
    reached = tuple(float(counts.get(i, (0, 0, 0))[1]) for i in steps)
    never = tuple(float(counts.get(i, (0, 0, 0))[2]) for i in steps)
    total = sum(each[0] for each in counts.values())
    return Columns(
        "attempts_ladder", say("How often customers are called"),
        say("%(total)s leads with a phone number", total=total), labels,
        (Line(say("reached"), reached, "first"), Line(say("never reached"), never, "late")),
        Table(
            (say("attempts"), say("reached"), say("never reached")),
            tuple((labels[i], int(reached[i]), int(never[i])) for i in steps),
        ),
        stacked=True, note=say("three attempts are the least; 80 % of salespeople won't make them by themselves [S3]"),
    )  # fmt: skip


def days_to_sale(cells: Sequence[Cell], mean: float | None) -> Columns:
    """Sales by day since the lead arrived, to day 45; the rest in the last column."""
    counts: dict[int, int] = {}
    for cell in cells:
        day = min(int(cell.keys[0] or 0), 46)
        counts[day] = counts.get(day, 0) + cell.counts[0]
    days = range(1, 47)
    labels = (*map(str, range(1, 46)), "> 45")
    bands = (range(1, 8), range(8, 20), range(20, 46), range(46, 47))
    total = sum(counts.values())
    rows = tuple(
        (SALE_BANDS[i], sum(counts.get(day, 0) for day in band), total) for i, band in enumerate(bands)
    )
    tones: tuple[Tone, ...] = ("first", "second", "quiet", "quiet")
    lines = tuple(
        Line(SALE_BANDS[i], tuple(float(counts.get(day, 0)) if day in band else None for day in days), tones[i])
        for i, band in enumerate(bands)
    )  # fmt: skip
    note = say("12 days on average; people decide between day 8 and 19 [S4]")
    if mean is not None:
        note = say("%(mean)s days on average here; reference 12; people decide between day 8 and 19 [S4]",
                   mean=f"{mean:.1f}")  # fmt: skip
    return Columns(
        "days_to_sale", say("Days from lead to sale"), say("%(total)s sales", total=total), labels, lines,
        Table((say("days"), say("sales"), say("of")), rows), stacked=True, note=note,
    )  # fmt: skip


WEEKDAYS = (say("Mon"), say("Tue"), say("Wed"), say("Thu"), say("Fri"), say("Sat"), say("Sun"))


def sale_weekdays(cells: Sequence[Cell]) -> Columns:
    """Shares of the sales per weekday, young (days 1–7) beside old (days 8–45), and whether they differ."""
    return _young_and_old(
        "sale_weekdays", say("Sales by weekday"), cells, range(1, 8), WEEKDAYS, say("weekday")
    )


def sale_days_of_month(cells: Sequence[Cell]) -> Columns:
    labels = tuple(str(day) for day in range(1, 32))
    return _young_and_old(
        "sale_days_of_month", say("Sales by day of the month"), cells, range(1, 32), labels, say("day")
    )


def _young_and_old(
    name: str, title: Words, cells: Sequence[Cell], places: range, labels: tuple[Words | str, ...], place: Words
) -> Columns:  # fmt: skip
    ages = side_by_side(cells, places)
    young, old = ages["young"], ages["old"]
    sums = sum(young), sum(old)
    return Columns(
        name, title,
        say("%(young)s sales in days 1–7, %(old)s in days 8–45", young=sums[0], old=sums[1]), labels,
        (
            Line(say("days 1–7"), _shares(young), "first"),
            Line(say("days 8–45"), _shares(old), "second"),
        ),
        Table(
            (place, say("days 1–7"), say("days 8–45")),
            tuple((labels[i], young[i], old[i]) for i in range(len(places))),
        ),
        unit="share", note=_tested(young, old),
    )  # fmt: skip


def _shares(counts: Sequence[int]) -> tuple[float | None, ...]:
    total = sum(counts)
    return tuple(n / total if total >= FEWEST else None for n in counts)


def _tested(young: Sequence[int], old: Sequence[int]) -> Words:
    tested = independence((young, old))
    if tested.p is None:
        return say("too few sales to compare young and old leads")
    p = "< 0.001" if tested.p < 0.001 else f"= {tested.p:.3f}"
    about: dict[str, str | int] = {"chi2": f"{tested.chi2:.1f}", "degrees": tested.degrees, "p": p}
    if tested.rough:
        return say("chi-square %(chi2)s, %(degrees)s degrees of freedom, p %(p)s: rough, many counts are under 5",
                   **about)  # fmt: skip
    if tested.p < 0.05:
        return say("young and old differ by more than chance: chi-square %(chi2)s, %(degrees)s degrees of freedom, "
                   "p %(p)s", **about)  # fmt: skip
    return say("no difference that chance couldn't make: chi-square %(chi2)s, %(degrees)s degrees of freedom, "
               "p %(p)s", **about)  # fmt: skip


def readable(value: Said, read: Callable[[Words], str]) -> str | int | float | None:
    """A table's value with its words translated."""
    return read(value) if isinstance(value, Words) else value

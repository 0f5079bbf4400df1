"""Response times of a day as dots in an SVG: across the day, up by how long it took, on a logarithmic scale."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from leadbell.metrics.figures import TARGET_MS, clock, ms_between
from leadbell.metrics.now.today import Received

#: The scale runs from 5 seconds to an hour; what took longer lies on the upper edge.
SHORTEST_MS, LONGEST_MS = 5_000, 3_600_000
RULED_MS = (10_000, 30_000, 600_000, 1_800_000)
#: Room for the hours below, and for the dots on the edges.
FOOT, HEAD, SIDE = 24, 10, 18
#: Room for the names of the lines on the left.
MARGIN = 48
#: Hours are named where they have this much room.
ROOM_PER_HOUR = 44


@dataclass(frozen=True, slots=True)
class Dot:
    """Coordinates are ready-made strings: a number would get a decimal comma in Dutch."""

    x: str
    y: str
    #: fine, late, or open: not called yet.
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    at: str
    name: str


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: str
    right: str
    foot: str
    target: str
    dots: Sequence[Dot]
    lines: Sequence[Line]
    hours: Sequence[Line]


def draw(
    leads: Sequence[Received],
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
    zone: ZoneInfo,
    width: int,
    height: int,
) -> Chart:
    """The chart of leads received between opening and closing (aware); leads of the day always lie inside."""
    begins = min([opens_at, *(lead.received_at for lead in leads)])
    ends = max([closes_at, *(lead.received_at for lead in leads)])
    span = max((ends - begins) / timedelta(seconds=1), 1.0)

    def across(at: datetime) -> float:
        return MARGIN + SIDE + (at - begins) / timedelta(seconds=1) / span * (width - MARGIN - 2 * SIDE)

    def up(ms: int) -> float:
        share = math.log(min(max(ms, SHORTEST_MS), LONGEST_MS) / SHORTEST_MS) / math.log(
            LONGEST_MS / SHORTEST_MS
        )
        return HEAD + (1 - share) * (height - HEAD - FOOT)

    def dot(lead: Received) -> Dot:
        ms = lead.response_ms
        waited = ms_between(lead.received_at, now) if ms is None else ms
        kind = "open" if ms is None else "late" if lead.is_late(now) else "fine"
        local = lead.received_at.astimezone(zone)
        title = f"{local:%H:%M} · {clock(waited)} · {lead.customer}"
        return Dot(f"{across(lead.received_at):.1f}", f"{up(waited):.1f}", kind, title)

    return Chart(
        width=width,
        height=height,
        left=str(MARGIN),
        right=str(width - SIDE),
        foot=str(height - 6),
        target=f"{up(TARGET_MS):.1f}",
        dots=[
            dot(lead) for lead in leads if lead.by_phone and not (lead.closed and lead.response_ms is None)
        ],
        lines=[Line(f"{up(ms):.1f}", clock(ms)) for ms in RULED_MS],
        hours=[
            Line(f"{across(at):.1f}", f"{at.astimezone(zone):%H:%M}")
            for at in _hours(
                begins.astimezone(zone), ends, span / (width - MARGIN - 2 * SIDE) * ROOM_PER_HOUR
            )
        ],
    )


def _hours(begins: datetime, ends: datetime, room_s: float) -> Iterator[datetime]:
    """Full hours of the local clock, so many apart that each name fits in `room_s` seconds of the scale."""
    step = next((h for h in (1, 2, 3, 4, 6) if h * 3600 >= room_s), 12)
    at = begins.replace(minute=0, second=0, microsecond=0)
    if at < begins:
        at += timedelta(hours=1)
    while at <= ends:
        yield at
        at += timedelta(hours=step)

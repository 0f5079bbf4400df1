"""A dealer's day: which follow-ups that are due fit into it, in which order, and who makes them.

Planned are only the days of the cadence. Everything else (a new lead, a further attempt, an agreed call back, an
appointment) is never put off: it takes its room first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from leadbell.dealers.hours import OpeningHours
from leadbell.followup.playbook import GOLDEN, TAIL
from leadbell.words import Words, say

#: Who chose no number: one follow-up for each of these minutes of working time, new leads and visitors besides.
MINUTES_EACH = 30
MOST_PER_DAY = 200
#: The day is planned this long before the dealer opens, and so often while it is open.
AHEAD = timedelta(minutes=15)
EVERY = timedelta(minutes=15)

Absent = Literal["colleagues", "waits"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The dealer's own: follow-ups per person in a full day (None: by the minutes), and whose an absent
    person's are."""

    per_day: int | None = None
    absent: Absent = "colleagues"


@dataclass(frozen=True, slots=True)
class Touch:
    """A follow-up that is due; `day` counts from the customer's last sign of interest."""

    lead: int
    owner: int
    day: int
    tries: int = 0
    by_phone: bool = True
    #: When the customer was on the website, where that was after the last contact; and at which car.
    seen_at: datetime | None = None
    looked_at: str = ""
    #: Days before on which it was due and wasn't made.
    put_off: int = 0


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody's day: `busy` is what goes before, done or still to do; `done` are planned follow-ups made already."""

    person: int
    minutes: int
    busy: int = 0
    done: int = 0
    #: May make a colleague's follow-ups.
    stands_in: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A due follow-up in the plan: the `nth` of `of` for this person, or not fitting into anybody's day."""

    lead: int
    person: int
    fits: bool
    nth: int
    of: int
    because: tuple[Words, ...]


def can_do(minutes: int, open_minutes: int, choices: Choices) -> int:
    """Follow-ups that somebody who works `minutes` of a day of `open_minutes` can make."""
    if minutes <= 0:
        return 0
    if choices.per_day is None:
        return minutes // MINUTES_EACH
    return choices.per_day * min(minutes, open_minutes or minutes) // (open_minutes or minutes)


def chance(touch: Touch) -> tuple[bool, bool, int, int, bool, int]:
    """What is smaller comes first: who was on the website, the golden period [S4], the newest interest, the fewest
    tries, who can be called."""
    return (
        touch.seen_at is None, touch.day not in GOLDEN, touch.day, touch.tries, not touch.by_phone, touch.lead
    )  # fmt: skip


def plan_the_day(
    due: Iterable[Touch], workers: Sequence[Worker], open_minutes: int, choices: Choices
) -> list[Placed]:
    """Each due follow-up once: planned for somebody with room left, the best chances first, or not fitting."""
    day = {worker.person: worker for worker in workers}
    rooms = {
        worker.person: max(0, can_do(worker.minutes, open_minutes, choices) - worker.busy - worker.done)
        for worker in workers
    }
    given: dict[int, list[Touch]] = {person: [] for person in rooms}
    without: list[Touch] = []
    in_order = sorted(due, key=chance)
    for absent in (False, True):
        # Somebody's own come before a colleague's: one customer, one salesperson [S3].
        for touch in in_order:
            if absent is not _is_away(touch.owner, day):
                continue
            person = _stand_in(day, rooms) if absent and choices.absent == "colleagues" else touch.owner
            if person is not None and rooms.get(person, 0):
                rooms[person] -= 1
                given[person].append(touch)
            else:
                without.append(touch)
    planned = [one for person, touches in given.items() for one in _in_order(day[person], touches)]
    return planned + _not_fitting(without, day, open_minutes, choices)


def _is_away(person: int, day: Mapping[int, Worker]) -> bool:
    return person not in day or day[person].minutes <= 0


def _stand_in(day: Mapping[int, Worker], rooms: Mapping[int, int]) -> int | None:
    """The colleague with the most room left."""
    free = [person for person, room in rooms.items() if room and day[person].stands_in]
    return min(free, key=lambda person: (-rooms[person], person), default=None)


def _in_order(worker: Worker, touches: Iterable[Touch]) -> list[Placed]:
    ordered = sorted(touches, key=chance)
    of = worker.done + len(ordered)
    return [
        Placed(touch.lead, worker.person, True, worker.done + place, of, why(touch))
        for place, touch in enumerate(ordered, start=1)
    ]


def _not_fitting(
    touches: Sequence[Touch], day: Mapping[int, Worker], open_minutes: int, choices: Choices
) -> list[Placed]:
    found: list[Placed] = []
    counted: dict[int, int] = {}
    total: dict[int, int] = {}
    for touch in touches:
        total[touch.owner] = total.get(touch.owner, 0) + 1
    for touch in sorted(touches, key=chance):
        nth = counted[touch.owner] = counted.get(touch.owner, 0) + 1
        because = (_why_not(touch.owner, day, open_minutes, choices), *why(touch))
        found.append(Placed(touch.lead, touch.owner, False, nth, total[touch.owner], because))
    return found


def _why_not(owner: int, day: Mapping[int, Worker], open_minutes: int, choices: Choices) -> Words:
    if _is_away(owner, day):
        if choices.absent == "colleagues":
            return say("whose customer it is isn't here, and nobody has room left")
        return say("whose customer it is isn't here")
    most, busy = can_do(day[owner].minutes, open_minutes, choices), day[owner].busy
    if busy:
        return say(
            "the day is full: %(most)s follow-ups, %(busy)s other tasks go first", most=most, busy=busy
        )
    return say("the day is full: %(most)s follow-ups", most=most)


def why(touch: Touch) -> tuple[Words, ...]:
    """Why it stands where it stands, the strongest reason first."""
    reasons = []
    if touch.seen_at is not None and touch.looked_at:
        reasons.append(say("looked at the %(car)s: %(seen_at)s", car=touch.looked_at, seen_at=touch.seen_at))
    elif touch.seen_at is not None:
        reasons.append(say("was on the website: %(seen_at)s", seen_at=touch.seen_at))
    if touch.day in GOLDEN:
        reasons.append(say("day %(day)s: people decide between day 8 and 19", day=touch.day))
    elif touch.day in TAIL:
        reasons.append(say("day %(day)s: less often now, but not forgotten", day=touch.day))
    else:
        reasons.append(say("day %(day)s", day=touch.day))
    if touch.tries > 1:
        reasons.append(say("%(tries)s attempts without an answer", tries=touch.tries))
    if touch.put_off:
        reasons.append(say("not made on %(days)s days before", days=touch.put_off))
    return tuple(reasons)


def planned_day(hours: OpeningHours, now: datetime) -> date | None:
    """The dealer's day to plan now: today while it is open or about to open."""
    if hours.is_open(now) or hours.is_open(now + AHEAD):
        return hours.local_day(now if hours.is_open(now) else now + AHEAD)
    return None


def look_again_at(hours: OpeningHours, now: datetime) -> datetime:
    """When to plan next: so often while the dealer is open, else shortly before it opens."""
    soon = now + AHEAD
    opening = hours.next_opening(soon)
    if opening is None:
        return now + timedelta(days=1)
    return now + EVERY if opening == soon else opening - AHEAD

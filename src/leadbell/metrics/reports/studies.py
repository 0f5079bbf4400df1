"""Tables of counts over the leads' rows: maps, histograms, ladders. What is shown as a chart has its table here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from leadbell.metrics import question
from leadbell.metrics.answers import missing_for
from leadbell.metrics.catalogue.speed import FORWARDED
from leadbell.metrics.engines import Engine
from leadbell.metrics.metric import Need
from leadbell.metrics.question import EVERY, Which
from leadbell.words import Words, say

SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000
_ALL = "set_aside is null"


@dataclass(frozen=True, slots=True)
class Study:
    """Counts of leads by one or several keys; `among` says which leads are in it."""

    name: str
    title: Words
    keys: Mapping[str, str]
    counts: Mapping[str, str]
    among: str
    needs: tuple[Need, ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def columns(self) -> frozenset[str]:
        return question.looked_at(self.among, *self.keys.values(), *self.counts.values())


@dataclass(frozen=True, slots=True)
class Cell:
    """`keys` and `counts` in the study's order."""

    keys: tuple[int | str | None, ...]
    counts: tuple[int, ...]


def tabulate(engine: Engine, study: Study, as_of_ms: int, which: Which = EVERY) -> tuple[Cell, ...] | Words:
    """The study's cells that aren't empty, in the order of its keys; or why it can't be said."""
    because = missing_for(study.needs, engine.lacks)
    if because is not None:
        return because
    cells = []
    for row in engine.rows(_asked(study, which, as_of_ms, engine.relation)):
        keys = tuple(
            key if key is None or isinstance(key, str) else int(key) for key in row[: len(study.keys)]
        )
        cells.append(Cell(keys, tuple(int(n) for n in row[len(study.keys) :])))
    return tuple(cell for cell in cells if any(cell.counts))


@lru_cache(maxsize=256)
def _asked(study: Study, which: Which, as_of_ms: int, relation: str | None) -> exp.Select:
    counts = {
        name: f"count(case when ({study.among}) and ({one}) then 1 end)" for name, one in study.counts.items()
    }
    return question.select(counts, dict(study.keys), which, as_of_ms, relation)


def band(value: str, bounds: Sequence[int]) -> str:
    """SQL for the number of the band a value is in: 0 below the first bound, then one more at each bound."""
    steps = " ".join(f"when {value} < {bound} then {i}" for i, bound in enumerate(bounds))
    return f"case when {value} is null then null {steps} else {len(bounds)} end"


#: Rows and columns of the map, as bounds in milliseconds: < 0:45, 0:45 … > 10:00, and < 1:00, 1:00 … 4:00 and more.
CONNECT_BOUNDS = (45 * SECOND, 90 * SECOND, 3 * MINUTE, 5 * MINUTE, 10 * MINUTE)
TALK_BOUNDS = (60 * SECOND, 90 * SECOND, 120 * SECOND, 150 * SECOND, 180 * SECOND, 210 * SECOND, 240 * SECOND)
#: Where the appointments of S0 cluster: talks of 2:30 to 3:30, connected within 1:30.
CLUSTER_TALK = (150 * SECOND, 210 * SECOND)
CLUSTER_CONNECT = 90 * SECOND

TALK_CONNECT_MAP = Study(
    "talk_connect_map",
    say("appointments by talk time and connect time, of conversations"),
    {"connect": band("connect_ms", CONNECT_BOUNDS), "talk": band("talk_ms", TALK_BOUNDS)},
    {"conversations": "true", "appointments": "booked_ms is not null"},
    f"{_ALL} and in_hours and connect_ms is not null and talk_ms is not null",
    ("leads.in_hours", "touches.connected_ms", "touches.outcome", ("touches.talk_ms", "touches.ended_ms"),
        "leads.booked_ms"),
)  # fmt: skip

#: Of the sales: within a week, the golden period, the tail, the trickle.
SALE_BOUNDS = (7 * DAY, 19 * DAY, 45 * DAY)
SALE_BANDS = (say("days 1–7"), say("days 8–19"), say("days 20–45"), say("after day 45"))
_SALE_DAY = f"cast(floor(sale_ms / {DAY}.0) as integer) + 1"
#: Young: sold in days 1–7. Old: in days 8–45 [S4].
_AGE = f"case when sale_ms < {7 * DAY} then 'young' when sale_ms < {45 * DAY} then 'old' end"
_SOLD = f"{_ALL} and sale_ms is not null"

DAYS_TO_SALE_BANDS = Study(
    "days_to_sale_bands", say("sales by days since the lead arrived"),
    {"band": band("sale_ms", SALE_BOUNDS)}, {"sold": "true"}, _SOLD, ("leads.sold_ms",),
)  # fmt: skip
DAYS_TO_SALE = Study(
    "days_to_sale", say("sales by day since the lead arrived"), {"day": _SALE_DAY}, {"sold": "true"}, _SOLD,
    ("leads.sold_ms",),
)  # fmt: skip
SALE_WEEKDAYS = Study(
    "sale_weekdays", say("sales by weekday, of leads 1–7 and 8–45 days old"),
    {"age": _AGE, "weekday": "sold_weekday"}, {"sold": "true"},
    f"{_SOLD} and sale_ms < {45 * DAY} and sold_weekday is not null", ("leads.sold_ms", "leads.sold_weekday"),
)  # fmt: skip
SALE_DAYS_OF_MONTH = Study(
    "sale_days_of_month", say("sales by day of the month, of leads 1–7 and 8–45 days old"),
    {"age": _AGE, "day": "sold_on - 100 * cast(floor(sold_on / 100.0) as integer)"}, {"sold": "true"},
    f"{_SOLD} and sale_ms < {45 * DAY} and sold_on is not null", ("leads.sold_ms", "leads.sold_on"),
)  # fmt: skip

RESPONSE_BOUNDS = tuple(
    s * SECOND for s in (15, 30, 45, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 14400, 86400)
)
RESPONSE_CURVE = Study(
    "response_curve", say("leads by response time, of leads forwarded in opening hours"),
    {"band": band("response_ms", RESPONSE_BOUNDS)},
    {"leads": "true", "contact": "first_contact = 1"}, f"{FORWARDED} and odd_response = 0",
    ("leads.origin", "leads.in_hours", "touches.started_ms"),
)  # fmt: skip

#: Five attempts and more are one step.
ATTEMPTS_LADDER = Study(
    "attempts_ladder", say("leads by number of attempts"),
    {"attempts": "case when attempts > 5 then 5 else attempts end"},
    {"leads": "true", "reached": "conversations > 0", "never_reached": "conversations = 0"}, f"{_ALL} and by_phone",
    ("touches.started_ms", "touches.outcome"),
)  # fmt: skip
LOST_REASONS = Study(
    "lost_reasons", say("leads lost, by reason"), {"reason": "lost_reason"}, {"lost": "true"},
    f"{_ALL} and ended_ms is not null and sold_ms is null", ("leads.ended_ms", "leads.lost_reason"),
)  # fmt: skip
SET_ASIDE = Study(
    "set_aside", say("rows set aside: duplicates, merged, quarantined, tests"), {"why": "set_aside"},
    {"leads": "true"}, "set_aside is not null",
)  # fmt: skip
ODD = Study(
    "odd_durations", say("durations that can't be, by kind"), {},
    {"response": "odd_response = 1", "connect": "odd_connect = 1", "talk": "odd_talk = 1", "sale": "odd_sale = 1"},
    _ALL,
)  # fmt: skip

STUDIES: Mapping[str, Study] = {
    study.name: study
    for study in (
        TALK_CONNECT_MAP, DAYS_TO_SALE_BANDS, DAYS_TO_SALE, SALE_WEEKDAYS, SALE_DAYS_OF_MONTH, RESPONSE_CURVE,
        ATTEMPTS_LADDER, LOST_REASONS, SET_ASIDE, ODD,
    )
}  # fmt: skip

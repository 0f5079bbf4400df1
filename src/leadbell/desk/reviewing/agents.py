"""What the evidence says of one BDC agent: called at once, persisted, agreed, and what became of their handovers."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from leadbell.desk.reviewing.evidence import (
    ASKED,
    FALLOUT,
    OVER,
    TITLES,
    Line,
    base,
    figures,
    heard,
    share,
)
from leadbell.desk.templatetags.figures import in_unit
from leadbell.handover.agents import Length, Work, work_of
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.figures import FEWEST
from leadbell.metrics.rows.live import Live
from leadbell.review.coaching import Count, team_median
from leadbell.words import Words, say

#: Figures of `handover.agents.work_of`, by the names that agreements keep.
SHARES: Mapping[str, tuple[str, Words]] = {
    "agent_called_at_once": ("called_at_once", say("called within 2 minutes, of leads taken from the queue")),
    "agent_attempted": ("attempted", say("called, of leads taken from the queue")),
    "agent_three_attempts": (
        "three_attempts",
        say("three attempts or more, of leads taken and never reached"),
    ),
    "agent_appointments": ("appointments", say("appointments made, of leads qualified")),
    "agent_accepted": ("accepted", say("accepted by whom they were offered to, of handovers")),
    "agent_refused": ("refused", say("refused by whom they were offered to, of handovers")),
    "agent_rdr": ("rdr", say("took fright after the handover (RDR), of first contacts noted")),
}
LENGTHS: Mapping[str, tuple[str, Words]] = {
    "agent_to_call": ("to_call", say("from taking a lead to the first call")),
    "agent_talk": ("talk", say("talk time, of conversations")),
}
#: What an agreement with an agent may want to move.
MOVED = (
    "agent_called_at_once",
    "agent_attempted",
    "agent_three_attempts",
    "agent_appointments",
    "agent_accepted",
    FALLOUT,
    ASKED,
)
AGENTS_TITLES: Mapping[str, Words] = {**TITLES, **{name: title for name, (_, title) in SHARES.items()}}
#: The lines of the field for what the journal counts.
_SAYS = {
    "agent_to_call": METRICS["over_prepared"].reference, "agent_talk": METRICS["talk_time"].reference,
    "agent_three_attempts": METRICS["three_attempt_rate"].reference,
}  # fmt: skip


def of_agent(
    engine: Live, person: int, people: set[int], dealers: Collection[int], today: date, now: datetime
) -> list[Line]:
    """In the order of the work: the call, the talk, the appointment, the handover, the first contact."""
    works = work_of(dealers, people, now - OVER, now, now)
    fallout = figures(engine, person, people, today, (FALLOUT,), "bdc_agent")
    asked, score = heard(person, people, dealers, now)
    return [
        _length("agent_to_call", person, works),
        *(_share(name, person, works) for name in ("agent_called_at_once", "agent_attempted", "agent_three_attempts")),
        _length("agent_talk", person, works), asked,
        *(_share(name, person, works) for name in ("agent_appointments", "agent_accepted", "agent_refused")),
        *fallout, _share("agent_rdr", person, works), score,
    ]  # fmt: skip


def counted(name: str, work: Work) -> tuple[int, int]:
    """(part, of) of a share by the name that agreements keep."""
    return work.shares.get(SHARES[name][0], (0, 0))


def _share(name: str, person: int, works: Mapping[int, Work]) -> Line:
    counts = {who: Count(*counted(name, work)) for who, work in works.items()}
    return share(SHARES[name][1], person, counts, _says(name))


def _length(name: str, person: int, works: Mapping[int, Work]) -> Line:
    found, title = LENGTHS[name]
    theirs: dict[int, Length] = {
        who: work.lengths[found] for who, work in works.items() if found in work.lengths
    }
    said = {who: one.median_ms if one.of >= FEWEST else None for who, one in theirs.items()}
    own, middle, mine = said.get(person), team_median(said), theirs.get(person)
    return Line(
        title, "" if own is None else in_unit(own, "ms"), base(0, mine.of if mine else 0, True),
        "" if middle is None else in_unit(middle, "ms"), _says(name),
    )  # fmt: skip


def _says(name: str) -> Words | None:
    reference = _SAYS.get(name)
    return None if reference is None else reference.says

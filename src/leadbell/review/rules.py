"""Which conversations are listened to, by whom, and whether two who listened agree. Pure: weeks are arguments."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Literal, get_args

from leadbell.lead.facts import AttemptEnded, FirstContact, Lost, ReviewWanted, Verdict
from leadbell.lead.history import History
from leadbell.lead.talk import Talk
from leadbell.words import Words, say

#: A talk of so long is worth knowing why it was lost: most appointments come from 2:30 to 3:30 [S0].
LONG_TALK_MS = 300_000
#: A lead is lost after a talk when it is given up so soon.
LOST_WITHIN = timedelta(days=7)
#: So many conversations per salesperson and week, and one in so many for a second pair of ears, unless chosen.
EACH, SECOND_OF = 3, 5
#: Below so many pairs agreement says nothing.
FEWEST_PAIRS = 30
#: What a conversation was, by the word that forms and rows have for it.
VERDICTS: Mapping[str, Verdict] = {verdict: verdict for verdict in get_args(Verdict)}
Why = Literal["named", "second", "sample"]
_ORDER: tuple[Why, ...] = ("named", "second", "sample")


@dataclass(frozen=True, slots=True)
class Due:
    """A conversation to listen to, and why it is this one."""

    talk: Talk
    why: Why
    because: tuple[Words, ...]


def week_of(day: date) -> str:
    """`2026-W47`, by ISO 8601."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def last_weeks(today: date, weeks: int) -> tuple[str, ...]:
    """The newest complete weeks before this day's, the oldest first: what is drawn from them can't change any more."""
    monday = today - timedelta(days=today.weekday())
    return tuple(week_of(monday - timedelta(weeks=back)) for back in range(weeks, 0, -1))


def _lot(seed: str, talk: Talk) -> bytes:
    return hashlib.sha256(f"{seed}:{talk.call}".encode()).digest()


def draw(talks: Iterable[Talk], week: str, each: int = EACH) -> list[Talk]:
    """The same number for every salesperson of a dealer, drawn by lot of that week; who had fewer gets all theirs.

    The same talks give the same draw, in whatever order they come.
    """
    of: dict[tuple[int, int], list[Talk]] = {}
    for talk in talks:
        if week_of(talk.on) == week:
            of.setdefault((talk.dealer, talk.person), []).append(talk)
    drawn = []
    for _, theirs in sorted(of.items()):
        drawn += sorted(theirs, key=lambda one: _lot(week, one))[:each]
    return drawn


def needs_second(talk: Talk, one_in: int = SECOND_OF) -> bool:
    """One in so many, by lot; 0 is never."""
    return one_in > 0 and int.from_bytes(_lot("second", talk)[:8], "big") % one_in == 0


def named(history: History) -> dict[str, tuple[Words, ...]]:
    """The attempts whose conversation a rule names, with the reasons."""
    found: dict[str, list[Words]] = {}
    last: AttemptEnded | None = None
    for fact in history.as_it_was:
        if isinstance(fact, AttemptEnded) and fact.outcome == "conversation":
            last = fact
        elif isinstance(fact, ReviewWanted):
            found.setdefault(fact.key, []).append(_WANTED[fact.why])
        elif isinstance(fact, FirstContact) and fact.rdr and last is not None:
            found.setdefault(last.key, []).append(_RDR)
        elif isinstance(fact, Lost) and last is not None and _lost_after(fact, last):
            minutes = (last.talk_ms or 0) // 60_000
            because = say("lost after a talk of %(minutes)s minutes", minutes=minutes)
            found.setdefault(last.key, []).append(because)
    return {key: tuple(because) for key, because in found.items()}


def _lost_after(lost: Lost, talk: AttemptEnded) -> bool:
    """Given up by a person soon after a long talk."""
    is_long = (talk.talk_ms or 0) >= LONG_TALK_MS
    return lost.by is not None and is_long and lost.at - talk.at <= LOST_WITHIN


_RDR = say("the customer took fright at the first contact (RDR)")
_WANTED = {
    "complaint": say("the customer complained"),
    "learning": say("somebody wants it listened to"),
}


def queue(
    reviewer: int,
    talks: Collection[Talk],
    names: Mapping[str, tuple[Words, ...]],
    done: Mapping[str, frozenset[int]],
    weeks: Sequence[str],
    each: int = EACH,
    second_of: int = SECOND_OF,
) -> tuple[Due, ...]:
    """What this person listens to next: never their own call, and never the same one twice.

    `names` are the calls that a rule names, `done` who has listened to a call.
    """
    drawn = {talk.call: week for week in weeks for talk in draw(talks, week, each)}
    due = []
    for talk in talks:
        heard = done.get(talk.call, frozenset())
        if talk.person == reviewer or reviewer in heard:
            continue
        if not heard and talk.call in names:
            due.append(Due(talk, "named", names[talk.call]))
        elif not heard and talk.call in drawn:
            because = say("drawn by lot, %(week)s: %(each)s of everybody", week=drawn[talk.call], each=each)
            due.append(Due(talk, "sample", (because,)))
        elif len(heard) == 1 and talk.call in drawn and needs_second(talk, second_of):
            due.append(Due(talk, "second", (say("a second pair of ears: one in %(many)s", many=second_of),)))
    return tuple(sorted(due, key=lambda one: (_ORDER.index(one.why), one.talk.at, one.talk.call)))


def is_drawn(talk: Talk, talks: Collection[Talk], each: int = EACH) -> bool:
    """Whether the lot of its week fell on it."""
    return any(one.call == talk.call for one in draw(talks, week_of(talk.on), each))


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement of two who listened, beyond chance: 1 always, 0 as by chance, below 0 worse (Cohen, 1960)."""

    n: int
    agreed: int
    #: What chance alone would give, 0 to 1.
    expected: float
    #: None where nothing can be said: too few pairs, or everybody always says the same.
    value: float | None
    interval: tuple[float, float] | None = None

    @property
    def too_few(self) -> bool:
        return self.n < FEWEST_PAIRS


def kappa(pairs: Sequence[tuple[str, str]], fewest: int = FEWEST_PAIRS) -> Kappa:
    """Cohen's kappa of what the first and the second said, with its 95 % interval (large samples)."""
    n = len(pairs)
    agreed = sum(first == second for first, second in pairs)
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    expected = sum(firsts[said] * seconds[said] for said in firsts) / (n * n) if n else 0.0
    if n < fewest or expected >= 1:
        return Kappa(n, agreed, expected, None)
    observed = agreed / n
    value = (observed - expected) / (1 - expected)
    half = 1.959964 * sqrt(observed * (1 - observed) / n) / (1 - expected)
    return Kappa(n, agreed, expected, value, (max(-1.0, value - half), min(1.0, value + half)))


def score(answers: Iterable[tuple[int, bool | None]]) -> float | None:
    """Weights of what was met over weights of all that was judged, 0 to 1; None where nothing was judged."""
    judged = [(weight, met) for weight, met in answers if met is not None]
    whole = sum(weight for weight, _ in judged)
    return sum(weight for weight, met in judged if met) / whole if whole else None

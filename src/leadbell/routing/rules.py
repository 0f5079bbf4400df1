"""Whose lead is it: everybody who could take it, best first, and why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal, NamedTuple

from leadbell.words import Words, say

Condition = Literal["new", "used"]

#: Whoever had this customer before goes before everybody: one customer, one salesperson.
KNOWN = 16.0
#: Without a common language there is no conversation, so it outweighs brand and condition together.
LANGUAGE = 8.0
#: Knowing the brand outweighs knowing new or used cars.
BRAND = 4.0
#: Knowing new or used cars outweighs all that follows, together.
CONDITION = 2.0
#: Whose languages nobody wrote down may speak it, but who surely does is worth 30 points of rate more.
LANGUAGE_UNKNOWN = 0.3
#: An appointment rate of 100 % instead of 0 %: the unit in which the following are measured.
RATE = 1.0
#: At most as much as 20 points of appointment rate are lost to open leads …
LOAD = 0.20
#: … half of it with this many of them.
LOAD_HALF = 20
#: Near-ties within 6 points of appointment rate go to whoever had fewer leads today …
TODAY = 0.06
#: … with half of that lost after this many leads.
TODAY_HALF = 3
#: What is still within a point goes to whoever has waited longest for a lead …
WAITED = 0.01
#: … with half of that gained after an hour.
WAITED_HALF_S = 3600

#: A person's own rate counts as much as the team's after this many opportunities.
PRIOR_OPPORTUNITIES = 20
#: The rate a team without history starts from [S0], with the weight of PRIOR_OPPORTUNITIES.
REFERENCE_RATE = 0.38


@dataclass(frozen=True, slots=True)
class Asked:
    """What the lead asks of a salesperson; None is not asked."""

    brand: str | None = None
    condition: Condition | None = None
    language: str | None = None
    #: Who had this customer before.
    known_to: int | None = None
    already_rung: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person at the moment of choosing."""

    person: int
    name: str
    on_shift: bool = True
    back_at: datetime | None = None
    #: A desk is open somewhere.
    reachable: bool = True
    in_conversation: bool = False
    #: Rung for another lead right now.
    ringing: bool = False
    #: Empty: all of them.
    brands: frozenset[str] = frozenset()
    #: Empty: both.
    conditions: frozenset[str] = frozenset()
    #: ISO 639; empty: nobody wrote them down.
    languages: frozenset[str] = frozenset()
    opportunities: int = 0
    appointments: int = 0
    open_leads: int = 0
    leads_today: int = 0
    last_lead_at: datetime | None = None
    #: Shown, not judged: `staff` holds the roles that may be chosen.
    role: str = "salesperson"


@dataclass(frozen=True, slots=True)
class Ranked:
    person: int
    score: float
    because: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    person: int
    because: Words


@dataclass(frozen=True, slots=True)
class Choice:
    """Best first; the excluded by person. `free` people had time and an open desk."""

    ranked: tuple[Ranked, ...]
    excluded: tuple[Excluded, ...]
    free: int

    @property
    def person(self) -> int | None:
        return self.ranked[0].person if self.ranked else None

    @property
    def because(self) -> tuple[Words, ...]:
        """Why the best one, or why nobody."""
        if self.ranked:
            chosen = say("chosen of %(free)s free", free=self.free) if self.free else say("nobody is free")
            return (chosen, *self.ranked[0].because)
        if any(one.because == _RUNG for one in self.excluded):
            return (say("everybody on shift has been rung"),)
        return (say("nobody is on shift"),)


def choose_salesperson(asked: Asked, staff: Sequence[Candidate], now: datetime) -> Choice:
    """Rank everybody on shift who wasn't rung for this lead yet; where there is anybody, somebody is chosen.

    Walls are asked in turn (in a conversation, no desk open, ringing, what was asked for), and each leaves
    people out only if somebody gets past it. Whoever had this customer before is stopped by a conversation
    only, and goes first. The score of the others is

        RATE × (appointments + PRIOR_OPPORTUNITIES × team) / (opportunities + PRIOR_OPPORTUNITIES)
        − LOAD × open / (open + LOAD_HALF) − TODAY × today / (today + TODAY_HALF)
        + WAITED × waited / (waited + WAITED_HALF_S) − the weight of each thing asked for and not met

    where `team` is the appointment rate of all staff, itself leaning on REFERENCE_RATE: a newcomer counts
    as the team, and two lucky calls change little. Equal scores go by person. Which roles may be chosen is
    decided by who is in `staff`.
    """
    excluded = [Excluded(one.person, why) for one in staff if (why := _out_of_the_question(asked, one))]
    gone = {one.person for one in excluded}
    left = [one for one in staff if one.person not in gone]
    free = sum(one.reachable and not one.in_conversation and not one.ringing for one in left)

    criteria = _criteria(asked)
    knowing = {one.person: tuple(criterion.meets(one) for criterion in criteria) for one in left}
    notes: list[Words] = []
    let_past: list[Words] = []
    for wall in (*_WALLS, _knowledge(criteria, knowing)):
        stopped = {one.person: why for one in left if (why := wall.stops(one))}
        if len(stopped) == len(left):
            notes += wall.if_nobody_passes(left) if left else ()
            continue
        if not wall.stops_known and asked.known_to in stopped:
            let_past.append(stopped.pop(asked.known_to))
        excluded += (Excluded(person, why) for person, why in stopped.items())
        left = [one for one in left if one.person not in stopped]

    team = team_rate(staff)
    ranked = []
    for one in left:
        lost, suits = _suitability(criteria, knowing[one.person])
        merit, because = _merit(one, team, now)
        if one.person == asked.known_to:
            merit += KNOWN
            suits = [_HAD_BEFORE, *(why for why in let_past if why not in suits), *suits]
        ranked.append(Ranked(one.person, merit - lost, (*notes, *suits, *because)))
    return Choice(
        tuple(sorted(ranked, key=lambda one: (-one.score, one.person))),
        tuple(sorted(excluded, key=lambda one: one.person)),
        free,
    )


def team_rate(staff: Sequence[Candidate]) -> float:
    """Appointments per opportunity of all of them, leaning on REFERENCE_RATE while they are few."""
    booked = sum(_booked(one) for one in staff)
    return (booked + PRIOR_OPPORTUNITIES * REFERENCE_RATE) / (
        sum(one.opportunities for one in staff) + PRIOR_OPPORTUNITIES
    )


def shrunk_rate(one: Candidate, team: float) -> float:
    """The mean of a Beta posterior whose prior is the team's rate, worth PRIOR_OPPORTUNITIES."""
    return (_booked(one) + PRIOR_OPPORTUNITIES * team) / (one.opportunities + PRIOR_OPPORTUNITIES)


def _booked(one: Candidate) -> int:
    # An appointment may be counted before its conversation is reviewed as an opportunity.
    return min(one.appointments, one.opportunities)


_RUNG = say("rung for this lead before")


def _out_of_the_question(asked: Asked, one: Candidate) -> Words | None:
    if not one.on_shift:
        return say("off shift until %(back_at)s", back_at=one.back_at) if one.back_at else say("off shift")
    return _RUNG if one.person in asked.already_rung else None


class _Criterion(NamedTuple):
    """One thing the lead asks for; None is met by people of whom nobody wrote it down."""

    weight: float
    meets: Callable[[Candidate], bool | None]
    met: Words
    unmet: Words
    nobody: Words


def _criteria(asked: Asked) -> tuple[_Criterion, ...]:
    criteria = []
    if asked.brand:
        brand = _plain(asked.brand)
        criteria.append(
            _Criterion(
                BRAND,
                lambda one: not one.brands or any(_plain(sold) == brand for sold in one.brands),
                say("sells %(brand)s", brand=asked.brand),
                say("does not sell %(brand)s", brand=asked.brand),
                say("nobody free sells %(brand)s, so it is only a preference", brand=asked.brand),
            )
        )
    if asked.condition:
        condition = asked.condition
        criteria.append(
            _Criterion(
                CONDITION,
                lambda one: not one.conditions or condition in one.conditions,
                *_CONDITIONS[condition],
            )
        )
    if asked.language:
        language = _tongue(asked.language)
        criteria.append(
            _Criterion(
                LANGUAGE,
                lambda one: (
                    any(_tongue(spoken) == language for spoken in one.languages) if one.languages else None
                ),
                say("speaks %(language)s", language=language),
                say("does not speak %(language)s", language=language),
                say("nobody free speaks %(language)s, so it is only a preference", language=language),
            )
        )
    return tuple(criteria)


_CONDITIONS: dict[Condition, tuple[Words, Words, Words]] = {
    "new": (
        say("sells new cars"),
        say("does not sell new cars"),
        say("nobody free sells new cars, so it is only a preference"),
    ),
    "used": (
        say("sells used cars"),
        say("does not sell used cars"),
        say("nobody free sells used cars, so it is only a preference"),
    ),
}


@lru_cache(maxsize=1024)
def _plain(brand: str) -> str:
    return brand.strip().casefold()


@lru_cache(maxsize=1024)
def _tongue(language: str) -> str:
    """The language of a tag: "nl" of "nl-BE"."""
    return language.replace("_", "-").split("-")[0].casefold()


class _Wall(NamedTuple):
    #: Why it stops somebody; None lets them through.
    stops: Callable[[Candidate], Words | None]
    if_nobody_passes: Callable[[Sequence[Candidate]], Sequence[Words]]
    stops_known: bool = False


_TALKING = say("in a conversation")
_NO_DESK = say("the desk is not open")
_RINGING = say("being rung for another lead")

#: Asked in this order, before what the lead asks for.
_WALLS = (
    _Wall(
        lambda one: _TALKING if one.in_conversation else None,
        lambda _left: (say("everybody is in a conversation"),),
        stops_known=True,
    ),
    _Wall(
        lambda one: None if one.reachable else _NO_DESK,
        lambda _left: (say("nobody has the desk open"),),
    ),
    _Wall(
        lambda one: _RINGING if one.ringing else None,
        lambda _left: (say("everybody is being rung for another lead"),),
    ),
)


def _knowledge(criteria: Sequence[_Criterion], knowing: Mapping[int, Sequence[bool | None]]) -> _Wall:
    def stops(one: Candidate) -> Words | None:
        known = knowing[one.person]
        return criteria[known.index(False)].unmet if False in known else None

    def if_nobody_passes(left: Sequence[Candidate]) -> Sequence[Words]:
        columns = zip(*(knowing[one.person] for one in left), strict=True)
        lacking = [
            criterion.nobody for criterion, met in zip(criteria, columns, strict=True) if set(met) == {False}
        ]
        return lacking or (say("nobody free has all that was asked for, so it is only a preference"),)

    return _Wall(stops, if_nobody_passes)


def _suitability(criteria: Sequence[_Criterion], knowing: Sequence[bool | None]) -> tuple[float, list[Words]]:
    """What is lost for what was asked and isn't met, and a sentence for each thing asked."""
    lost, because = 0.0, []
    for criterion, met in zip(criteria, knowing, strict=True):
        if met is None:
            lost += LANGUAGE_UNKNOWN
            because.append(_NOT_WRITTEN_DOWN)
        else:
            lost += 0.0 if met else criterion.weight
            because.append(criterion.met if met else criterion.unmet)
    return lost, because


_NOT_WRITTEN_DOWN = say("languages not written down")
_HAD_BEFORE = say("had this customer before")


def _merit(one: Candidate, team: float, now: datetime) -> tuple[float, list[Words]]:
    """Appointment rate, load and fairness, in points of appointment rate from 0 to 1."""
    rate = shrunk_rate(one, team)
    because = [
        _rate_in_words(_booked(one), one.opportunities, round(100 * rate)),
        _open_leads(one.open_leads),
        _leads_today(one.leads_today),
    ]
    waited = 1.0
    if one.last_lead_at:
        waited = _part(max(0.0, (now - one.last_lead_at).total_seconds()), WAITED_HALF_S)
        because.append(say("last lead at %(last_at)s", last_at=one.last_lead_at))
    merit = (
        RATE * rate
        - LOAD * _part(one.open_leads, LOAD_HALF)
        - TODAY * _part(one.leads_today, TODAY_HALF)
        + WAITED * waited
    )
    return merit, because


def _part(amount: float, half: float) -> float:
    """0 for nothing, a half at `half`, towards 1 for ever more."""
    return amount / (amount + half)


# The same few sentences are said of everybody, for every lead.
@lru_cache(maxsize=4096)
def _rate_in_words(booked: int, n: int, counted: int) -> Words:
    if n == 0:
        return say("no opportunities yet, counted as the team's %(counted)s %%", counted=counted)
    own = round(100 * booked / n)
    if n < PRIOR_OPPORTUNITIES:
        return say(
            "%(rate)s %% appointments (n = %(n)s), counted as %(counted)s %%", rate=own, n=n, counted=counted
        )
    return say("%(rate)s %% appointments (n = %(n)s)", rate=own, n=n)


@lru_cache(maxsize=512)
def _open_leads(amount: int) -> Words:
    return say("open leads: %(open)s", open=amount)


@lru_cache(maxsize=512)
def _leads_today(amount: int) -> Words:
    return say("leads today: %(today)s", today=amount)

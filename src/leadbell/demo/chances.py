"""What happens by chance in the demo: who picks up, what comes of a conversation, who comes and who buys. Pure.

The figures lie around the reference lines of the field: 73 % reached at the first attempt, 2:59 talk time,
appointments where the conversation came soon, 13 % sold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from random import Random
from typing import Literal, TypeVar

from leadbell.dealers.hours import OpeningHours
from leadbell.lead.facts import HowConfirmed, Origin, Outcome
from leadbell.lead.standing import Standing

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
T = TypeVar("T")
#: What comes of a conversation.
Result = Literal["appointment", "quote", "call_back", "lost", "nothing"]

#: Chance to be reached, by minutes since the customer asked.
_REACHED_WITHIN = ((2.5, 0.78), (6, 0.74), (20, 0.67), (90, 0.57), (24 * 60, 0.49))
_LATER, _AGREED = 0.34, 0.78
_MISSED: dict[Outcome, float] = {
    "voicemail": 0.43, "no_answer": 0.38, "busy": 0.09, "unreachable": 0.07, "wrong_number": 0.03,
}  # fmt: skip
#: Chances of a conversation by origin; what is left is "nothing agreed".
_RESULTS: dict[Origin, dict[Result, float]] = {
    "online": {"appointment": 0.27, "quote": 0.12, "call_back": 0.16, "lost": 0.2},
    "walk_in": {"appointment": 0.3, "quote": 0.24, "call_back": 0.14, "lost": 0.12},
    "direct_mail": {"appointment": 0.11, "quote": 0.36, "call_back": 0.12, "lost": 0.22},
    "lost_sale": {"appointment": 0.22, "quote": 0.18, "call_back": 0.14, "lost": 0.28},
}
_BY_MAIL: dict[Result, float] = {"appointment": 0.45, "quote": 0.4, "lost": 0.15}
_WHY_LOST = {
    "bought_elsewhere": 0.32, "no_interest": 0.28, "price": 0.2, "no_car": 0.11, "not_a_customer": 0.04, "other": 0.05,
}  # fmt: skip
_WHY_NOT_BOUGHT = {
    "price": 0.36,
    "bought_elsewhere": 0.32,
    "no_interest": 0.16,
    "no_car": 0.12,
    "other": 0.04,
}
_HOW_CONFIRMED: dict[HowConfirmed, float] = {"phone": 0.58, "email": 0.3, "video": 0.12}

LONGEST_TALK_S = 900


@dataclass(frozen=True, slots=True)
class Call:
    """`rings_s` until somebody answers or the caller gives up; `talks_s` is 0 without a conversation."""

    outcome: Outcome
    rings_s: float
    talks_s: float = 0.0
    result: Result = "nothing"

    @property
    def lasts_s(self) -> float:
        return self.rings_s + self.talks_s


def call(rng: Random, standing: Standing, at: datetime, persuades: float) -> Call:
    """One attempt at `at` by somebody who makes `persuades` times the appointments of others."""
    agreed = standing.call_back_at is not None
    if rng.random() >= _reached(standing, at, agreed):
        outcome = _one_of(rng, _MISSED)
        if outcome == "wrong_number" and standing.attempts:
            outcome = "no_answer"
        return Call(outcome, rng.uniform(3, 9) if outcome == "busy" else rng.uniform(14, 34))
    rings_s = rng.triangular(4, 24, 9)
    chances = dict(_RESULTS.get(standing.origin, _RESULTS["online"]))
    if standing.reached_at is None:
        chances["appointment"] *= persuades * _soon(standing, at)
    else:
        chances["appointment"] *= persuades * (0.9 if agreed else 0.45)
        chances["lost"] *= 1.5
    result: Result = _one_of(rng, chances | {"nothing": max(0.0, 1 - sum(chances.values()))})
    talks_s = rng.gauss(182, 34) if result == "appointment" else exp(rng.gauss(4.97, 0.62))
    return Call("conversation", rings_s, min(max(talks_s, 24), LONGEST_TALK_S), result)


def _reached(standing: Standing, at: datetime, agreed: bool) -> float:
    if agreed:
        return _AGREED
    if standing.tries or standing.asked_at is None:
        return _LATER
    waited_m = (at - standing.asked_at).total_seconds() / 60
    return next((chance for minutes, chance in _REACHED_WITHIN if waited_m <= minutes), 0.4)


def _soon(standing: Standing, at: datetime) -> float:
    """Appointments cluster where the connection came within 1:30 [S0]."""
    if standing.asked_at is None:
        return 1.0
    waited_s = (at - standing.asked_at).total_seconds()
    return 1.22 if waited_s < 90 else 1.08 if waited_s < 300 else 0.9 if waited_s < 3600 else 0.76


def by_mail(rng: Random) -> Result:
    """What comes of it when the customer answers a personal e-mail."""
    return _one_of(rng, _BY_MAIL)


def why_lost(rng: Random, was_here: bool = False) -> str:
    return _one_of(rng, _WHY_NOT_BOUGHT if was_here else _WHY_LOST)


def how_confirmed(rng: Random) -> HowConfirmed:
    return _one_of(rng, _HOW_CONFIRMED)


def appointment_time(rng: Random, hours: OpeningHours, now: datetime) -> datetime:
    """A half hour in opening hours, mostly within a week; Saturdays are liked best."""
    first = hours.local_day(now)
    days = [first + ahead * DAY for ahead in range(12)]
    likes = [
        (2.2 if day.weekday() == 5 else 0.4 if day.weekday() == 6 else 1.0) / (1 + 0.22 * ahead)
        for ahead, day in enumerate(days)
    ]
    for _ in range(20):
        day = rng.choices(days, likes)[0]
        at = hours.time_on(day, f"{rng.randrange(10, 18):02}:{rng.choice(('00', '30'))}")
        if at is not None and at > now + 2 * HOUR and hours.is_open(at) and hours.is_open(at + 30 * MINUTE):
            return at
    return hours.shift_into_hours(now + DAY).replace(second=0, microsecond=0) + HOUR


def decides_after(rng: Random) -> timedelta:
    """How long somebody who was here thinks about it."""
    chance = rng.random()
    if chance < 0.42:
        return timedelta(minutes=rng.uniform(40, 150))
    if chance < 0.68:
        return timedelta(hours=rng.uniform(18, 30))
    return timedelta(days=min(rng.expovariate(0.4) + 1, 9))


def prepares(rng: Random, median_s: float, spread: float) -> timedelta:
    return timedelta(seconds=min(median_s * exp(rng.gauss(0, spread)), 5 * 3600))


def _one_of(rng: Random, chances: Mapping[T, float]) -> T:
    return rng.choices(list(chances), list(chances.values()))[0]

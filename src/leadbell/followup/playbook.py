"""How a dealer follows up: tenant data with good defaults, one plan per origin."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from leadbell.dealers.hours import OpeningHours
from leadbell.lead.facts import Origin, RingKind
from leadbell.lead.law import Quiet
from leadbell.words import Words, say


class RingRound(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to ring, and for how many seconds."""

    how: RingKind
    ring_s: int


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to call again after no answer: at least `minutes` later, near the clock time `at` where one is given."""

    minutes: int
    at: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The choices of one dealer for one origin."""

    #: salespeople are rung; a manager gets lost-sale leads, not who spoke to them before [S1].
    #: bdc: a BDC agent has `bdc_m` minutes to qualify it, then it rings as always; for active leads in opening
    #: hours that is the dealer's own choice, against [S3].
    first: Literal["salesperson", "manager", "bdc"] = "salesperson"
    bdc_m: int = 60
    #: Not too directly: direct mail waits this long before the first ring [S1].
    wait_before_m: int = 0
    rounds: tuple[RingRound, ...] = (
        RingRound("best", 20), RingRound("best", 20), RingRound("all", 30), RingRound("manager", 60),
    )  # fmt: skip
    #: Nobody accepted: ring everybody again after this pause, as often as `ring_again_times`.
    ring_again_s: int = 180
    ring_again_times: int = 10
    #: Accepted but not called: the manager's desk rings after this long.
    manager_after_m: int = 15
    #: The second and third attempt [S3].
    retries: tuple[Retry, ...] = (Retry(120), Retry(180, "18:15"))
    #: Days after the last sign of interest: dense, then the golden period 8–19, then sparse [S4].
    cadence_days: tuple[int, ...] = (2, 3, 5, 7, 8, 10, 12, 14, 16, 19, 23, 28, 35, 42)
    last_day: int = 45
    #: A forgotten call: ask for its outcome after this long.
    outcome_after_m: int = 30
    #: The salesperson confirms an appointment personally this many hours before, or at once [S1].
    confirm_before_h: int = 24
    #: A handover is accepted within so many minutes of opening hours, else it goes on.
    accept_m: int = 30
    #: What a BDC made is confirmed within so many opening hours after it was accepted, else the manager sees it.
    confirm_within_h: int = 4
    #: A customer who agreed long ago is reminded so many hours before the visit.
    remind_before_h: int = 24
    #: After a no-show: called at once, then again at these times, then written to.
    no_show_retries: tuple[Retry, ...] = (Retry(60), Retry(1080, "10:00"))
    #: Who dropped off at the first contact is left alone for so long [S1].
    drop_off_h: int = 48


DEFAULTS: dict[Origin, Plan] = {
    "online": Plan(),
    # A visitor leaves after 30 seconds [S0]: all are rung almost at once.
    "chat": Plan(rounds=(RingRound("best", 8), RingRound("all", 25), RingRound("manager", 60))),
    "call": Plan(),
    "walk_in": Plan(),
    "direct_mail": Plan(
        wait_before_m=120, rounds=(RingRound("best", 30), RingRound("best", 30), RingRound("manager", 60))
    ),
    "lost_sale": Plan(first="manager", rounds=(RingRound("manager", 60), RingRound("manager", 60))),
}

#: The golden period and the tail [S4].
GOLDEN = range(8, 20)
TAIL = range(20, 46)


@dataclass(frozen=True, slots=True)
class Place:
    """What the plan of one day says about a lead: who makes its follow-up, or that it doesn't fit."""

    day: date
    person: int
    fits: bool


@dataclass(frozen=True)
class Playbook:
    """What decisions ask: the origin's plan, the dealer's opening hours, and what the law says of this customer."""

    hours: OpeningHours
    plan: Plan = DEFAULTS["online"]
    #: When the customer is left alone; None: whenever the dealer is open.
    quiet: Quiet | None = None
    #: Why the customer's own word forbids to contact them about this lead.
    forbidden: Words | None = None
    #: Known to want contact, whatever the lead's own story says: taken back, or asked again since.
    wanted_again: bool = False
    #: The lead's place in the newest day's plan.
    place: Place | None = None


def plan_from_json(stored: dict[str, Any] | None, origin: Origin) -> Plan:
    """The dealer's plan for this origin, or the default. Raises msgspec.ValidationError for a damaged row."""
    return msgspec.convert(stored, Plan) if stored else DEFAULTS[origin]


def what_is_wrong(plan: Plan) -> Words | None:
    """Why nobody could follow this plan, in words for the manager who wrote it."""
    if not plan.rounds:
        return say("Ring at least one round: a lead that never rings is lost.")
    if len(plan.rounds) > 10:
        return say("At most ten rounds: after that nobody is there.")
    if any(not 5 <= r.ring_s <= 300 for r in plan.rounds):
        return say("Each round rings between 5 and 300 seconds.")
    if not 0 <= plan.wait_before_m <= 7 * 24 * 60:
        return say("The wait before the first ring is between nothing and a week.")
    if not 30 <= plan.ring_again_s <= 3600 or not 0 <= plan.ring_again_times <= 100:
        return say("Ring again after 30 seconds to an hour, at most 100 times.")
    if len(plan.retries) < 2:
        return say("Plan at least three attempts: two after the first.")
    if any(not 1 <= r.minutes <= 7 * 24 * 60 for r in plan.retries):
        return say("Call again between one minute and a week later.")
    if not 5 <= plan.bdc_m <= 24 * 60 or not 5 <= plan.accept_m <= 24 * 60:
        return say("The BDC's time, and the time to accept a handover, lie between five minutes and a day.")
    if not plan.no_show_retries or any(not 1 <= r.minutes <= 7 * 24 * 60 for r in plan.no_show_retries):
        return say("After a no-show call at least twice, within a week.")
    if list(plan.cadence_days) != sorted(set(plan.cadence_days)):
        return say("Write the days of the cadence in order, each once.")
    if plan.cadence_days and not 1 <= plan.cadence_days[0] <= plan.cadence_days[-1] <= plan.last_day:
        return say("The days of the cadence lie between day 1 and the last day.")
    if not 7 <= plan.last_day <= 365:
        return say("Follow-up ends between day 7 and day 365.")
    return None

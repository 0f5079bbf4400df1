"""How a lead changes hands in the demo: what the BDC says of it, who accepts it, the first contact. Pure."""

from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from leadbell.demo import chances
from leadbell.demo.chances import DAY, MINUTE
from leadbell.demo.course import SECOND, Course
from leadbell.followup.decisions import Ask, HandOn
from leadbell.lead.facts import (
    DROP_REASONS,
    Accepted,
    Answers,
    Assigned,
    Attempted,
    AttemptEnded,
    Cancelled,
    Confirmed,
    FirstContact,
    Goal,
    HandedOver,
    Moved,
    Qualified,
    RdrAnswer,
)
from leadbell.lead.standing import Standing
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.demo.house import Worker

AGREED: dict[Goal, tuple[str, ...]] = {
    "appointment": (
        "A test drive, about half an hour. They bring their own car for a valuation.",
        "They want to see it in daylight and sit in the back.",
        "A test drive with the whole family, two child seats.",
    ),
    "quote": (
        "A proposal with and without trade-in, by e-mail.",
        "A lease price for 48 months and 15,000 km a year.",
    ),
    "later": (),
}
WANTS_TO_KNOW = (
    "How long is the delivery time?",
    "What is the real range in winter?",
    "Does the tow bar come with it?",
    "What do they get for their own car?",
    "",
)


def goal_of(standing: Standing) -> Goal:
    if standing.appointment is not None:
        return "appointment"
    return "quote" if standing.quoted_at is not None else "later"


def qualified(rng: Random, goal: Goal, by: int, at: datetime) -> Qualified:
    answers = Answers(
        when=rng.choice(("weeks", "weeks", "months", "half_year")), trade_in=rng.random() < 0.6,
        test_drive=rng.random() < 0.7, payment=rng.choice(("cash", "finance", "lease", None)),
        decides_alone=rng.choice((True, False, None)),
    )  # fmt: skip
    return Qualified(at=at, by=by, goal=goal, answers=answers, script="online")


def first_contact(rng: Random, by: int, at: datetime) -> FirstContact:
    """A little over a fifth drops off at once, as the articles say [S1]."""
    chance = rng.random()
    rdr = chance < 0.2 or rng.random() < 0.15
    ways: tuple[RdrAnswer, ...] = ("understood", "understood", "gave_time", "argued")
    answered = rng.choice(ways) if rdr else None
    if chance < 0.21:
        return FirstContact(
            at=at, by=by, went="dropped", reason=rng.choice(DROP_REASONS[:5]), rdr=rdr, answered=answered
        )
    return FirstContact(at=at, by=by, went="moved" if chance < 0.32 else "kept", rdr=rdr, answered=answered)


def hand_on(course: Course, hand_on: HandOn) -> None:
    """Nobody accepted in time: a colleague is asked, then a manager has it."""
    s, at = course.standing, course.at + SECOND
    if s.contract is None:
        return
    colleagues = [w for w in course.house.of("salesperson") if w.number not in s.contract.offered]
    if len(s.contract.offered) < 2 and colleagues:
        to, begins = course.rng.choice(colleagues), course.house.hours_at(at).shift_into_hours(at)
        until = begins + 30 * MINUTE
        if s.appointment_at is None or until < s.appointment_at:
            course.tell(
                HandedOver(
                    at=at, to=to.number, accept_by=until, goal=s.contract.goal, because=hand_on.because
                )
            )
            return
    managers = course.house.of("manager") or course.house.of("salesperson")
    course.tell(Assigned(at=at, to=managers[0].number, because=hand_on.because))


def do_accept(course: Course, worker: "Worker", ask: Ask) -> None:
    """Accepted before the time is over; now and then it isn't."""
    ends_at = ask.again_at or course.at
    at = course.means_to(
        "accept", worker, max(course.at, ask.due_at) + course.rng.expovariate(1 / 8) * MINUTE
    )
    if at >= ends_at:
        course.wait_until(ends_at)
        return
    course.meant.clear()
    course.tell(Accepted(at=at, by=worker.number))


def meet_first(course: Course, worker: "Worker", at: datetime) -> None:
    """The first contact after the BDC: a call, and what becomes of what was agreed."""
    rng, number = course.rng, worker.number
    key = course.standing.next_attempt
    course.tell(Attempted(at=at, by=number, key=key), key)
    talked_s = rng.uniform(70, 260)
    answered_at = at + rng.uniform(5, 16) * SECOND
    course.tell(
        AttemptEnded(
            at=answered_at + round(talked_s) * SECOND, key=key, by=number, outcome="conversation",
            connected_at=answered_at, talk_ms=round(1000 * talked_s),
        ),
        f"{key}:ended",
    )  # fmt: skip
    note_first_contact(course, worker, course.at + rng.uniform(5, 25) * SECOND)


def note_first_contact(course: Course, worker: "Worker", at: datetime) -> None:
    contact = first_contact(course.rng, worker.number, at)
    course.meant.clear()
    course.tell(contact)
    s, at = course.standing, at + SECOND
    if contact.went == "dropped" and s.appointment is not None:
        course.tell(Cancelled(at=at, appointment=s.appointment, by=worker.number))
    elif contact.went == "moved" and s.appointment is not None:
        later = chances.appointment_time(course.rng, course.house.hours, at + DAY)
        course.tell(Moved(at=at, appointment=s.appointment, by=worker.number, starts_at=later))
    if contact.went == "dropped" and s.qualified_by is not None and course.house.has(s.qualified_by):
        because = say("dropped off at the first contact: back to the BDC")
        course.tell(Assigned(at=at + SECOND, to=s.qualified_by, by=worker.number, because=because))
    elif contact.went != "dropped" and course.standing.appointment is not None:
        number = course.standing.appointment
        course.tell(Confirmed(at=at + SECOND, appointment=number, by=worker.number, how="phone"))

"""What a BDC agent and a salesperson say of a qualified lead in the demo."""

from datetime import datetime
from random import Random

from leadbell.lead.facts import DROP_REASONS, Answers, FirstContact, Goal, Qualified, RdrAnswer
from leadbell.lead.history import Standing

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

"""What to change on Monday: one thing per leak, with the counts that say so."""

from collections.abc import Iterable
from dataclasses import dataclass

from leadbell.metrics.answers import Answer
from leadbell.metrics.reports.verdict import Stage, Step
from leadbell.words import Words, say

#: The figures that advice is read from.
ASKED = (
    "attempted_rate", "called_within_2_minutes", "response_time", "three_attempt_rate", "over_prepared", "show_rate",
    "confirmed_rate", "appointment_rate_of_reached", "talk_time",
)  # fmt: skip
MOST = 3


@dataclass(frozen=True, slots=True)
class Advice:
    do: Words
    because: Words
    #: The figure behind it, to open its leads.
    figure: str


def advice(steps: Iterable[Step], leak: Step | None, answers: Iterable[Answer]) -> tuple[Advice, ...]:
    """At most three, what mends the leaking step first; only what falls short of its line and has leads enough."""
    said = {one.metric.name: one for one in answers if one.value is not None}
    found = [one for rule in _RULES for one in [rule(said)] if one is not None]
    stages: dict[str, Stage] = {
        "attempted_rate": "attempted", "called_within_2_minutes": "reached", "over_prepared": "reached",
        "three_attempt_rate": "reached", "appointment_rate_of_reached": "appointment", "confirmed_rate": "shown",
        "show_rate": "shown",
    }  # fmt: skip
    first = [one for one in found if leak is not None and stages[one.figure] == leak.stage]
    return tuple((first + [one for one in found if one not in first])[:MOST])


def _ring(said: dict[str, Answer]) -> Advice | None:
    one = said.get("attempted_rate")
    if one is None or one.value is None or one.value >= 0.85:
        return None
    return Advice(
        say("Call every lead."),
        say("%(never)s of %(of)s leads that came in opening hours were never called; 85 %% are called in the reference "
            "[S0].", never=one.denominator - one.numerator, of=one.denominator),
        "attempted_rate",
    )  # fmt: skip


def _three(said: dict[str, Answer]) -> Advice | None:
    one = said.get("three_attempt_rate")
    if one is None or one.value is None or one.value >= 0.8:
        return None
    return Advice(
        say("Call three times."),
        say("%(fewer)s of %(of)s customers never reached got fewer than three attempts.",
            fewer=one.denominator - one.numerator, of=one.denominator),
        "three_attempt_rate",
    )  # fmt: skip


def _at_once(said: dict[str, Answer]) -> Advice | None:
    one = said.get("called_within_2_minutes")
    if one is None or one.value is None or one.value >= 0.8:
        return None
    late, response = one.denominator - one.numerator, said.get("response_time")
    if response is not None and response.median is not None:
        minutes = round(response.median / 60_000)
        return Advice(
            say("Call at once."),
            say("%(late)s of %(of)s leads waited longer than two minutes; half of those called waited over %(minutes)s "
                "minutes.", late=late, of=one.denominator, minutes=minutes),
            "called_within_2_minutes",
        )  # fmt: skip
    return Advice(
        say("Call at once."),
        say("%(late)s of %(of)s leads waited longer than two minutes.", late=late, of=one.denominator),
        "called_within_2_minutes",
    )


def _prepare_less(said: dict[str, Answer]) -> Advice | None:
    one = said.get("over_prepared")
    if one is None or one.value is None or one.value < 0.1:
        return None
    return Advice(
        say("Call first, prepare later."),
        say("%(part)s of %(of)s called leads were studied or left waiting while somebody was free [S3].",
            part=one.numerator, of=one.denominator),
        "over_prepared",
    )  # fmt: skip


def _ask(said: dict[str, Answer]) -> Advice | None:
    one = said.get("appointment_rate_of_reached")
    if one is None or one.value is None or one.value >= 0.38:
        return None
    return Advice(
        say("Ask for the appointment."),
        say("%(none)s of %(of)s customers reached have no appointment; the reference makes one in 38 %% of "
            "opportunities, with talks of 2:30 to 3:30 [S0].",
            none=one.denominator - one.numerator, of=one.denominator),
        "appointment_rate_of_reached",
    )  # fmt: skip


def _confirm(said: dict[str, Answer]) -> Advice | None:
    one = said.get("confirmed_rate")
    if one is None or one.value is None or one.value >= 0.9:
        return None
    return Advice(
        say("Confirm each appointment yourself."),
        say("%(none)s of %(of)s appointments were not confirmed by the salesperson [S1].",
            none=one.denominator - one.numerator, of=one.denominator),
        "confirmed_rate",
    )  # fmt: skip


_RULES = (_ring, _three, _at_once, _prepare_less, _ask, _confirm)

"""What today's screens count from the lead's own columns is what the figures count from its row."""

from datetime import timedelta

from leadbell.conversation.actions import end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import Origin
from leadbell.lead.journal import locked
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.now.today import (
    reached_of_attempted,
    reached_of_received,
    response,
    today,
    within_target,
)
from leadbell.metrics.rows import keeping
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live
from leadbell.ring.actions import ring
from tests.conftest import NOON, lead_of

SECOND = timedelta(seconds=1)
#: Seconds until the first attempt (None: nobody called), how it ended, and the origin.
LEADS: list[tuple[int | None, str, Origin]] = [
    (30, "conversation", "online"), (119, "voicemail", "online"), (120, "conversation", "chat"),
    (121, "no_answer", "online"), (900, "conversation", "call"), (None, "", "online"), (10, "busy", "online"),
    (5, "conversation", "walk_in"), (60, "conversation", "direct_mail"), (None, "", "lost_sale"),
]  # fmt: skip


def test_the_day_and_the_figures_agree(northside: Organisation, rosa: Person) -> None:
    for after, outcome, origin in LEADS:
        lead = lead_of(northside, origin=origin)
        ring(lead, [rosa.pk], "best", 20, NOON + SECOND)
        if after is not None:
            start_attempt(locked(lead.pk), rosa.pk, NOON + after * SECOND)
            end_attempt(locked(lead.pk), rosa.pk, outcome, NOON + (after + 60) * SECOND)  # type: ignore[arg-type]  # a row of the table
    keeping.keep_some()
    now = NOON + timedelta(hours=1)
    day = today(northside.pk, NOON.date(), NOON - timedelta(hours=11)).received
    with live() as engine:
        found = ask(engine, METRICS.values(), ms(now))
    assert response(day).ms == found.of("response_time").median
    for rate, name in (
        (within_target(day, now), "called_within_2_minutes"),
        (reached_of_received(day), "first_attempt_contact_rate"),
        (reached_of_attempted(day), "first_attempt_contact_rate_of_attempted"),
    ):
        answer = found.of(name)
        assert (rate.part, rate.of) == (answer.numerator, answer.denominator), name
    attempted = found.of("attempted_rate")
    assert (attempted.numerator, attempted.denominator) == (response(day).n, len(day))

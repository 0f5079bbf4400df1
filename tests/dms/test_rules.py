"""Which facts make which events, when a system is tried again, and the signature of Standard Webhooks 1.0."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from leadbell.dms.rules import (
    ADF_EVENTS,
    EVENTS,
    GAPS_S,
    LONGEST_REST,
    Again,
    Failed,
    GiveUp,
    Pause,
    Taken,
    after,
    events_for,
    heard,
    kinds_of,
    rest,
    secret_of,
    signature,
    signed_headers,
)
from leadbell.lead.facts import AnyFact
from leadbell.words import say

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
AWAY = Failed(say("it doesn't answer"))
#: The example that the authors of the specification publish with their libraries.
SECRET, NUMBER, BODY = (
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    b'{"test": 2432232314}',
)
AT = datetime.fromtimestamp(1614265330, UTC)
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_example_is_signed_alike() -> None:
    assert signature(SECRET, NUMBER, AT, BODY) == SIGNED


def test_the_public_library_believes_us_and_nobody_else() -> None:
    secret, other = secret_of(b"n" * 32), secret_of(b"o" * 32)
    headers = signed_headers([secret], "msg_1", datetime.now(UTC), b'{"type":"test"}')
    assert Webhook(secret).verify(b'{"type":"test"}', headers) == {"type": "test"}
    for wrong in (lambda: Webhook(other).verify(b'{"type":"test"}', headers),
                  lambda: Webhook(secret).verify(b'{"type":"TEST"}', headers),
                  lambda: Webhook(secret).verify(b'{"type":"test"}', headers | {"webhook-id": "msg_2"})):  # fmt: skip
        with pytest.raises(WebhookVerificationError):
            wrong()


def test_while_a_secret_is_renewed_both_are_believed() -> None:
    old, new = secret_of(b"o" * 32), secret_of(b"n" * 32)
    headers = signed_headers([new, old], "msg_1", datetime.now(UTC), b"{}")
    assert Webhook(old).verify(b"{}", headers) == Webhook(new).verify(b"{}", headers) == {}


def test_a_short_secret_is_none() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        secret_of(b"short")


def test_every_event_tells_of_facts_there_are() -> None:
    tags = {kind.__struct_config__.tag for kind in get_args(AnyFact)}
    told = [kind for kinds in EVENTS.values() for kind in kinds]
    assert {*told} - {"deleted"} <= tags
    assert len(told) == len({*told}), "a fact makes one event"
    assert kinds_of(["lead.accepted", "unknown"]) == dict.fromkeys(
        ("accepted", "assigned", "answered"), "lead.accepted"
    )
    assert events_for("adf_mail") == ADF_EVENTS
    assert events_for("webhook") == tuple(EVENTS)


@pytest.mark.parametrize(
    ("failed", "tries", "last_taken_at", "follows"),
    [
        (AWAY, 1, None, Again(NOON + timedelta(seconds=5))),
        (AWAY, 2, None, Again(NOON + timedelta(minutes=5))),
        (AWAY, 9, None, Again(NOON + timedelta(days=1))),
        (AWAY, 10, None, Pause(say("it took nothing for three days"))),
        (AWAY, 10, NOON - timedelta(days=4), Pause(say("it took nothing for three days"))),
        (AWAY, 10, NOON - timedelta(days=1), GiveUp()),
        (heard(410, ""), 1, NOON, Pause(say("it answered that it is gone for good (410)"))),
    ],
)
def test_what_follows_a_failure(
    failed: Failed, tries: int, last_taken_at: datetime | None, follows: Any
) -> None:
    assert after(failed, tries, NOON - timedelta(days=3), last_taken_at, NOON) == follows


def test_the_gaps_grow_for_three_days() -> None:
    assert list(GAPS_S) == sorted(GAPS_S)
    assert timedelta(days=3) < timedelta(seconds=sum(GAPS_S)) < timedelta(days=4)


@pytest.mark.parametrize(
    ("failures", "left_in_peace"),
    [(1, timedelta(seconds=5)), (3, timedelta(minutes=30)), (4, LONGEST_REST), (400, LONGEST_REST)],
)
def test_a_system_that_fails_is_left_in_peace(failures: int, left_in_peace: timedelta) -> None:
    assert rest(failures) == left_in_peace


@pytest.mark.parametrize(
    ("code", "taken", "gone"),
    [(200, True, False), (202, True, False), (204, True, False), (301, False, False), (307, False, False),
     (400, False, False), (401, False, False), (404, False, False), (410, False, True), (429, False, False),
     (500, False, False), (503, False, False)],
)  # fmt: skip
def test_what_an_answer_means(code: int, taken: bool, gone: bool) -> None:
    outcome = heard(code, "said")
    assert isinstance(outcome, Taken) == taken
    assert (outcome.code, outcome.answer) == (code, "said")
    assert isinstance(outcome, Failed) is not taken
    assert getattr(outcome, "gone", False) == gone

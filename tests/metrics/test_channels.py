"""People against automation, channel by channel: calls, e-mails, text messages and chats are told apart."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import pytest

from leadbell.lead.facts import AnyFact, Replied, Wrote
from leadbell.metrics.answers import Answers
from tests.metrics.test_published import NOON, ROSA, arrived, engine, said

MINUTE = timedelta(minutes=1)
Carrier = Literal["email", "sms", "chat"]
ENDINGS: dict[Carrier, str] = {"email": "emails", "sms": "texts", "chat": "chat_messages"}
LEADS = 5


def written(carrier: Carrier, by: int | None, times: int) -> Sequence[AnyFact]:
    return [Wrote(at=NOON + n * MINUTE, carrier=carrier, by=by) for n in range(times)]


def figures(carrier: Carrier, by: int | None, answered_by: Carrier | None) -> Answers:
    """Five leads written to twice each, two of which answer."""
    reply = (Replied(at=NOON + 9 * MINUTE, carrier=answered_by),) if answered_by else ()
    found = engine(arrived(*written(carrier, by, 2), *(reply if n < 2 else ())) for n in range(LEADS))
    group = "people_only" if by else "some_automation"
    names = [f"reengagement_rate_{group}"]
    for ending, many in ENDINGS.items():
        names += [f"reengagement_rate_{group}_{ending}", f"{many}_per_lead_{group}"]
    return said(found, *names, f"calls_per_lead_{group}")


@pytest.mark.parametrize("by", [ROSA, None], ids=["people", "automation"])
@pytest.mark.parametrize("carrier", list(ENDINGS))
def test_an_answer_counts_in_its_own_channel(carrier: Carrier, by: int | None) -> None:
    group = "people_only" if by else "some_automation"
    found = figures(carrier, by, carrier)
    whole = found.of(f"reengagement_rate_{group}")
    assert (whole.numerator, whole.denominator) == (2, LEADS)
    for ending, many in ENDINGS.items():
        one, per_lead = found.of(f"reengagement_rate_{group}_{ending}"), found.of(f"{many}_per_lead_{group}")
        mine = ending == carrier
        assert (one.numerator, one.denominator) == ((2, LEADS) if mine else (0, 0))
        assert (per_lead.numerator, per_lead.denominator) == (2 * LEADS if mine else 0, LEADS)
    assert found.of(f"calls_per_lead_{group}").numerator == 0


def test_an_answer_by_another_channel_is_none_of_this_one() -> None:
    found = figures("sms", ROSA, "email")
    assert found.of("reengagement_rate_people_only").numerator == 2
    assert found.of("reengagement_rate_people_only_sms").numerator == 0

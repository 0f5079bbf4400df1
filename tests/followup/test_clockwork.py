"""The clockwork at work: whose playbook it follows, and what time it is for it."""

import hashlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import msgspec
import psycopg
import pytest

from leadbell.announce import CLOCKWORK, FACT, wake_clockwork
from leadbell.dealers.models import Organisation, Person
from leadbell.followup import clockwork
from leadbell.followup.clockwork import AFTER_A_FAULT, GATHERED, POLL_S, SOON_S, Due, look, rest, run, run_due
from leadbell.followup.commit import AT_ONCE
from leadbell.followup.models import PlaybookRow
from leadbell.followup.playbook import Plan, RingRound
from leadbell.followup.playbooks import change_plan
from leadbell.intake.models import Envelope
from leadbell.intake.post import uuid7
from leadbell.lead.models import Lead
from leadbell.process import listen
from leadbell.roles import Urls
from tests.conftest import NOON, lead_of, make_source

SECOND = timedelta(seconds=1)


def test_a_dealers_own_playbook_is_followed(rosa: Person, northside: Organisation) -> None:
    own = msgspec.structs.replace(Plan(), rounds=(RingRound("all", 45),))
    change_plan(northside, "online", own, NOON)
    lead = lead_of(northside)
    run_due(NOON)
    lead.refresh_from_db()
    assert (lead.ringing, lead.ring_until) == ([rosa.pk], NOON + 45 * SECOND)


def test_in_a_rush_every_batch_is_worked_off_at_its_own_moment(rosa: Person, northside: Organisation) -> None:
    for number in range(2 * AT_ONCE):
        lead_of(northside, phone=f"+316123456{number:02}", email=None)
    moments: Iterator[datetime] = (NOON + n * SECOND for n in count())
    run(
        lambda: next(moments),
        stopping=lambda: Lead.objects.filter(ring_until__isnull=False).count() == 2 * AT_ONCE,
    )
    rang = set(Lead.objects.values_list("ring_until", flat=True))
    assert len(rang) == 2


def test_one_that_fails_spoils_none_of_its_batch(
    rosa: Person, northside: Organisation, lena: Person, southside: Organisation
) -> None:
    """A damaged row of one dealer holds up nobody else: its envelope waits for a person, its lead for a minute."""
    PlaybookRow.objects.create(dealer=southside, origin="online", body={"rounds": 7}, changed_at=NOON)
    leads = [lead_of(dealer) for dealer in (northside, southside)]
    envelopes = [envelope_to(dealer, number) for number, dealer in enumerate((northside, southside))]
    run_due(NOON)
    for row in (*leads, *envelopes):
        row.refresh_from_db()
    assert [lead.state for lead in leads] == ["ringing", "received"]
    assert leads[1].wake_at == NOON + AFTER_A_FAULT
    assert [envelope.status for envelope in envelopes] == ["read", "quarantined"]
    assert Lead.objects.count() == 3


def test_what_waits_is_asked_in_one_question(rosa: Person, northside: Organisation) -> None:
    assert look() == Due(None, None, None)
    envelope = envelope_to(northside, 1)
    lead_of(northside, now=NOON - SECOND)
    assert look() == Due(envelope.received_at, NOON - SECOND, None)
    run_due(NOON)
    left = look()
    assert left.envelope is None
    assert left.lead is not None
    assert left.lead > NOON


def test_what_was_left_out_for_a_new_lead_is_looked_after_at_once(
    rosa: Person, northside: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chat in which something happened as a lead came in doesn't wait until something else happens."""
    moments: Iterator[datetime] = (NOON + n * SECOND / 20 for n in count())
    rested: list[float] = []

    def sleeps(patience_s: float, gathered_s: float) -> bool:
        rested.append(patience_s)
        if len(rested) == 1:
            envelope_to(northside, 1)
        return len(rested) == 1

    monkeypatch.setattr(clockwork, "rest", sleeps)
    run(lambda: next(moments), stopping=lambda: len(rested) == 2)
    assert Lead.objects.count() == 1
    assert rested[0] > GATHERED.total_seconds()
    assert rested[1] <= GATHERED.total_seconds()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("told", "gathered_s", "at_least_s"), [(FACT, 0.2, 0.2), (FACT, 0.0, 0.0), ("", 0.2, 0.0)]
)
def test_facts_are_gathered_and_what_arrives_is_not(
    cluster: Urls, told: str, gathered_s: float, at_least_s: float
) -> None:
    listen(CLOCKWORK)
    with psycopg.connect(cluster.clockwork, autocommit=True) as other:
        began = time.monotonic()
        other.execute("select pg_notify(%s, %s)", [CLOCKWORK, told])
        assert rest(patience_s=30, gathered_s=gathered_s) is (told != FACT)
        assert at_least_s <= time.monotonic() - began < 15


@pytest.mark.django_db(transaction=True)
def test_what_a_clockwork_says_itself_wakes_it_not() -> None:
    listen(CLOCKWORK)
    began = time.monotonic()
    wake_clockwork()
    assert not rest(patience_s=0.2, gathered_s=0.0)
    assert time.monotonic() - began >= 0.2


def test_who_finds_nothing_to_do_sleeps_until_something_is_due() -> None:
    soon, later = NOON + SECOND / 5, NOON + 3 * SECOND
    assert Due(None, later, soon).within_s(NOON) == 0.2
    assert Due(None, later, None).within_s(NOON) == POLL_S
    assert Due(NOON, None, None).within_s(NOON) == POLL_S
    assert Due(None, NOON - SECOND, None).within_s(NOON) == SOON_S, "what another one holds"


def envelope_to(dealer: Organisation, number: int) -> Envelope:
    body = b'{"name": "Mr Adeyemi", "phone": "06 8765432%d"}' % number
    return Envelope.objects.create(
        id=uuid7(NOON), dealer=dealer, source=make_source(dealer), received_at=NOON, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip

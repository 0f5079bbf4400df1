"""Pressing 1 while somebody else decides about the same lead: what was committed first counts."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction

from leadbell.conversation.actions import opt_out
from leadbell.lead.facts import Attempted
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.ring.actions import accept, ring
from leadbell.ring.claiming import claim
from leadbell.ring.models import Call, PhoneLine
from leadbell.ring.ports import Dial
from leadbell.ring.pressing import Turned, accepted
from leadbell.roles import Urls
from leadbell.sale.actions import lose
from tests.conftest import NOON, lead_of, make_dealer, make_person
from tests.waiting import PATIENCE_S

SECOND = timedelta(seconds=1)
WAITS = (
    "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%leadbell_lead%'"
)


@pytest.mark.parametrize("meanwhile", ["opted out", "lost", "taken"])
def test_what_is_decided_while_1_is_pressed_counts(
    cluster: Urls, transactional_db: None, meanwhile: str
) -> None:
    northside = make_dealer("Northside")
    rosa, samir = (
        make_person(name, northside, phone=f"+3161111111{n}") for n, name in enumerate(("Rosa", "Samir"))
    )
    PhoneLine.objects.create(
        dealer=northside, kind="asterisk", caller_id="+31201234567", created_at=NOON, seen_at=NOON
    )
    with transaction.atomic():
        lead = lead_of(northside)
        ring(locked(lead.pk), [rosa.pk, samir.pk], "all", 20, NOON)
    claim(NOON)
    call = Call.objects.get()
    decide: dict[str, Callable[[Lead], object]] = {
        "opted out": lambda lead: opt_out(lead, samir.pk, NOON + SECOND),
        "lost": lambda lead: lose(lead, samir.pk, "no_interest", NOON + SECOND),
        "taken": lambda lead: accept(lead, samir.pk, NOON + SECOND),
    }
    heard: list[Dial | Turned] = []

    def press() -> None:
        try:
            heard.append(accepted(call.pk.hex, rosa.pk, NOON + 2 * SECOND))
        finally:
            connection.close()

    pressing = threading.Thread(target=press)
    with transaction.atomic():
        decide[meanwhile](locked(lead.pk))
        pressing.start()
        _until_somebody_waits(cluster)
    pressing.join(PATIENCE_S)
    assert [type(one) for one in heard] == [Turned]
    with transaction.atomic():
        assert not read_history(locked(lead.pk)).of(Attempted)


def _until_somebody_waits(cluster: Urls) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    with psycopg.connect(cluster.owner, autocommit=True) as other:
        while other.execute(WAITS).fetchone() == (0,):
            assert time.monotonic() < give_up_at, "nobody waits for the lead"

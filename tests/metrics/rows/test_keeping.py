"""The leads' rows in the database are what the journal says, one second after it says it."""

import json
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from leadbell.announce import SCREENS
from leadbell.appointment.actions import book
from leadbell.conversation.actions import end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.doors import tenant
from leadbell.lead.facts import Lost, Sold
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Lead
from leadbell.metrics import question
from leadbell.metrics.__main__ import run
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.rows import keeping
from leadbell.metrics.rows.exchange import LeadOf, ms, rows_of
from leadbell.metrics.rows.live import ROWS, live
from leadbell.ring.actions import accept, ring
from leadbell.visits.models import KnownVisit, Site, Visitor
from tests.conftest import NOON, lead_of, make_dealer
from tests.metrics import plain

SECOND = timedelta(seconds=1)


def rows() -> dict[int, dict]:
    names = question.columns()
    with connection.cursor() as cursor:
        cursor.execute(f"select {', '.join(names)} from {ROWS}")
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor}


def called(lead: Lead, by: Person) -> None:
    """Rung after a second, called after 11, reached after 19, and coming on Wednesday."""
    ring(lead, [by.pk], "best", 20, NOON + SECOND)
    accept(lead, by.pk, NOON + 8 * SECOND)
    start_attempt(lead, by.pk, NOON + 11 * SECOND)
    end_attempt(lead, by.pk, "conversation", NOON + 190 * SECOND, connected_at=NOON + 19 * SECOND)
    book(lead, by.pk, NOON + timedelta(days=2), NOON + 191 * SECOND, "test drive")


def test_a_row_is_what_its_journal_says(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    called(lead, rosa)
    assert keeping.keep_some() == 1
    row = rows()[lead.pk]
    history = read_history(locked(lead.pk))
    about = LeadOf(lead.pk, str(northside.pk), northside.opening_hours)
    assert row == plain.rows_by_lead(rows_of([(about, history)]))[0]
    assert (row["response_ms"], row["connect_ms"], row["talk_ms"]) == (11_000, 19_000, 171_000)
    assert (row["first_contact"], row["attempts"], row["booked_ms"]) == (1, 1, ms(NOON + 191 * SECOND))
    standing = history.standing
    assert standing.first_attempt_at is not None
    assert (row["first_attempt_ms"], row["attempts"]) == (ms(standing.first_attempt_at), standing.attempts)


def test_only_what_changed_is_made_again(northside: Organisation, rosa: Person) -> None:
    one, other = lead_of(northside), lead_of(northside)
    assert keeping.keep_some() == 2
    with connection.cursor() as cursor:
        cursor.execute(f"update {ROWS} set source = 'untouched'")
    record(locked(one.pk), Sold(at=NOON + SECOND, by=rosa.pk))
    assert keeping.keep_some() == 1
    assert keeping.keep_some() == 0
    made = rows()
    assert (made[one.pk]["source"], made[other.pk]["source"]) == ("Website", "untouched")
    assert (made[one.pk]["sold_ms"], made[one.pk]["sold_weekday"]) == (ms(NOON + SECOND), 1)


def test_what_is_not_committed_changes_no_row(northside: Organisation, rosa: Person) -> None:
    lead = lead_of(northside)
    keeping.keep_some()
    sold = transaction.atomic()
    sold.__enter__()
    record(locked(lead.pk), Sold(at=NOON, by=rosa.pk))
    transaction.set_rollback(True)
    sold.__exit__(None, None, None)
    assert keeping.keep_some() == 0
    assert rows()[lead.pk]["sold_ms"] is None


def test_rows_of_another_version_are_made_again(northside: Organisation) -> None:
    lead = lead_of(northside)
    keeping.keep_some()
    assert keeping.note_stale() == 0
    with connection.cursor() as cursor:
        cursor.execute(f"update {ROWS} set made_with = 'older', origin = 'walk_in'")
    assert keeping.note_stale() == 1
    keeping.keep_some()
    assert rows()[lead.pk]["origin"] == "online"


def test_figures_end_at_the_wall(
    northside: Organisation, southside: Organisation, rosa: Person, lena: Person
) -> None:
    for dealer, seller, leads in ((northside, rosa, 6), (southside, lena, 7)):
        for _ in range(leads):
            record(locked(lead_of(dealer).pk), Lost(at=NOON + SECOND, reason="price", by=seller.pk))
    keeping.keep_some()
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
    lost = [METRICS["lost_rate"]]
    with tenant([northside.pk]), live() as engine:
        assert ask(engine, lost, ms(NOON)).of("lost_rate").denominator == 6
    with tenant([]), live() as engine:
        assert ask(engine, lost, ms(NOON)).of("lost_rate").denominator == 0
    with tenant([northside.pk, southside.pk]), live() as engine:
        by_dealer = ask(engine, lost, ms(NOON), by=("dealer",)).given
        assert {one.group: one.denominator for one in by_dealer} == {
            (str(northside.pk),): 6, (str(southside.pk),): 7,
        }  # fmt: skip
    for forbidden in (
        f"update {ROWS} set sold_ms = 1",
        f"delete from {ROWS}",
        "select * from leadbell_leadchange",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as c,
        ):
            c.execute(forbidden)


def test_a_visit_without_a_fact_is_found(northside: Organisation) -> None:
    """Nobody is told of every visit; the unlost figures know of each."""
    lead, other = lead_of(northside), lead_of(northside)
    while keeping.keep_some():
        pass
    site = Site.objects.create(dealer=northside, name="northside.example", key="k", created_at=NOON)
    visitor = Visitor.objects.create(
        dealer=northside,
        site=site,
        uid=uuid.uuid4(),
        first_seen_at=NOON,
        last_seen_at=NOON,
        customer=lead.customer,
    )
    seen_at = NOON + timedelta(days=9, microseconds=1_999)
    KnownVisit.objects.create(
        dealer=northside, site=site, visitor=visitor, customer=lead.customer, began_at=NOON, last_at=seen_at
    )
    assert keeping.note_seen(seen_at + SECOND) == 0
    assert keeping.note_seen(seen_at - SECOND) == 1
    assert keeping.keep_some() == 1
    assert (rows()[lead.pk]["last_seen_ms"], rows()[other.pk]["last_seen_ms"]) == (ms(seen_at), None)
    assert keeping.note_seen(seen_at - SECOND) == 0


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_in_the_figures_within_a_second() -> None:
    """The process beside, in a thread of its own, as it runs in the house; the dealer's screens are told."""
    dealer = make_dealer("Northside")
    with transaction.atomic():
        lead = lead_of(dealer)
    stop = threading.Event()

    def keep() -> None:
        try:
            run(lambda: datetime.now(UTC), stop)
        finally:
            connection.close()

    keeper = threading.Thread(target=keep)
    screen = psycopg.connect(
        **connection.get_connection_params() | {"autocommit": True, "cursor_factory": None}
    )
    screen.execute(f"listen {SCREENS}")
    keeper.start()
    try:
        assert _within(5.0, lambda: lead.pk in rows())
        with transaction.atomic():
            record(locked(lead.pk), Lost(at=NOON, reason="price"))
        assert _within(1.0, lambda: rows()[lead.pk]["lost_ms"] == ms(NOON))
        told = [json.loads(one.payload) for one in screen.notifies(timeout=1.0, stop_after=4)]
        assert {"d": dealer.pk, "w": "figures", "l": None, "p": []} in told
    finally:
        screen.close()
        stop.set()
        keeper.join()


def _within(seconds: float, holds) -> bool:
    until = time.monotonic() + seconds
    while not (true := holds()) and time.monotonic() < until:
        threading.Event().wait(0.01)
    return true

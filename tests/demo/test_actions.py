"""The demo in the database: as intake, journal and clockwork would have left it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Count, F

from leadbell.appointment.calendars import due
from leadbell.appointment.models import Appointment, Busy, BusyCalendar
from leadbell.appointment.rules import taken
from leadbell.appointment.shelves import busy_between, expected
from leadbell.chat.models import Chat
from leadbell.conversation.models import Message
from leadbell.dealers.models import Organisation, Person
from leadbell.demo import actions
from leadbell.demo.bdc import keep_some
from leadbell.demo.cast import BY_HAND as DEMO_BY_HAND
from leadbell.demo.cast import DEALERS, STAR
from leadbell.demo.chatting import chat_away
from leadbell.demo.diaries import keep_diaries
from leadbell.demo.filming import send_films
from leadbell.demo.furnish import find
from leadbell.demo.neighbours import NETWORK
from leadbell.demo.receiving import expect_visitors
from leadbell.demo.writing import CALLS_HEARD
from leadbell.followup.actions import follow_up
from leadbell.followup.clockwork import run_due
from leadbell.followup.models import Placement
from leadbell.handover.shelves import of_agent
from leadbell.intake.models import Envelope, Inquiry, Source
from leadbell.intake.sources import BY_HAND
from leadbell.lead.facts import Noted
from leadbell.lead.history import folded
from leadbell.lead.journal import locked, projected, read_history, record
from leadbell.lead.models import Customer, Fact, Lead
from leadbell.metrics.now.ledger import ledger
from leadbell.metrics.now.unlost import unlost
from leadbell.metrics.rows.keeping import keep_some as keep_rows
from leadbell.metrics.rows.keeping import note_stale
from leadbell.ring.models import Call
from leadbell.trouble import Trouble
from leadbell.unlost.models import Alert
from leadbell.video.models import Video
from leadbell.video.shelves import name_of
from leadbell.visits.models import KnownVisit
from leadbell.visits.shelves import pulse_of
from tests.demo.conftest import NOW

DAYS = 8


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """One demo for all tests of this file; what a test does is rolled back."""
    with django_db_blocker.unblock():
        try:
            actions.furnish(NOW, days=DAYS)
            yield
        finally:
            actions.clear()


@pytest.fixture(autouse=True)
def demo(furnished: None, db: None) -> None:
    pass


def newest() -> datetime:
    """When the last delivery came in."""
    return Envelope.objects.latest("received_at").received_at


def plan_of(lead: Lead) -> tuple[object, ...]:
    return (lead.next_kind, lead.next_for, lead.next_at, lead.next_because, lead.wake_at)


def test_the_books_balance_for_every_dealer_and_day() -> None:
    pages = ledger()
    assert all(page.balanced for page in pages)
    assert len({page.dealer for page in pages}) == len(NETWORK)
    assert len({page.day for page in pages}) >= DAYS
    assert sum(page.received for page in pages) == Envelope.objects.count()
    for kind in ("open", "sold", "lost", "duplicate", "quarantined"):
        assert sum(getattr(page, kind) for page in pages) > 0


def test_every_row_says_what_its_facts_say() -> None:
    for lead in Lead.objects.all():
        standing = folded(read_history(lead).facts)
        assert lead.standing == standing
        for name, value in projected(standing).items():
            assert getattr(lead, name) == value, (lead.pk, name)


def test_the_clockwork_finds_everything_as_it_would_have_left_it() -> None:
    for lead in Lead.objects.select_related("dealer", "customer"):
        before, facts = plan_of(lead), lead.facts.count()
        with transaction.atomic():
            follow_up(lead, NOW)
            rang = lead.facts.count() > facts
            assert rang or plan_of(lead) == before, lead.pk
            transaction.set_rollback(True)


def test_hardly_anything_rings_in_the_first_seconds() -> None:
    read, followed = run_due(NOW + timedelta(seconds=1))
    # Only what the first plan of the day has no room for, or gives to a colleague.
    assert (read, followed) == (0, Placement.objects.filter(fits=False).count() + _stood_in_for())
    assert followed < Lead.objects.filter(closed_at=None).count() / 20
    run_due(NOW + timedelta(minutes=1))
    assert Lead.objects.filter(ringing__len__gt=0, ring_until__gt=NOW).count() <= 5


def _stood_in_for() -> int:
    return Placement.objects.filter(fits=True).exclude(person=F("lead__owner")).count()


@pytest.mark.slow
def test_intake_would_have_written_the_same() -> None:
    """The raw deliveries of the newest customers, received anew by a dealer who knows nobody."""
    known = Customer.objects.annotate(n=Count("leads")).filter(n=1)
    leads = Lead.objects.filter(customer__in=known).select_related("dealer", "customer").order_by("-pk")[:40]
    for old in leads:
        inquiry = Inquiry.objects.select_related("envelope", "source").get(lead=old, outcome="opened")
        if Inquiry.objects.filter(lead=old).count() > 1:
            continue
        with transaction.atomic():
            new = _received_anew(inquiry, old)
            for column in ("origin", "channel", "source", "cars", "message", "received_at", "received_on"):
                assert getattr(new, column) == getattr(old, column), (old.pk, column)
            for column in ("full_name", "first_name", "last_name", "language", "address", "emails", "phones"):
                assert getattr(new.customer, column) == getattr(old.customer, column), (old.pk, column)
            then, now = read_history(old).facts[0], read_history(new).facts[0]
            for part in (
                "origin",
                "channel",
                "source",
                "by_phone",
                "by_email",
                "brand",
                "condition",
                "language",
            ):
                assert getattr(then, part) == getattr(now, part), (old.pk, part)
            again = Inquiry.objects.get(lead=new)
            assert (again.understood, again.sender_id) == (inquiry.understood, inquiry.sender_id)
            transaction.set_rollback(True)


def _received_anew(inquiry: Inquiry, old: Lead) -> Lead:
    dealer, envelope = old.dealer, inquiry.envelope
    twin = Organisation.objects.create(
        kind="dealer", name="Twin", country=dealer.country, zone=dealer.zone, language=dealer.language,
        hours=dealer.hours, created_at=NOW,
    )  # fmt: skip
    source = Source.objects.create(
        dealer=twin, name=inquiry.source.name, origin=inquiry.source.origin, key="twin", created_at=NOW
    )
    envelope.pk, envelope.dealer, envelope.source, envelope.status = None, twin, source, "accepted"
    envelope.id = "00000000-0000-7000-8000-000000000000"
    envelope.save(force_insert=True)
    run_due(NOW)
    return Lead.objects.select_related("customer").get(dealer=twin)


def test_appointments_stand_as_their_leads_say() -> None:
    for one in Appointment.objects.select_related("lead"):
        standing = one.lead.standing
        if standing.appointment == one.pk:
            assert one.starts_at == standing.appointment_at
            assert (one.status == "confirmed") == (standing.state == "confirmed")
    assert Appointment.objects.exists()


def test_every_attempt_of_the_last_days_stands_on_the_calls_page() -> None:
    facts = Fact.objects.filter(kind="attempted", at__gt=NOW - CALLS_HEARD)
    ended = Fact.objects.filter(kind="attempt_ended").values_list("lead", "body__key", "body__outcome")
    outcomes = {(lead, key): outcome for lead, key, outcome in ended}
    attempts = {(fact.lead_id, fact.key) for fact in facts if (fact.lead_id, fact.key) in outcomes}
    heard = {(call.lead_id, call.attempt): call for call in Call.objects.all()}
    assert set(heard) == attempts
    assert len(heard) > 20
    assert all(call.outcome == outcomes[named] for named, call in heard.items())
    assert all(call.dealer_id == call.lead.dealer_id for call in Call.objects.select_related("lead"))


def test_rosa_is_on_shift_at_any_hour_and_on_holidays() -> None:
    rosa = Person.objects.select_related("organisation").get(email=STAR)
    hours = rosa.organisation.opening_hours
    christmas = datetime(2027, 12, 25, 3, tzinfo=NOW.tzinfo)
    for at in [NOW + timedelta(hours=7 * n) for n in range(60)] + [christmas]:
        assert hours.is_open(at)
        assert rosa.on_shift
        assert rosa.shift == {}
        assert rosa.seen_at is None


def test_leads_typed_in_come_from_the_source_of_that_name() -> None:
    assert DEMO_BY_HAND == BY_HAND
    assert Envelope.objects.filter(transport="hand", source__name=BY_HAND).exists()


def test_the_visitor_is_told_the_key_of_northsides_website() -> None:
    found = find()
    source = Source.objects.get(key=found.key)
    assert (source.dealer.name, source.name, source.origin) == ("Northside", "Website", "online")
    assert found.newest == newest()
    assert not found.has_slept(newest() + timedelta(hours=23))
    assert found.has_slept(newest() + timedelta(hours=25))


def test_a_folder_with_real_dealers_is_never_furnished_nor_emptied() -> None:
    with pytest.raises(Trouble, match="already"):
        actions.furnish(NOW)
    Organisation.objects.filter(kind="importer").update(name="Somebody's own")
    with pytest.raises(Trouble, match="no demo"):
        actions.clear()
    assert Lead.objects.exists()


def test_nothing_moves_on_within_a_day() -> None:
    since = newest()
    assert actions.move_on(since, since + timedelta(hours=23)) is None


def test_days_that_passed_are_told_when_the_demo_starts_again() -> None:
    since, before = newest(), Lead.objects.count()
    was_open = set(Lead.objects.filter(closed_at=None).values_list("pk", flat=True))
    now = NOW + timedelta(days=4)
    moved = actions.move_on(since, now)
    assert moved is not None
    assert Lead.objects.count() - before == moved.leads
    assert moved.leads >= 3 * 6 * len(DEALERS)
    assert all(page.balanced for page in ledger())
    gone = Lead.objects.filter(pk__in=was_open).exclude(closed_at=None)
    assert gone.exists()
    test_every_row_says_what_its_facts_say()
    for lead in Lead.objects.filter(closed_at=None):
        facts = read_history(lead).facts
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
        assert facts[-1].at <= now
    assert newest() > now - timedelta(hours=12)


def test_what_the_visitor_left_on_the_desk_stays_there() -> None:
    since = newest()
    rosa = Person.objects.get(email=STAR)
    number = Lead.objects.filter(owner=rosa, closed_at=None).values_list("pk", flat=True)[0]
    with transaction.atomic():
        record(locked(number), Noted(at=since, by=rosa.pk, text="I'll call tomorrow"))
    before = read_history(Lead(pk=number)).facts
    actions.move_on(since, NOW + timedelta(days=4))
    assert read_history(Lead(pk=number)).facts == before


def test_lost_customers_come_back_while_the_visitor_watches() -> None:
    northside = Organisation.objects.get(people__email=STAR)
    coming = KnownVisit.objects.filter(dealer=northside, began_at__gt=NOW).order_by("began_at")
    assert coming
    assert not Alert.objects.exists()
    run_due(NOW + timedelta(minutes=5))
    for visit in coming:
        alert = Alert.objects.get(visit=visit.pk)
        assert alert.lead.owner is not None
        assert alert.lead.owner.email == STAR
    note_stale()
    while keep_rows():
        pass
    figures = unlost([northside.pk], (7,), NOW, NOW.date())
    assert figures[7].rate.part > 0
    assert pulse_of([northside.pk], NOW)[0].views > 20


def test_what_was_written_lately_can_be_read() -> None:
    written = Message.objects.filter(way="out")
    assert written.count() >= 5
    assert not Message.objects.filter(status__in=("queued", "sending")).exists(), "nothing of it is ever sent"
    for message in written[:20]:
        assert message.by_id is not None
        assert "{" not in message.text
        assert Fact.objects.get(pk=int(message.key.removeprefix("demo-"))).by == message.by_id


def test_chats_were_answered_in_seconds_or_called_back() -> None:
    assert chat_away(NOW, "seed") == 19
    chats = Chat.objects.select_related("lead", "answered_by")
    assert chats.count() == 19
    assert {chat.dealer_id for chat in chats} == {
        one.pk for one in Organisation.objects.filter(name__in=[company.name for company in DEALERS])
    }
    assert all(chat.is_told_ended and chat.lead is not None for chat in chats)
    waited = sorted((chat.answered_at - chat.began_at).total_seconds() for chat in chats if chat.answered_at)
    assert len(waited) == 16
    assert waited[0] < 30 < waited[-1]
    for chat in chats.filter(answered_at=None):
        assert chat.unanswered_at is not None
        assert chat.lead is not None
        assert (chat.lead.origin, chat.lead.standing.attempts) == ("online", 1) or chat.lead.appointment_at
    assert all(page.balanced for page in ledger())
    test_every_row_says_what_its_facts_say()
    for lead in Lead.objects.filter(channel="chat"):
        facts = read_history(lead).facts
        assert [fact.at for fact in facts] == sorted(fact.at for fact in facts)
        assert facts[-1].at <= NOW
    assert chat_away(NOW, "seed") == 0, "a second start says nothing twice"


def test_nobodys_own_calendar_lies_over_an_appointment() -> None:
    assert keep_diaries(NOW, "seed") > 100
    until = NOW + timedelta(days=40)
    people = list(Busy.objects.values_list("person", flat=True).distinct())
    assert len(people) > 10
    for spans in busy_between(people, NOW - timedelta(days=1), until).values():
        agreed = [one for one in spans if one.what == "appointment"]
        own = [one for one in spans if one.what == "calendar"]
        assert not any(taken(agreed, one.from_at, one.until_at - one.from_at) for one in own)
    keep_diaries(NOW + timedelta(days=3), "seed")
    assert BusyCalendar.objects.count() == len(people), "connected once"
    assert not due(NOW + timedelta(days=3), 10), "nobody is asked: there is nobody"


def test_the_bdc_agent_has_calls_to_make() -> None:
    assert keep_some(NOW) == 2
    noor = Person.objects.get(email="noor@meridian.example")
    late, soon = sorted(lead.standing.call_back_at or NOW for lead in of_agent(noor))
    assert late < NOW < soon
    test_every_row_says_what_its_facts_say()


@pytest.mark.parametrize("hours", [0, 8.6, 12])
def test_reception_has_people_to_mark_at_whatever_hour(hours: float) -> None:
    """In the afternoon, shortly before midnight, in the night."""
    now = NOW + timedelta(hours=hours)
    expect_visitors(now)
    dealer = Organisation.objects.get(people__email=STAR)
    times = dealer.opening_hours
    begins = times.day_begins(times.local_day(now))
    visits = expected(dealer.pk, begins, begins + timedelta(days=1))
    at_the_door = [one for one in visits if one.status == "confirmed" and one.salesperson.email == STAR]
    assert any(one.starts_at <= now for one in at_the_door)
    if hours == 0:
        assert {one.status for one in visits} >= {"shown", "no_show", "confirmed"}
    test_every_row_says_what_its_facts_say()


def test_appointments_are_confirmed_by_films_that_can_be_watched(settings: Any, tmp_path: Path) -> None:
    settings.RECORDINGS_URL = str(tmp_path)
    sent = send_films(NOW)
    assert sent >= 2
    films = Video.objects.select_related("lead")
    assert films.count() == sent
    for film in films:
        assert (tmp_path / film.piece(0)).stat().st_size == film.bytes
        assert film.kind == "webm"
        assert film.lead.standing.confirmed_at is not None
        (letter,) = Message.objects.filter(key=f"demo-film-{film.pk.hex}")
        assert name_of(film) in letter.text
        assert letter.status == "sent", "nothing of it is ever sent"
    assert films.exclude(watched_at=None).exists()
    test_every_row_says_what_its_facts_say()

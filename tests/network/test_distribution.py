"""An importer's lead on its way: to a dealer, to the next, back; and nothing is lost or told to whom it isn't meant."""

import hashlib
from datetime import datetime, timedelta
from itertools import count

import pytest
from django.db import ProgrammingError, connection, transaction

from leadbell import statement
from leadbell.conversation.actions import start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.followup import clockwork
from leadbell.followup.distribution import take_in
from leadbell.intake.actions import read_envelope
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.doors import tenant
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.network.actions import anything_is_open, choose_by_hand, close, give_back
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from leadbell.network.shelves import books
from leadbell.refused import Refused
from leadbell.ring.actions import accept
from tests.conftest import NOON, make_dealer, make_person, make_source

MINUTE = timedelta(minutes=1)
senders = count(1)


@pytest.fixture
def importer(db: None) -> Organisation:
    return Organisation.objects.create(
        kind="importer", name="Hyundai Nederland", country="NL", zone="Europe/Amsterdam", language="nl", created_at=NOON
    )  # fmt: skip


@pytest.fixture
def northside(importer: Organisation) -> Organisation:
    return make_dealer("Northside", importer)


@pytest.fixture
def southside(importer: Organisation) -> Organisation:
    group = Organisation.objects.create(
        kind="group", name="Group", parent=importer, country="NL", zone="Europe/Amsterdam", created_at=NOON
    )
    return make_dealer("Southside", group)


@pytest.fixture
def source(importer: Organisation) -> Source:
    return make_source(importer, "hyundai.nl")


def run_due(now: datetime) -> None:
    """The clockwork, with its own rights in the database."""
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")
        try:
            clockwork.run_due(now)
        finally:
            cursor.execute("reset role")


def post(source: Source, body: bytes = b"", at: datetime = NOON) -> Envelope:
    body = body or (
        b'{"name": "Mr Okafor", "phone": "06 12345%03d", "make": "Hyundai", "model": "Kona"}' % next(senders)
    )
    made = Envelope.objects.create(
        id=uuid7(at), dealer=source.dealer, source=source, received_at=at, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    run_due(at)
    made.refresh_from_db()
    return made


def test_the_clockwork_asks_further_only_while_something_is_out(source: Source, rosa: Person) -> None:
    assert not anything_is_open()
    post(source)
    assert anything_is_open()
    accept(locked(Passing.objects.get().lead or 0), rosa.pk, NOON + MINUTE)
    run_due(NOON + MINUTE)
    assert not anything_is_open()
    Passing.objects.update(state=Passing.State.WAITING)
    assert anything_is_open()


def balances(importer: Organisation) -> bool:
    pages = books(importer.pk, None)
    return bool(pages) and all(page.balanced for page in pages)


def test_it_rings_at_a_dealer_until_it_is_taken(
    importer: Organisation, source: Source, northside: Organisation, rosa: Person
) -> None:
    envelope = post(source)
    passing = Passing.objects.get()
    assert (envelope.status, passing.state, passing.dealer) == ("read", "offered", northside)
    lead = Lead.objects.get(pk=passing.lead)
    assert (lead.dealer, lead.ringing, lead.source) == (northside, [rosa.pk], "Hyundai Nederland")
    assert passing.offers.get().until == NOON + 15 * MINUTE
    assert accept(locked(lead.pk), rosa.pk, NOON + MINUTE)
    run_due(NOON + MINUTE)
    passing.refresh_from_db()
    assert (passing.state, passing.inquiry) == ("taken", None), "from now on the customer is the dealer's"
    run_due(NOON + 60 * MINUTE)
    assert Lead.objects.count() == 1
    assert balances(importer)


def test_who_doesnt_answer_in_time_loses_it_to_the_next_and_then_the_importer_decides(
    importer: Organisation,
    source: Source,
    northside: Organisation,
    southside: Organisation,
    rosa: Person,
    lena: Person,
) -> None:
    post(source)
    first = Passing.objects.get().lead
    run_due(NOON + 14 * MINUTE)
    assert Passing.objects.get().lead == first
    run_due(NOON + 15 * MINUTE)
    passing = Passing.objects.get()
    assert passing.dealer == southside
    lost = Lead.objects.get(pk=first)
    assert (lost.state, lost.lost_reason, lost.ringing) == ("lost", "withdrawn", [])
    assert Lead.objects.get(pk=passing.lead).ringing == [lena.pk]
    run_due(NOON + 31 * MINUTE)
    passing.refresh_from_db()
    assert (passing.state, passing.dealer) == ("returned", None)
    assert [offer.outcome for offer in Offer.objects.order_by("pk")] == ["expired", "expired"]
    assert balances(importer)

    assert choose_by_hand(importer.pk, passing.pk, northside.pk, NOON + 40 * MINUTE)
    run_due(NOON + 40 * MINUTE)
    passing.refresh_from_db()
    assert (passing.state, passing.dealer) == ("offered", northside)
    assert isinstance(close(importer.pk, passing.pk, 1, NOON + 41 * MINUTE), Refused)
    lead = Lead.objects.get(pk=passing.lead)
    start_attempt(locked(lead.pk), rosa.pk, NOON + 41 * MINUTE)
    run_due(NOON + 41 * MINUTE)
    passing.refresh_from_db()
    assert passing.state == "taken"
    assert balances(importer)


def test_the_minutes_are_the_dealers_opening_time(
    importer: Organisation, source: Source, northside: Organisation
) -> None:
    northside.hours = {"week": {"monday": [["09:00", "12:10"]], "tuesday": [["09:00", "18:00"]]}}
    northside.save()
    post(source)
    assert Offer.objects.get().until == NOON + timedelta(hours=21, minutes=5)


def test_a_dealer_gives_it_back_with_a_reason(
    importer: Organisation, source: Source, northside: Organisation, southside: Organisation, rosa: Person
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, share=9)
    post(source)
    lead = Lead.objects.get(dealer=northside)
    assert isinstance(give_back(locked(lead.pk), " ", NOON), Refused)
    assert isinstance(give_back(locked(lead.pk), "We don't sell vans.", NOON), Offer)
    assert isinstance(give_back(locked(lead.pk), "Again.", NOON), Refused)
    run_due(NOON)
    first, second = Offer.objects.order_by("pk")
    assert (first.outcome, first.note, second.dealer) == ("refused", "We don't sell vans.", southside)
    assert Lead.objects.get(pk=lead.pk).state == "lost"


def test_a_customer_whom_a_dealer_works_on_stays_theirs(
    importer: Organisation, source: Source, northside: Organisation, southside: Organisation
) -> None:
    same = b'{"name": "Mr Okafor", "phone": "06 12345999", "message": "%s"}'
    post(source, same % b"Is it in stock?")
    dealer = Passing.objects.get().dealer
    post(source, same % b"And in blue?", NOON + 5 * MINUTE)
    one, another = Passing.objects.order_by("pk")
    assert (another.dealer, another.lead, another.state) == (dealer, one.lead, "taken")
    assert another.because[0]["text"] == "the customer is known there"
    assert balances(importer)


def test_the_same_again_and_what_nobody_can_read(
    importer: Organisation, source: Source, northside: Organisation
) -> None:
    body = b'{"id": "HN-41", "name": "Mr Okafor", "phone": "06 12345678"}'
    assert [post(source, body).status, post(source, body).status] == ["read", "duplicate"]
    assert post(source, b"{}").status == "quarantined"
    assert Passing.objects.count() == 1
    assert balances(importer)
    (page,) = books(importer.pk, None)
    assert (page.received, page.duplicate, page.quarantined, page.under_way) == (3, 1, 1, 1)


def test_without_a_dealer_it_waits_for_the_importer(
    importer: Organisation, source: Source, northside: Organisation
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, takes_leads=False)
    post(source)
    passing = Passing.objects.get()
    assert (passing.state, passing.because[0]["text"]) == ("returned", "no dealer takes leads")
    assert close(importer.pk, passing.pk, 1, NOON)
    passing.refresh_from_db()
    assert (passing.state, passing.inquiry) == ("closed", None)
    assert balances(importer)


def test_shares_come_out_exactly(
    importer: Organisation, source: Source, northside: Organisation, southside: Organisation
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, share=3)
    NetworkPlan.objects.create(importer=importer, answer_minutes=600)
    for _ in range(8):
        post(source)
    given = {row.dealer_id: row.given for row in Agreement.objects.all()}
    assert given == {northside.pk: 6, southside.pk: 2}


def test_who_has_as_many_as_was_agreed_gets_none_until_tomorrow(
    importer: Organisation, source: Source, northside: Organisation, southside: Organisation
) -> None:
    Agreement.objects.create(importer=importer, dealer=northside, share=100, most_a_day=1)
    NetworkPlan.objects.create(importer=importer, answer_minutes=1440)
    for at in (NOON, NOON + MINUTE, NOON + timedelta(days=1)):
        post(source, at=at)
    given = [offer.dealer.name for offer in Offer.objects.select_related("dealer").order_by("pk")]
    assert given == ["Northside", "Southside", "Northside"]


def test_what_the_importer_received_is_hidden_from_its_dealers_and_their_rights_end_there(
    importer: Organisation, source: Source, northside: Organisation, southside: Organisation
) -> None:
    post(source)
    offer = Offer.objects.get()
    other = southside if offer.dealer == northside else northside
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
    with tenant([offer.dealer_id]):
        assert (Passing.objects.count(), Offer.objects.count()) == (0, 1)
    with tenant([other.pk]):
        assert (Passing.objects.count(), Offer.objects.count()) == (0, 0)
    with tenant([importer.pk]):
        assert (Passing.objects.count(), Offer.objects.count(), Lead.objects.count()) == (1, 1, 0)
        with pytest.raises(ProgrammingError, match="permission denied"):
            Offer.objects.update(outcome="taken")


def test_whom_a_dealer_forgets_the_importer_forgets(
    importer: Organisation, source: Source, northside: Organisation, ines: Person
) -> None:
    post(source)
    lead = Lead.objects.select_related("customer").get()
    with connection.cursor() as cursor:
        cursor.execute("update leadbell_customer set erased_at = now() where id = %s", [lead.customer_id])
    assert Passing.objects.get().inquiry is None
    run_due(NOON + 15 * MINUTE)
    assert Passing.objects.get().state == "closed", "nobody is given who is not to be known any more"
    assert make_person("Noor", northside)


def test_a_lead_is_given_without_waiting_for_each_statement(
    importer: Organisation, source: Source, northside: Organisation, rosa: Person
) -> None:
    """Where that failed, every batch was done twice, the second time slowly."""
    body = b'{"name": "Mr Okafor", "phone": "06 12345678", "make": "Hyundai"}'
    envelope = Envelope.objects.create(
        id=uuid7(NOON), dealer=importer, source=source, received_at=NOON, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    with transaction.atomic(), statement.without_waiting():
        take_in([(envelope, read_envelope(envelope))], NOON)
    envelope.refresh_from_db()
    passing = Passing.objects.get()
    assert (envelope.status, passing.state, passing.dealer) == ("read", "offered", northside)

"""One lead from envelope to sale, as everybody lives it; the clock is an argument."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadbell.appointment.actions import book, came, confirm, missed
from leadbell.appointment.ical import as_calendar
from leadbell.appointment.models import Appointment
from leadbell.conversation.actions import agree_call_back, end_attempt, start_attempt, wrote
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.intake.actions import dismiss, release, type_in
from leadbell.intake.models import Envelope, Inquiry, Source
from leadbell.intake.post import uuid7
from leadbell.lead.facts import Rang
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.metrics.now.ledger import ledger
from leadbell.refused import Refused
from leadbell.ring.actions import accept, pass_on
from leadbell.sale.actions import lose, reopen, sell
from tests.conftest import NOON, make_source

SECOND, MINUTE, HOUR, DAY = (timedelta(**{u: 1}) for u in ("seconds", "minutes", "hours", "days"))
LEAD = (Path(__file__).parent.parent.parent / "examples" / "lead.adf.xml").read_bytes()
Post = Callable[..., Envelope]


def json_lead(name: str, phone: str | None = None, email: str | None = None, **more: str) -> bytes:
    about = {"name": name, "phone": phone, "email": email} | more
    return json.dumps({k: v for k, v in about.items() if v}).encode()


@pytest.fixture
def post(source: Source) -> Post:
    """An envelope as the mouth leaves it."""

    def post(
        body: bytes = LEAD, at: datetime = NOON, to: Source = source, content_type: str = ""
    ) -> Envelope:
        return Envelope.objects.create(
            id=uuid7(at), dealer=to.dealer, source=to, received_at=at, transport="http", content_type=content_type,
            body=body, sha256=hashlib.sha256(body).digest(),
        )  # fmt: skip

    return post


def only_lead() -> Lead:
    return locked(Lead.objects.get().pk)


def balanced() -> bool:
    pages = ledger()
    return bool(pages) and all(page.balanced for page in pages)


def test_from_envelope_to_sale(rosa: Person, samir: Person, ines: Person, post: Post) -> None:
    post()
    assert balanced()
    run_due(NOON)
    lead = only_lead()
    assert lead.state == "ringing"
    first = lead.ringing[0]
    assert lead.ring_until == NOON + 20 * SECOND

    assert isinstance(accept(lead, first, NOON + 8 * SECOND), object)
    start_attempt(lead, first, NOON + 11 * SECOND)
    end_attempt(lead, first, "conversation", NOON + 3 * MINUTE, connected_at=NOON + 19 * SECOND)
    saturday = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
    book(lead, first, saturday, NOON + 3 * MINUTE, "test drive")
    run_due(NOON + 3 * MINUTE)
    lead = only_lead()
    assert (lead.state, lead.next_kind, lead.next_for) == ("appointment", "confirm", first)

    confirm(lead, first, "video", NOON + DAY)
    run_due(NOON + DAY)
    assert only_lead().next_kind == "remind"
    run_due(saturday + HOUR)
    assert only_lead().next_kind == "shown"
    came(only_lead(), first, saturday + HOUR)
    sell(only_lead(), first, saturday + 2 * HOUR)
    run_due(saturday + 2 * HOUR)
    lead = only_lead()
    assert (lead.state, lead.next_kind, lead.wake_at) == ("sold", "rest", None)
    assert balanced()
    kinds = [type(fact).__name__ for fact in read_history(lead).facts]
    assert kinds == [
        "Arrived", "Rang", "Accepted", "Attempted", "AttemptEnded", "Booked", "Confirmed", "Shown", "Sold",
    ]  # fmt: skip


def test_nobody_accepts_the_next_then_all_then_the_manager(
    rosa: Person, samir: Person, ines: Person, post: Post
) -> None:
    post()
    rung = []
    for seconds in (0, 20, 40, 70, 130, 310):
        run_due(NOON + seconds * SECOND)
        rung = [f for f in read_history(only_lead()).facts if isinstance(f, Rang)]
    assert [f.how for f in rung] == ["best", "best", "all", "manager", "all"]
    assert {rung[0].people[0], rung[1].people[0]} == {rosa.pk, samir.pk}
    assert set(rung[2].people) == {rosa.pk, samir.pk}
    assert rung[3].people == (ines.pk,)
    run_due(NOON + 310 * SECOND)
    assert len(read_history(only_lead()).of(Rang)) == 5, "deciding again rings nobody twice for one step"


def test_passing_on_rings_the_next_at_once(rosa: Person, samir: Person, post: Post) -> None:
    post()
    run_due(NOON)
    first = only_lead().ringing[0]
    pass_on(only_lead(), first, NOON + 3 * SECOND)
    run_due(NOON + 3 * SECOND)
    lead = only_lead()
    assert lead.ringing == [({rosa.pk, samir.pk} - {first}).pop()]


def test_a_dealer_with_only_a_manager_still_rings(ines: Person, post: Post) -> None:
    post()
    run_due(NOON)
    assert only_lead().ringing == [ines.pk]


def test_a_dealer_with_nobody_keeps_the_lead_and_says_why(northside: Organisation, post: Post) -> None:
    post()
    run_due(NOON)
    lead = only_lead()
    assert (lead.state, lead.next_kind) == ("received", "wait")
    assert lead.next_because == {"text": "nobody accepted: everybody is rung again", "values": {}}
    assert lead.wake_at is not None
    assert lead.wake_at > NOON


def test_no_answer_means_three_attempts_then_a_letter(rosa: Person, post: Post) -> None:
    post()
    now = NOON
    run_due(now)
    accept(only_lead(), rosa.pk, now)
    for _ in range(3):
        lead = only_lead()
        start_attempt(lead, rosa.pk, now)
        end_attempt(lead, rosa.pk, "no_answer", now + 30 * SECOND)
        run_due(now + 30 * SECOND)
        lead = only_lead()
        assert lead.next_at is not None
        now = lead.next_at
    assert (lead.attempts, lead.next_kind) == (3, "write")
    wrote(lead, rosa.pk, now)
    run_due(now)
    assert only_lead().next_kind == "call"
    run_due(NOON + 47 * DAY)
    lead = only_lead()
    assert (lead.state, lead.lost_reason) == ("lost", "no_answer_45_days")
    assert balanced()


def test_outside_opening_hours_it_waits_for_the_opening(rosa: Person, post: Post) -> None:
    evening = NOON + 9 * HOUR
    post(at=evening)
    run_due(evening)
    lead = only_lead()
    assert (lead.state, lead.in_hours) == ("received", False)
    opening = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert lead.next_at == opening
    run_due(opening)
    assert only_lead().ringing == [rosa.pk]


def test_a_lost_sale_lead_rings_the_manager(
    rosa: Person, ines: Person, northside: Organisation, post: Post
) -> None:
    post(to=make_source(northside, "Lost sale letter", "lost_sale"))
    run_due(NOON)
    assert only_lead().ringing == [ines.pk]


def test_no_phone_number_is_a_letter_not_the_bin(rosa: Person, post: Post) -> None:
    post(json_lead("A. Nowak", email="nowak@example.org"), content_type="application/json")
    run_due(NOON)
    accept(only_lead(), rosa.pk, NOON + 5 * SECOND)
    run_due(NOON + 5 * SECOND)
    assert only_lead().next_kind == "write"
    refused = start_attempt(only_lead(), rosa.pk, NOON + 6 * SECOND)
    assert isinstance(refused, Refused)


def test_the_same_customer_again_is_an_inquiry_on_the_open_lead(
    rosa: Person, samir: Person, post: Post
) -> None:
    post(json_lead("Mr Okafor", "06 12345678", vehicle="Hyundai Kona"), content_type="application/json")
    run_due(NOON)
    accept(only_lead(), samir.pk if samir.pk in only_lead().ringing else rosa.pk, NOON)
    owner = only_lead().owner_id
    start_attempt(only_lead(), owner or 0, NOON)
    end_attempt(only_lead(), owner or 0, "no_answer", NOON + MINUTE)
    post(
        json_lead("E. Okafor", "+31612345678", vehicle="Hyundai i20"),
        NOON + HOUR,
        content_type="application/json",
    )
    run_due(NOON + HOUR)
    lead = only_lead()
    assert lead.ringing == [owner], "whose customer it is hears it at once"
    assert [i.outcome for i in Inquiry.objects.order_by("id")] == ["opened", "joined"]
    assert balanced()


def test_a_known_customer_rings_the_same_salesperson(rosa: Person, samir: Person, post: Post) -> None:
    post(json_lead("Mr Okafor", "06 12345678"), content_type="application/json")
    run_due(NOON)
    first = only_lead().ringing[0]
    accept(only_lead(), first, NOON)
    lose(only_lead(), first, "price", NOON + MINUTE)
    post(
        json_lead("Mr Okafor", "0612345678", message="again"),
        NOON + 21 * DAY,
        content_type="application/json",
    )
    run_due(NOON + 21 * DAY)
    old, new = Lead.objects.order_by("pk")
    assert old.customer_id == new.customer_id
    assert new.ringing == [first]


def test_the_same_bytes_twice_are_one_lead(rosa: Person, post: Post) -> None:
    post()
    again = post(at=NOON + MINUTE)
    run_due(NOON + MINUTE)
    assert Lead.objects.count() == 1
    again.refresh_from_db()
    assert again.status == "duplicate"
    assert again.reason == {"text": "the same message arrived before", "values": {}}
    assert balanced()


def test_what_is_no_lead_waits_in_quarantine_and_can_be_released(
    rosa: Person, ines: Person, post: Post
) -> None:
    post(b"hello?", content_type="text/plain")
    run_due(NOON)
    envelope = Envelope.objects.get()
    assert envelope.status == "quarantined"
    assert envelope.reason
    assert balanced()
    assert isinstance(release(envelope, None, ines.pk, NOON), Refused), (
        "released as it is, it would come back"
    )
    released = release(envelope, json_lead("Mr Okafor", "06 12345678"), ines.pk, NOON + HOUR)
    assert isinstance(released, Envelope)
    run_due(NOON + HOUR)
    assert only_lead().ringing == [rosa.pk]
    assert bytes(Envelope.objects.get().body) == b"hello?", "what arrived stays as it arrived"
    assert balanced()


def test_what_is_dismissed_stays_in_the_books(ines: Person, post: Post) -> None:
    envelope = post(b"newsletter", content_type="text/plain")
    run_due(NOON)
    dismiss(envelope, ines.pk, NOON)
    (page,) = ledger()
    assert (page.received, page.quarantined, page.balanced) == (1, 1, True)


def test_a_walk_in_is_typed_in_and_takes_the_same_way(rosa: Person, source: Source) -> None:
    assert isinstance(type_in(source, {"name": "Nobody"}, rosa.pk, NOON), Refused)
    type_in(source, {"name": "Mr Okafor", "phone": "06 12345678", "vehicle": "Kona"}, rosa.pk, NOON)
    run_due(NOON)
    assert only_lead().ringing == [rosa.pk]
    assert balanced()


def test_a_no_show_goes_on(rosa: Person, post: Post) -> None:
    post()
    run_due(NOON)
    lead = only_lead()
    accept(lead, rosa.pk, NOON)
    start_attempt(lead, rosa.pk, NOON)
    end_attempt(lead, rosa.pk, "conversation", NOON + MINUTE)
    assert isinstance(book(lead, rosa.pk, NOON - HOUR, NOON), Refused)
    book(lead, rosa.pk, NOON + DAY, NOON + MINUTE)
    assert isinstance(missed(lead, rosa.pk, NOON + HOUR), Refused), "it is still to come"
    missed(lead, rosa.pk, NOON + DAY + HOUR)
    run_due(NOON + DAY + HOUR)
    lead = only_lead()
    assert (lead.next_kind, lead.appointment_at) == ("call", None)


def test_an_appointment_goes_into_the_calendar(rosa: Person, post: Post) -> None:
    post()
    run_due(NOON)
    lead = only_lead()
    accept(lead, rosa.pk, NOON)
    book(lead, rosa.pk, NOON + DAY, NOON, "test drive")
    text = as_calendar(Appointment.objects.select_related("lead__customer", "dealer").get(), NOON).decode()
    assert "DTSTART:20261124T110000Z" in text
    assert "test drive" in text


def test_what_was_agreed_comes_first(rosa: Person, post: Post) -> None:
    post()
    run_due(NOON)
    lead = only_lead()
    accept(lead, rosa.pk, NOON)
    start_attempt(lead, rosa.pk, NOON)
    end_attempt(lead, rosa.pk, "conversation", NOON + MINUTE)
    agree_call_back(lead, rosa.pk, NOON + 4 * HOUR, NOON + MINUTE)
    run_due(NOON + MINUTE)
    lead = only_lead()
    assert (lead.next_kind, lead.next_at) == ("call", NOON + 4 * HOUR)


def test_a_lost_lead_can_be_opened_again(rosa: Person, post: Post) -> None:
    post()
    run_due(NOON)
    lead = only_lead()
    accept(lead, rosa.pk, NOON)
    lose(lead, rosa.pk, "price", NOON + MINUTE)
    assert isinstance(lose(lead, rosa.pk, "price", NOON + MINUTE), Refused)
    reopen(lead, rosa.pk, NOON + HOUR)
    run_due(NOON + HOUR)
    lead = only_lead()
    assert (lead.state, lead.next_kind, lead.owner_id) == ("accepted", "call", rosa.pk)
    assert balanced()

"""Who is known is asked once for a batch, and answered as if each had been asked when it had its place."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.followup import clockwork
from leadbell.intake.actions import claim, read_envelope
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.models import Envelope, Source
from leadbell.intake.models import Inquiry as InquiryRow
from leadbell.intake.post import uuid7
from leadbell.intake.register import look_up, look_up_together
from leadbell.lead.models import Customer, Handle, Lead
from tests.conftest import NOON, make_source

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MAIL, PHONE, OTHER = "okafor@example.org", "06 20000001", "06 20000002"


class Killed(Exception):
    """What a transaction doesn't survive."""


@contextmanager
def killed_at_the_end() -> Iterator[None]:
    with suppress(Killed), transaction.atomic():
        yield
        raise Killed


@pytest.fixture
def source(northside: Organisation, rosa: Person) -> Source:
    Person.objects.filter(pk=rosa.pk).update(seen_at=NOON)
    return make_source(northside, "website")


def arrives(source: Source, number: int, later: int = 0, **about: str) -> Envelope:
    body = json.dumps({"id": f"N-{number}", "name": f"Customer {number}"} | about).encode()
    at = NOON + timedelta(milliseconds=number + later)
    return Envelope.objects.create(
        id=uuid7(at), dealer=source.dealer, source=source, received_at=at, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip


def read(envelopes: Sequence[Envelope]) -> list[tuple[Envelope, list[Inquiry]]]:
    said = [(one, read_envelope(one)) for one in envelopes]
    return [(one, inquiries) for one, inquiries in said if not isinstance(inquiries, Refused)]


def became() -> list[tuple[Any, ...]]:
    """Of each inquiry what became of it, and as the how manieth lead and customer."""
    leads = {pk: nth for nth, pk in enumerate(Lead.objects.order_by("pk").values_list("pk", flat=True))}
    customers = {
        pk: nth for nth, pk in enumerate(Customer.objects.order_by("pk").values_list("pk", flat=True))
    }
    found = InquiryRow.objects.select_related("lead").order_by("received_at", "place")
    return [
        (one.outcome, one.because, leads[one.lead_id], customers[one.lead.customer_id], one.lead.state)
        for one in found
    ]  # fmt: skip


def test_a_batch_becomes_what_its_letters_become_one_by_one(source: Source) -> None:
    # Known before, by two ways that none of the letters names together.
    arrives(source, 1, phone=PHONE, email=MAIL)
    clockwork.receive_some(NOON + MINUTE)
    Lead.objects.update(closed_at=NOON)
    letters = [
        arrives(source, 2, phone=PHONE), arrives(source, 3, email=MAIL), arrives(source, 4, phone=OTHER),
        arrives(source, 5, phone=OTHER, email="other@example.org"), arrives(source, 6, email="other@example.org"),
        arrives(source, 7, phone="06 20000007"), arrives(source, 8, phone="06 20000008"),
        arrives(source, 4, later=5, phone=OTHER),
    ]  # fmt: skip
    ways = []
    for most in (1, len(letters)):
        with killed_at_the_end():
            with connection.cursor() as cursor:
                cursor.execute("set local role leadbell_clockwork")
            while clockwork.receive_some(NOON + MINUTE, most):
                pass
            ways.append(became())
    alone, together = ways
    assert together == alone
    outcomes = [one[0] for one in together]
    assert outcomes == [
        "opened", "opened", "joined", "opened", "joined", "joined", "opened", "opened", "duplicate",
    ]  # fmt: skip
    assert len({one[3] for one in together}) == 4


def test_whoever_rings_for_one_lead_of_a_batch_is_busy_for_the_next(source: Source, samir: Person) -> None:
    Person.objects.filter(pk=samir.pk).update(seen_at=NOON)
    for number in (1, 2, 3):
        arrives(source, number, phone=f"06 2000000{number}")
    ways = []
    for most in (1, 3):
        with killed_at_the_end():
            while clockwork.receive_some(NOON + MINUTE, most):
                pass
            ways.append(list(Lead.objects.order_by("pk").values_list("ringing", "next_because")))
    alone, together = ways
    assert together == alone
    (first,), (second,), _third = (ringing for ringing, _ in together)
    assert first != second


def test_only_whoever_shares_nothing_with_an_earlier_one_is_answered_ahead(source: Source) -> None:
    said = read(
        [
            arrives(source, 2, phone=PHONE), arrives(source, 3, phone=PHONE), arrives(source, 2, email=MAIL),
            arrives(source, 4, phone=OTHER),
        ]
    )  # fmt: skip
    claim(said)
    look_up_together(said)
    # Meanwhile somebody becomes a customer by both numbers.
    customer = Customer.objects.create(dealer=source.dealer, full_name="Mr Okafor", created_at=NOON)
    for value in ("+31620000001", "+31620000002"):
        Handle.objects.create(dealer=source.dealer, customer=customer, kind="phone", value=value)
    known = [[one.customer for one in look_up(envelope, 0, inquiries[0])[1]] for envelope, inquiries in said]
    assert known == [[], [customer.pk], [], []]
    envelope, inquiries = said[0]
    assert [one.customer for one in look_up(envelope, 0, inquiries[0])[1]] == [customer.pk], "answered once"


def test_several_prospects_of_one_letter_count_for_those_after_it(source: Source) -> None:
    customer = Customer.objects.create(dealer=source.dealer, full_name="Mr Okafor", created_at=NOON)
    for kind, value in (("phone", "+31620000001"), ("email", MAIL)):
        Handle.objects.create(dealer=source.dealer, customer=customer, kind=kind, value=value)
    two, one, other = read(
        [arrives(source, 2, phone=PHONE), arrives(source, 3, email=MAIL), arrives(source, 4, phone=OTHER)]
    )
    said = [(two[0], [other[1][0], two[1][0]]), one, other]
    look_up_together(said)
    lead = Lead.objects.create(
        dealer=source.dealer, customer=customer, origin="online", channel="json", source="website", received_at=NOON,
        received_on=NOON.date(), in_hours=True, state="received",
    )  # fmt: skip
    ((found,),) = [look_up(one[0], 0, one[1][0])[1]]
    assert found.open_lead == lead.pk, "the letter before is of the same customer"

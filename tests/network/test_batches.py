"""An importer's leads are given many at once: as if one after the other, each once, and none spoils the others."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadbell.dealers.models import Organisation
from leadbell.followup import clockwork
from leadbell.followup.distribution import settle_some, take_in
from leadbell.intake.actions import read_envelope
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.lead.models import Fact, Lead
from leadbell.network.actions import choose_by_hand
from leadbell.network.models import Agreement, NetworkPlan, Offer, Passing
from leadbell.network.shelves import books
from tests.conftest import NOON, make_dealer, make_person, make_source

MINUTE = timedelta(minutes=1)
NAMES = ("Northside", "Southside", "Eastside", "Westside")


class Killed(Exception):
    """What a transaction doesn't survive."""


@contextmanager
def killed_at_the_end() -> Iterator[None]:
    """A transaction of which nothing is left, as after kill -9."""
    with suppress(Killed), transaction.atomic():
        yield
        raise Killed


@contextmanager
def as_clockwork() -> Iterator[None]:
    """With the clockwork's own rights in the database."""
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")
        try:
            yield
        finally:
            cursor.execute("reset role")


@pytest.fixture
def importer(db: None) -> Organisation:
    return Organisation.objects.create(
        kind="importer", name="Hyundai Nederland", country="NL", zone="Europe/Amsterdam", language="nl", created_at=NOON
    )  # fmt: skip


@pytest.fixture
def dealers(importer: Organisation) -> list[Organisation]:
    made = [make_dealer(name, importer) for name in NAMES]
    for one in made:
        make_person(f"Seller at {one.name}".replace(" ", "-"), one, seen_at=NOON)
    NetworkPlan.objects.create(importer=importer, answer_minutes=600)
    return made


@pytest.fixture
def source(importer: Organisation) -> Source:
    return make_source(importer, "hyundai.nl")


def arrives(source: Source, number: int, **about: str) -> Envelope:
    told = {"id": f"HN-{number}", "name": f"Customer {number}", "phone": f"06 2000{number:04d}"} | about
    body = ("{" + ", ".join(f'"{key}": "{value}"' for key, value in told.items()) + "}").encode()
    at = NOON + timedelta(milliseconds=number)
    return Envelope.objects.create(
        id=uuid7(at), dealer=source.dealer, source=source, received_at=at, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip


def agree(importer: Organisation, dealers: Sequence[Organisation], shares: Sequence[int]) -> None:
    Agreement.objects.bulk_create(
        Agreement(importer=importer, dealer=dealer, share=share)
        for dealer, share in zip(dealers, shares, strict=True)
    )


def became() -> list[tuple[Any, ...]]:
    """What became of each prospect, and what is told of it."""
    told = []
    for one in Passing.objects.select_related("dealer").order_by("envelope", "place"):
        lead = Lead.objects.filter(pk=one.lead).first()
        facts = Fact.objects.filter(lead=one.lead).order_by("pk").values_list("kind", flat=True)
        offers = one.offers.order_by("pk").values_list("dealer__name", "outcome", "until", "because")
        of_lead = (lead.state, len(lead.ringing), lead.next_kind, lead.next_because) if lead else None
        told.append(
            (one.sender_id, one.state, one.dealer and one.dealer.name, one.because, list(offers), of_lead, list(facts))
        )  # fmt: skip
    return told


def status() -> Counter[str]:
    return Counter(Envelope.objects.filter(transport="http").values_list("status", flat=True))


def test_many_at_once_are_given_as_one_after_the_other(
    importer: Organisation, source: Source, dealers: list[Organisation]
) -> None:
    _, south, east, _ = dealers
    agree(importer, dealers, (3, 2, 1, 0))
    Agreement.objects.filter(dealer=east).update(postcodes=["3011"], most_a_day=2)
    Organisation.objects.filter(pk=south.pk).update(brands=["Volvo"])
    letters = [
        arrives(source, 1), arrives(source, 2), arrives(source, 3, address="Coolsingel 1, 3011 AB Rotterdam"),
        arrives(source, 4, phone="06 20000002", message="The same customer again"),
        arrives(source, 5, make="Volvo"), arrives(source, 6, make="Volvo", email="five@example.org"),
        arrives(source, 7, dealer="Westside"), arrives(source, 8, make="Skoda"),
        arrives(source, 2, message="sent twice"), arrives(source, 9, address="3011 AB Rotterdam"),
        arrives(source, 10, address="3011 AB Rotterdam"), arrives(source, 11), arrives(source, 12, phone="", name=""),
    ]  # fmt: skip
    said = [(letter, read_envelope(letter)) for letter in letters]
    alone = together = None
    for at_once in (1, len(said)):
        with killed_at_the_end():
            with as_clockwork():
                for begin in range(0, len(said), at_once):
                    take_in(said[begin : begin + at_once], NOON + MINUTE)
            given = dict(Agreement.objects.values_list("dealer__name", "given"))
            alone, together = together, (became(), given, status())
    assert together == alone
    assert together
    states = Counter(one[1] for one in together[0])
    assert states == {"offered": 9, "taken": 1, "returned": 1}
    assert together[2] == {"read": 11, "duplicate": 1, "quarantined": 1}
    assert not Passing.objects.exists(), "what was killed left nothing"


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    shares=st.lists(st.integers(1, 9), min_size=4, max_size=4),
    batches=st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=6),
)
def test_shares_are_exact_and_each_is_given_once_whatever_is_killed(
    importer: Organisation,
    source: Source,
    dealers: list[Organisation],
    shares: list[int],
    batches: list[tuple[int, bool]],
) -> None:
    leads = 2 * sum(shares)
    with killed_at_the_end():
        agree(importer, dealers, shares)
        for number in range(leads):
            arrives(source, number)
        with as_clockwork():
            for most, killed in batches:
                with killed_at_the_end() if killed else nullcontext():
                    clockwork.receive_some(NOON + MINUTE, most)
            while clockwork.receive_some(NOON + MINUTE):
                pass
        given = dict(Agreement.objects.values_list("dealer", "given"))
        offered = Counter(Offer.objects.values_list("dealer", flat=True))
        assert given == offered
        assert given == {one.pk: 2 * share for one, share in zip(dealers, shares, strict=True)}
        assert Passing.objects.count() == Lead.objects.count() == leads
        assert all(page.balanced for page in books(importer.pk, None))


def poison(name: str) -> None:
    """From now on the database refuses whoever has this name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "create function refuse() returns trigger language plpgsql as "
            "$$ begin raise exception 'refused'; end $$"
        )
        cursor.execute(
            "create trigger refuse before insert on leadbell_customer for each row "
            f"when (new.full_name = '{name}') execute function refuse()"
        )


def test_one_that_fails_spoils_no_other(
    importer: Organisation, source: Source, dealers: list[Organisation]
) -> None:
    agree(importer, dealers, (1, 1, 1, 1))
    poison("Customer 5")
    letters = [arrives(source, number) for number in range(9)]
    with as_clockwork():
        assert clockwork.receive_some(NOON + MINUTE) == 9
        assert not clockwork.receive_some(NOON + MINUTE)
    assert status() == {"read": 8, "quarantined": 1}
    assert Envelope.objects.get(pk=letters[5].pk).status == "quarantined"
    assert set(Agreement.objects.values_list("given", flat=True)) == {2}
    assert Passing.objects.filter(state="offered").count() == 8
    assert all(page.balanced for page in books(importer.pk, None))


def test_one_that_waits_and_fails_goes_back_to_the_importer_alone(
    importer: Organisation, source: Source, dealers: list[Organisation]
) -> None:
    Agreement.objects.bulk_create(
        Agreement(importer=importer, dealer=one, takes_leads=False) for one in dealers
    )
    for number in range(3):
        arrives(source, number)
    with as_clockwork():
        clockwork.receive_some(NOON + MINUTE)
    assert set(Passing.objects.values_list("state", flat=True)) == {"returned"}
    poison("Customer 1")
    for one in Passing.objects.all():
        assert choose_by_hand(importer.pk, one.pk, dealers[0].pk, NOON + 2 * MINUTE)
    with as_clockwork():
        assert settle_some(NOON + 3 * MINUTE) == 3
        assert settle_some(NOON + 3 * MINUTE) == 0
    states = dict(Passing.objects.values_list("sender_id", "state"))
    assert states == {"HN-0": "offered", "HN-1": "returned", "HN-2": "offered"}
    failed = Passing.objects.get(state="returned")
    assert failed.because[0]["text"].startswith("giving it to a dealer failed")


def test_an_offer_that_cant_be_settled_is_set_aside_and_holds_up_no_other(
    importer: Organisation, source: Source, dealers: list[Organisation]
) -> None:
    agree(importer, dealers, (1, 1, 1, 1))
    for number in range(3):
        arrives(source, number)
    with as_clockwork():
        clockwork.receive_some(NOON + MINUTE)
    broken = Passing.objects.get(sender_id="HN-1")
    with connection.cursor() as cursor:
        cursor.execute(
            "create function refuse_end() returns trigger language plpgsql as "
            "$$ begin raise exception 'refused'; end $$"
        )
        cursor.execute(
            "create trigger refuse_end before insert on leadbell_fact for each row "
            f"when (new.kind = 'lost' and new.lead_id = {broken.lead}) execute function refuse_end()"
        )
    over = max(Offer.objects.values_list("until", flat=True))
    with as_clockwork():
        assert settle_some(over) == 3
        assert settle_some(over + MINUTE / 2) == 0
    assert Offer.objects.get(lead=broken.lead).outcome == "", "it stays open"
    assert Offer.objects.filter(outcome="expired").count() == 2
    with connection.cursor() as cursor:
        cursor.execute("drop trigger refuse_end on leadbell_fact")
    with as_clockwork():
        assert settle_some(over + MINUTE) == 1
    assert Offer.objects.filter(outcome="expired").count() == 3


def test_leads_are_decided_in_order_of_arrival(
    importer: Organisation, source: Source, dealers: list[Organisation]
) -> None:
    agree(importer, dealers, (1, 1, 1, 1))
    for number in (3, 1, 0, 2):
        arrives(source, number)
    with as_clockwork():
        clockwork.receive_some(NOON + MINUTE)
    names = [one.dealer.name for one in Offer.objects.select_related("dealer").order_by("passing__sender_id")]
    assert names == list(NAMES)

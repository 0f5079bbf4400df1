"""Statements that nobody waits for: committed with the last of them, or not at all. Rows inserted together."""

import os
import uuid
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import DataError, IntegrityError, connection, transaction

from leadbell import statement
from leadbell.dealers.models import Organisation
from leadbell.intake.models import Envelope
from leadbell.lead.models import Customer, Lead
from leadbell.network.models import Passing
from tests.conftest import NOON, lead_of, make_dealer, make_source

RENAME = "update leadbell_organisation set name = %(name)s where id = %(id)s"
TWICE = """
insert into leadbell_phoneline (dealer_id, kind, place, enabled, caller_id, trunk, created_at)
values (%(id)s, 'asterisk', 1, true, '', '', %(now)s)
"""


def seen_by_others(dealer: Organisation) -> str:
    with psycopg.connect(os.environ["LEADBELL_DB_OWNER"]) as other:
        row = other.execute("select name from leadbell_organisation where id = %s", [dealer.pk]).fetchone()
        assert row is not None
        return str(row[0])


@pytest.mark.django_db(transaction=True)
def test_what_was_told_is_committed_when_the_block_ends() -> None:
    dealer = make_dealer("Northside")
    with statement.in_one_go():
        statement.tell(RENAME, {"name": "Westside", "id": dealer.pk})
        assert seen_by_others(dealer) == "Northside"
    assert seen_by_others(dealer) == "Westside"
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_a_last_statement_that_fails_takes_everything_with_it() -> None:
    dealer = make_dealer("Northside")

    def rename_and_fail() -> None:
        with statement.in_one_go():
            statement.tell(RENAME, {"name": "Westside", "id": dealer.pk})
            for _ in range(2):
                statement.tell(TWICE, {"id": dealer.pk, "now": NOON})

    with pytest.raises(IntegrityError):
        rename_and_fail()
    assert seen_by_others(dealer) == "Northside"
    with statement.in_one_go():
        statement.tell(RENAME, {"name": "Westside", "id": dealer.pk})
    assert seen_by_others(dealer) == "Westside", "the connection is as good as before"


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_that_one_decides() -> None:
    dealer = make_dealer("Northside")
    with transaction.atomic():
        with statement.in_one_go():
            statement.tell(RENAME, {"name": "Westside", "id": dealer.pk})
        transaction.set_rollback(True)
    assert seen_by_others(dealer) == "Northside"


@pytest.mark.django_db(transaction=True)
def test_only_a_transaction_that_says_so_is_committed_without_the_disk() -> None:
    def waits() -> str:
        ((said,),) = statement.run("select current_setting('synchronous_commit')", {})
        return str(said)

    with statement.in_one_go():
        statement.forgetful()
        assert waits() == "off"
    with statement.in_one_go():
        assert waits() == "on"


def passing(importer: Organisation, place: int, **told: Any) -> Passing:
    return Passing(
        importer=importer, envelope=uuid.UUID(int=7), place=place, source=3, source_name="Portal", origin="online",
        received_at=NOON, changed_at=NOON, state=Passing.State.WAITING, **told,
    )  # fmt: skip


@pytest.mark.django_db
def test_rows_are_inserted_together_as_one_by_one() -> None:
    importer = make_dealer("Northside")
    rows = [
        passing(
            importer,
            0,
            brand="Kia",
            inquiry={"name": "Okafor “Ö” \\ , {}", "cars": []},
            because=["a", {"b": None}],
        ),
        passing(importer, 1, sender_id="o'clock", lead=9),
    ]
    statement.insert(rows)
    for row in rows:
        stored = Passing.objects.get(place=row.place)
        assert stored.__dict__ | {"_state": None} == row.__dict__ | {
            "_state": None,
            "importer_id": importer.pk,
        }
    assert Passing.objects.filter(inquiry__isnull=True).count() == 1, "nothing is no JSON"


@pytest.mark.django_db
def test_rows_with_a_key_of_their_own_keep_it() -> None:
    source = make_source(make_dealer("Northside"))
    envelope = Envelope(
        id=uuid.UUID(int=8), dealer=source.dealer, source=source, received_at=NOON, transport="http",
        body=b"\x00{,}\\", sha256=bytes(32), reason={"text": "no lead"},
    )  # fmt: skip
    statement.insert([envelope])
    stored = Envelope.objects.get()
    assert (stored.pk, bytes(stored.body), stored.reason) == (envelope.pk, b"\x00{,}\\", {"text": "no lead"})
    assert stored.idempotency_key is None


@pytest.mark.django_db
def test_what_is_too_long_for_its_column_is_refused_and_not_cut() -> None:
    importer = make_dealer("Northside")
    with pytest.raises(DataError):
        statement.insert([passing(importer, 0, brand="K" * 61)])


@pytest.mark.django_db
def test_no_rows_are_no_statement() -> None:
    statement.insert([])
    assert not Passing.objects.exists()


@pytest.mark.django_db
def test_what_a_statement_makes_is_what_django_makes() -> None:
    lead_of(make_dealer("Northside"))
    joined = statement.Joined(c=Customer, l=Lead, e=Envelope)
    select = joined.select(
        "from leadbell_customer c join leadbell_lead l on l.customer_id = c.id left join leadbell_envelope e on false",
        "c.id",
    )
    (row,) = statement.run(select, {})
    (customer, lead, envelope), (more,) = joined.made(row)
    for made, stored in (
        (customer, Customer.objects.defer("sought_name", "sought_word").get()),
        (lead, Lead.objects.get()),
    ):
        assert {**made.__dict__, "_state": None} == {**stored.__dict__, "_state": None}
        assert (made._state.db, made._state.adding) == (stored._state.db, stored._state.adding)
    assert (envelope, more, lead.customer) == (None, customer.pk, customer)
    customer.full_name = "Ms Haddad"
    customer.save(update_fields=["full_name"])
    assert Customer.objects.get().full_name == "Ms Haddad"


@pytest.mark.django_db
def test_what_is_written_later_is_written_together_before_anybody_asks() -> None:
    importer, asked = make_dealer("Northside"), "select count(*) from leadbell_passing"
    written = []

    def write(rows: list[Passing]) -> None:
        written.append(len(rows))
        statement.insert(rows)

    with transaction.atomic(), statement.without_waiting(), statement.together():
        statement.later(write, passing(importer, 0))
        statement.later(write, passing(importer, 1))
        assert not written
        assert statement.run(asked, {}) == [(2,)]
        statement.later(write, passing(importer, 2))
        assert Passing.objects.count() == 3, "Django's own questions find it, too"
        statement.later(write, passing(importer, 3))
        statement.tell("update leadbell_passing set brand = 'Kia'", {})
        statement.later(write, passing(importer, 4))
    assert written == [2, 1, 1, 1]
    assert Passing.objects.filter(brand="Kia").count() == 4
    statement.later(write, passing(importer, 5))
    assert written[-1] == 1
    assert Passing.objects.count() == 6, "outside nothing waits"


@pytest.mark.django_db
def test_what_waits_when_something_fails_is_never_written() -> None:
    importer = make_dealer("Northside")
    with suppress(ZeroDivisionError), statement.together():
        statement.later(statement.insert, passing(importer, 0))
        raise ZeroDivisionError
    statement.later(statement.insert, passing(importer, 1))
    assert Passing.objects.get().place == 1


@pytest.mark.django_db
def test_rows_of_several_tables_are_inserted_with_the_numbers_they_have() -> None:
    source = make_source(make_dealer("Northside"))
    known = Customer(pk=4_000_000, dealer=source.dealer, emails=["a@example.org", "{,\"'\\"], created_at=NOON)
    new = passing(source.dealer, 0)
    statement.insert([known, new])
    assert Customer.objects.get(pk=4_000_000).emails == known.emails
    assert Passing.objects.get() == new

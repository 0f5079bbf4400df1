"""Statements that nobody waits for: committed with the last of them, or not at all."""

import os

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from leadbell import statement
from leadbell.dealers.models import Organisation
from tests.conftest import NOON, make_dealer

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

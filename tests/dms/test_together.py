"""What happens to a system and its log while somebody else is in the middle of something."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.dms.actions import remove
from leadbell.dms.models import DmsDelivery, DmsReceiver
from leadbell.dms.sending import claim
from leadbell.lead.facts import Accepted
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Customer, Fact
from tests.conftest import NOON, lead_of
from tests.dms.test_sending import Connect
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """A transaction that goes on after `work`, which runs beside it, is done or has to wait for it."""

    def working() -> None:
        try:
            work()
        finally:
            connection.close()

    other = threading.Thread(target=working)
    try:
        with transaction.atomic():
            yield
            other.start()
            assert eventually(lambda: not other.is_alive() or waits(), 60)
    finally:
        other.join(60)


def waits() -> bool:
    return bool(statement.run("select from pg_locks where not granted", {}))


def test_who_accepts_a_lead_while_a_system_is_removed_has_it(
    northside: Organisation, rosa: Person, connect: Connect
) -> None:
    receiver = connect("https://dms.example/hook").receiver
    with transaction.atomic():
        lead = lead_of(northside)
    with beside(lambda: remove(receiver)):
        record(locked(lead.pk), Accepted(at=NOON, by=rosa.pk))
    assert Fact.objects.filter(lead=lead, kind="accepted").exists()
    assert not DmsReceiver.objects.exists()
    assert not DmsDelivery.objects.exists()


def test_who_is_deleted_while_something_of_them_is_made_ready_leaves_no_trace(
    northside: Organisation, connect: Connect
) -> None:
    connect("https://dms.example/hook")
    with transaction.atomic():
        lead = lead_of(northside)
    with beside(lambda: Customer.objects.filter(pk=lead.customer_id).update(erased_at=NOON)):
        (made,) = claim(NOON, 1, failing=False)
        assert "Okafor" in made.body
    assert [one.body for one in DmsDelivery.objects.order_by("pk")] == [None, None]

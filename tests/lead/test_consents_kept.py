"""Whoever opted out before consents were kept is still left alone, and it still says who noted it."""

from importlib import import_module

from django.db import connection

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import OptedOut
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Consent, Customer
from tests.conftest import NOON, lead_of

KEPT = import_module("leadbell.migrations.0009_consents").KEPT


def test_who_opted_out_before_is_kept(northside: Organisation, rosa: Person) -> None:
    lead, other = lead_of(northside, origin="call"), lead_of(northside)
    record(locked(lead.pk), OptedOut(at=NOON, by=rosa.pk))
    Customer.objects.filter(pk=lead.customer_id).update(opted_out_at=NOON)
    with connection.cursor() as cursor:
        cursor.execute(KEPT)
    kept = Consent.objects.get()
    assert (kept.customer_id, kept.kind, kept.given, kept.at) == (lead.customer_id, "contact", False, NOON)
    assert (kept.by, kept.origin, kept.proof["lead"]) == (rosa, "call", lead.pk)
    assert kept.customer_id != other.customer_id

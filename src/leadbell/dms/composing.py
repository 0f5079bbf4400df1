"""What is sent for an event: the lead as it stood right after its fact, from the journal."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.dms.adf import Prospect, as_adf
from leadbell.dms.models import DmsDelivery, DmsReceiver
from leadbell.dms.payload import body, details, stands
from leadbell.dms.rules import TEST
from leadbell.lead.facts import AnyFact, Arrived, decode_fact, kind_of
from leadbell.lead.history import History
from leadbell.lead.models import Customer, Lead
from leadbell.lead.reference import TEST_LEAD, Reference

_FACTS = """
select body::text from leadbell_fact where lead_id = %(lead)s and id <= coalesce(%(fact)s, id) order by id
"""


def compose(delivery: DmsDelivery) -> str:
    """The body, as it is kept and sent at each try."""
    webhook = delivery.receiver.kind == DmsReceiver.Kind.WEBHOOK
    if delivery.lead_id is None:
        return _test(delivery) if webhook else as_adf(_test_prospect(delivery)).decode()
    lead = Lead.objects.select_related("customer", "dealer").get(pk=delivery.lead_id)
    if not webhook:
        return as_adf(prospect_of(lead, _campaign(_facts(lead, delivery.fact)))).decode()
    if delivery.fact is None:
        about = {"lead": {"number": lead.pk, "dealer": _dealer(lead.dealer)}}
        return body(delivery.event, delivery.at, about)
    return body(delivery.event, delivery.at, _told(lead, _facts(lead, delivery.fact)))


def _facts(lead: Lead, until: int | None) -> list[AnyFact]:
    return [decode_fact(told) for (told,) in statement.run(_FACTS, {"lead": lead.pk, "fact": until})]


def _campaign(facts: Iterable[AnyFact]) -> str | None:
    """What brought the customer, as the sender called it; in the journal alone."""
    return next((fact.campaign for fact in facts if isinstance(fact, Arrived)), None)


def prospect_of(lead: Lead, campaign: str | None = None) -> Prospect:
    who = lead.customer
    return Prospect(
        Reference(lead.dealer_id, lead.pk).name, lead.received_at, lead.dealer.name, lead.source, who.first_name,
        who.last_name, who.full_name, who.emails, who.phones, who.address or "", lead.cars, lead.message,
        campaign or "",
    )  # fmt: skip


def _told(lead: Lead, facts: list[AnyFact]) -> dict[str, Any]:
    standing, fact = History(tuple(facts)).standing, facts[-1]
    people = _people({standing.owner, getattr(fact, "by", None), getattr(fact, "to", None)})
    about = {
        "number": lead.pk, "reference": Reference(lead.dealer_id, lead.pk).name,
        "url": f"{settings.PUBLIC_URL}/leads/{lead.pk}/", "dealer": _dealer(lead.dealer), "origin": lead.origin,
        "channel": lead.channel, "source": lead.source, "campaign": _campaign(facts),
        "received_at": lead.received_at, "cars": lead.cars,
        "message": lead.message, **stands(standing, people), "customer": _customer(lead.customer),
    }  # fmt: skip
    return {"lead": about, **details(kind_of(fact), fact, people)}


def _customer(who: Customer) -> dict[str, Any]:
    return {
        "number": who.pk, "full_name": who.full_name, "first_name": who.first_name, "last_name": who.last_name,
        "emails": who.emails, "phones": who.phones, "address": who.address, "language": who.language,
        "opted_out": who.opted_out_at is not None, "no_marketing": who.no_marketing_at is not None,
    }  # fmt: skip


def _dealer(dealer: Organisation) -> dict[str, Any]:
    return {"number": dealer.pk, "name": dealer.name}


def _people(numbers: Iterable[int | None]) -> dict[int, dict[str, Any]]:
    found = Person.objects.filter(pk__in=[one for one in numbers if one is not None])
    return {one.pk: {"number": one.pk, "name": one.name, "email": one.email} for one in found}


def _test(delivery: DmsDelivery) -> str:
    return body(TEST, delivery.at, {"dealer": _dealer(delivery.dealer)})


def _test_prospect(delivery: DmsDelivery) -> Prospect:
    """A lead that everybody sees is none; it comes back to us as none, too."""
    return Prospect(
        Reference(delivery.dealer_id, TEST_LEAD).name, delivery.at, delivery.dealer.name, "Leadbell",
        full_name="Test by Leadbell", emails=("test@example.org",),
        message="This is a test of the connection. There is no customer behind it.",
    )  # fmt: skip

"""Find leads by state, origin, owner, time, or by what somebody remembers of the customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import phonenumbers
from django.db.models import Q

from leadbell.dealers.models import Organisation
from leadbell.lead.facts import LOST_BY_ITSELF
from leadbell.lead.models import LOST_REASON_CHOICES, Customer, Handle, Lead

ON_A_PAGE = 40
#: Customers looked up for one search; whoever finds more has to write more of the name.
MOST_CUSTOMERS = 200
SHORTEST = 2
STATES = tuple(Lead.State.choices)
ORIGINS = tuple(Lead.Origin.choices)
#: Behind every letter there is.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`state` is "" (all), "open", or one state; `owner` a person's number, or 0 for nobody; `days` None: ever."""

    text: str = ""
    state: str = ""
    origin: str = ""
    owner: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Leads, newest first; `before` asks for the next page, None on the last one."""

    leads: tuple[Lead, ...]
    before: int | None


def find_leads(dealers: Sequence[int], wanted: Wanted, today: date, before: int | None = None) -> Found:
    leads = Lead.objects.filter(dealer__in=dealers)
    if wanted.state == "open":
        leads = leads.filter(closed_at=None)
    elif wanted.state:
        leads = leads.filter(state=wanted.state)
    if wanted.origin:
        leads = leads.filter(origin=wanted.origin)
    if wanted.owner is not None:
        leads = leads.filter(owner=wanted.owner or None)
    if wanted.days is not None:
        leads = leads.filter(received_on__gt=today - timedelta(days=wanted.days))
    if wanted.text:
        leads = leads.filter(_about(dealers, wanted.text))
    if before is not None:
        leads = leads.filter(pk__lt=before)
    page = tuple(leads.select_related("customer", "owner", "dealer").order_by("-pk")[: ON_A_PAGE + 1])
    more = len(page) > ON_A_PAGE
    return Found(page[:ON_A_PAGE], page[ON_A_PAGE - 1].pk if more else None)


def _about(dealers: Sequence[int], text: str) -> Q:
    """A lead's number, a phone number, an e-mail address, or how a name begins."""
    text = text.strip()
    number = text.removeprefix("#")
    by_number = Q(pk=int(number)) if number.isdecimal() and len(number) < 19 else Q()
    handles = _phones(dealers, text) if any(sign.isdigit() for sign in text) else []
    if "@" in text:
        handles.append(text.lower())
    customers = _customers(dealers, handles, text)
    return by_number | Q(customer__in=customers) if by_number else Q(customer__in=customers)


def _customers(dealers: Sequence[int], handles: Sequence[str], text: str) -> list[int]:
    if handles:
        known = Handle.objects.filter(dealer__in=dealers, value__in=handles)
        return list(known.values_list("customer_id", flat=True)[:MOST_CUSTOMERS])
    if len(text) < SHORTEST:
        return []
    # Row-level security lets an index answer comparisons only (they are leakproof), neither LIKE nor lower().
    begins, ends = text.lower(), text.lower() + _LAST
    here = Customer.objects.filter(dealer__in=dealers).values_list("pk", flat=True)
    by_name = here.filter(sought_name__gte=begins, sought_name__lt=ends).order_by("-pk")[:MOST_CUSTOMERS]
    by_word = here.filter(sought_word__gte=begins, sought_word__lt=ends).order_by("-pk")[:MOST_CUSTOMERS]
    return list(by_name.union(by_word))


def _phones(dealers: Sequence[int], text: str) -> list[str]:
    """The text as E.164, as it would be dialled in each country these dealers are in."""
    countries = Organisation.objects.filter(pk__in=dealers).values_list("country", flat=True).distinct()
    found = []
    for country in countries:
        try:
            parsed = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            found.append(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return found


def others_of(lead: Lead) -> list[Lead]:
    """The same customer's other leads, newest first."""
    others = Lead.objects.filter(customer=lead.customer_id).exclude(pk=lead.pk)
    return list(others.select_related("owner").order_by("-pk")[:20])


def lost_reasons() -> list[tuple[str, str]]:
    """The reasons a person can give; the others are the clockwork's."""
    return [(code, str(label)) for code, label in LOST_REASON_CHOICES if code not in LOST_BY_ITSELF]

"""The only ways in: what a person may see is decided here, and again by the database's row-level security."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.lead import journal
from leadbell.lead.models import Lead

_BELOW = """
with recursive below(id, kind) as (
    select id, kind from leadbell_organisation where id = %(organisation)s
    union all select o.id, o.kind from leadbell_organisation o join below b on o.parent_id = b.id
)
select id from below where kind = 'dealer' order by id
"""
_SHOW = "select set_config('app.dealers', %(dealers)s, true)"


class NoSuchLead(LookupError):
    """There is no such lead here. Somebody else's lead answers exactly the same."""


def dealers_below(organisation: int) -> tuple[int, ...]:
    return tuple(dealer for (dealer,) in statement.run(_BELOW, {"organisation": organisation}))


def dealers_of(person: Person) -> tuple[int, ...]:
    """The dealers whose leads this person may see; an importer sees figures, not customers."""
    if person.role == Person.Role.IMPORTER:
        return ()
    return dealers_below(person.organisation_id)


@contextmanager
def tenant(dealers: Iterable[int]) -> Iterator[None]:
    """A transaction in which the database shows rows of these dealers only; none means no rows."""
    with transaction.atomic():
        statement.tell(_SHOW, {"dealers": "{" + ",".join(map(str, dealers)) + "}"})
        yield


@contextmanager
def through_the_door(person: Person) -> Iterator[tuple[int, ...]]:
    """Everything a view does for a person happens inside; yields the dealers it may see."""
    dealers = dealers_of(person)
    with tenant(dealers):
        yield dealers


def leads_for(person: Person) -> QuerySet[Lead]:
    return Lead.objects.filter(dealer__in=dealers_of(person)).select_related("customer", "owner", "dealer")


def open_lead(person: Person, number: int) -> Lead:
    """One lead to look at. Raises NoSuchLead."""
    lead = leads_for(person).filter(pk=number).first()
    if lead is None:
        raise NoSuchLead(number)
    return lead


def take_lead(person: Person, number: int) -> Lead:
    """One lead to act on, locked until the transaction ends. Raises NoSuchLead."""
    return _taken(number, dealers_of(person))


def take_for(dealer: int, number: int) -> Lead:
    """One lead of this dealer to act on for its own customer, locked until the transaction ends. Raises NoSuchLead."""
    return _taken(number, (dealer,))


def _taken(number: int, dealers: Collection[int]) -> Lead:
    try:
        lead = journal.locked(number)
    except Lead.DoesNotExist:
        raise NoSuchLead(number) from None
    if lead.dealer_id not in dealers:
        raise NoSuchLead(number)
    return lead


def dealers_named(dealers: Iterable[int]) -> QuerySet[Organisation]:
    return Organisation.objects.filter(pk__in=list(dealers)).order_by("name")


def names_of_dealers(dealers: Iterable[int]) -> dict[int, str]:
    """By number, in the order of their names."""
    return dict(dealers_named(dealers).values_list("pk", "name"))

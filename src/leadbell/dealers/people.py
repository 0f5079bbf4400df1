"""Who works where, and who may change it."""

from collections.abc import Collection, Sequence

from django.db.models import Q

from leadbell.dealers.hours import Shift
from leadbell.dealers.models import Organisation, Person


class NoSuchDealer(LookupError):
    """There is no such dealer here. Somebody else's dealer answers exactly the same."""


class NoSuchPerson(LookupError):
    """There is nobody of this number at the dealer."""


def dealers_to_see(dealers: Collection[int]) -> list[Organisation]:
    return list(Organisation.objects.filter(pk__in=dealers).order_by("name"))


def the_dealer(person: Person, dealers: Sequence[int], number: int | None = None) -> Organisation:
    """The dealer of this number, else the person's own, else the first. Raises NoSuchDealer."""
    if number is None:
        number = person.organisation_id if person.organisation_id in dealers else next(iter(dealers), None)
    if number is None or number not in dealers:
        raise NoSuchDealer(number)
    if number == person.organisation_id:
        return person.organisation
    return Organisation.objects.get(pk=number)


def manages(person: Person, dealer: Organisation, dealers: Collection[int]) -> bool:
    """Managers of the dealer, or of the group above it, may change it."""
    return person.manages and dealer.pk in dealers


def people_of(dealer: Organisation) -> list[Person]:
    """Everybody at the dealer: those who left last, else by name."""
    return list(dealer.people.order_by("-is_active", "name"))


def people_around(dealer: Organisation) -> list[Person]:
    """Everybody who may have a lead of the dealer: its own people, its group's, its importer's; by name."""
    here = Q(organisation=dealer)
    above = Q(organisation__children=dealer) | Q(organisation__children__children=dealer)
    return list(Person.objects.filter(here | above).order_by("name"))


def person_of(dealer: Organisation, number: int) -> Person:
    """Raises NoSuchPerson."""
    person = dealer.people.filter(pk=number).first()
    if person is None:
        raise NoSuchPerson(number)
    return person


def shift_of(person: Person, dealer: Organisation) -> Shift:
    return Shift.from_json(person.shift, dealer.opening_hours)

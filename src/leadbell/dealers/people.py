"""Who works where, and who may change it."""

from collections.abc import Collection, Sequence
from functools import cache

from django.db.models import Q

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.shifts import Shift
from leadbell.statement import Joined


class NoSuchDealer(LookupError):
    """There is no such dealer here. Somebody else's dealer answers exactly the same."""


class NoSuchPerson(LookupError):
    """There is nobody of this number at the dealer."""


_PEOPLE = Joined(p=Person, o=Organisation)
_AT_WORK = """
from leadbell_person p join leadbell_organisation o on o.id = p.organisation_id where p.id = %(person)s and p.is_active
"""


@cache
def _at_work() -> str:
    return _PEOPLE.select(_AT_WORK)


def person_at_work(number: int) -> Person | None:
    """Who has this number, with their organisation; None when they were let go."""
    rows = statement.run(_at_work(), {"person": number})
    if not rows:
        return None
    person: Person
    (person, person.organisation), _ = _PEOPLE.made(rows[0])
    return person


def dealers_to_see(person: Person, numbers: Sequence[int]) -> list[Organisation]:
    """The dealers of these numbers, by name."""
    if tuple(numbers) == (person.organisation_id,):
        return [person.organisation]
    return list(Organisation.objects.filter(pk__in=numbers).order_by("name"))


def the_dealer(person: Person, dealers: Sequence[Organisation], number: int | None = None) -> Organisation:
    """The one of this number, else the person's own, else the first. Raises NoSuchDealer."""
    if number is None:
        own = next((one for one in dealers if one.pk == person.organisation_id), None)
        found = own or next(iter(dealers), None)
    else:
        found = next((one for one in dealers if one.pk == number), None)
    if found is None:
        raise NoSuchDealer(number)
    return found


def manages(person: Person, dealer: Organisation, dealers: Collection[int]) -> bool:
    """Managers of the dealer, or of the group above it, may change it."""
    return person.manages and dealer.pk in dealers


def leads_agents(person: Person) -> bool:
    """Whether this manager's own organisation is a group with a BDC."""
    if person.organisation.kind != Organisation.Kind.GROUP:
        return False
    return person.organisation.people.filter(role=Person.Role.BDC, is_active=True).exists()


def agents_of(person: Person, dealers: Collection[int]) -> list[Person]:
    """The BDC agents of the person's own organisation and of these dealers, by name."""
    here = Q(organisation=person.organisation_id) | Q(organisation__in=list(dealers))
    found = Person.objects.filter(here, role=Person.Role.BDC, is_active=True)
    return list(found.select_related("organisation").order_by("name"))


def managers_of(dealer: Organisation) -> list[Person]:
    """Who manages the dealer now; where nobody does, who manages the group above it. By name."""
    for where in (dealer.pk, dealer.parent_id):
        here = Person.objects.filter(organisation=where, role=Person.Role.MANAGER, is_active=True)
        if where is not None and (found := list(here.select_related("organisation").order_by("name"))):
            return found
    return []


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


def person_at(dealers: Collection[int], number: int) -> Person:
    """Somebody who works at one of these dealers. Raises NoSuchPerson."""
    person = (
        Person.objects.filter(pk=number, organisation__in=list(dealers))
        .select_related("organisation")
        .first()
    )
    if person is None:
        raise NoSuchPerson(number)
    return person


def colleagues_in(dealers: Collection[int], roles: Collection[str]) -> list[Person]:
    """Who works at these dealers in one of these roles now, by name."""
    here = Person.objects.filter(organisation__in=list(dealers), is_active=True, role__in=list(roles))
    return list(here.select_related("organisation").order_by("name"))

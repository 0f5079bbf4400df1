"""The people, as screens show them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from leadbell.dealers.models import NEVER_SELL, Organisation, Person
from leadbell.dealers.shifts import Shift

ORDER_OF_ROLES = (
    Person.Role.IMPORTER, Person.Role.MANAGER, Person.Role.BDC, Person.Role.RECEPTION, Person.Role.SALESPERSON,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Staff:
    organisation: Organisation
    people: tuple[Person, ...]


def everybody() -> list[Staff]:
    """All who can sign in, by organisation: dealers first in the order they came, then groups, then importers."""
    by_organisation: dict[Organisation, list[Person]] = {}
    people = (
        Person.objects.filter(is_active=True)
        .select_related("organisation")
        .order_by("organisation_id", "name")
    )
    for person in people:
        by_organisation.setdefault(person.organisation, []).append(person)
    kinds = list(Organisation.Kind)
    return [
        Staff(organisation, tuple(sorted(staff, key=lambda p: ORDER_OF_ROLES.index(Person.Role(p.role)))))
        for organisation, staff in sorted(
            by_organisation.items(),
            key=lambda item: (-kinds.index(Organisation.Kind(item[0].kind)), item[0].pk),
        )
    ]


def somebody(number: str) -> Person | None:
    if not number.isdecimal():
        return None
    return Person.objects.filter(pk=int(number), is_active=True).first()


@dataclass(frozen=True, slots=True)
class AtWork:
    """A colleague; `here` when on shift with the desk open. `back_at` is known where the shift says so."""

    person: Person
    on_shift: bool
    here: bool
    back_at: datetime | None


#: The stream of an open desk writes every minute.
DESK_OPEN = timedelta(minutes=2, seconds=30)


def colleagues_of(person: Person, now: datetime) -> list[AtWork]:
    """Who else works in this person's organisation: those at their desks first."""
    others = person.organisation.people.filter(is_active=True).exclude(pk=person.pk).order_by("name")
    hours = person.organisation.opening_hours
    staff = []
    for other in others:
        shift = Shift.from_json(other.shift, hours)
        on = other.on_shift and shift.is_on(now)
        desk_open = other.seen_at is not None and other.seen_at > now - DESK_OPEN
        back_at = shift.next_on(now) if other.on_shift and not on else None
        staff.append(AtWork(other, on, on and desk_open, back_at))
    return sorted(staff, key=lambda one: (not one.here, not one.on_shift))


def names_of(people: Iterable[int]) -> dict[int, str]:
    """The first names of these people; of those who share one, the whole names."""
    whole = dict(Person.objects.filter(pk__in=set(people)).values_list("pk", "name"))
    first = {number: name.split(" ", 1)[0] for number, name in whole.items()}
    shared = {name for name in first.values() if list(first.values()).count(name) > 1}
    return {number: whole[number] if name in shared else name for number, name in first.items()}


def sales_staff(dealers: Collection[int]) -> list[Person]:
    """Everybody who can own a lead of these dealers, by name."""
    here = Q(organisation__in=dealers) | Q(organisation__children__in=dealers)
    staff = Person.objects.filter(here, is_active=True).exclude(role__in=NEVER_SELL)
    return list(staff.distinct().order_by("name"))

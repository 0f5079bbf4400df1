"""The people, as screens show them."""

from dataclasses import dataclass

from leadbell.dealers.models import Organisation, Person

ORDER_OF_ROLES = (Person.Role.IMPORTER, Person.Role.MANAGER, Person.Role.BDC, Person.Role.SALESPERSON)


@dataclass(frozen=True, slots=True)
class Staff:
    organisation: Organisation
    people: tuple[Person, ...]


def everybody() -> list[Staff]:
    """All who can sign in, by organisation: importers first, then groups, then dealers."""
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
            key=lambda item: (kinds.index(Organisation.Kind(item[0].kind)), item[0].name),
        )
    ]


def somebody(number: str) -> Person | None:
    if not number.isdecimal():
        return None
    return Person.objects.filter(pk=int(number), is_active=True).first()

"""Who stands above whom: importers, dealer groups below them, dealers below either."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction

from leadbell.dealers.models import Organisation
from leadbell.dealers.opening import place_of, spoken_in
from leadbell.trouble import Trouble

Kind = Organisation.Kind
#: What may stand directly above what.
ABOVE = {
    Kind.IMPORTER: frozenset[str](), Kind.GROUP: frozenset({Kind.IMPORTER}),
    Kind.DEALER: frozenset({Kind.GROUP, Kind.IMPORTER}),
}  # fmt: skip


def find(asked: str, kinds: Sequence[str] = Kind.values) -> Organisation:
    """The organisation of this name or number. Raises Trouble."""
    those = Organisation.objects.filter(kind__in=kinds)
    found = list((those.filter(pk=int(asked)) if asked.isdecimal() else those.filter(name__iexact=asked))[:2])
    if not found:
        raise Trouble("There is no “%(name)s”: see `leadbell organisation list`.", name=asked)
    if len(found) > 1:
        raise Trouble("There are several named “%(name)s”: say which by its number.", name=asked)
    return found[0]


@transaction.atomic
def add(
    kind: str,
    name: str,
    country: str,
    now: datetime,
    under: Organisation | None = None,
    zone: str | None = None,
    language: str | None = None,
) -> Organisation:
    """Make an importer or a dealer group; its people come with `leadbell person add`. Raises Trouble."""
    if kind not in (Kind.IMPORTER, Kind.GROUP):
        raise Trouble("Say importer or group; dealers are made with `leadbell setup`.")
    name = name.strip()[:120]
    if not name:
        raise Trouble("It needs a name.")
    if Organisation.objects.filter(kind=kind, name__iexact=name).exists():
        raise Trouble("There is one named “%(name)s” already.", name=name)
    country, zone = place_of(country, zone)
    made = Organisation(
        kind=kind,
        name=name,
        country=country,
        zone=zone,
        language=language or spoken_in(country),
        created_at=now,
    )
    _may_stand(made, under)
    made.parent = under
    made.save()
    return made


@transaction.atomic
def place(organisation: Organisation, under: Organisation | None) -> None:
    """Put it below another one, or below nobody; whoever manages above sees it from now on. Raises Trouble."""
    _may_stand(organisation, under)
    organisation.parent = under
    organisation.save(update_fields=["parent"])


def sells(dealer: Organisation, brands: Iterable[str]) -> tuple[str, ...]:
    """What the dealer sells from now on, each brand once; none: all. An importer's leads go by it."""
    dealer.brands = list(dict.fromkeys(brand.strip()[:40] for brand in brands if brand.strip()))
    dealer.save(update_fields=["brands"])
    return tuple(dealer.brands)


def _may_stand(one: Organisation, under: Organisation | None) -> None:
    if under is not None and under.kind not in ABOVE[Kind(one.kind)]:
        raise Trouble(
            "%(one)s can't stand below %(other)s: dealers stand below groups or importers, groups below importers.",
            one=one.name, other=under.name,
        )  # fmt: skip


def in_order() -> Iterator[tuple[int, Organisation]]:
    """(how deep, organisation): each below the one it belongs to."""
    below: dict[int | None, list[Organisation]] = {}
    for one in Organisation.objects.order_by("name", "pk"):
        below.setdefault(one.parent_id, []).append(one)

    def walk(parent: int | None, deep: int) -> Iterator[tuple[int, Organisation]]:
        for one in below.get(parent, []):
            yield deep, one
            yield from walk(one.pk, deep + 1)

    yield from walk(None, 0)

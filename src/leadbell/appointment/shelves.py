"""The appointments of one person."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell.appointment.models import Appointment
from leadbell.dealers.models import Person

UNDECIDED = (Appointment.Status.BOOKED, Appointment.Status.CONFIRMED)
#: Of how long ago it is still asked whether the customer came.
ASKED_FOR = timedelta(days=30)
MOST = 12
#: No appointment is longer.
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Diary:
    """The nearest appointments that are not decided yet, those gone by first; `total` of them."""

    appointments: tuple[Appointment, ...]
    total: int

    @property
    def more(self) -> int:
        return self.total - len(self.appointments)


def diary_of(person: Person, now: datetime) -> Diary:
    """Agreed and still to come, or come and gone without a word whether the customer was here."""
    undecided = Appointment.objects.filter(
        salesperson=person, starts_at__gt=now - ASKED_FOR, status__in=UNDECIDED, lead__closed_at=None
    )
    nearest = undecided.select_related("lead", "lead__customer", "lead__dealer").order_by("starts_at", "pk")
    found = tuple(nearest[: MOST + 1])
    return Diary(found[:MOST], len(found) if len(found) <= MOST else undecided.count())


def appointment_of(number: int | None) -> Appointment | None:
    """The appointment a lead's standing names."""
    return (
        Appointment.objects.select_related("lead__customer", "salesperson", "dealer")
        .filter(pk=number or 0)
        .first()
    )


#: From and until, aware UTC.
Span = tuple[datetime, datetime]


def busy(
    people: Collection[int], since: datetime, until: datetime, apart_from: int | None = None
) -> dict[int, tuple[Span, ...]]:
    """When each of these people can't receive anybody, in order; for everybody asked about, perhaps nothing.

    `apart_from`: an appointment that is being moved doesn't stand in its own way.
    """
    found: dict[int, list[Span]] = {person: [] for person in people}
    standing = Appointment.objects.filter(
        salesperson__in=list(people), status__in=UNDECIDED, starts_at__lt=until,
        starts_at__gt=since - LONGEST,
    ).exclude(pk=apart_from or 0)  # fmt: skip
    for person, starts_at, minutes in standing.values_list("salesperson_id", "starts_at", "minutes"):
        found[person].append((starts_at, starts_at + timedelta(minutes=minutes)))
    return {person: tuple(sorted(spans)) for person, spans in found.items()}

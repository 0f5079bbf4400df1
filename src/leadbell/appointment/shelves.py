"""The appointments of one person."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell.appointment.models import Appointment
from leadbell.dealers.models import Person

UNDECIDED = (Appointment.Status.BOOKED, Appointment.Status.CONFIRMED)
#: Of how long ago it is still asked whether the customer came.
ASKED_FOR = timedelta(days=30)
MOST = 12


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

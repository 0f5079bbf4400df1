"""What lies on a person's desk, read from the leads' projection."""

from collections.abc import Sequence
from datetime import datetime

from leadbell.dealers.models import Person
from leadbell.lead.models import Lead


def ringing_at(person: Person, dealers: Sequence[int], now: datetime) -> list[Lead]:
    """The leads that ring at this person now, the one that waits longest first."""
    ringing = Lead.objects.filter(dealer__in=dealers, ring_until__gt=now, ringing__contains=[person.pk])
    return list(ringing.select_related("customer", "dealer").order_by("received_at", "pk")[:20])

"""What screens show of customers who are back: the alerts on a desk, and the lost leads that were seen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from leadbell.dealers.models import Person
from leadbell.unlost.models import Alert

#: An alert that nobody acted on leaves the Desk after this long; the lead and its task stay.
ON_THE_DESK = timedelta(hours=18)
MOST_ALERTS = 10


def alerts_of(person: Person, dealers: Sequence[int], now: datetime) -> list[Alert]:
    """What this person was told and nobody has acted on yet, the newest first."""
    undone = Q(lead__worked_at=None) | Q(lead__worked_at__lt=F("at"))
    alerts = (
        Alert.objects.filter(undone, dealer__in=dealers, people__contains=[person.pk], seen_at=None)
        .filter(at__gt=now - ON_THE_DESK, at__lte=now, lead__calling_by=None)
        .exclude(lead__state="lost")
        .select_related("lead__customer", "lead__dealer", "lead__owner")
    )
    return list(alerts.order_by("-at")[:MOST_ALERTS])

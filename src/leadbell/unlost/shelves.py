"""What screens show of customers who are back: the alerts on a desk, and the lost leads that were seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.unlost.actions import choice_of
from leadbell.unlost.models import Alert
from leadbell.unlost.rules import Choice, lost_at

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


def news_for(person: Person, dealers: Sequence[int], now: datetime) -> list[Alert]:
    """The alerts of the last minutes, which every page shows."""
    return [alert for alert in alerts_of(person, dealers, now) if alert.until > now]


@dataclass(frozen=True, slots=True)
class LostLead:
    """A lead that was lost by the window before its customer was seen; `told` are those who were told of the visit."""

    lead: Lead
    lost_at: datetime
    told: tuple[int, ...]
    told_at: datetime | None


def lost_and_seen(
    person: Person,
    dealers: Sequence[int],
    seen: Mapping[int, tuple[int, datetime]],
    window: int,
) -> list[LostLead]:
    """Of customers seen (customer: visit's number, when last), the newest lead where it was lost by then.

    Salespeople see their own leads and those that are nobody's.
    """
    leads = (
        Lead.objects.filter(dealer__in=dealers, customer__in=list(seen))
        .select_related("customer", "dealer", "owner").order_by("customer", "-pk").distinct("customer")
    )  # fmt: skip
    alerts = {
        (alert.lead_id, alert.visit): alert
        for alert in Alert.objects.filter(
            dealer__in=dealers, visit__in=[visit for visit, _at in seen.values()]
        )
    }
    found = []
    for lead in leads:
        visit, last_at = seen[lead.customer_id]
        since = lost_at(lead.standing, window)
        alert = alerts.get((lead.pk, visit))
        if since is None or lead.customer.opted_out_at is not None or (alert is None and since > last_at):
            continue
        if person.role == Person.Role.SALESPERSON and lead.owner_id not in (None, person.pk):
            continue
        found.append(LostLead(lead, since, tuple(alert.people) if alert else (), alert.at if alert else None))
    return found


def chosen(dealer: Organisation) -> Choice:
    """What the dealer chose, or the defaults."""
    return choice_of(dealer.pk)

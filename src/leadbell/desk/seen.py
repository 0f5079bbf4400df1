"""Customers who are on the website, as the Desk shows them: those who were lost, and those whose lead is in hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadbell.unlost.shelves import alerts_of
from leadbell.visits.shelves import KnownShown, known_visits

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.lead.models import Lead
    from leadbell.unlost.models import Alert


@dataclass(frozen=True, slots=True)
class SeenCard:
    """A lead that came back; `known` is missing where the visitor asked to be forgotten."""

    alert: "Alert"
    lead: "Lead"
    known: KnownShown | None

    @property
    def here(self) -> bool:
        return self.known is not None and self.known.here


def seen_at(person: "Person", dealers: Sequence[int], now: datetime) -> list[SeenCard]:
    """What this person was told: who is still there first."""
    alerts = alerts_of(person, dealers, now)
    visits = known_visits([alert.visit for alert in alerts], now) if alerts else {}
    cards = [SeenCard(alert, alert.lead, visits.get(alert.visit)) for alert in alerts]
    return sorted(cards, key=lambda card: not card.here)

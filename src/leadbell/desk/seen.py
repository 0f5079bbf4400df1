"""Customers who are on the website, as the Desk shows them: those who were lost, and those whose lead is in hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from leadbell.desk.story.line import Line
from leadbell.unlost.shelves import alerts_of
from leadbell.visits.shelves import KnownShown, here_of, known_visits, newest_visits
from leadbell.words import say

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


def on_the_website(
    person: "Person", dealers: Sequence[int], cards: Iterable[SeenCard], now: datetime
) -> list[tuple["Lead", KnownShown]]:
    """Open leads in hand whose customers look around now; those with an alert stand above already."""
    told = {card.lead.pk for card in cards}
    return [(lead, known) for lead, known in here_of(person, dealers, now) if lead.pk not in told]


def with_visits(
    leads: Sequence["Lead"], dealers: Sequence[int], now: datetime
) -> list[tuple["Lead", KnownShown | None]]:
    """Each lead with its customer's visit of the last day: who gave a sign first, else in the order they came."""
    seen = newest_visits(dealers, {lead.customer_id for lead in leads}, now) if leads else {}
    rows = [(lead, seen.get(lead.customer_id)) for lead in leads]
    return sorted(rows, key=lambda row: _place(row[1]))


def _place(known: KnownShown | None) -> int:
    if known is None:
        return 3
    return 0 if known.here else 1 if known.sum.signals else 2


def lines_of(visits: Iterable[KnownShown]) -> list[Line]:
    """One line of the story for each visit, however many pages it had; what has just begun isn't counted yet."""
    return [
        Line(
            known.visit.began_at, "world", "system",
            say("On the website: %(pages)s pages", pages=known.sum.pages)
            if known.sum.pages != 1
            else say("On the website: one page"),
            known.sum.says,
        )
        for known in visits if known.sum.pages
    ]  # fmt: skip


def with_lines(story: Iterable[Line], lines: Iterable[Line]) -> list[Line]:
    """Facts and visits in the order of their time."""
    return sorted([*story, *lines], key=lambda line: line.at)

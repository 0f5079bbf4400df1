"""The end of a lead's way: sold, or lost with the reason; and back again."""

from datetime import datetime

from django.db import transaction

from leadbell.lead.facts import LOST_BY_ITSELF, LOST_REASONS, Lost, Reopened, Sold
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import Words, say


@transaction.atomic
def sell(lead: Lead, person: int, now: datetime) -> Sold | Refused:
    if lead.state == Lead.State.SOLD:
        return Refused(say("This lead is sold already."))
    return record(lead, Sold(at=now, by=person))


@transaction.atomic
def lose(lead: Lead, person: int | None, reason: str, now: datetime, note: str = "") -> Lost | Refused:
    """Give up, with a reason; `person` is None when the 45 days are over, or the importer takes it back."""
    if reason not in LOST_REASONS or (person is not None and reason in LOST_BY_ITSELF):
        return Refused(say("Choose a reason: it decides what happens when this customer comes back."))
    if not lead.is_open:
        return Refused(say("This lead is closed already."))
    return record(lead, Lost(at=now, by=person, reason=reason, note=note.strip()[:500]))


@transaction.atomic
def reopen(lead: Lead, person: int | None, now: datetime, because: Words | None = None) -> Reopened | Refused:
    if lead.is_open:
        return Refused(say("This lead is open."))
    if lead.lost_reason == "merged":
        return Refused(say("This lead went on in another one of the same customer: work on that one."))
    return record(lead, Reopened(at=now, by=person, because=because))

"""What a call was that its line took for something else: in the journal, and in the list of calls."""

from datetime import datetime

from django.db import transaction

from leadbell.conversation.actions import correct_outcome
from leadbell.lead.facts import AttemptEnded, Outcome
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.calls import turned_out


@transaction.atomic
def correct(lead: Lead, person: int, outcome: Outcome, now: datetime) -> AttemptEnded | Refused:
    """Say it once, of the newest call; what comes next is decided as if the line had heard it."""
    was = correct_outcome(lead, person, outcome, now)
    if isinstance(was, AttemptEnded):
        turned_out(lead.pk, was.key, was.outcome)
    return was

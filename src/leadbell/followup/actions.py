"""The one place that knows what follows what: a decision becomes a room's action."""

from datetime import datetime, timedelta

from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.followup.models import PlaybookRow
from leadbell.followup.playbook import Playbook, plan_from_json
from leadbell.followup.rules import Ask, Decision, GiveUp, Rest, Ring, Wait, decide
from leadbell.lead.history import Origin
from leadbell.lead.journal import plan, read_history
from leadbell.lead.models import Lead
from leadbell.ring.actions import ring
from leadbell.routing.actions import whom_to_ring
from leadbell.sale.actions import lose

#: A task that is due is looked at again this often, should its own moment be missed.
LOOK_AGAIN = timedelta(days=1)
#: A chain of decisions at one moment ends: rounds in which nobody could be rung follow each other at once.
MOST_AT_ONCE = 25


def playbook_for(dealer: Organisation, origin: Origin) -> Playbook:
    """The dealer's own playbook for this origin, or the default."""
    row = PlaybookRow.objects.filter(dealer=dealer, origin=origin).only("body").first()
    return Playbook(dealer.opening_hours, plan_from_json(row.body if row else None, origin))


@transaction.atomic
def follow_up(lead: Lead, now: datetime) -> Decision:
    """Decide afresh what comes next for this locked lead, and do it."""
    playbook = playbook_for(lead.dealer, lead.standing.origin)
    for _ in range(MOST_AT_ONCE):
        decision = decide(playbook, read_history(lead), now)
        if not isinstance(decision, Ring | GiveUp):
            break
        _act(lead, decision, playbook, now)
    _plan(lead, decision, now)
    return decision


def _act(lead: Lead, decision: Ring | GiveUp, playbook: Playbook, now: datetime) -> None:
    match decision:
        case Ring():
            found = whom_to_ring(lead, decision.how, playbook.hours, now)
            seconds = decision.ring_s if found.people else 0
            because = (decision.because, *found.because)
            ring(lead, found.people, decision.how, seconds, now, because, found.ranked, found.excluded)
        case GiveUp():
            lose(lead, None, decision.reason, now)


def _plan(lead: Lead, decision: Decision, now: datetime) -> None:
    match decision:
        case Wait():
            kind = "ring" if lead.standing.ringing else "wait"
            plan(lead, kind, decision.because, at=decision.until, wake_at=decision.until, whom=lead.owner_id)
        case Ask():
            due = decision.due_at <= now
            became_due = (
                due
                and (lead.next_kind, lead.next_at) == (decision.task, decision.due_at)
                and (lead.wake_at is not None and lead.wake_at <= decision.due_at)
            )
            wake_at = (
                decision.due_at
                if not due
                else min(w for w in (decision.again_at, now + LOOK_AGAIN) if w and w > now)
            )
            plan(
                lead,
                decision.task,
                decision.because,
                at=decision.due_at,
                wake_at=wake_at,
                whom=decision.person,
            )
            if became_due:
                announce(lead.dealer_id, "due", lead.pk, [decision.person])
        case Rest():
            plan(lead, "rest", decision.because, at=None, wake_at=None)
        case Ring() | GiveUp():
            # More than MOST_AT_ONCE rounds at one moment: go on in a moment.
            plan(lead, "ring", None, at=now, wake_at=now + timedelta(seconds=5))

"""A customer we know is on the website: whoever has to hear of it hears it now, once per lead and visit."""

from collections.abc import Sequence
from datetime import datetime

from leadbell.announce import announce
from leadbell.followup.actions import follow_up
from leadbell.lead.consent import contact_forbidden
from leadbell.lead.facts import SeenAgain
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.routing.actions import assign, staff_of
from leadbell.unlost.actions import alert, choice_of, take, told_on, was_told
from leadbell.unlost.rules import Back, Choice, Colleague, Full, Leave, Watched, who_is_back, whom_to_tell
from leadbell.visits.known import Noticed, newest_of
from leadbell.words import say

#: A customer's newest leads; older ones don't decide any more.
MOST_LEADS = 10


def tell_of(one: Noticed, now: datetime) -> None:
    """Bring a lost lead back and tell its salesperson; a lead in hand only shows what its customer does."""
    visit = one.visit
    leads = list(
        Lead.objects.filter(dealer=visit.dealer_id, customer=visit.customer_id)
        .select_related("dealer", "customer").order_by("-pk")[:MOST_LEADS]
    )  # fmt: skip
    if not was_told(visit.pk):
        choice = choice_of(visit.dealer_id)
        found = who_is_back(_watched(leads), choice, now, one.sum.viewed_at)
        if isinstance(found, Back) and _bring_back(one, leads, found.lead, now):
            return
    if one.is_news and (mine := next((lead for lead in leads if lead.is_open), None)):
        announce(visit.dealer_id, "visit", mine.pk, [mine.owner_id] if mine.owner_id else [])
    elif one.is_news:
        announce(visit.dealer_id, "visit")


def _watched(leads: Sequence[Lead]) -> list[Watched]:
    return [Watched(lead.pk, lead.standing, contact_forbidden(lead)) for lead in leads]


def _bring_back(one: Noticed, leads: Sequence[Lead], number: int, now: datetime) -> bool:
    """Decide again with the lead's row in hand: whoever closed or called it meanwhile was first."""
    lead, visit = locked(number), one.visit
    others = [other for other in leads if other.pk != number]
    choice = choice_of(visit.dealer_id)
    back = who_is_back(_watched([lead, *others]), choice, now, one.sum.viewed_at)
    if isinstance(back, Leave) or back.lead != number or was_told(visit.pk):
        return False
    hours = lead.dealer.opening_hours
    told = told_on(lead.dealer_id, hours.day_begins(hours.local_day(now)))
    around = staff_of(lead, hours, now)
    managed_here = any(at == lead.dealer_id and c.role == "manager" for at, c in around)
    staff = [
        Colleague(c.person, c.name, c.role == "manager", c.on_shift, told.get(c.person, 0))
        for at, c in around
        # Managers of the group above stand in where the dealer has none.
        if c.role != "manager" or at == lead.dealer_id or not managed_here
    ]
    whom = whom_to_tell(lead.standing.origin, lead.owner_id, staff, choice)
    if isinstance(whom, Full):
        return False
    alert(lead, visit.pk, visit.began_at, one.join, back, whom, now)
    follow_up(lead, now)
    return True


#: Whoever takes a lead from the list by hand has decided: neither window nor switch hold them up.
_BY_HAND = Choice(quiet_days=0)


def bring_back_by_hand(lead: Lead, person: int, now: datetime) -> SeenAgain | Refused:
    """Take the locked lead from the list of those who were seen again."""
    found = newest_of(lead)
    if found is None:
        return Refused(say("What was seen of this customer was erased, or is over its time."))
    visit, join = found
    back = who_is_back(_watched([lead]), _BY_HAND, now)
    if isinstance(back, Leave):
        return Refused(back.because)
    fact = take(lead, visit.pk, visit.began_at, join, back, person, now)
    if isinstance(fact, SeenAgain) and lead.is_open:
        if lead.owner_id is None:
            assign(lead, person, person, now)
        follow_up(lead, now)
    return fact

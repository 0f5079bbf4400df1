"""What lies between the demo’s BDC and its salespeople when it begins: campaigns to call, handovers that wait."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from msgspec.structs import replace as changed

from leadbell.conversation.actions import agree_call_back
from leadbell.dealers.models import Organisation, Person
from leadbell.demo.cast import STAR
from leadbell.demo.handing import AGREED, WANTS_TO_KNOW
from leadbell.followup.actions import playbook_for
from leadbell.followup.handing import Reached, qualify, receivers
from leadbell.followup.playbook import DEFAULTS
from leadbell.followup.playbooks import change_plan
from leadbell.handover.actions import Answered, ask_back
from leadbell.handover.rules import DAYS_AHEAD, free_times
from leadbell.lead.facts import Answers, Goal, Origin
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.routing.actions import assign
from leadbell.words import say

#: The BDC calls who answered a mailing, and who didn't buy before.
CAMPAIGNS: tuple[Origin, ...] = ("direct_mail", "lost_sale")
#: What is handed to the visitor's part, and what to a colleague who asks something first.
GOALS: tuple[Goal, ...] = ("appointment", "quote")
ASKS, ASKED = (
    "emre@northside.example",
    "Do they come with the car they want to trade in, or do I value it by pictures?",
)

#: She spoke to them so long ago, and calls again in so many minutes.
AGREED_AGO, AGAIN_M = timedelta(hours=4), (-25, 70)
CALLS_AGAIN = "Wants to ask at home first, then an appointment."


def begin_between(now: datetime) -> int:
    """Have the BDC call campaigns first, and hand two leads to the visitor's part and one to a colleague; how many."""
    rosa = Person.objects.filter(email=STAR).select_related("organisation").first()
    agent = Person.objects.filter(email="noor@meridian.example").first()
    if rosa is None or agent is None:
        return 0
    for origin in CAMPAIGNS:
        change_plan(rosa.organisation, origin, changed(DEFAULTS[origin], first="bdc"), now)
    leads = _to_qualify(rosa.organisation, rosa)
    given = sum(_hand_over(lead, agent, rosa, goal, now) for lead, goal in zip(leads, GOALS, strict=False))
    emre = Person.objects.filter(email=ASKS).first()
    for lead in leads[len(GOALS) :]:
        given += emre is not None and _asks(lead, agent, emre, now)
    return given


@transaction.atomic
def _asks(lead: int, agent: Person, colleague: Person, now: datetime) -> bool:
    """Hand it to a colleague who wants to know something before accepting."""
    if not _hand_over(lead, agent, colleague, "quote", now):
        return False
    return not isinstance(ask_back(locked(lead), colleague.pk, ASKED, now), Refused)


def keep_some(now: datetime) -> int:
    """Leave the BDC agent customers she has agreed to call again: one a while ago, one soon; how many."""
    agent = Person.objects.filter(email="noor@meridian.example").first()
    rosa = Person.objects.filter(email=STAR).select_related("organisation").first()
    if agent is None or rosa is None:
        return 0
    kept = 0
    quiet = (lead for lead in _to_qualify(rosa.organisation, rosa, most=30) if _last(lead) < now - AGREED_AGO)
    for lead, minutes in zip(quiet, AGAIN_M, strict=False):
        kept += _calls_again(lead, agent, now + timedelta(minutes=minutes), now - AGREED_AGO)
    return kept


def _last(lead: int) -> datetime:
    return read_history(Lead(pk=lead)).facts[-1].at


@transaction.atomic
def _calls_again(number: int, agent: Person, due_at: datetime, at: datetime) -> bool:
    lead = locked(number)
    given = assign(lead, agent.pk, lead.owner_id, at, say("a fresh try by somebody else"))
    if isinstance(given, Refused):
        return False
    agreed = agree_call_back(lead, agent.pk, due_at, at + timedelta(minutes=2), CALLS_AGAIN)
    return not isinstance(agreed, Refused)


def _to_qualify(dealer: Organisation, rosa: Person, most: int = len(GOALS) + 1) -> list[int]:
    """Leads somebody has spoken to and with whom nothing is agreed, the newest first."""
    found = Lead.objects.filter(dealer=dealer, closed_at=None, origin="online", state="conversation")
    free = found.filter(calling_by=None).exclude(owner=rosa).order_by("-received_at")
    return list(free.values_list("pk", flat=True)[:most])


@transaction.atomic
def _hand_over(number: int, agent: Person, to: Person, goal: Goal, now: datetime) -> bool:
    lead = locked(number)
    given = assign(
        lead, agent.pk, lead.owner_id, now - timedelta(minutes=6), say("a fresh try by somebody else")
    )
    if isinstance(given, Refused):
        return False
    playbook = playbook_for(lead, read_history(lead), now)
    theirs = next(
        (one for one in receivers(lead.dealer, now, now + timedelta(days=DAYS_AHEAD)) if one.person == to.pk),
        None,
    )
    times = free_times(theirs, playbook.hours, now) if theirs else ()
    if goal == "appointment" and len(times) < 2:
        return False
    reached = Reached(
        goal, Answered(Answers(when="weeks", trade_in=True, test_drive=True, decides_alone=False), "online"), to.pk,
        times[1] if goal == "appointment" else None, None, AGREED[goal][0], WANTS_TO_KNOW[0], told=True,
    )  # fmt: skip
    outcome = qualify(lead, agent, reached, replace(playbook, plan=changed(playbook.plan, accept_m=90)), now)
    return not isinstance(outcome, Refused)

"""The people of the demo that no visitor plays: they answer rings, call and note what came of it.

They do so through the same actions as the screens, and only while nobody has a desk open in their name. The
visitor's own part is never played, at no dealer and at no time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import structlog
from django.db import connection, transaction

from leadbell.appointment import actions as appointment
from leadbell.conversation import actions as conversation
from leadbell.dealers.models import Person
from leadbell.demo import stage
from leadbell.demo.cast import STAR
from leadbell.demo.course import Told
from leadbell.demo.house import House
from leadbell.demo.life import Life
from leadbell.demo.neighbours import TREE
from leadbell.followup import handing
from leadbell.handover import actions as handover
from leadbell.lead.facts import (
    Accepted,
    AnyFact,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    Confirmed,
    FirstContact,
    Lost,
    Moved,
    NoShow,
    Noted,
    Opened,
    OptedOut,
    PassedOn,
    Quoted,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring import actions as ring
from leadbell.routing.actions import REACHABLE, assign
from leadbell.sale import actions as sale

log = structlog.get_logger("leadbell.demo")

#: Plans reach no further: what lies later is planned when it comes.
HORIZON = timedelta(hours=12)

#: Open leads at which somebody who is played is asked for something now, with the number of their facts.
_ASKED = """
select l.id, l.dealer_id, (select count(*) from leadbell_fact f where f.lead_id = l.id)
from leadbell_lead l
where l.closed_at is null and l.dealer_id = any (%(dealers)s) and (
    (l.ring_until > %(now)s and l.ringing && %(played)s::bigint[])
    or l.calling_by = any (%(played)s)
    or (l.next_for = any (%(played)s) and l.next_at <= %(now)s
        and l.next_kind in ('call', 'write', 'confirm', 'shown', 'result', 'outcome')))
"""


@dataclass(slots=True)
class Plan:
    """What is going to be done about a lead that has `facts` facts now."""

    facts: int
    steps: list[Told]


@dataclass(slots=True)
class Colleagues:
    """Call `act` every second or so."""

    rng: Random
    houses: dict[int, House] = field(default_factory=dict)
    plans: dict[int, Plan] = field(default_factory=dict)

    def act(self, now: datetime) -> int:
        """Do what is due at `now`; how many things were done."""
        if not self.houses:
            self.houses = {house.number: house for house in stage.houses(now - timedelta(days=1))[0]}
        played = who_is_played(now)
        self._plan(played, now)
        done = 0
        for lead, plan in list(self.plans.items()):
            while plan.steps and plan.steps[0].fact.at <= now:
                step = plan.steps.pop(0)
                if not self._do(lead, plan, step.fact, played, now):
                    del self.plans[lead]
                    break
                plan.facts += 1
                done += 1
        return done

    def _plan(self, played: frozenset[int], now: datetime) -> None:
        """Think about every lead that asks for something and isn't thought about yet, as it stands."""
        about: dict[str, Any] = {"dealers": list(self.houses), "now": now, "played": list(played)}
        with connection.cursor() as cursor:
            cursor.execute(_ASKED, about)
            asked = {lead: (dealer, facts) for lead, dealer, facts in cursor}
        for lead, plan in list(self.plans.items()):
            if not plan.steps and lead not in asked:
                del self.plans[lead]
        for lead, (dealer, facts) in asked.items():
            known = self.plans.get(lead)
            if known is None or known.facts != facts:
                self.plans[lead] = Plan(facts, [])
                try:
                    self.plans[lead].steps = self._think(lead, self.houses[dealer], played, now)
                except Exception:  # nothing is done about this one; the others are played on
                    log.exception("nobody knows what to do", lead=lead)

    def _think(self, lead: int, house: House, played: frozenset[int], now: datetime) -> list[Told]:
        history = read_history(Lead(pk=lead))
        if history.standing.owner is not None and not house.has(history.standing.owner):
            return []
        told = [Told(fact) for fact in history.facts]
        here = frozenset(person for person in played if house.has(person))
        life = Life(house, self.rng, now + HORIZON, count(1), told, here)
        return [step for step in life.play(now) if step.fact.at <= now + HORIZON]

    def _do(self, number: int, plan: Plan, fact: AnyFact, played: frozenset[int], now: datetime) -> bool:
        """Do one thing, if the lead still is as it was when it was planned and nobody took the part over."""
        if getattr(fact, "by", None) not in played:
            return False
        with transaction.atomic():
            lead = locked(number)
            if lead.facts.count() != plan.facts:
                return False
            done = act_out(lead, fact, now)
        if isinstance(done, Refused):
            log.info("refused", lead=number, reason=done.because.text)
            return False
        return True


def who_is_played(now: datetime) -> frozenset[int]:
    """The demo's people without an open desk, but for the visitor's own part."""
    parts = {player.email for company, _ in TREE for player in company.people} - {STAR}
    people = Person.objects.filter(email__in=parts, is_active=True)
    return frozenset(
        person.pk for person in people if person.seen_at is None or person.seen_at < now - REACHABLE
    )


def act_out(lead: Lead, fact: AnyFact, now: datetime) -> object:
    """The action of the screens that records such a fact, at `now`; Refused where it can't be done any more."""
    by = getattr(fact, "by", None) or 0
    late = now - fact.at
    match fact:
        case Accepted():
            waits = lead.standing.contract is not None
            return handing.take_over(lead, by, now) if waits else ring.accept(lead, by, now)
        case FirstContact():
            said = (fact.reason, fact.rdr, fact.answered, fact.note)
            return handover.first_contact(lead, by, fact.went, now, *said)
        case PassedOn():
            return ring.pass_on(lead, by, now)
        case Assigned():
            return assign(lead, fact.to, by, now, fact.because)
        case Opened():
            conversation.opened(lead, by, now)
            return None
        case Attempted():
            return conversation.start_attempt(lead, by, now)
        case AttemptEnded():
            connected_at = fact.connected_at + late if fact.connected_at else None
            return conversation.end_attempt(lead, by, fact.outcome, now, connected_at)
        case CallBackAgreed():
            return conversation.agree_call_back(lead, by, fact.due_at, now, fact.note)
        case Quoted():
            return conversation.promise_quote(lead, by, now)
        case Wrote():
            return conversation.wrote(lead, by, now, fact.carrier)
        case Noted():
            return conversation.note(lead, by, fact.text, now)
        case OptedOut():
            return conversation.opt_out(lead, by, now)
        case Booked():
            return appointment.book(lead, by, fact.starts_at, now, fact.what)
        case Moved():
            return appointment.move(lead, by, fact.starts_at, now)
        case Confirmed():
            return appointment.confirm(lead, by, fact.how, now)
        case Shown():
            return appointment.came(lead, by, now)
        case NoShow():
            return appointment.missed(lead, by, now)
        case Cancelled():
            return appointment.cancel(lead, by, now)
        case Sold():
            return sale.sell(lead, by, now)
        case Lost():
            return sale.lose(lead, by, fact.reason, now, fact.note)
        case _:
            raise NotImplementedError(f"nobody in the demo does {fact}")

"""The one place that knows what follows what: a decision becomes a room's action."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from leadbell import statement
from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.followup.decisions import Ask, Decision, GiveUp, HandOn, Rest, Ring, Wait
from leadbell.followup.handing import hand_on
from leadbell.followup.playbook import Place, Plan, Playbook, plan_from_json
from leadbell.followup.rules import decide
from leadbell.lead.consent import asked_by_themselves, contact_forbidden, quiet_of
from leadbell.lead.facts import Assigned, HandedOver, Lost, Origin, Rang
from leadbell.lead.history import History
from leadbell.lead.journal import plan, read_history
from leadbell.lead.law import MARKETING
from leadbell.lead.models import Lead
from leadbell.ring.actions import ring
from leadbell.ring.wanted import lines_are_up, phones_ring, want
from leadbell.routing.actions import Busy, busy_at, count_together, whom_to_ring
from leadbell.sale.actions import lose

#: A task that is due is looked at again this often, should its own moment be missed.
LOOK_AGAIN = timedelta(days=1)
#: A chain of decisions at one moment ends: rounds in which nobody could be rung follow each other at once.
MOST_AT_ONCE = 25
#: So long the phone rings for another attempt.
REMINDS_S = 30
#: Who didn't pick up may be with a visitor: it rings again so long after, then it is late on the Floor.
REMINDS_AGAIN = (timedelta(minutes=5), timedelta(minutes=15))
#: Whose owner is in a conversation is asked about again so soon.
TALKS_ON = timedelta(minutes=2)
#: What was due longer ago doesn't begin to ring by itself: nobody is rung for everything that was left undone.
REMINDS_WITHIN = timedelta(hours=2)


#: How long a dealer's choices may be used before they are read again.
CHOICES_KEPT = timedelta(seconds=3)
#: When they were read, the dealer's plan, and its quiet hours where it has its own.
_Choices = tuple[datetime, Plan, tuple[int, int] | None]
_choices: dict[tuple[int, str], _Choices] = {}


def forget_choices() -> None:
    """Read them afresh next time."""
    _choices.clear()


def _chosen(dealer: int, origin: Origin, now: datetime) -> tuple[Plan, tuple[int, int] | None]:
    """The dealer's plan for this origin, and its quiet hours where it has its own."""
    known = _choices.get((dealer, origin))
    if known is None or not _is_fresh(known, now):
        known = _read_choices([(dealer, origin)], now)[dealer, origin]
    return known[1:]


def _is_fresh(known: _Choices, now: datetime) -> bool:
    return known[0] <= now < known[0] + CHOICES_KEPT


def _read_choices(wanted: Sequence[tuple[int, Origin]], now: datetime) -> dict[tuple[int, str], _Choices]:
    about = {"dealers": [dealer for dealer, _ in wanted], "origins": [origin for _, origin in wanted]}
    found: dict[tuple[int, str], _Choices] = {}
    for dealer, origin, stored, quiet in statement.run(_PLAYBOOK, about):
        own = plan_from_json(json.loads(stored) if stored else None, origin)
        found[dealer, origin] = now, own, (quiet[0], quiet[1]) if quiet else None
    _choices.update(found)
    return found


def look_ahead(leads: Iterable[tuple[Organisation, Origin]], now: datetime) -> dict[int, Busy]:
    """Have at hand what following up new leads of these dealers will ask about, in one question each for all.

    Who is busy there is answered: to be handed to `follow_up`, which adds whom it rings.
    """
    wanted = {(dealer.pk, origin): dealer for dealer, origin in leads}
    known = {one: _choices.get(one) for one in wanted}
    if unknown := [one for one, told in known.items() if told is None or not _is_fresh(told, now)]:
        _read_choices(unknown, now)
    hours = {dealer.pk: dealer.opening_hours for dealer in wanted.values()}
    lines_are_up(hours, now)
    count_together(hours, now)
    return busy_at(hours, now)


def playbook_for(lead: Lead, history: History, now: datetime) -> Playbook:
    """The dealer's own playbook for this lead's origin, or the default, and the law about its customer."""
    dealer, origin = lead.dealer, lead.standing.origin
    chosen, quiet = _chosen(dealer.pk, origin, now)
    # Only campaigns are asked about further: whoever asked by themselves has the same quiet hours at any time.
    asked_at = asked_by_themselves(lead, history) if origin in MARKETING else lead.standing.asked_at
    forbidden = contact_forbidden(lead, history)
    return Playbook(
        dealer.opening_hours,
        chosen,
        quiet_of(lead, asked_at, quiet),
        forbidden,
        wanted_again=forbidden is None,
        place=_place_of(lead, now),
    )


def _place_of(lead: Lead, now: datetime) -> Place | None:
    """What today's plan says about the lead; nobody is asked where the cadence isn't what comes next."""
    if lead.next_touch is None:
        return None
    today = lead.dealer.opening_hours.local_day(now)
    found = statement.run(_PLACE, {"lead": lead.pk, "day": today})
    return Place(today, *found[0]) if found else None


_PLACE = "select person_id, fits from leadbell_placement where lead_id = %(lead)s and day = %(day)s"


_PLAYBOOK = """
select d.id, d.origin, (select body::text from leadbell_playbook where dealer_id = d.id and origin = d.origin),
    (select json_build_array(quiet_from, quiet_until) from leadbell_phonerules where dealer_id = d.id)
from unnest(%(dealers)s::bigint[], %(origins)s::text[]) as d(id, origin)
"""


def follow_up(lead: Lead, now: datetime, busy: Busy | None = None) -> Decision:
    """Decide afresh what comes next for this locked lead, and do it, in the caller's transaction.

    `busy`: where it is known already who is at its dealer.
    """
    history = read_history(lead)
    playbook = playbook_for(lead, history, now)
    for _ in range(MOST_AT_ONCE):
        decision = decide(playbook, history, now)
        if not isinstance(decision, Ring | GiveUp | HandOn):
            break
        if not (done := _act(lead, decision, playbook, now, busy)):
            break
        if busy:
            busy.tell(lead)
        history = History((*history.facts, done))
    _plan(lead, decision, playbook, now)
    return decision


def _act(
    lead: Lead, decision: Ring | GiveUp | HandOn, playbook: Playbook, now: datetime, busy: Busy | None
) -> Rang | Lost | HandedOver | Assigned | None:
    """The fact that the decision made; None where a room refused."""
    match decision:
        case Ring():
            phones = phones_ring(lead.dealer_id, now)
            found = whom_to_ring(lead, decision.how, playbook.hours, now, phones, busy)
            seconds = decision.ring_s if found.people else 0
            because = (decision.because, *found.because)
            return ring(lead, found.people, decision.how, seconds, now, because, found.ranked, found.excluded)
        case GiveUp():
            lost = lose(lead, None, decision.reason, now)
            return lost if isinstance(lost, Lost) else None
        case HandOn():
            return hand_on(lead, decision.because, playbook, now)


def _ask(lead: Lead, task: Ask, playbook: Playbook, now: datetime) -> None:
    """What has become due says so on the screen; another attempt rings the phone too, and 1 makes the call."""
    # Compared with what was planned: quiet hours may have moved it away from the moment of its own.
    planned_at = lead.next_at if lead.next_kind == task.task else None
    became_due = bool(planned_at and lead.wake_at and lead.wake_at <= planned_at <= now)
    wake_at = task.due_at
    if task.due_at <= now:
        rings_at = (
            _remind(lead, task, playbook, now, became_due) if planned_at and planned_at <= now else None
        )
        wake_at = min(w for w in (task.again_at, rings_at, now + LOOK_AGAIN) if w and w > now)
    plan(
        lead, task.task, task.because, at=task.due_at, wake_at=wake_at, whom=task.person, touch=task.touch,
    )  # fmt: skip
    if became_due:
        announce(lead.dealer_id, "due", lead.pk, [task.person])


def _remind(lead: Lead, task: Ask, playbook: Playbook, now: datetime, became_due: bool) -> datetime | None:
    """Ring for another attempt, if it is time to; when it is asked about again."""
    if task.task != "call" or not lead.standing.tries or not phones_ring(lead.dealer_id, now):
        return None
    rang = _rang_since(lead, task)
    if len(rang) > len(REMINDS_AGAIN):
        return None
    rings_at = task.due_at
    if rang and now < (rings_at := playbook.hours.shift_into_hours(rang[-1] + REMINDS_AGAIN[len(rang) - 1])):
        return rings_at
    if not became_due and now >= rings_at + REMINDS_WITHIN:
        return None
    busy = busy_at([lead.dealer_id], now)[lead.dealer_id]
    if task.person in busy.talking:
        return now + TALKS_ON
    if whom_to_ring(lead, "owner", playbook.hours, now, True, busy).people != (task.person,):
        return None
    if want(lead.dealer_id, lead.pk, "outbound", [task.person], REMINDS_S, now, task.person) is None:
        return None
    again = REMINDS_AGAIN[len(rang) : len(rang) + 1]
    return playbook.hours.shift_into_hours(now + again[0]) if again else None


def _rang_since(lead: Lead, task: Ask) -> list[datetime]:
    """When their phone rang for this call since it is due."""
    return [
        at for (at,) in statement.run(_RANG, {"lead": lead.pk, "person": task.person, "since": task.due_at})
    ]


_RANG = """
select asked_at from leadbell_call
where lead_id = %(lead)s and kind = 'outbound' and person_id = %(person)s and asked_at >= %(since)s order by asked_at
"""


def _plan(lead: Lead, decision: Decision, playbook: Playbook, now: datetime) -> None:
    """Write down what comes next; what has become due is heard."""
    match decision:
        case Wait():
            kind = "ring" if lead.standing.ringing else "wait"
            until, touch = decision.until, decision.touch
            plan(lead, kind, decision.because, at=until, wake_at=until, whom=lead.owner_id, touch=touch)
        case Ask():
            _ask(lead, decision, playbook, now)
        case Rest():
            plan(lead, "rest", decision.because, at=None, wake_at=None)
        case Ring() | GiveUp() | HandOn():
            # More than MOST_AT_ONCE rounds at one moment: go on in a moment.
            plan(lead, "ring", None, at=now, wake_at=now + timedelta(seconds=5))

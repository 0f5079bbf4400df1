"""What comes next for a lead: RULES are asked in order, the first answer wins.

Those that let desks ring are in `ringing`, those about handovers and appointments in `agreed`.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from leadbell.followup.agreed import (
    ask_how_the_first_contact_went,
    give_who_dropped_off_time,
    have_it_accepted,
    keep_the_appointment,
    win_back_who_did_not_come,
)
from leadbell.followup.decisions import Ask, Decision, GiveUp, Rest, Task, Wait
from leadbell.followup.playbook import Playbook
from leadbell.followup.reasons import tried, why_that_day
from leadbell.followup.ringing import (
    keep_the_quiet_hours,
    let_it_ring,
    let_the_bdc_qualify,
    let_the_customer_sleep,
    make_it_ring,
    not_too_directly,
    ring_the_owner_again,
    tell_the_manager,
)
from leadbell.followup.timing import manager_at, sensible, undisturbed, worked_since_asked
from leadbell.lead.history import History
from leadbell.lead.law import why_quiet
from leadbell.lead.standing import Standing
from leadbell.words import Words, say

#: A call back agreed for later than day 45 outlives it by this long.
PROMISE_KEPT_FOR = timedelta(days=7)

#: Whose customer brings a lead back by looking at the website again never, or not for a long time.
STAYS_LOST = {
    "bought_elsewhere": say("bought elsewhere"),
    "not_a_customer": say("not a customer (spam, wrong number)"),
    "withdrawn": say("taken back by the importer"),
    "merged": say("went on in the customer’s open lead"),
}

Rule = Callable[[Playbook, History, datetime], Decision | None]


def leave_the_closed_alone(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s = history.standing
    if s.is_open:
        return None
    if s.state == "sold":
        return Rest(say("sold"))
    if playbook.forbidden is not None or (s.opted_out and not playbook.wanted_again):
        return respect_opt_out(playbook, history, now)
    return Rest(STAYS_LOST.get(s.lost_reason or "") or say("lost: back as soon as the customer is"))


def respect_opt_out(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    if playbook.forbidden is not None:
        return Rest(playbook.forbidden)
    if not history.standing.opted_out or playbook.wanted_again:
        return None
    return Rest(say("the customer doesn't want to be contacted"))


def let_them_talk(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """A call under way is left alone; one whose end nobody noted is asked about."""
    s = history.standing
    if s.calling is None or s.calling_since is None or s.calling_by is None:
        return None
    forgotten_at = s.calling_since + timedelta(minutes=playbook.plan.outcome_after_m)
    if now < forgotten_at:
        return Wait(forgotten_at, say("calling now"))
    return Ask(
        "outcome",
        s.calling_by,
        forgotten_at,
        say("called at %(called_at)s: how did it end?", called_at=s.calling_since),
    )


#: Where a customer's line in a chat waits so long for an answer, whose chat it is is rung again.
LINE_WAITS = timedelta(seconds=60)
#: A chat is over long before; this ends the waiting for one whose end nobody told.
CHAT_AT_MOST = timedelta(minutes=30)


def let_them_chat(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """A chat under way is left alone, unless the customer waits in it for an answer."""
    s = history.standing
    if s.chatting is None or s.worked_at is None or s.asked_at is None:
        return None
    waits = s.asked_at > s.worked_at
    until = s.asked_at + LINE_WAITS if waits else s.worked_at + CHAT_AT_MOST
    if now >= until:
        return None
    return Wait(until, say("a line in the chat waits for an answer") if waits else say("in a chat now"))


def call_while_they_look(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Lost, and on the website again: a person gets in touch now, in opening hours [S4]."""
    s = history.standing
    if s.owner is None or s.seen_at is None or (s.worked_at is not None and s.worked_at >= s.seen_at):
        return None
    due = playbook.hours.shift_into_hours(s.seen_at)
    because = (
        say("on the website again: call while they look")
        if due == s.seen_at
        else say("was on the website again at %(seen_at)s: call", seen_at=s.seen_at)
    )
    if s.by_phone and not s.number_is_wrong:
        return Ask("call", s.owner, due, because)
    if s.by_email:
        return Ask("write", s.owner, due, say("on the website again, no phone number: write personally"))
    return None


def keep_the_promise(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s = history.standing
    if s.call_back_at is None or s.owner is None:
        return None
    task: Task = "call" if s.by_phone and not s.number_is_wrong else "write"
    return Ask(task, s.owner, s.call_back_at, say("agreed to call back"))


def write_where_nobody_can_call(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """A lead without a phone number is a serious lead: a personal e-mail, never the bin [S2]."""
    s = history.standing
    if s.owner is None or (s.by_phone and not s.number_is_wrong) or s.asked_at is None:
        return None
    if s.wrote_at is not None and s.wrote_at >= s.asked_at:
        return None
    if not s.by_email:
        return Ask(
            "result",
            s.owner,
            s.asked_at,
            _nobody_knows_how(s),
        )
    because = (
        say("the number is wrong: write personally")
        if s.number_is_wrong
        else say("no phone number: write personally")
    )
    return Ask(
        "write",
        s.owner,
        playbook.hours.shift_into_hours(s.asked_at),
        because,
        again_at=manager_at(playbook, history),
    )


def _nobody_knows_how(s: Standing) -> Words:
    if s.number_is_wrong:
        return say("the number is wrong and there is no e-mail address: ask around, or close it")
    if s.origin == "call":
        return say("they called without showing a number and left none: close it if nothing can be done")
    return say("nobody knows how to reach them: read the chat, and close it if nothing can be done")


def call_at_once(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """The first attempt, within two minutes [S0]; after a new inquiry again."""
    s = history.standing
    if s.owner is None or s.asked_at is None or worked_since_asked(history):
        return None
    due = playbook.hours.shift_into_hours(s.asked_at)
    because = say("new: call now") if s.attempts == 0 else say("asked again: call now")
    return Ask("call", s.owner, due, because, again_at=manager_at(playbook, history))


def try_again(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """No answer means at least three attempts, at sensible times [S3]."""
    s, retries = history.standing, playbook.plan.retries
    if s.owner is None or s.last_attempt_at is None or not 1 <= s.tries <= len(retries):
        return None
    if s.number_is_wrong or s.last_outcome in (None, "conversation"):
        return None
    retry = retries[s.tries - 1]
    due = sensible(playbook, s.last_attempt_at + timedelta(minutes=retry.minutes), retry.at)
    return Ask("call", s.owner, due, tried(history))


def write_after_three(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s = history.standing
    if (
        s.owner is None
        or not s.by_email
        or s.last_attempt_at is None
        or s.tries <= len(playbook.plan.retries)
    ):
        return None
    if s.wrote_at is not None and s.wrote_at >= s.last_attempt_at:
        return None
    if s.wrote_at is not None and s.asked_at is not None and s.wrote_at >= s.asked_at:
        return None
    return Ask(
        "write", s.owner, playbook.hours.shift_into_hours(s.last_attempt_at),
        say("not reached in %(tries)s attempts: write personally", tries=s.tries),
    )  # fmt: skip


def stop_after_day_45(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s, last = history.standing, playbook.plan.last_day
    since = s.interested_at
    if since is None or s.owner is None or now < since + timedelta(days=last + 1):
        return None
    if s.call_back_at is not None and now < s.call_back_at + PROMISE_KEPT_FOR:
        return None
    return GiveUp("no_answer_45_days", say("day %(day)s: follow-up is over", day=last))


def follow_the_cadence(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Dense at first, the golden period from day 8 to 19, then less often, until day 45 [S4]."""
    s, plan = history.standing, playbook.plan
    since = s.interested_at
    if s.owner is None or since is None:
        return None
    began = playbook.hours.local_day(since)
    worked = (playbook.hours.local_day(s.worked_at) - began).days if s.worked_at else -1
    day = next((d for d in plan.cadence_days if d > worked), None)
    end = since + timedelta(days=plan.last_day + 1)
    if day is None:
        return Wait(
            end, say("the cadence is done: closed on day %(day)s if nothing happens", day=plan.last_day)
        )
    due = sensible(playbook, max(since + timedelta(days=day), s.worked_at or since), None)
    task: Task = "call" if s.by_phone and not s.number_is_wrong else "write"
    ask = Ask(task, s.owner, due, why_that_day(day, plan.last_day), again_at=end, touch=day)
    return _as_planned(playbook, ask, now, end)


def _as_planned(playbook: Playbook, ask: Ask, now: datetime, end: datetime) -> Decision:
    """Today's plan says whether it fits into the day, and who does it; until it is made nobody is held back."""
    hours, place, today = playbook.hours, playbook.place, playbook.hours.local_day(now)
    if place is None or place.day != today or hours.local_day(ask.due_at) > today:
        return ask
    if place.fits:
        return replace(ask, person=place.person)
    tomorrow = hours.shift_into_hours(hours.day_begins(today + timedelta(days=1)))
    because = say("day %(day)s: it didn't fit into the day's plan, and is planned again", day=ask.touch)
    return Wait(min(tomorrow, end), because, touch=ask.touch)


#: Asked in this order; the first answer wins.
RULES: tuple[Rule, ...] = (
    leave_the_closed_alone,
    respect_opt_out,
    let_them_talk,
    let_them_chat,
    let_it_ring,
    let_the_customer_sleep,
    keep_the_quiet_hours,
    not_too_directly,
    let_the_bdc_qualify,
    make_it_ring,
    have_it_accepted,
    ask_how_the_first_contact_went,
    keep_the_appointment,
    stop_after_day_45,
    call_while_they_look,
    keep_the_promise,
    ring_the_owner_again,
    tell_the_manager,
    write_where_nobody_can_call,
    give_who_dropped_off_time,
    win_back_who_did_not_come,
    call_at_once,
    try_again,
    write_after_three,
    follow_the_cadence,
)


def decide(playbook: Playbook, history: History, now: datetime) -> Decision:
    """What comes next for this lead, decided afresh from all that happened."""
    for rule in RULES:
        if decision := rule(playbook, history, now):
            return _when_allowed(playbook, history, decision, now)
    return Rest(say("nothing is planned"))


def _when_allowed(playbook: Playbook, history: History, decision: Decision, now: datetime) -> Decision:
    """A call that would fall into the customer's quiet hours is asked for when they are over, and due from then on."""
    if playbook.quiet is None or not isinstance(decision, Ask) or decision.task != "call":
        return decision
    planned, due = decision.due_at, undisturbed(playbook, history, decision.due_at)
    if due <= now < (later := undisturbed(playbook, history, now)):
        planned, due = now, later
    because = why_quiet(planned, playbook.quiet) if due > max(planned, now) else None
    return replace(decision, due_at=due, because=because or decision.because)

"""What comes next for a lead: RULES are asked in order, the first answer wins."""

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
from leadbell.followup.decisions import Ask, Decision, GiveUp, Rest, Ring, Task, Wait
from leadbell.followup.playbook import Playbook
from leadbell.followup.reasons import tried, why_now, why_that_day
from leadbell.followup.timing import manager_at, sensible, worked_since_asked
from leadbell.lead.facts import AskedAgain, MissedCall, Rang, Replied
from leadbell.lead.history import History
from leadbell.lead.law import callable_from, is_expected, why_quiet
from leadbell.words import say

#: A call back agreed for later than day 45 outlives it by this long.
PROMISE_KEPT_FOR = timedelta(days=7)

Rule = Callable[[Playbook, History, datetime], Decision | None]


def leave_the_closed_alone(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s = history.standing
    if s.is_open:
        return None
    return Rest(say("sold") if s.state == "sold" else say("lost: back as soon as the customer is"))


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


def let_it_ring(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    s = history.standing
    if not s.ringing or s.ring_until is None or now >= s.ring_until:
        return None
    return Wait(s.ring_until, say("ringing"))


def let_the_customer_sleep(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Nobody is rung outside opening hours: a lead without an owner waits for the dealer to open."""
    if history.standing.owner is not None or playbook.hours.is_open(now):
        return None
    opening = playbook.hours.next_opening(now)
    if opening is None:
        return Wait(
            now + timedelta(days=1), say("the dealer has no opening hours: a manager has to set them")
        )
    return Wait(opening, playbook.hours.why_closed(now))


def keep_the_quiet_hours(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Nobody is rung for a customer whom nobody may call yet, unless they have just asked."""
    if history.standing.owner is not None or not _is_quiet(playbook, history, now):
        return None
    until, because = _allowed_from(playbook, history, now), playbook.quiet and why_quiet(now, playbook.quiet)
    return Wait(until, because) if until and because else None


def not_too_directly(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Who answers a mailing isn't called at once [S1]."""
    s = history.standing
    if s.owner is not None or s.rounds or s.received_at is None or not playbook.plan.wait_before_m:
        return None
    earliest = s.received_at + timedelta(minutes=playbook.plan.wait_before_m)
    if now >= earliest:
        return None
    return Wait(playbook.hours.shift_into_hours(earliest), say("direct mail: not called too directly"))


def let_the_bdc_qualify(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Where the dealer has its BDC call first it waits in their queue, and rings as always if nobody took it."""
    s, plan = history.standing, playbook.plan
    if plan.first != "bdc" or s.owner is not None or s.rounds or s.received_at is None:
        return None
    begins = playbook.hours.shift_into_hours(s.received_at + timedelta(minutes=plan.wait_before_m))
    until = playbook.hours.shift_into_hours(begins + timedelta(minutes=plan.bdc_m))
    if now >= until:
        return None
    return Wait(until, say("in the BDC’s queue until %(until_at)s, then it rings", until_at=until))


def make_it_ring(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Nobody has it yet: the best, the next, all, the manager; then everybody again."""
    s, plan = history.standing, playbook.plan
    if s.owner is not None:
        return None
    done = len(s.rounds)
    if done < len(plan.rounds):
        this = plan.rounds[done]
        return Ring(this.how, this.ring_s, why_now(playbook, history))
    last = (
        plan.rounds[-1]
        if plan.first == "manager"
        else next((r for r in plan.rounds if r.how == "all"), plan.rounds[-1])
    )
    again_at = (s.ring_until or now) + timedelta(seconds=plan.ring_again_s)
    if done - len(plan.rounds) >= plan.ring_again_times:
        opening = playbook.hours.next_opening(_end_of_day(playbook, now))
        return Wait(
            opening or now + timedelta(days=1),
            say(
                "rung %(count)s times, nobody accepted: it waits for a manager on the Floor",
                count=s.ring_count,
            ),
        )
    if now < again_at:
        return Wait(again_at, say("nobody accepted: everybody is rung again"))
    return Ring(last.how, last.ring_s, say("nobody accepted before"))


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


def ring_the_owner_again(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """The customer asked again: whose customer it is hears it at once; a colleague if they are away [S3]."""
    s = history.standing
    asked = history.of(AskedAgain, Replied, MissedCall)
    if (
        s.owner is None
        or s.owned_at is None
        or not asked
        or asked[-1].at != s.asked_at
        or s.asked_at <= s.owned_at
    ):
        return None
    if worked_since_asked(history) or not playbook.hours.is_open(now) or _is_quiet(playbook, history, now):
        return None
    if not s.rounds:
        return Ring("owner", 20, say("asked again"))
    rang = history.of(Rang)[-1]
    if isinstance(rang, Rang) and rang.how == "owner" and not rang.people:
        return Ring("best", 20, say("asked again, and whose customer it is is away"))
    return None


def tell_the_manager(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Accepted but not called: the manager's desk rings once."""
    s, plan = history.standing, playbook.plan
    if s.owner is None or "manager" in s.rounds or worked_since_asked(history) or s.asked_at is None:
        return None
    since = max(s.asked_at, s.owned_at or s.asked_at, s.seen_at or s.asked_at)
    if not playbook.hours.is_open(now) or _is_quiet(playbook, history, now):
        return None
    if playbook.hours.open_ms_between(since, now) < plan.manager_after_m * 60_000:
        return None
    return Ring("manager", 60, say("not contacted for %(minutes)s minutes", minutes=plan.manager_after_m))


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
            say("the number is wrong and there is no e-mail address: ask around, or close it")
            if s.number_is_wrong
            else say("nobody knows how to reach them: read the chat, and close it if nothing can be done"),
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


#: Opening hours and the customer's day meet within so many steps, or never.
MOST_STEPS = 10


def _when_allowed(playbook: Playbook, history: History, decision: Decision, now: datetime) -> Decision:
    """A call that would fall into the customer's quiet hours is asked for when they are over."""
    if playbook.quiet is None or not isinstance(decision, Ask) or decision.task != "call":
        return decision
    due = max(decision.due_at, now)
    if not _is_quiet(playbook, history, due):
        return decision
    until = _allowed_from(playbook, history, due) or callable_from(due, playbook.quiet)
    return replace(decision, due_at=until, because=why_quiet(due, playbook.quiet) or decision.because)


def _is_quiet(playbook: Playbook, history: History, when: datetime) -> bool:
    """Whether the law forbids to call the customer then. What a campaign sent, the customer hasn't asked for."""
    s, quiet = history.standing, playbook.quiet
    if quiet is None or not s.by_phone or s.number_is_wrong:
        return False
    if is_expected(when, None if quiet.days_off else s.asked_at, s.call_back_at):
        return False
    return callable_from(when, quiet) > when


def _allowed_from(playbook: Playbook, history: History, when: datetime) -> datetime | None:
    """The first moment from `when` on at which the dealer is open and nobody is disturbed; None if never both."""
    if playbook.quiet is None:
        return when
    for _ in range(MOST_STEPS):
        free = callable_from(when, playbook.quiet)
        when = playbook.hours.shift_into_hours(free)
        if when == free:
            return free
    return None


def _end_of_day(playbook: Playbook, now: datetime) -> datetime:
    return playbook.hours.closing_after(now) or now

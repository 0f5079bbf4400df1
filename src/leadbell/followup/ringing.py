"""Who rings for a lead, and when: its rounds, its owner again, the manager. Rules, asked by `rules`."""

from datetime import datetime, timedelta

from leadbell.followup.decisions import Decision, Ring, Wait
from leadbell.followup.playbook import Playbook
from leadbell.followup.reasons import why_now
from leadbell.followup.timing import allowed_from, is_quiet, worked_since_asked
from leadbell.lead.facts import AskedAgain, MissedCall, Rang, Replied
from leadbell.lead.history import History
from leadbell.lead.law import why_quiet
from leadbell.words import say


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
    if history.standing.owner is not None or not is_quiet(playbook, history, now):
        return None
    until, because = allowed_from(playbook, now), playbook.quiet and why_quiet(now, playbook.quiet)
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
    if worked_since_asked(history) or not playbook.hours.is_open(now) or is_quiet(playbook, history, now):
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
    if not playbook.hours.is_open(now) or is_quiet(playbook, history, now):
        return None
    if playbook.hours.open_ms_between(since, now) < plan.manager_after_m * 60_000:
        return None
    return Ring("manager", 60, say("not contacted for %(minutes)s minutes", minutes=plan.manager_after_m))


def _end_of_day(playbook: Playbook, now: datetime) -> datetime:
    return playbook.hours.closing_after(now) or now

"""What was agreed with the customer: handed over, confirmed, remembered, missed, dropped. Rules, asked by `rules`."""

from datetime import datetime, timedelta

from leadbell.followup.decisions import Ask, Decision, HandOn, Wait
from leadbell.followup.playbook import Playbook
from leadbell.followup.timing import manager_at, sensible
from leadbell.lead.facts import Attempted, AttemptEnded, HandoverRefused, NoShow
from leadbell.lead.history import History
from leadbell.words import say

#: What became of the first contact is asked for so long; then follow-up goes on without.
FIRST_CONTACT_ASKED_FOR = timedelta(hours=24)
#: Who confirmed so shortly before needs no reminder.
CONFIRMED_LONG_AGO = timedelta(hours=24)


def have_it_accepted(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """A handover is a contract: accepted in time, or it goes on to the next person or the manager [S1]."""
    contract = history.standing.contract
    if contract is None:
        return None
    if contract.asked_at is not None:
        because = say("asked back about the handover: answer, the customer waits")
        end = max(
            contract.accept_by, playbook.hours.shift_into_hours(contract.asked_at + _time_to_accept(playbook))
        )
        if now < end:
            return Ask("answer", contract.by, contract.asked_at, because, again_at=end)
    elif now < contract.accept_by:
        because = say("handed over to you: accept by %(accept_at)s", accept_at=contract.accept_by)
        return Ask("accept", contract.to, contract.at, because, again_at=contract.accept_by)
    refused = history.of(HandoverRefused)
    if refused and refused[-1].at > contract.at:
        return HandOn(say("the handover was refused"))
    return HandOn(say("the handover wasn’t accepted by %(accept_at)s", accept_at=contract.accept_by))


def _time_to_accept(playbook: Playbook) -> timedelta:
    return timedelta(minutes=playbook.plan.accept_m)


def ask_how_the_first_contact_went(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """After the first conversation of who took a handover over: kept, moved or dropped, and any fright [S1]."""
    s = history.standing
    if s.taken_over_at is None or s.owner is None:
        return None
    talked = next(
        (
            fact.at for fact in history.of(AttemptEnded)
            if isinstance(fact, AttemptEnded) and fact.outcome == "conversation" and fact.at > s.taken_over_at
        ),
        None,
    )  # fmt: skip
    if talked is None or now >= talked + FIRST_CONTACT_ASKED_FOR:
        return None
    because = say("your first contact after the BDC: kept, moved or dropped?")
    return Ask("first_contact", s.owner, talked, because, again_at=talked + FIRST_CONTACT_ASKED_FOR)


def keep_the_appointment(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Confirm it personally, then wait for it, then ask whether the customer came [S1]."""
    s = history.standing
    if s.appointment_at is None or s.owner is None:
        return None
    if s.shown_at is not None:
        due = playbook.hours.shift_into_hours(s.shown_at + timedelta(days=1))
        return Ask(
            "result", s.owner, due, say("was here %(shown_at)s: sold, or what next?", shown_at=s.shown_at)
        )
    if now >= s.appointment_at:
        return Ask(
            "shown",
            s.owner,
            s.appointment_at,
            say("the appointment was at %(starts_at)s", starts_at=s.appointment_at),
        )
    if s.confirmed_at is None:
        due = s.appointment_at - timedelta(hours=playbook.plan.confirm_before_h)
        due = max(playbook.hours.latest_open_at_or_before(due) or due, s.worked_at or due)
        if s.taken_over_at is not None:
            due = playbook.hours.shift_into_hours(s.taken_over_at)
            because = say("the BDC made it: confirm it yourself, and yourself first")
            return Ask("confirm", s.owner, due, because, again_at=s.appointment_at)
        return Ask("confirm", s.owner, due, say("not confirmed by you yet"), again_at=s.appointment_at)
    return _remind_before_the_visit(playbook, history, s.appointment_at) or Wait(
        s.appointment_at, say("the appointment is confirmed")
    )


def _remind_before_the_visit(playbook: Playbook, history: History, visit_at: datetime) -> Decision | None:
    """What was agreed long ago is forgotten: a person gets in touch the day before."""
    s = history.standing
    due = visit_at - timedelta(hours=playbook.plan.remind_before_h)
    due = playbook.hours.latest_open_at_or_before(due) or due
    if s.owner is None or s.confirmed_at is None or s.confirmed_at > due - CONFIRMED_LONG_AGO:
        return None
    if s.worked_at is not None and s.worked_at >= due:
        return None
    because = say("the visit is %(visit_at)s: remind them", visit_at=visit_at)
    return Ask("remind", s.owner, due, because, again_at=visit_at)


def win_back_who_did_not_come(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """A no-show is called at once, then twice more, then written to: each time about a new appointment."""
    s, retries = history.standing, playbook.plan.no_show_retries
    if s.owner is None or s.missed_at is None:
        return None
    since = s.missed_at
    calls = [fact.at for fact in history.of(Attempted) if fact.at >= since]
    ended = [fact for fact in history.of(AttemptEnded) if fact.at >= since]
    if any(isinstance(fact, AttemptEnded) and fact.outcome == "conversation" for fact in ended):
        return None
    if not s.by_phone or s.number_is_wrong:
        return None
    if not calls:
        again = len(history.of(NoShow)) > 1
        because = (
            say("did not come again: call at once, and ask what hinders them") if again
            else say("did not come to the appointment: call at once, and offer a new time")
        )  # fmt: skip
        due = playbook.hours.shift_into_hours(since)
        return Ask("call", s.owner, due, because, again_at=manager_at(playbook, history))
    if len(calls) <= len(retries):
        retry = retries[len(calls) - 1]
        due = sensible(playbook, calls[-1] + timedelta(minutes=retry.minutes), retry.at)
        because = say("did not come, call %(nth)s: offer a new time", nth=len(calls) + 1)
        return Ask("call", s.owner, due, because)
    if s.by_email and (s.wrote_at is None or s.wrote_at < since):
        because = say(
            "did not come, and not reached in %(count)s calls: write, and offer a new time", count=len(calls)
        )
        return Ask("write", s.owner, playbook.hours.shift_into_hours(calls[-1]), because)
    return None


def give_who_dropped_off_time(playbook: Playbook, history: History, now: datetime) -> Decision | None:
    """Who drops off at the first contact isn't fought: called again when some time has passed, never binned [S1]."""
    s = history.standing
    if s.owner is None or s.dropped_at is None or (s.worked_at is not None and s.worked_at > s.dropped_at):
        return None
    due = playbook.hours.shift_into_hours(s.dropped_at + timedelta(hours=playbook.plan.drop_off_h))
    because = say("dropped off at the first contact: call again, they have had time to think")
    if s.by_phone and not s.number_is_wrong:
        return Ask("call", s.owner, due, because)
    return Ask("write", s.owner, due, because) if s.by_email else None

"""When a step of the follow-up is due, when the manager hears of it, and when the customer may be called."""

from datetime import datetime, timedelta

from leadbell.followup.playbook import Playbook
from leadbell.lead.history import History
from leadbell.lead.law import callable_from, is_expected

#: Opening hours and the customer's day meet within so many steps, or never.
MOST_STEPS = 10


def worked_since_asked(history: History) -> bool:
    s = history.standing
    return s.worked_at is not None and s.asked_at is not None and s.worked_at >= s.asked_at


def manager_at(playbook: Playbook, history: History) -> datetime | None:
    """When the manager's desk will ring if nobody acts."""
    s = history.standing
    if s.asked_at is None or "manager" in s.rounds:
        return None
    since = playbook.hours.shift_into_hours(max(s.asked_at, s.owned_at or s.asked_at))
    return since + timedelta(minutes=playbook.plan.manager_after_m)


def sensible(playbook: Playbook, earliest: datetime, at: str | None) -> datetime:
    """The first good moment from `earliest` on: in opening hours, near the clock time `at`.

    Where the dealer closes before `at`, half an hour before closing.
    """
    hours = playbook.hours
    when = hours.shift_into_hours(earliest)
    if at is None:
        return when
    wanted = hours.time_on(hours.local_day(when), at)
    if wanted is None or wanted <= when:
        return when
    closing = hours.closing_after(when)
    if closing is not None and closing <= wanted:
        return max(when, closing - timedelta(minutes=30))
    return wanted


def is_quiet(playbook: Playbook, history: History, when: datetime) -> bool:
    """Whether the law forbids to call the customer then. What a campaign sent, the customer hasn't asked for."""
    s, quiet = history.standing, playbook.quiet
    if quiet is None or not s.by_phone or s.number_is_wrong:
        return False
    if is_expected(when, None if quiet.days_off else s.asked_at, s.call_back_at):
        return False
    return callable_from(when, quiet) > when


def allowed_from(playbook: Playbook, when: datetime) -> datetime | None:
    """The first moment from `when` on at which the dealer is open and nobody is disturbed; None if never both."""
    if playbook.quiet is None:
        return when
    for _ in range(MOST_STEPS):
        free = callable_from(when, playbook.quiet)
        when = playbook.hours.shift_into_hours(free)
        if when == free:
            return free
    return None


def undisturbed(playbook: Playbook, history: History, when: datetime) -> datetime:
    """`when` itself, or, where the customer may not be called then, the first moment at which a call may be made."""
    if playbook.quiet is None or not is_quiet(playbook, history, when):
        return when
    return allowed_from(playbook, when) or callable_from(when, playbook.quiet)

"""When a step of the follow-up is due, and when the manager hears of it."""

from datetime import datetime, timedelta

from leadbell.followup.playbook import Playbook
from leadbell.lead.history import History


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

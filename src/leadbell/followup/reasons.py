"""Why this step, and why now, in words for whoever does it."""

from leadbell.followup.playbook import GOLDEN, TAIL, Playbook
from leadbell.lead.facts import AttemptEnded
from leadbell.lead.history import History
from leadbell.words import Words, say


def why_now(playbook: Playbook, history: History) -> Words:
    s = history.standing
    if s.rounds:
        return say("nobody accepted before")
    if playbook.plan.first == "manager":
        return say("lost sale: to the sales manager, not to who spoke to them before")
    if s.received_at is not None and not playbook.hours.is_open(s.received_at):
        return say("arrived while the dealer was closed")
    return say("new lead in opening hours: at once")


def tried(history: History) -> Words:
    s = history.standing
    ended = next((f for f in reversed(history.as_it_was) if isinstance(f, AttemptEnded)), None)
    values = {"nth": s.tries + 1, "tried_at": s.last_attempt_at}
    match ended.outcome if ended else None:
        case "voicemail":
            return say("attempt %(nth)s: voicemail at %(tried_at)s", **values)
        case "busy":
            return say("attempt %(nth)s: busy at %(tried_at)s", **values)
        case "unreachable":
            return say("attempt %(nth)s: not reachable at %(tried_at)s", **values)
        case "unknown":
            return say("attempt %(nth)s: called at %(tried_at)s, how it ended is not known", **values)
        case _:
            return say("attempt %(nth)s: no answer at %(tried_at)s", **values)


def why_that_day(day: int, last: int) -> Words:
    if day in GOLDEN:
        return say("day %(day)s of %(last)s: people decide between day 8 and 19", day=day, last=last)
    if day in TAIL:
        return say("day %(day)s of %(last)s: less often now, but not forgotten", day=day, last=last)
    return say("day %(day)s of %(last)s: stay in touch while it is fresh", day=day, last=last)

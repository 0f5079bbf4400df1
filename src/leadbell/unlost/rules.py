"""Who is back, whether somebody is told, who that is, and in which order the rest is shown: decided from values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from leadbell.lead.standing import Standing
from leadbell.words import Words, say

#: The windows of the study: lost by so many days without human work [S4].
WINDOWS = (7, 14, 21)
QUIET_DAYS, CAP, SOLD_QUIET_DAYS = 7, 8, 180
#: A visit that goes on on a second device is no second visit.
SAME_VISIT = timedelta(minutes=30)
#: Who was seen within this time is on the website now.
STILL_THERE = timedelta(minutes=5)

Was = Literal["lost", "quiet", "sold"]
#: Whoever bought, here or elsewhere, is left alone for a time.
_BOUGHT = frozenset({"bought_elsewhere"})
#: Nobody's customer, or by now another dealer's.
_NO_CUSTOMER = frozenset({"not_a_customer", "withdrawn", "merged"})


@dataclass(frozen=True, slots=True)
class Choice:
    """What the dealer chose."""

    enabled: bool = True
    quiet_days: int = QUIET_DAYS
    cap: int = CAP
    sold_quiet_days: int = SOLD_QUIET_DAYS


@dataclass(frozen=True, slots=True)
class Watched:
    """One lead of the customer who is on the website. `forbidden`: why they may not be contacted about it."""

    lead: int
    standing: Standing
    forbidden: Words | None = None


@dataclass(frozen=True, slots=True)
class Back:
    """This lead was lost, and its customer is here."""

    lead: int
    was: Was
    because: Words
    #: Whole days since a human last worked on it.
    days: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """Nobody is told, and why."""

    because: Words


def who_is_back(
    leads: Sequence[Watched], choice: Choice, now: datetime, viewed_at: datetime | None = None
) -> Back | Leave:
    """Which of the customer's leads, the newest first, this visit brings back; or why none.

    `viewed_at`: when the newest page was opened. One that was open already when the lead was lost is no return.
    """
    if not choice.enabled:
        return Leave(say("the dealer switched alerts off"))
    if not leads:
        return Leave(say("this customer has no lead"))
    for one in leads:
        if one.forbidden is not None or one.standing.opted_out:
            return Leave(one.forbidden or say("the customer doesn't want to be contacted"))
    for one in leads:
        if (bought_at := _bought_at(one.standing)) and now < bought_at + timedelta(
            days=choice.sold_quiet_days
        ):
            return Leave(say("bought on %(bought_at)s: left alone for now", bought_at=bought_at))
        if one.standing.seen_at is not None and now < one.standing.seen_at + SAME_VISIT:
            return Leave(say("told already: it is the same visit"))
    for one in leads:
        if (busy := _in_hand(one.standing, choice, now)) is not None:
            return Leave(busy)
    found = [back for one in leads if (back := _back(one, choice, now))]
    if not found:
        return Leave(say("none of their leads was lost"))
    ended_at = next(one.standing.closed_at for one in leads if one.lead == found[0].lead)
    if viewed_at is not None and ended_at is not None and viewed_at <= ended_at:
        return Leave(say("no page was opened since it was lost"))
    return found[0]


def _bought_at(standing: Standing) -> datetime | None:
    bought = standing.state == "sold" or standing.lost_reason in _BOUGHT
    return standing.closed_at if bought else None


def _in_hand(standing: Standing, choice: Choice, now: datetime) -> Words | None:
    """Why an open lead needs no alert: somebody works on it."""
    s = standing
    if not s.is_open:
        return None
    if s.calling is not None or s.ringing:
        return say("somebody is at it right now")
    if s.appointment_at is not None and s.appointment_at > now - timedelta(days=1):
        return say("there is an appointment: %(starts_at)s", starts_at=s.appointment_at)
    if s.call_back_at is not None and s.call_back_at > now:
        return say("a call is agreed: %(due_at)s", due_at=s.call_back_at)
    worked_at = quiet_since(s)
    if worked_at is None or now < worked_at + timedelta(days=choice.quiet_days):
        return say("open, and worked on")
    return None


def quiet_since(standing: Standing) -> datetime | None:
    """The last thing that happened between dealer and customer; automation doesn't count [S4]."""
    moments = [at for at in (standing.worked_at, standing.asked_at, standing.received_at) if at]
    return max(moments, default=None)


def _back(one: Watched, choice: Choice, now: datetime) -> Back | None:
    s = one.standing
    since = quiet_since(s)
    days = max(0, (now - since).days) if since else 0
    if s.state == "sold":
        bought = say("bought on %(bought_at)s, and looks again", bought_at=s.closed_at)
        return Back(one.lead, "sold", bought, days)
    if s.state == "lost":
        if s.lost_reason in _NO_CUSTOMER:
            return None
        return Back(one.lead, "lost", say("lost %(lost_at)s", lost_at=s.closed_at), days)
    return Back(one.lead, "quiet", say("nobody worked on it for %(days)s days", days=days), days)


def lost_at(standing: Standing, window: int) -> datetime | None:
    """Since when a lead is lost by a window of so many days: marked so, or without human work for so long [S4].

    A lead that came back counts as it was until somebody works on it. None where it isn't lost, or never was one.
    """
    s = standing
    if s.state == "sold" or s.lost_reason in _NO_CUSTOMER | _BOUGHT or s.opted_out:
        return None
    if s.appointment_at is not None and s.is_open:
        return None
    since = quiet_since(s)
    quiet_at = since + timedelta(days=window) if since else None
    if s.closed_at is not None:
        return min(s.closed_at, quiet_at) if quiet_at else s.closed_at
    if s.seen_at is not None and (s.worked_at is None or s.worked_at < s.seen_at):
        return min(s.seen_at, quiet_at) if quiet_at else s.seen_at
    return quiet_at


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who may be told."""

    person: int
    name: str
    manages: bool
    on_shift: bool
    told_today: int


@dataclass(frozen=True, slots=True)
class Told:
    """Who is told now, and why they. `owner_left`: the lead is nobody's any more."""

    people: tuple[int, ...]
    because: Words
    owner_left: bool = False


@dataclass(frozen=True, slots=True)
class Full:
    """Whoever should be told had enough alerts today: it waits in the list."""

    because: Words


def whom_to_tell(origin: str, owner: int | None, staff: Iterable[Colleague], choice: Choice) -> Told | Full:
    """The lead's salesperson; the sales manager for lost-sale leads [S1] and where the salesperson can't be told."""
    known = {one.person: one for one in staff}
    managers = [one for one in known.values() if one.manages]
    there = [one for one in managers if one.on_shift] or managers
    mine = known.get(owner or 0)
    left = owner is not None and mine is None
    if origin == "lost_sale" and there:
        chosen, because = there, say("a lost-sale lead: to the sales manager")
    elif mine is None:
        chosen = there or [one for one in known.values() if one.on_shift]
        because = say("its salesperson has left: to the sales manager") if left else say("it is nobody's yet")
    elif not mine.on_shift and any(one.on_shift for one in managers):
        chosen, because = there, say("%(name)s is not on shift: to the sales manager", name=mine.name)
    else:
        chosen, because = [mine], say("your lead")
    free = tuple(one.person for one in chosen if one.told_today < choice.cap)
    if not free:
        return Full(say("%(cap)s alerts today already: it waits in the list", cap=choice.cap))
    return Told(free, because, left)


@dataclass(frozen=True, slots=True)
class Seen:
    """A lost lead's newest visit, as the list is ordered by it. `seconds` on screen; `again`: a car looked at before.

    `shown_at`: when the website last showed the car they look at most.
    """

    lead: int
    last_at: datetime
    pages: int
    seconds: int
    again: int = 0
    shown_at: datetime | None = None
    signals: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place in the list, with its reasons."""

    lead: int
    score: float
    because: tuple[Words, ...]


def rank(seen: Iterable[Seen], now: datetime) -> list[Ranked]:
    """Whom to call first: who looked last, who looked long, at the same car again, at a car that is still there."""
    return sorted((_rank(one, now) for one in seen), key=lambda one: (-one.score, -one.lead))


def _rank(one: Seen, now: datetime) -> Ranked:
    ago = max(timedelta(), now - one.last_at)
    score = 40 / (1 + ago / timedelta(hours=12))
    because: list[Words] = []
    if ago < STILL_THERE:
        score += 40
        because.append(say("on the website now"))
    else:
        because.append(say("last seen %(last_at)s", last_at=one.last_at))
    score += min(15.0, one.pages * 1.5) + min(15.0, one.seconds / 40)
    if one.pages > 1:
        because.append(say("%(pages)s pages", pages=one.pages))
    if one.again:
        score += 15
        because.append(say("the same car again"))
    if one.shown_at is not None and now - one.shown_at < timedelta(days=2):
        score += 10
        because.append(say("car last shown on the website: %(shown_at)s", shown_at=one.shown_at))
    signals = one.signals or {}
    if signals.get("trade_in"):
        score += 10
        because.append(say("looked at trading in"))
    if signals.get("price"):
        score += 8
        because.append(say("looked at prices"))
    return Ranked(one.lead, round(score, 3), tuple(because))

"""A lead's journal as rows of the exchange format. Pure: the dealer's hours and the BDC's people are arguments."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from leadbell.dealers.hours import OpeningHours
from leadbell.lead.facts import (
    Accepted,
    Answered,
    AnyFact,
    Arrived,
    AskedAgain,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    ChatAnswered,
    Confirmed,
    Connected,
    FirstContact,
    Lost,
    MissedCall,
    NothingAgreed,
    Opened,
    Quoted,
    Rang,
    Replied,
    Reviewed,
    SeenAgain,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.history import History
from leadbell.metrics.tables import LEADS, TOUCHES, VISITS, day_number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

#: What our own journal doesn't record (yet).
CANT_SAY = frozenset({"leads.cost_cents", "leads.margin_cents"})


@dataclass(frozen=True, slots=True)
class LeadOf:
    """What is known of a lead besides its facts. `bdc`: people who qualify and hand over."""

    lead: int
    dealer: str
    hours: OpeningHours
    bdc: Collection[int] = ()
    #: Visits of its customer, besides those the journal tells of.
    visits: Sequence[datetime] = ()
    #: How people are called in the tables; by number where there is no name.
    names: dict[int, str] = field(default_factory=dict)

    def name(self, person: int | None) -> str | None:
        return None if person is None else self.names.get(person, str(person))


@dataclass(slots=True)
class Rows:
    """Rows in the order of the tables' columns."""

    leads: list[tuple[Any, ...]] = field(default_factory=list)
    touches: list[tuple[Any, ...]] = field(default_factory=list)
    visits: list[tuple[Any, ...]] = field(default_factory=list)


def rows_of(leads: Iterable[tuple[LeadOf, History]]) -> Rows:
    """All rows of these leads. One whose journal doesn't begin with its arrival has none."""
    rows = Rows()
    for about, history in leads:
        arrived = next((fact for fact in history.facts if isinstance(fact, Arrived)), None)
        if arrived is None:
            continue
        rows.leads.append(_ordered(LEADS.names, _lead(about, history, arrived)))
        rows.touches += [
            _ordered(TOUCHES.names, touch) for touch in _touches(about, history.as_it_was, arrived)
        ]
        seen = [*about.visits, *(fact.began_at for fact in history.facts if isinstance(fact, SeenAgain))]
        rows.visits += [_ordered(VISITS.names, {"lead": about.lead, "seen_ms": ms(at)}) for at in seen]
    return rows


def ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return (at - _EPOCH) // _MS


def _ordered(names: Sequence[str], row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in names)


def _day(hours: OpeningHours, at: datetime) -> int:
    return day_number(hours.local_day(at))


def _first(facts: Iterable[AnyFact], *kinds: type[AnyFact]) -> int | None:
    return next((ms(fact.at) for fact in facts if isinstance(fact, kinds)), None)


def _lead(about: LeadOf, history: History, arrived: Arrived) -> dict[str, Any]:
    facts, standing, hours = history.as_it_was, history.standing, about.hours
    rang = next((fact for fact in facts if isinstance(fact, Rang)), None)
    sold = (
        next((fact for fact in reversed(facts) if isinstance(fact, Sold)), None)
        if standing.state == "sold"
        else None
    )
    lost = [fact for fact in facts if isinstance(fact, Lost)]
    given = any(
        isinstance(fact, Accepted | Assigned | Attempted | Answered)
        or (isinstance(fact, Rang) and fact.people)
        for fact in facts
    )
    handed_over, dropped, agent, receiver = _handover(about, facts)
    return {
        "lead": about.lead, "ref": str(about.lead), "dealer": about.dealer, "salesperson": about.name(standing.owner),
        "origin": arrived.origin, "source": arrived.source, "campaign": _campaign(arrived),
        "channel": arrived.channel, "brand": arrived.brand,
        "set_aside": "merged" if standing.lost_reason == "merged" else None,
        "received_ms": ms(arrived.at), "received_on": _day(hours, arrived.at), "in_hours": hours.is_open(arrived.at),
        "by_phone": standing.by_phone, "forwarded": given, "somebody_free": bool(rang.people) if rang else None,
        "opened_ms": _first(facts, Opened), "quoted_ms": _first(facts, Quoted), "booked_ms": _booked(facts),
        "confirmed_ms": _first(facts, Confirmed), "shown_ms": _first(facts, Shown), "no_shows": standing.no_shows,
        "handed_over_ms": handed_over, "dropped": dropped, "bdc_agent": about.name(agent),
        "received_by": about.name(receiver),
        "sold_ms": ms(sold.at) if sold else None, "sold_on": _day(hours, sold.at) if sold else None,
        "sold_weekday": hours.local_day(sold.at).isoweekday() if sold else None,
        "lost_ms": ms(lost[0].at) if lost else None, "lost_reason": lost[-1].reason if lost else None,
        "ended_ms": ms(standing.closed_at) if standing.closed_at else None,
    }  # fmt: skip


def _campaign(arrived: Arrived) -> str | None:
    """Where the dealer took the initiative, the source is the campaign."""
    return arrived.campaign or (arrived.source if arrived.origin in ("direct_mail", "lost_sale") else None)


def _booked(facts: Iterable[AnyFact]) -> int | None:
    """When the first appointment was agreed that wasn't cancelled."""
    made: dict[int, int] = {}
    for fact in facts:
        if isinstance(fact, Booked):
            made.setdefault(fact.appointment, ms(fact.at))
        elif isinstance(fact, Cancelled):
            made.pop(fact.appointment, None)
    return min(made.values(), default=None)


def _handover(
    about: LeadOf, facts: Sequence[AnyFact]
) -> tuple[int | None, bool | None, int | None, int | None]:
    """When a lead that the BDC had qualified went to a salesperson, whether it dropped off at the first contact, who
    had qualified it and who got it. What the salesperson told of the contact goes before what can be guessed."""
    agent: int | None = None
    for nr, fact in enumerate(facts):
        if isinstance(fact, Booked | Quoted) and fact.by in about.bdc:
            agent = fact.by
        whom = fact.to if isinstance(fact, Assigned) else fact.by if isinstance(fact, Accepted) else None
        if agent is not None and whom is not None and whom not in about.bdc:
            return ms(fact.at), _dropped(about, facts[nr + 1 :]), agent, whom
    return None, None, None, None


def _dropped(about: LeadOf, facts: Sequence[AnyFact]) -> bool | None:
    """What became of it at the first contact after the handover; None: nobody knows yet."""
    over = False
    for fact in facts:
        if isinstance(fact, FirstContact):
            return fact.went == "dropped"
        if isinstance(fact, AttemptEnded) and fact.outcome == "conversation":
            if over:
                return False
            over = fact.by not in about.bdc
        elif over and isinstance(fact, Cancelled | Lost):
            return True
        elif over and isinstance(fact, Confirmed | Shown | Sold | Booked):
            return False
    return None


def _touches(about: LeadOf, facts: Sequence[AnyFact], arrived: Arrived) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    calls: dict[str, dict[str, Any]] = {}
    talk: dict[str, Any] | None = None
    heard: dict[str, Reviewed] = {}
    for fact in facts:
        if (touch := _touch(about, fact)) is not None:
            touch |= {"lead": about.lead, "nr": len(found) + 1, "started_ms": ms(fact.at)}
            found.append(touch)
        if isinstance(fact, Attempted | Answered) and touch is not None:
            touch["open_ms"] = about.hours.open_ms_between(arrived.at, fact.at)
            calls[fact.key], talk = touch, None
        elif isinstance(fact, Connected) and fact.key in calls:
            _connected(calls[fact.key], about, arrived, fact.at)
        elif isinstance(fact, AttemptEnded) and fact.key in calls:
            call = calls[fact.key]
            call |= {"ended_ms": ms(fact.at), "talk_ms": fact.talk_ms}
            call["outcome"] = None if fact.outcome == "unknown" else fact.outcome
            if fact.connected_at is not None:
                _connected(call, about, arrived, fact.connected_at)
            talk = call if fact.outcome == "conversation" else None
        elif isinstance(fact, Reviewed) and fact.key in calls and not fact.second:
            heard[fact.key] = fact
        elif talk is not None and (agreed := _agreed(fact)) and talk.get("agreed") != "appointment":
            talk["agreed"] = agreed
    for key, review in heard.items():
        _reviewed(calls[key], review)
    return found


def _connected(call: dict[str, Any], about: LeadOf, arrived: Arrived, at: datetime) -> None:
    call |= {"connected_ms": ms(at), "connected_open_ms": about.hours.open_ms_between(arrived.at, at)}


def _reviewed(call: dict[str, Any], fact: Reviewed) -> None:
    """Who listened knows better than what was tapped."""
    call["opportunity"] = fact.verdict == "opportunity"
    if fact.made is not None:
        agreed = call.get("agreed")
        call["agreed"] = "appointment" if fact.made else None if agreed == "appointment" else agreed


def _agreed(fact: AnyFact) -> str | None:
    match fact:
        case Booked():
            return "appointment"
        case Quoted():
            return "quote"
        case CallBackAgreed():
            return "call_back"
        case NothingAgreed():
            return "nothing"
    return None


def _touch(about: LeadOf, fact: AnyFact) -> dict[str, Any] | None:
    """The fact as a contact; None where it is none."""
    match fact:
        case Attempted():
            return _contact("phone", "out", "human", about.name(fact.by))
        case Answered():
            return _contact("phone", "in", "human", about.name(fact.by))
        case MissedCall():
            return _contact("phone", "in", "human") | {"outcome": "no_answer"}
        case ChatAnswered():
            return _contact("chat", "out", "human", about.name(fact.by))
        case Wrote():
            return _contact(fact.carrier, "out", "human" if fact.by else "automation", about.name(fact.by))
        case Replied():
            return _contact("phone" if fact.carrier == "call" else fact.carrier, "in", "human")
        case AskedAgain():
            return _contact("form", "in", "human")
    return None


def _contact(channel: str, direction: str, made_by: str, person: str | None = None) -> dict[str, Any]:
    return {"channel": channel, "direction": direction, "made_by": made_by, "person": person}

"""What each fact changes about where a lead stands: a pure fold over what happened to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, reduce
from typing import Any

from msgspec.structs import replace

from leadbell.lead import attempts
from leadbell.lead.attempts import NO_CALL, at_least
from leadbell.lead.facts import (
    Accepted,
    Answered,
    AnsweredBack,
    AnyFact,
    Arrived,
    AskedAgain,
    AskedBack,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    ChatAnswered,
    ChatEnded,
    ChatUnanswered,
    Confirmed,
    Connected,
    Fact,
    FirstContact,
    HandedOver,
    HandoverRefused,
    Lost,
    MissedCall,
    Moved,
    NoShow,
    Noted,
    NothingAgreed,
    NotIntroduced,
    Opened,
    OptedOut,
    PassedOn,
    PickedUp,
    Qualified,
    Quoted,
    Rang,
    Reopened,
    Replied,
    Reviewed,
    ReviewWanted,
    SeenAgain,
    Shown,
    Sold,
    Undelivered,
    VideoOpened,
    VideoWatched,
    Wrote,
)
from leadbell.lead.standing import Contract, Standing


def _hands(standing: Standing, person: int) -> tuple[int, ...]:
    return standing.hands if person in standing.hands else (*standing.hands, person)


#: Somebody who has picked up may listen and think for so long before the next person is rung.
THINKING_S = 25
_QUIET = {"ringing": (), "ring_how": None, "ring_until": None}
#: What nobody has to answer any more once a lead is closed: how a call on it ended neither.
_OVER = {"contract": None, "taken_over_at": None, "missed_at": None, **NO_CALL}


#: What a lead goes on with after a call: what its line had said of it isn't corrected any more.
_GOES_ON = (
    Attempted, Answered, AskedAgain, ChatAnswered, CallBackAgreed, NothingAgreed, Quoted, Booked, Moved, Confirmed,
    Shown, NoShow, Cancelled, Qualified, HandedOver, FirstContact, Sold, Lost, Reopened,
)  # fmt: skip


def after(standing: Standing, fact: AnyFact) -> Standing:
    """Where the lead stands once this fact has happened."""
    if standing.line_said is not None and isinstance(fact, _GOES_ON):
        standing = replace(standing, line_said=None)
    match fact:
        case Arrived():
            return replace(
                standing, state="received", origin=fact.origin, by_phone=fact.by_phone, by_email=fact.by_email,
                brand=fact.brand, condition=fact.condition, language=fact.language, known_to=fact.known_to,
                received_at=fact.at, asked_at=fact.at,
            )  # fmt: skip
        case AskedAgain():
            again = {} if standing.owner is None else {"rounds": (), "rung": ()}
            return replace(
                standing, **again, asked_at=fact.at, tries=0, call_back_at=None,
                by_phone=standing.by_phone or fact.by_phone, by_email=standing.by_email or fact.by_email,
                number_is_wrong=standing.number_is_wrong and not fact.by_phone,
            )  # fmt: skip
        case Rang():
            return replace(
                standing, state="ringing" if standing.owner is None and fact.people else standing.state,
                ringing=fact.people, ring_how=fact.how, ring_until=_plus(fact.at, fact.ring_s),
                rounds=(*standing.rounds, fact.how), rung=tuple(dict.fromkeys((*standing.rung, *fact.people))),
                ring_count=standing.ring_count + 1,
            )  # fmt: skip
        case PickedUp():
            if standing.ring_until is None or fact.by not in standing.ringing:
                return standing
            return replace(standing, ring_until=max(standing.ring_until, _plus(fact.at, THINKING_S)))
        case PassedOn():
            left = tuple(p for p in standing.ringing if p != fact.by)
            return replace(standing, ringing=left) if left else replace(standing, **_QUIET)
        case Accepted():
            return replace(
                standing, **_QUIET, **_taken_over(standing, fact.by, fact.at),
                state=at_least(standing.state, "accepted"), owner=fact.by, owned_at=fact.at,
                rounds=(), rung=(), accepted_at=standing.accepted_at or fact.at, hands=_hands(standing, fact.by),
            )  # fmt: skip
        case Assigned():
            return replace(
                standing, **_QUIET, **_taken_over(standing, fact.to, fact.at),
                state=at_least(standing.state, "accepted"), owner=fact.to, owned_at=fact.at,
                rounds=(), rung=(), hands=_hands(standing, fact.to),
            )  # fmt: skip
        case Attempted():
            return replace(
                standing, **_QUIET, state=at_least(standing.state, "attempted"), calling=fact.key,
                calling_by=fact.by, calling_since=fact.at, connected_at=None, by_line=fact.line != "desk",
                before_call=attempts.before_call(standing),
                attempts=standing.attempts + 1, tries=standing.tries + 1, touches=standing.touches + 1,
                first_attempt_at=standing.first_attempt_at or fact.at, last_attempt_at=fact.at, worked_at=fact.at,
                owner=standing.owner or fact.by, owned_at=standing.owned_at or fact.at,
                hands=_hands(standing, fact.by), call_back_at=None,
            )  # fmt: skip
        case Answered():
            return replace(
                standing, **_QUIET, state=at_least(standing.state, "attempted"), calling=fact.key,
                calling_by=fact.by, calling_since=fact.at, connected_at=None, by_line=False,
                first_attempt_at=standing.first_attempt_at or fact.at, touches=standing.touches + 1, worked_at=fact.at,
                owner=standing.owner or fact.by, owned_at=standing.owned_at or fact.at,
                accepted_at=standing.accepted_at or fact.at, hands=_hands(standing, fact.by), call_back_at=None,
            )  # fmt: skip
        case MissedCall():
            return replace(
                standing, **_QUIET, asked_at=fact.at, rounds=(), rung=(), tries=0, call_back_at=None
            )
        case Connected():
            return standing if standing.calling != fact.key else replace(standing, connected_at=fact.at)
        case AttemptEnded(outcome="not_placed"):
            return attempts.not_placed(standing, fact)
        case AttemptEnded() if fact.is_correction:
            return attempts.corrected(standing, fact)
        case AttemptEnded():
            return attempts.ended(standing, fact)
        case CallBackAgreed():
            return replace(standing, call_back_at=fact.due_at, worked_at=fact.at, missed_at=None)
        case NothingAgreed():
            return replace(standing, settled_at=fact.at, missed_at=None)
        case Quoted():
            return replace(
                standing, state=at_least(standing.state, "quote"), quoted_at=fact.at, worked_at=fact.at,
                missed_at=None,
            )  # fmt: skip
        case Wrote():
            if fact.by is None:
                return replace(standing, automated=standing.automated + 1)
            return replace(
                standing, wrote_at=fact.at, worked_at=fact.at, touches=standing.touches + 1,
                hands=_hands(standing, fact.by),
            )  # fmt: skip
        case Replied():
            return replace(standing, asked_at=fact.at, tries=0)
        case Undelivered():
            wrote_at = standing.wrote_at if fact.by is None else None
            return replace(standing, wrote_at=wrote_at, by_email=standing.by_email and fact.by_email)
        case ChatAnswered():
            return replace(
                standing, **_QUIET, state=at_least(standing.state, "conversation"), chatting=fact.by,
                first_attempt_at=standing.first_attempt_at or fact.at, touches=standing.touches + 1,
                wrote_at=fact.at, worked_at=fact.at, owner=standing.owner or fact.by,
                owned_at=standing.owned_at or fact.at, hands=_hands(standing, fact.by),
            )  # fmt: skip
        case ChatUnanswered():
            return replace(standing, origin="online" if standing.origin == "chat" else standing.origin)
        case ChatEnded():
            return replace(standing, chatting=None, automated=standing.automated + fact.automatic)
        case Booked():
            return replace(
                standing, state="appointment", appointment=fact.appointment, appointment_at=fact.starts_at,
                confirmed_at=None, shown_at=None, call_back_at=None, worked_at=fact.at, missed_at=None,
            )  # fmt: skip
        case Moved():
            return replace(
                standing, state="appointment", appointment=fact.appointment, appointment_at=fact.starts_at,
                confirmed_at=None, worked_at=fact.at,
            )  # fmt: skip
        case Confirmed():
            return replace(standing, state="confirmed", confirmed_at=fact.at, worked_at=fact.at)
        case Shown():
            return replace(standing, state="shown", shown_at=fact.at)
        case NoShow():
            return replace(
                standing, state="conversation", appointment=None, appointment_at=None, confirmed_at=None, tries=0,
                asked_at=fact.at, missed_at=fact.at, no_shows=standing.no_shows + 1,
            )  # fmt: skip
        case Cancelled():
            return replace(
                standing, state="conversation", appointment=None, appointment_at=None, confirmed_at=None, tries=0,
            )  # fmt: skip
        case Qualified() | HandedOver() | AskedBack() | AnsweredBack() | HandoverRefused() | FirstContact():
            return _handed(standing, fact)
        case Sold():
            return replace(standing, **_QUIET, **_OVER, state="sold", closed_at=fact.at)
        case Lost():
            return replace(
                standing, **_QUIET, **_OVER, state="lost", closed_at=fact.at, lost_reason=fact.reason
            )
        case Reopened():
            return replace(
                standing, **NO_CALL, state="accepted" if standing.owner else "received", closed_at=None,
                lost_reason=None, asked_at=fact.at, tries=0, rounds=(), rung=(), call_back_at=None,
                appointment=None, appointment_at=None, confirmed_at=None, shown_at=None,
            )  # fmt: skip
        case SeenAgain():
            return _seen_again(standing, fact)
        case OptedOut():
            return replace(standing, opted_out=True)
        case (
            Opened()
            | Noted()
            | VideoOpened()
            | VideoWatched()
            | Reviewed()
            | ReviewWanted()
            | NotIntroduced()
        ):
            return standing


def _taken_over(standing: Standing, to: int, at: datetime) -> dict[str, Any]:
    """What a new owner ends: a handover that waited, unless the agent keeps the lead that nobody took."""
    if standing.contract is None:
        return {}
    return {"contract": None} | ({} if to == standing.contract.by else {"taken_over_at": at})


def _handed(
    standing: Standing,
    fact: Qualified | HandedOver | AskedBack | AnsweredBack | HandoverRefused | FirstContact,
) -> Standing:
    """What happens between BDC and salesperson; who has the lead changes by `Accepted` and `Assigned` only."""
    contract = standing.contract
    match fact:
        case Qualified():
            return replace(
                standing, qualified_by=fact.by, qualified_at=fact.at, dropped_at=None, worked_at=fact.at
            )
        case HandedOver():
            by = fact.by or (contract.by if contract else standing.owner) or fact.to
            offered = (*(contract.offered if contract else ()), fact.to)
            return replace(
                standing, rounds=(), rung=(), qualified_by=standing.qualified_by or by, contract=Contract(
                    by=by, to=fact.to, at=fact.at, accept_by=fact.accept_by, goal=fact.goal, offered=offered,
                ),
            )  # fmt: skip
        case AskedBack() if contract is not None:
            return replace(standing, contract=replace(contract, asked_at=fact.at))
        case AnsweredBack() if contract is not None:
            return replace(standing, contract=replace(contract, asked_at=None, accept_by=fact.accept_by))
        case HandoverRefused() if contract is not None:
            return replace(standing, contract=replace(contract, asked_at=None, accept_by=fact.at))
        case FirstContact():
            dropped = fact.at if fact.went == "dropped" else None
            return replace(standing, taken_over_at=None, dropped_at=dropped)
    return standing


def _seen_again(standing: Standing, fact: SeenAgain) -> Standing:
    """What was sold stays sold; what was lost is open again, with the salesperson it had if they are still here."""
    if standing.state == "sold":
        return replace(standing, seen_at=fact.at)
    owner = None if fact.owner_left else standing.owner
    again = {} if owner is not None else {"owner": None, "owned_at": None, "rounds": (), "rung": ()}
    if standing.is_open:
        return replace(standing, **again, seen_at=fact.at, tries=0)
    return replace(
        standing, **NO_CALL, **again, state="accepted" if owner else "received", seen_at=fact.at, closed_at=None,
        lost_reason=None, tries=0, call_back_at=None, appointment=None, appointment_at=None, confirmed_at=None,
        shown_at=None,
    )  # fmt: skip


def _plus(at: datetime, seconds: int) -> datetime:
    return at + timedelta(seconds=seconds)


@dataclass(frozen=True)
class History:
    """All facts of one lead, oldest first."""

    facts: tuple[AnyFact, ...]

    @cached_property
    def standing(self) -> Standing:
        return reduce(after, self.facts, Standing())

    @cached_property
    def as_it_was(self) -> tuple[AnyFact, ...]:
        """The facts with the true end of each call, when it ended and in the place of what its line had said.

        Without the calls that could not be placed: they were none.
        """
        ends = [f for f in self.facts if isinstance(f, AttemptEnded)]
        true_ends = {f.key: f for f in ends if f.is_correction}
        never_were = {f.key for f in ends if f.outcome == "not_placed"}
        if not true_ends and not never_were:
            return self.facts
        return tuple(
            replace(true_ends.get(f.key, f), at=f.at, corrected_by=None) if isinstance(f, AttemptEnded) else f
            for f in self.facts
            if not (isinstance(f, AttemptEnded) and f.is_correction)
            and not (isinstance(f, Attempted | AttemptEnded) and f.key in never_were)
        )

    def of(self, *kinds: type[Fact]) -> tuple[AnyFact, ...]:
        """Those of these kinds, as it was."""
        return tuple(f for f in self.as_it_was if isinstance(f, kinds))


def folded(facts: Iterable[AnyFact]) -> Standing:
    return reduce(after, facts, Standing())

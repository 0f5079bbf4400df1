"""What comes next, as a table: facts so far, the time that has passed, the decision."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from leadbell.dealers.hours import OpeningHours
from leadbell.followup.decisions import Ask, Decision, GiveUp, HandOn, Rest, Ring, Wait
from leadbell.followup.playbook import (
    DEFAULTS,
    Plan,
    Playbook,
    Retry,
    RingRound,
    plan_from_json,
    what_is_wrong,
)
from leadbell.followup.rules import RULES, decide
from leadbell.lead.facts import (
    HEARD_MEANWHILE,
    Accepted,
    AnsweredBack,
    AnyFact,
    Arrived,
    AskedAgain,
    AskedBack,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    ChatAnswered,
    ChatEnded,
    Confirmed,
    Connected,
    FirstContact,
    HandedOver,
    HandoverRefused,
    Lost,
    NoShow,
    OptedOut,
    Outcome,
    PickedUp,
    Qualified,
    Rang,
    Replied,
    SeenAgain,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.history import History, folded
from leadbell.lead.law import Quiet
from leadbell.words import say

ROSA, SAMIR, INES, BEA = 1, 2, 3, 4
SECONDS, MINUTES, HOURS, DAYS = (timedelta(**{u: 1}) for u in ("seconds", "minutes", "hours", "days"))
#: Monday 23 November 2026, noon in Amsterdam; open until 18:00.
NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
OPEN = OpeningHours("Europe/Amsterdam", country="NL")
PLAYBOOK = Playbook(OPEN)
MAILING = Playbook(OPEN, DEFAULTS["direct_mail"])
LOST_SALE = Playbook(OPEN, DEFAULTS["lost_sale"])
#: It is 3:00 where this customer lives, and 8:00 at 17:00 of the dealer's clock.
CALIFORNIA = Playbook(OPEN, quiet=Quiet(("America/Los_Angeles",), "Europe/Amsterdam"))
#: Their day ends the minute the dealer opens, and begins after it has closed.
AUCKLAND = Playbook(OPEN, quiet=Quiet(("Pacific/Auckland",), "Europe/Amsterdam"))
#: The clock of a campaign: the two hours it waits end on a holiday there.
HOLIDAY = Playbook(
    OpeningHours("Europe/Amsterdam"), DEFAULTS["lost_sale"],
    quiet=Quiet(("Europe/Amsterdam",), "Europe/Amsterdam", days_off=True, country="NL"),
)  # fmt: skip
NO_MARKETING = Playbook(OPEN, DEFAULTS["direct_mail"], forbidden=say("the customer wants no marketing"))
WANTED_AGAIN = Playbook(OPEN, wanted_again=True)


def arrived(at: datetime = NOON, *, by_phone: bool = True, by_email: bool = True) -> Arrived:
    return Arrived(
        at=at,
        origin="online",
        channel="adf",
        source="Website",
        envelope="e",
        by_phone=by_phone,
        by_email=by_email,
    )


def rang(seconds: float, *people: int, how: str = "best", ring_s: int = 20) -> Rang:
    return Rang(at=NOON + seconds * SECONDS, people=people, how=how, ring_s=ring_s)  # type: ignore[arg-type]  # rows of the table


def accepted(after: timedelta, by: int = ROSA) -> Accepted:
    return Accepted(at=NOON + after, by=by)


def attempt(nth: int, after: timedelta, outcome: Outcome | None = "no_answer") -> tuple[AnyFact, ...]:
    key = f"attempt:{nth}"
    began = Attempted(at=NOON + after, by=ROSA, key=key)
    if outcome is None:
        return (began,)
    return (began, AttemptEnded(at=NOON + after + 30 * SECONDS, by=ROSA, key=key, outcome=outcome))


ARRIVED = arrived()
ROUNDS = (
    rang(0, ROSA),
    rang(20, SAMIR),
    rang(40, ROSA, SAMIR, how="all", ring_s=30),
    rang(70, INES, how="manager", ring_s=60),
)
ROSA_HAS_IT = (ARRIVED, rang(0, ROSA), accepted(8 * SECONDS))
THREE_TRIES = (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS), *attempt(2, 2 * HOURS), *attempt(3, 6 * HOURS))
TALKED = (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, "conversation"))
CHATTING = (*ROSA_HAS_IT, ChatAnswered(at=NOON + 9 * SECONDS, by=ROSA, waited_ms=9000))
WROTE_BACK = Replied(at=NOON + 20 * SECONDS, carrier="chat")
SATURDAY_11 = NOON + 5 * DAYS - HOURS
CHRISTMAS = timedelta(days=32)
ASKED_LATE = (*TALKED, AskedAgain(at=NOON + DAYS, channel="adf", source="W", envelope="f", by_phone=True))
BOOKED = (*TALKED, Booked(at=NOON + 5 * MINUTES, appointment=7, by=ROSA, starts_at=SATURDAY_11))
CONFIRMED = (*BOOKED, Confirmed(at=NOON + 4 * DAYS, appointment=7, by=ROSA))
LOST = (*TALKED, Lost(at=NOON + DAYS, by=ROSA, reason="price"))
#: Bea of the BDC made an appointment for Saturday and handed it over; Rosa has until half past twelve.
BY_BEA = (
    ARRIVED, accepted(8 * SECONDS, BEA), *attempt(1, 11 * SECONDS, "conversation"),
    Qualified(at=NOON + MINUTES, by=BEA, goal="appointment"),
    Booked(at=NOON + MINUTES, appointment=7, by=BEA, starts_at=SATURDAY_11),
)  # fmt: skip
OFFERED = (
    *BY_BEA, HandedOver(at=NOON + MINUTES, by=BEA, to=ROSA, goal="appointment", accept_by=NOON + 30 * MINUTES),
)  # fmt: skip
ASKED_BACK = (*OFFERED, AskedBack(at=NOON + 20 * MINUTES, by=ROSA, text="Which trim?"))
TAKEN_OVER = (*OFFERED, accepted(10 * MINUTES))
MET = (*TAKEN_OVER, *attempt(2, HOURS, "conversation"))
KEPT = (*MET, FirstContact(at=NOON + 61 * MINUTES, by=ROSA, went="kept"))
DROPPED = (
    *MET,
    FirstContact(at=NOON + 61 * MINUTES, by=ROSA, went="dropped", reason="no_time"),
    Cancelled(at=NOON + 61 * MINUTES, appointment=7, by=ROSA),
)
BDC_FIRST = Playbook(OPEN, Plan(first="bdc"))
MISSED = (*CONFIRMED, NoShow(at=SATURDAY_11 + HOURS, appointment=7, by=ROSA))
#: A week later: the appointment was confirmed long before.
NEXT_WEEK = NOON + 8 * DAYS
FAR = (
    *TALKED,
    Booked(at=NOON + 5 * MINUTES, appointment=7, by=ROSA, starts_at=NEXT_WEEK),
    Confirmed(at=NOON + HOURS, appointment=7, by=ROSA),
)


def missed_call(nth: int, after: timedelta) -> tuple[AnyFact, ...]:
    """After the appointment on Saturday at 11:00 that nobody came to."""
    return attempt(nth, 5 * DAYS + after)


def seen(after: timedelta) -> SeenAgain:
    return SeenAgain(at=NOON + after, visit=9, began_at=NOON + after, was="lost", told=(ROSA,))


@pytest.mark.parametrize(
    ("playbook", "facts", "later", "decision", "because"),
    [
        (PLAYBOOK, (ARRIVED,), 0 * SECONDS, Ring("best", 20, ...), "new lead in opening hours: at once"),
        (PLAYBOOK, (ARRIVED, *ROUNDS[:1]), 5 * SECONDS, Wait(NOON + 20 * SECONDS, ...), "ringing"),
        (PLAYBOOK, (ARRIVED, *ROUNDS[:1]), 20 * SECONDS, Ring("best", 20, ...), "nobody accepted before"),
        (PLAYBOOK, (ARRIVED, *ROUNDS[:2]), 40 * SECONDS, Ring("all", 30, ...), "nobody accepted before"),
        (PLAYBOOK, (ARRIVED, *ROUNDS[:3]), 70 * SECONDS, Ring("manager", 60, ...), "nobody accepted before"),
        (PLAYBOOK, (ARRIVED, *ROUNDS), 130 * SECONDS, Wait(NOON + 310 * SECONDS, ...), "nobody accepted: everybody is rung again"),
        (PLAYBOOK, (ARRIVED, *ROUNDS), 310 * SECONDS, Ring("all", 30, ...), "nobody accepted before"),
        (PLAYBOOK, (arrived(NOON + 7 * HOURS),), 7 * HOURS, Wait(NOON + 21 * HOURS, ...), "closed since 18:00"),
        (PLAYBOOK, (arrived(NOON - DAYS),), -DAYS, Wait(NOON - 3 * HOURS, ...), "closed on Sundays"),
        (PLAYBOOK, (arrived(NOON - DAYS),), -3 * HOURS, Ring("best", 20, ...), "arrived while the dealer was closed"),
        (MAILING, (ARRIVED,), 0 * SECONDS, Wait(NOON + 2 * HOURS, ...), "direct mail: not called too directly"),
        (MAILING, (ARRIVED,), 2 * HOURS, Ring("best", 30, ...), "new lead in opening hours: at once"),
        (LOST_SALE, (ARRIVED,), 0 * SECONDS, Ring("manager", 60, ...), "lost sale: to the sales manager, not to who spoke to them before"),
        (PLAYBOOK, ROSA_HAS_IT, 10 * SECONDS, Ask("call", ROSA, NOON, ...), "new: call now"),
        (PLAYBOOK, ROSA_HAS_IT, 16 * MINUTES, Ring("manager", 60, ...), "not contacted for 15 minutes"),
        (PLAYBOOK, (*ROSA_HAS_IT, rang(960, INES, how="manager", ring_s=60)), 18 * MINUTES, Ask("call", ROSA, NOON, ...), "new: call now"),
        (PLAYBOOK, (*ROSA_HAS_IT, rang(960, INES, how="manager"), accepted(17 * MINUTES, INES)), 18 * MINUTES, Ask("call", INES, NOON, ...), "new: call now"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, None)), MINUTES, Wait(NOON + 11 * SECONDS + 30 * MINUTES, ...), "calling now"),
        (PLAYBOOK, CHATTING, 10 * SECONDS, Wait(NOON + 9 * SECONDS + 30 * MINUTES, ...), "in a chat now"),
        (PLAYBOOK, (*CHATTING, WROTE_BACK), 30 * SECONDS, Wait(NOON + 80 * SECONDS, ...), "waits for an answer"),
        (PLAYBOOK, (*CHATTING, WROTE_BACK), 80 * SECONDS, Ring("owner", 20, ...), "asked again"),
        (PLAYBOOK, (*CHATTING, WROTE_BACK, ChatEnded(at=NOON + 25 * SECONDS, how="visitor")), 30 * SECONDS, Ring("owner", 20, ...), "asked again"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, None)), HOURS, Ask("outcome", ROSA, NOON + 11 * SECONDS + 30 * MINUTES, ...), "how did it end?"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS)), MINUTES, Ask("call", ROSA, NOON + 2 * HOURS + 11 * SECONDS, ...), "attempt 2: no answer"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, "busy")), MINUTES, Ask("call", ROSA, NOON + 2 * HOURS + 11 * SECONDS, ...), "attempt 2: busy"),
        # The dealer closes at 18:00 and the third attempt wants the evening: half an hour before closing.
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS), *attempt(2, 2 * HOURS)), 3 * HOURS, Ask("call", ROSA, NOON + 5.5 * HOURS, ...), "attempt 3: no answer"),
        (PLAYBOOK, THREE_TRIES, 7 * HOURS, Ask("write", ROSA, NOON + 21 * HOURS, ...), "not reached in 3 attempts: write personally"),
        (PLAYBOOK, (*THREE_TRIES, Wrote(at=NOON + DAYS, carrier="email", by=ROSA)), DAYS, Ask("call", ROSA, NOON + 2 * DAYS, ...), "day 2 of 45: stay in touch while it is fresh"),
        (PLAYBOOK, (*THREE_TRIES, Wrote(at=NOON + 7 * DAYS, carrier="email", by=ROSA)), 7 * DAYS, Ask("call", ROSA, NOON + 8 * DAYS, ...), "day 8 of 45: people decide between day 8 and 19"),
        (PLAYBOOK, (*THREE_TRIES, Wrote(at=NOON + 19 * DAYS, carrier="email", by=ROSA)), 19 * DAYS, Ask("call", ROSA, NOON + 23 * DAYS, ...), "day 23 of 45: less often now, but not forgotten"),
        (PLAYBOOK, THREE_TRIES, 46 * DAYS, GiveUp("no_answer_45_days", ...), "day 45: follow-up is over"),
        (PLAYBOOK, (arrived(by_phone=False), rang(0, ROSA), accepted(8 * SECONDS)), MINUTES, Ask("write", ROSA, NOON, ...), "no phone number: write personally"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, "wrong_number")), MINUTES, Ask("write", ROSA, NOON, ...), "the number is wrong: write personally"),
        (PLAYBOOK, (arrived(by_email=False), rang(0, ROSA), accepted(8 * SECONDS), *attempt(1, 9 * SECONDS, "wrong_number")), MINUTES, Ask("result", ROSA, NOON, ...), "ask around, or close it"),
        (PLAYBOOK, (replace(arrived(by_phone=False, by_email=False), origin="chat"), rang(0, ROSA), accepted(8 * SECONDS)), MINUTES, Ask("result", ROSA, NOON, ...), "read the chat"),
        (PLAYBOOK, (replace(arrived(by_phone=False, by_email=False), origin="call"), rang(0, ROSA), accepted(8 * SECONDS)), MINUTES, Ask("result", ROSA, NOON, ...), "called without showing a number"),
        (PLAYBOOK, TALKED, MINUTES, Ask("call", ROSA, NOON + 2 * DAYS, ...), "day 2 of 45: stay in touch while it is fresh"),
        (PLAYBOOK, (*TALKED, CallBackAgreed(at=NOON + MINUTES, by=ROSA, due_at=NOON + 3 * HOURS)), 2 * MINUTES, Ask("call", ROSA, NOON + 3 * HOURS, ...), "agreed to call back"),
        (PLAYBOOK, (*TALKED, CallBackAgreed(at=NOON + MINUTES, by=ROSA, due_at=NOON + 50 * DAYS)), 47 * DAYS, Ask("call", ROSA, NOON + 50 * DAYS, ...), "agreed to call back"),
        (PLAYBOOK, BOOKED, 10 * MINUTES, Ask("confirm", ROSA, SATURDAY_11 - DAYS, ...), "not confirmed by you yet"),
        (PLAYBOOK, CONFIRMED, 4 * DAYS + HOURS, Wait(SATURDAY_11, ...), "the appointment is confirmed"),
        (PLAYBOOK, CONFIRMED, 5 * DAYS, Ask("shown", ROSA, SATURDAY_11, ...), "the appointment was at"),
        (PLAYBOOK, (*CONFIRMED, NoShow(at=SATURDAY_11 + HOURS, appointment=7, by=ROSA)), 5 * DAYS + 5 * MINUTES, Ask("call", ROSA, SATURDAY_11 + HOURS, ...), "did not come to the appointment: call"),
        (PLAYBOOK, (*CONFIRMED, Shown(at=SATURDAY_11, appointment=7, by=ROSA)), 5 * DAYS, Ask("result", ROSA, NOON + 7 * DAYS - 3 * HOURS, ...), "sold, or what next?"),
        (PLAYBOOK, (*TALKED, AskedAgain(at=NOON + DAYS, channel="adf", source="W", envelope="f", by_phone=True)), DAYS, Ring("owner", 20, ...), "asked again"),
        (PLAYBOOK, (*TALKED, AskedAgain(at=NOON + DAYS, channel="adf", source="W", envelope="f"), Rang(at=NOON + DAYS, people=(), how="owner", ring_s=0)), DAYS, Ring("best", 20, ...), "is away"),
        (PLAYBOOK, (*TALKED, OptedOut(at=NOON + HOURS, by=ROSA)), DAYS, Rest(...), "the customer doesn't want to be contacted"),
        (PLAYBOOK, (*BOOKED, Sold(at=SATURDAY_11, by=ROSA)), 6 * DAYS, Rest(...), "sold"),
        (PLAYBOOK, (*TALKED, Lost(at=NOON + DAYS, by=ROSA, reason="price")), 2 * DAYS, Rest(...), "lost: back as soon as the customer is"),
        (PLAYBOOK, (*TALKED, Lost(at=NOON + DAYS, by=ROSA, reason="bought_elsewhere")), 2 * DAYS, Rest(...), "bought elsewhere"),
        (PLAYBOOK, (*TALKED, Lost(at=NOON + DAYS, by=ROSA, reason="not_a_customer")), 2 * DAYS, Rest(...), "not a customer (spam, wrong number)"),
        (PLAYBOOK, (*TALKED, OptedOut(at=NOON + HOURS, by=ROSA), Lost(at=NOON + DAYS, by=ROSA, reason="price")), 2 * DAYS, Rest(...), "the customer doesn't want to be contacted"),
        (PLAYBOOK, (*LOST, seen(70 * DAYS)), 70 * DAYS, Ask("call", ROSA, NOON + 70 * DAYS, ...), "on the website again: call while they look"),
        (PLAYBOOK, (*LOST, seen(70 * DAYS + 9 * HOURS)), 70 * DAYS + 9 * HOURS, Ask("call", ROSA, NOON + 71 * DAYS - 3 * HOURS, ...), "was on the website again at"),
        (PLAYBOOK, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS, "wrong_number"), seen(9 * DAYS)), 9 * DAYS, Ask("write", ROSA, NOON + 9 * DAYS, ...), "no phone number: write personally"),
        (PLAYBOOK, (*LOST, seen(70 * DAYS), *attempt(2, 70 * DAYS + MINUTES, "conversation")), 70 * DAYS + HOURS, Ask("call", ROSA, NOON + 72 * DAYS, ...), "day 2 of 45"),
        (PLAYBOOK, (*LOST, seen(70 * DAYS)), 116 * DAYS, GiveUp("no_answer_45_days", ...), "day 45: follow-up is over"),
        (PLAYBOOK, (*BOOKED, Sold(at=SATURDAY_11, by=ROSA), seen(300 * DAYS)), 300 * DAYS, Rest(...), "sold"),
        (CALIFORNIA, (*LOST, seen(70 * DAYS)), 70 * DAYS, Ask("call", ROSA, NOON + 70 * DAYS + 5 * HOURS, ...), "quiet hours"),
        (CALIFORNIA, (ARRIVED,), 0 * SECONDS, Ring("best", 20, ...), "new lead in opening hours: at once"),
        (CALIFORNIA, (arrived(NOON - 10 * HOURS),), 0 * SECONDS, Wait(NOON + 5 * HOURS, ...), "quiet hours where the customer lives, until 08:00 their time"),
        (CALIFORNIA, (arrived(NOON - 10 * HOURS),), 5 * HOURS, Ring("best", 20, ...), "arrived while the dealer was closed"),
        (CALIFORNIA, (arrived(NOON - 10 * HOURS, by_phone=False),), 0 * SECONDS, Ring("best", 20, ...), "arrived while the dealer was closed"),
        (CALIFORNIA, ROSA_HAS_IT, 10 * SECONDS, Ask("call", ROSA, NOON, ...), "new: call now"),
        (CALIFORNIA, ROSA_HAS_IT, 16 * MINUTES, Ring("manager", 60, ...), "not contacted for 15 minutes"),
        (CALIFORNIA, ROSA_HAS_IT, 31 * MINUTES, Ask("call", ROSA, NOON + 5 * HOURS, ...), "quiet hours"),
        (CALIFORNIA, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS)), MINUTES, Ask("call", ROSA, NOON + 5 * HOURS, ...), "quiet hours"),
        (CALIFORNIA, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS)), 5 * HOURS, Ask("call", ROSA, NOON + 5 * HOURS, ...), "attempt 2: no answer"),
        (CALIFORNIA, TALKED, MINUTES, Ask("call", ROSA, NOON + 2 * DAYS + 5 * HOURS, ...), "quiet hours"),
        (CALIFORNIA, (*TALKED, CallBackAgreed(at=NOON + MINUTES, by=ROSA, due_at=NOON + 2 * HOURS)), 2 * MINUTES, Ask("call", ROSA, NOON + 2 * HOURS, ...), "agreed to call back"),
        (CALIFORNIA, ASKED_LATE, DAYS, Ring("owner", 20, ...), "asked again"),
        (CALIFORNIA, ASKED_LATE, DAYS + HOURS, Ask("call", ROSA, NOON + DAYS + 5 * HOURS, ...), "quiet hours"),
        (CALIFORNIA, ASKED_LATE, DAYS + 5 * HOURS, Ring("owner", 20, ...), "asked again"),
        (AUCKLAND, (arrived(NOON - 10 * HOURS),), 0 * SECONDS, Ring("best", 20, ...), "arrived while the dealer was closed"),
        (AUCKLAND, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS)), MINUTES, Ask("call", ROSA, NOON + 8 * HOURS, ...), "quiet hours"),
        (HOLIDAY, (arrived(NOON + CHRISTMAS),), CHRISTMAS, Wait(NOON + CHRISTMAS + 3 * DAYS - 3 * HOURS, ...), "public holiday"),
        (BDC_FIRST, (ARRIVED,), 10 * MINUTES, Wait(NOON + HOURS, ...), "in the BDC’s queue until"),
        (BDC_FIRST, (ARRIVED,), HOURS, Ring("best", 20, ...), "new lead in opening hours: at once"),
        (PLAYBOOK, OFFERED, 2 * MINUTES, Ask("accept", ROSA, NOON + MINUTES, ...), "handed over to you: accept by"),
        (PLAYBOOK, OFFERED, 30 * MINUTES, HandOn(...), "wasn’t accepted by"),
        (PLAYBOOK, ASKED_BACK, 25 * MINUTES, Ask("answer", BEA, NOON + 20 * MINUTES, ...), "asked back"),
        (PLAYBOOK, ASKED_BACK, 45 * MINUTES, Ask("answer", BEA, NOON + 20 * MINUTES, ...), "asked back"),
        (PLAYBOOK, ASKED_BACK, 50 * MINUTES, HandOn(...), "wasn’t accepted by"),
        (PLAYBOOK, (*ASKED_BACK, AnsweredBack(at=NOON + 25 * MINUTES, by=BEA, text="N Line", accept_by=NOON + 55 * MINUTES)), 50 * MINUTES, Ask("accept", ROSA, NOON + MINUTES, ...), "handed over to you"),
        (PLAYBOOK, (*OFFERED, HandoverRefused(at=NOON + 3 * MINUTES, by=ROSA, because=say("off"))), 3 * MINUTES, HandOn(...), "the handover was refused"),
        (PLAYBOOK, TAKEN_OVER, 11 * MINUTES, Ask("confirm", ROSA, NOON + 10 * MINUTES, ...), "confirm it yourself, and yourself first"),
        (PLAYBOOK, MET, 62 * MINUTES, Ask("first_contact", ROSA, NOON + HOURS + 30 * SECONDS, ...), "kept, moved or dropped?"),
        (PLAYBOOK, MET, 26 * HOURS, Ask("confirm", ROSA, NOON + 10 * MINUTES, ...), "confirm it yourself"),
        (PLAYBOOK, KEPT, 62 * MINUTES, Ask("confirm", ROSA, SATURDAY_11 - DAYS, ...), "not confirmed by you yet"),
        (PLAYBOOK, DROPPED, 62 * MINUTES, Ask("call", ROSA, NOON + 49 * HOURS + MINUTES, ...), "dropped off at the first contact"),
        (PLAYBOOK, (*DROPPED, *attempt(3, 50 * HOURS, "conversation")), 3 * DAYS, Ask("call", ROSA, NOON + 3 * DAYS, ...), "day 3 of 45"),
        (PLAYBOOK, FAR, DAYS, Ask("remind", ROSA, NEXT_WEEK - DAYS, ...), "remind them"),
        (PLAYBOOK, (*FAR, Wrote(at=NEXT_WEEK - 20 * HOURS, carrier="email", by=ROSA)), 7 * DAYS + 5 * HOURS, Wait(NEXT_WEEK, ...), "the appointment is confirmed"),
        (PLAYBOOK, (*MISSED, *missed_call(2, 5 * MINUTES)), 5 * DAYS + 10 * MINUTES, Ask("call", ROSA, NOON + 5 * DAYS + 65 * MINUTES, ...), "did not come, call 2: offer a new time"),
        (PLAYBOOK, (*MISSED, *missed_call(2, 5 * MINUTES), *missed_call(3, 2 * HOURS)), 5 * DAYS + 3 * HOURS, Ask("call", ROSA, NOON + 7 * DAYS - 2 * HOURS, ...), "did not come, call 3"),
        (PLAYBOOK, (*MISSED, *missed_call(2, 5 * MINUTES), *missed_call(3, 2 * HOURS), *missed_call(4, 3 * HOURS)), 5 * DAYS + 4 * HOURS, Ask("write", ROSA, NOON + 5 * DAYS + 3 * HOURS, ...), "not reached in 3 calls: write, and offer a new time"),
        (PLAYBOOK, (*MISSED, *attempt(2, 5 * DAYS + 5 * MINUTES, "conversation"), Booked(at=NOON + 5 * DAYS + 9 * MINUTES, appointment=8, by=ROSA, starts_at=NOON + 9 * DAYS)), 5 * DAYS + HOURS, Ask("confirm", ROSA, NOON + 8 * DAYS, ...), "not confirmed by you yet"),
        (PLAYBOOK, (*MISSED, Booked(at=NOON + 5 * DAYS + HOURS, appointment=8, by=ROSA, starts_at=NOON + 7 * DAYS), NoShow(at=NOON + 7 * DAYS, appointment=8, by=ROSA)), 7 * DAYS, Ask("call", ROSA, NOON + 7 * DAYS, ...), "did not come again"),
        (NO_MARKETING, (ARRIVED,), 3 * HOURS, Rest(...), "the customer wants no marketing"),
        (WANTED_AGAIN, (*TALKED, OptedOut(at=NOON + HOURS, by=ROSA)), DAYS, Ask("call", ROSA, NOON + 2 * DAYS, ...), "day 2 of 45"),
    ],
)  # fmt: skip
def test_follow_up(
    playbook: Playbook, facts: tuple[AnyFact, ...], later: timedelta, decision: Decision, because: str
) -> None:
    decided = decide(playbook, History(facts), NOON + later)
    assert type(decided) is type(decision)
    for part in decision.__slots__:
        if getattr(decision, part) not in (..., None):
            assert getattr(decided, part) == getattr(decision, part), part
    assert because in str(decided.because)


@pytest.mark.parametrize(
    "before", [ROSA_HAS_IT, (*ROSA_HAS_IT, *attempt(1, 11 * SECONDS)), TAKEN_OVER, DROPPED]
)
@pytest.mark.parametrize(
    ("heard", "was"),
    [("conversation", "voicemail"), ("conversation", "wrong_number"), ("voicemail", "conversation")],
)
def test_a_corrected_call_is_followed_up_as_what_it_was(
    before: tuple[AnyFact, ...], heard: Outcome, was: Outcome
) -> None:
    def on_a_line(outcome: Outcome) -> tuple[AnyFact, ...]:
        began, ended = attempt(9, 70 * MINUTES, outcome)
        return *before, replace(began, line="asterisk"), ended

    corrected = AttemptEnded(at=NOON + 2 * HOURS, by=ROSA, key="attempt:9", outcome=was, corrected_by=ROSA)
    now = NOON + 2 * HOURS + MINUTES
    told = decide(PLAYBOOK, History((*on_a_line(heard), corrected)), now)
    assert told == decide(PLAYBOOK, History(on_a_line(was)), now)
    assert told != decide(PLAYBOOK, History(on_a_line(heard)), now)


def test_a_day_nobody_works_waits_for_the_next_opening() -> None:
    christmas = datetime(2026, 12, 25, 11, 0, tzinfo=UTC)
    decided = decide(PLAYBOOK, History((arrived(christmas),)), christmas)
    # The second day of Christmas is closed too, and then it is Sunday.
    assert decided == Wait(datetime(2026, 12, 28, 8, 0, tzinfo=UTC), decided.because)
    assert str(decided.because) == "closed: Eerste kerstdag"


def test_every_rule_is_asked() -> None:
    """Taking a rule out changes a decision of the table above: none is there for show."""
    assert len(RULES) == len(set(RULES)) == 25


@pytest.mark.parametrize("origin", sorted(DEFAULTS))
def test_the_defaults_can_be_followed(origin: str) -> None:
    assert what_is_wrong(DEFAULTS[origin]) is None  # type: ignore[index]  # rows of the table


@pytest.mark.parametrize(
    ("plan", "wrong"),
    [
        (Plan(rounds=()), "Ring at least one round"),
        (Plan(rounds=(RingRound("best", 1),)), "between 5 and 300 seconds"),
        (Plan(retries=(Retry(10),)), "at least three attempts"),
        (Plan(cadence_days=(3, 2)), "in order, each once"),
        (Plan(cadence_days=(2, 60)), "between day 1 and the last day"),
        (Plan(last_day=2, cadence_days=()), "between day 7 and day 365"),
    ],
)
def test_a_plan_nobody_could_follow_is_refused_in_words(plan: Plan, wrong: str) -> None:
    assert wrong in str(what_is_wrong(plan))


def test_a_stored_plan_comes_back_as_it_was() -> None:
    import msgspec

    for origin, plan in DEFAULTS.items():
        assert plan_from_json(msgspec.to_builtins(plan), origin) == plan
        assert plan_from_json(None, origin) == plan


people = st.integers(1, 4)


@st.composite
def journals(draw: st.DrawFn) -> tuple[AnyFact, ...]:
    """A journal that may have happened: whatever people tapped, in some order."""
    facts: list[AnyFact] = [arrived(by_phone=draw(st.booleans()))]
    at = NOON
    for nth in range(draw(st.integers(0, 12))):
        at += draw(st.timedeltas(timedelta(seconds=1), timedelta(days=6)))
        who = draw(people)
        standing = folded(facts)
        choices: list[AnyFact] = [
            Rang(at=at, people=(who,), how="best", ring_s=20),
            Accepted(at=at, by=who),
            AskedAgain(at=at, channel="adf", source="W", envelope="x", by_phone=True),
            Wrote(at=at, carrier="email", by=draw(st.one_of(st.none(), people))),
            CallBackAgreed(at=at, by=who, due_at=at + timedelta(days=1)),
            Booked(at=at, appointment=nth, by=who, starts_at=at + timedelta(days=2)),
            Attempted(at=at, by=who, key=f"attempt:{nth}"),
            HandedOver(at=at, by=who, to=draw(people), goal="quote", accept_by=at + timedelta(minutes=30)),
            AskedBack(at=at, by=who, text="?"),
            FirstContact(at=at, by=who, went="dropped", reason="other"),
            NoShow(at=at, appointment=nth, by=who),
        ]
        if standing.calling:
            choices = [
                AttemptEnded(
                    at=at,
                    by=who,
                    key=standing.calling,
                    outcome=draw(st.sampled_from(["no_answer", "conversation"])),
                )
            ]
        facts.append(draw(st.sampled_from(choices)))
    return tuple(facts)


@given(journals(), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_something_always_comes_next(facts: tuple[AnyFact, ...], later: timedelta) -> None:
    """No open lead is forgotten: it rings, somebody is asked, or it is looked at again."""
    now = facts[-1].at + later
    decided = decide(PLAYBOOK, History(facts), now)
    assert str(decided.because)
    assert not isinstance(decided, Rest)
    if isinstance(decided, Wait):
        assert decided.until > now


@given(journals(), st.timedeltas(timedelta(0), timedelta(days=60)))
def test_automation_never_counts_as_work(facts: tuple[AnyFact, ...], later: timedelta) -> None:
    robot = Wrote(at=facts[-1].at, carrier="email", by=None)
    before, after = folded(facts), folded((*facts, robot))
    assert (after.worked_at, after.touches, after.hands) == (before.worked_at, before.touches, before.hands)
    now = facts[-1].at + later
    assert decide(PLAYBOOK, History(facts), now) == decide(PLAYBOOK, History((*facts, robot)), now)


@given(journals(), st.timedeltas(timedelta(0), timedelta(minutes=40)), st.sampled_from((ROSA, SAMIR)))
def test_nothing_has_to_be_decided_for_what_is_heard_meanwhile(
    facts: tuple[AnyFact, ...], later: timedelta, person: int
) -> None:
    """Whoever picks up, or is connected, is waited for at least as long as was planned: nobody has to look before."""
    now, standing = facts[-1].at + later, folded(facts)
    decided = decide(PLAYBOOK, History(facts), now)
    heard: list[AnyFact] = []
    if person in standing.ringing and standing.ring_until is not None and now < standing.ring_until:
        heard.append(PickedUp(at=now, by=person))
    if standing.calling is not None:
        heard.append(Connected(at=now, by=person, key=standing.calling))
    for fact in heard:
        assert isinstance(fact, HEARD_MEANWHILE)
        afterwards = decide(PLAYBOOK, History((*facts, fact)), now)
        if isinstance(decided, Wait):
            assert isinstance(afterwards, Wait)
            assert afterwards.until >= decided.until
        else:
            assert afterwards == decided

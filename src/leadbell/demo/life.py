"""The life of one lead: the rules of follow-up say what comes next, people with habits do it or don't. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from leadbell.demo import chances, handing
from leadbell.demo.cast import STAR
from leadbell.demo.chances import DAY, HOUR, MINUTE
from leadbell.demo.talk import WORDS
from leadbell.followup.decisions import Ask, Decision, GiveUp, HandOn, Rest, Ring, Wait
from leadbell.followup.rules import decide
from leadbell.lead.facts import (
    Accepted,
    AnyFact,
    AskedAgain,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    CallBackAgreed,
    Cancelled,
    Confirmed,
    HandedOver,
    Lost,
    Moved,
    NoShow,
    Noted,
    Opened,
    OptedOut,
    PassedOn,
    Quoted,
    Rang,
    Replied,
    Shown,
    Sold,
    Wrote,
)
from leadbell.lead.history import History, Standing, after, folded
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.demo.house import House, Worker

#: A lead that takes more decisions than this goes round in circles.
MOST_DECISIONS = 400
SECOND = timedelta(seconds=1)


class GoesInCircles(RuntimeError):
    """A lead of the demo took more decisions than any lead needs."""


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and the key under which it can happen once."""

    fact: AnyFact
    key: str | None = None


@dataclass(slots=True)
class Life:
    """One lead from its first fact (or from `told` so far) until `until`; `run` tells what happened.

    `comes_back` makes the customer's next inquiry, once, at the moment it is asked for.
    """

    house: "House"
    rng: Random
    until: datetime
    appointments: Iterator[int]
    told: list[Told] = field(default_factory=list)
    #: While the demo runs: whose part is played now. Nobody else acts, and nothing rings by itself.
    played: frozenset[int] | None = None
    comes_back: Callable[[datetime], AskedAgain] | None = None
    comes_back_at: datetime | None = None
    replies_at: datetime | None = None
    #: Calls, tasks and sales that somebody means to do, by what they are for.
    meant: dict[str, datetime] = field(default_factory=dict)
    at: datetime = field(init=False)
    standing: Standing = field(init=False)

    def __post_init__(self) -> None:
        self.standing = folded(one.fact for one in self.told)
        self.at = self.told[-1].fact.at

    def run(self) -> "Life":
        """Live until the lead is closed, forgotten or the time is up; what lies after `until` is not told."""
        for _ in range(MOST_DECISIONS):
            if self.at > self.until or not self._go_on():
                return self._cut()
        raise GoesInCircles

    def _go_on(self) -> bool:
        asked = any(isinstance(one.fact, AskedAgain | Replied) for one in self.told)
        playbook = self.house.playbook(self.standing.origin, self.at, asked=asked)
        decision = decide(playbook, self._history(), self.at)
        if self.played is not None and not _is_due_now(decision, self.played, self.at):
            return False
        match decision:
            case Rest():
                return False
            case Wait():
                self._pass(decision.until)
            case Ring():
                self._ring(decision)
            case GiveUp():
                self._tell(Lost(at=self.at, reason=decision.reason))
            case HandOn():
                self._hand_on(decision)
            case Ask():
                self._do(decision)
        return self.standing.is_open

    def _history(self) -> History:
        history = History(tuple(one.fact for one in self.told))
        # Folded already, fact by fact: folding anew for each decision would take a second of everybody's start.
        vars(history)["standing"] = self.standing
        return history

    def _cut(self) -> "Life":
        """Leave out what hasn't happened yet, and a call or ring that is still under way for the visitor's part."""
        self.told = [one for one in self.told if one.fact.at <= self.until]
        self.standing = folded(one.fact for one in self.told)
        last = self.told[-1].fact
        rings_until = self.standing.ring_until
        ringing = isinstance(last, Rang) and rings_until is not None and rings_until > self.until
        calling = isinstance(last, Attempted) and self.house.worker(last.by).player.email == STAR
        if ringing or calling:
            self.told.pop()
            self.standing = folded(one.fact for one in self.told)
        return self

    def _tell(self, fact: AnyFact, key: str | None = None) -> None:
        if fact.at < self.at:
            raise ValueError(f"{fact} comes before {self.at}")
        self.told.append(Told(fact, key))
        self.standing = after(self.standing, fact)
        self.at = fact.at

    def _pass(self, until: datetime) -> None:
        """Nothing happens until then, unless the customer comes first."""
        if not self._customer_before(until):
            self.at = max(until, self.at)

    def _customer_before(self, moment: datetime) -> bool:
        """Whether the customer wrote before `moment`; if so it is told."""
        if self.comes_back and self.comes_back_at and self.comes_back_at < min(moment, self.until):
            at, self.comes_back_at = max(self.comes_back_at, self.at + SECOND), None
            if at < min(moment, self.until):
                self.meant.clear()
                self._tell(self.comes_back(at))
                return True
        if self.replies_at and self.replies_at < moment:
            at, self.replies_at = max(self.replies_at, self.at + SECOND), None
            if at < moment:
                self.meant.clear()
                self._tell(Replied(at=at, carrier="email"))
                return True
        return False

    # The bell

    def _ring(self, ring: Ring) -> None:
        rng, s = self.rng, self.standing
        at = self.at + timedelta(seconds=rng.uniform(0.02, 0.2))
        whom = self.house.whom(s, ring.how, at, rng)
        seconds = ring.ring_s if whom.people else 0
        rang = Rang(
            at=at, people=whom.people, how=ring.how, ring_s=seconds, because=(ring.because, *whom.because),
            ranked=whom.ranked, excluded=whom.excluded,
        )  # fmt: skip
        self._tell(rang, f"ring:{s.ring_count + 1}")
        if not whom.people:
            return
        self._answer_ring(whom.people)

    def play(self, now: datetime) -> list[Told]:
        """What those who are played do next about this lead, each at its moment from `now` on; `played` is set."""
        before, s = len(self.told), self.standing
        self.at = max(self.at, now)
        played = self.played or frozenset()
        if s.ringing and s.ring_until and s.ring_until > self.at:
            self._answer_ring(tuple(person for person in s.ringing if person in played))
        elif s.calling and s.calling_by in played:
            self._hang_up(self.house.worker(s.calling_by), chances.call(self.rng, s, self.at, 1.0), s.calling)
        for _ in range(MOST_DECISIONS):
            if not self.standing.is_open or not self._go_on():
                break
        return self.told[before:]

    def _answer_ring(self, people: Sequence[int]) -> None:
        """Some of the people who are rung accept; the quickest has it."""
        rng, s, began_at = self.rng, self.standing, self.at
        rings_until = s.ring_until or began_at
        seconds = (rings_until - began_at) / SECOND
        reminded = s.ring_how == "manager" and s.owner is not None
        takers = [
            (began_at + rng.triangular(2.5, max(seconds * 0.9, 3), 6) * SECOND, self.house.worker(person))
            for person in people
            if rng.random() < self.house.worker(person).player.habits.accepts * (0.22 if reminded else 1)
        ]
        if takers:
            taken_at, taker = min(takers, key=lambda one: one[0])
            self._accept(taker, min(taken_at, rings_until))
        elif s.ring_how == "best" and people and rng.random() < 0.2:
            self._tell(PassedOn(at=began_at + rng.uniform(0.2, 0.6) * seconds * SECOND, by=people[0]))
        else:
            self.at = rings_until

    def _accept(self, taker: "Worker", at: datetime) -> None:
        self.meant.clear()
        self._tell(Accepted(at=at, by=taker.number))
        if taker.player.role == "manager" and self.rng.random() < 0.6:
            at += timedelta(seconds=self.rng.uniform(20, 120))
            if to := self._colleague(at):
                self._tell(Assigned(at=at, to=to.number, by=taker.number))

    def _colleague(self, at: datetime) -> "Worker | None":
        """A salesperson who is at work, for a lead that is handed on."""
        owner = self.standing.owner
        staff = [w for w in self.house.of("salesperson") if w.number != owner and w.is_on(at)]
        if self.played is not None:
            staff = [w for w in staff if w.number in self.played]
        return self.rng.choice(staff) if staff else None

    def begin_in_the_showroom(self) -> None:
        """Somebody walked in: who typed it in has it, and they have talked already."""
        rng, at = self.rng, self.at + timedelta(seconds=self.rng.uniform(2, 20))
        staff = [w for w in self.house.of("salesperson") if w.is_on(at)]
        if not staff:
            return
        owner = rng.choice(staff)
        self._tell(Accepted(at=at, by=owner.number))
        talked = chances.call(rng, self.standing, at, owner.player.habits.persuades)
        result = talked.result if talked.result in ("appointment", "quote") else "call_back"
        self._agree(owner, result, at + rng.uniform(40, 400) * SECOND)

    def begin_in_the_evening(self) -> None:
        """The BDC calls while the dealer is closed, and hands over to a salesperson."""
        rng = self.rng
        agents = [w for w in self.house.bdc if w.is_on(self.at)]
        if not agents or rng.random() < 0.3:
            return
        agent = agents[0]
        at = self._free(agent, self.at + rng.uniform(40, 300) * SECOND)
        self._tell(Accepted(at=at, by=agent.number))
        self._call(agent, self._free(agent, at + rng.uniform(5, 30) * SECOND))
        if not self.standing.is_open:
            return
        to = rng.choice(self.house.of("salesperson"))
        at = self.at + rng.uniform(5, 30) * SECOND
        goal = handing.goal_of(self.standing)
        if goal == "later":
            because = say("called by the BDC")
            self._tell(Assigned(at=at, to=to.number, by=agent.number, because=because))
            return
        self._tell(handing.qualified(rng, goal, agent.number, at))
        begins = self.house.hours_at(at).shift_into_hours(at)
        self._tell(
            HandedOver(
                at=at + rng.uniform(20, 60) * SECOND, by=agent.number, to=to.number, goal=goal,
                accept_by=begins + 30 * MINUTE, text=rng.choice(handing.AGREED[goal]),
                note=rng.choice(handing.WANTS_TO_KNOW), told=True,
            )
        )  # fmt: skip

    def _hand_on(self, hand_on: HandOn) -> None:
        """Nobody accepted in time: a colleague is asked, then a manager has it."""
        s, at = self.standing, self.at + SECOND
        if s.contract is None:
            return
        colleagues = [w for w in self.house.of("salesperson") if w.number not in s.contract.offered]
        if len(s.contract.offered) < 2 and colleagues:
            to, begins = self.rng.choice(colleagues), self.house.hours_at(at).shift_into_hours(at)
            until = begins + 30 * MINUTE
            if s.appointment_at is None or until < s.appointment_at:
                self._tell(
                    HandedOver(
                        at=at, to=to.number, accept_by=until, goal=s.contract.goal, because=hand_on.because
                    )
                )
                return
        managers = self.house.of("manager") or self.house.of("salesperson")
        self._tell(Assigned(at=at, to=managers[0].number, because=hand_on.because))

    def _do_accept(self, worker: "Worker", ask: Ask) -> None:
        """Accepted before the time is over; now and then it isn't."""
        ends_at = ask.again_at or self.at
        at = self._mean("accept", worker, max(self.at, ask.due_at) + self.rng.expovariate(1 / 8) * MINUTE)
        if at >= ends_at:
            self._pass(ends_at)
            return
        self.meant.clear()
        self._tell(Accepted(at=at, by=worker.number))

    def _meet_first(self, worker: "Worker", at: datetime) -> None:
        """The first contact after the BDC: a call, and what becomes of what was agreed."""
        rng, number = self.rng, worker.number
        key = f"attempt:{self.standing.attempts + 1}"
        self._tell(Attempted(at=at, by=number, key=key), key)
        talked_s = rng.uniform(70, 260)
        answered_at = at + rng.uniform(5, 16) * SECOND
        self._tell(
            AttemptEnded(
                at=answered_at + round(talked_s) * SECOND, key=key, by=number, outcome="conversation",
                connected_at=answered_at, talk_ms=round(1000 * talked_s),
            ),
            f"{key}:ended",
        )  # fmt: skip
        self._note_first_contact(worker, self.at + rng.uniform(5, 25) * SECOND)

    def _note_first_contact(self, worker: "Worker", at: datetime) -> None:
        contact = handing.first_contact(self.rng, worker.number, at)
        self.meant.clear()
        self._tell(contact)
        s, at = self.standing, at + SECOND
        if contact.went == "dropped" and s.appointment is not None:
            self._tell(Cancelled(at=at, appointment=s.appointment, by=worker.number))
        elif contact.went == "moved" and s.appointment is not None:
            later = chances.appointment_time(self.rng, self.house.hours, at + DAY)
            self._tell(Moved(at=at, appointment=s.appointment, by=worker.number, starts_at=later))
        if contact.went == "dropped" and s.qualified_by is not None and self.house.has(s.qualified_by):
            because = say("dropped off at the first contact: back to the BDC")
            self._tell(Assigned(at=at + SECOND, to=s.qualified_by, by=worker.number, because=because))
        elif contact.went != "dropped" and self.standing.appointment is not None:
            number = self.standing.appointment
            self._tell(Confirmed(at=at + SECOND, appointment=number, by=worker.number, how="phone"))

    # What somebody has to do

    def _do(self, ask: Ask) -> None:
        if self.at < ask.due_at:
            self._pass(ask.due_at)
            return
        worker = self.house.worker(ask.person)
        match ask.task:
            case "call":
                self._do_call(worker, ask)
            case "write":
                self._do_write(worker, ask)
            case "confirm":
                self._do_confirm(worker, ask)
            case "accept":
                self._do_accept(worker, ask)
            case "first_contact":
                self._note_first_contact(worker, self._free(worker, self.at + 20 * SECOND))
            case "remind":
                self._write(worker, self._mean("remind", worker, self.at + 10 * MINUTE))
            case "answer":
                self._pass(ask.again_at or self.at)
            case "shown":
                self._do_shown(worker, ask)
            case "result" | "outcome":
                self._do_result(worker, ask)

    def _free(self, worker: "Worker", at: datetime) -> datetime:
        """When this person gets to it from `at` on: nobody does everything at the stroke of opening."""
        free = worker.free_at(at)
        if free - at < 10 * MINUTE:
            return free
        return worker.free_at(free + self.rng.expovariate(1 / 18) * MINUTE)

    def _mean(self, what: str, worker: "Worker", begin: datetime) -> datetime:
        """When this is done, decided once: asking again doesn't put it off."""
        if what not in self.meant:
            self.meant[what] = self._free(worker, begin)
        return worker.free_at(max(self.meant[what], self.at))

    def _do_call(self, worker: "Worker", ask: Ask) -> None:
        rng, s, habits, begin = self.rng, self.standing, worker.player.habits, self.at
        if self._is_fresh():
            if (
                s.attempts == 0
                and s.by_email
                and "call" not in self.meant
                and rng.random() < habits.writes_first
            ):
                self._write(worker, self._free(worker, begin + rng.uniform(120, 700) * SECOND))
                return
            at = self._mean("call", worker, begin + chances.prepares(rng, habits.prepares_s, habits.spread))
            if ask.again_at and self.at < ask.again_at < at:
                self._pass(ask.again_at)
                return
        elif s.call_back_at is not None:
            at = self._mean("call", worker, begin + rng.uniform(0, 14) * MINUTE)
        elif rng.random() < self._chance_to_persist(habits.persists):
            at = self._mean("call", worker, begin + timedelta(minutes=rng.expovariate(1 / 35)))
        else:
            self._neglect(worker, begin)
            return
        if not self._customer_before(at):
            self._call(worker, max(at, self.at))

    def _is_fresh(self) -> bool:
        """Nobody did anything since the customer asked."""
        s = self.standing
        return s.worked_at is None or (s.asked_at is not None and s.worked_at < s.asked_at)

    def _chance_to_persist(self, persists: float) -> float:
        """The second and third attempt cost discipline [S3]; later contacts are soon thought to be useless."""
        return 1 - (1 - persists) ** 1.6 if self.standing.attempts < 3 else persists * 0.88

    def _neglect(self, worker: "Worker", due: datetime) -> None:
        """It isn't done when it is due: closed for comfort, done late, or forgotten until day 45."""
        rng, s = self.rng, self.standing
        chance = rng.random()
        forgotten = 0.22 * (1 - worker.player.habits.persists)
        if chance < (0.6 if s.touches else 0.3) + 0.4 * forgotten:
            at = self._free(worker, due + rng.uniform(0.1, 3.0) * DAY)
            if self._customer_before(at):
                return
            reason = chances.why_lost(rng) if s.reached_at else "not_reachable"
            self._lose(worker, at, reason)
        elif chance < 1 - forgotten or s.asked_at is None:
            at = self._free(worker, due + rng.uniform(0.2, 1.6) * DAY)
            if self._customer_before(at):
                return
            if s.by_phone and not s.number_is_wrong:
                self._call(worker, at)
            elif s.by_email:
                self._write(worker, at)
            else:
                self._lose(worker, at, "not_reachable")
        else:
            self._pass(s.asked_at + 46 * DAY + HOUR)

    def _call(self, worker: "Worker", at: datetime) -> None:
        rng, s = self.rng, self.standing
        self.meant.clear()
        if s.attempts == 0 and s.owner == worker.number and at - self.at > 6 * SECOND and rng.random() < 0.5:
            looked_at = at - rng.uniform(2, min((at - self.at) / SECOND - 2, 1500)) * SECOND
            self._tell(Opened(at=looked_at, by=worker.number), f"opened:{worker.number}")
        call = chances.call(rng, s, at, worker.player.habits.persuades)
        key = f"attempt:{s.attempts + 1}"
        self._tell(Attempted(at=at, by=worker.number, key=key), key)
        self._hang_up(worker, call, key)

    def _hang_up(self, worker: "Worker", call: chances.Call, key: str) -> None:
        """The call that begins now, to its end and to what comes of it."""
        rng, at, number = self.rng, self.at, worker.number
        talks_s = (
            min(call.talks_s, max(20.0, worker.room_s(at + SECOND) - call.rings_s - 20))
            if call.talks_s
            else 0
        )
        worker.calls_from(at, call.rings_s + talks_s)
        answered_at = at + call.rings_s * SECOND
        ended = AttemptEnded(
            at=answered_at + round(1000 * talks_s) * timedelta(milliseconds=1), key=key, by=number,
            outcome=call.outcome, connected_at=answered_at if talks_s else None,
            talk_ms=round(1000 * talks_s) if talks_s else None,
        )  # fmt: skip
        self._tell(ended, f"{key}:ended")
        if call.outcome == "conversation":
            self._agree(worker, call.result, self.at + rng.uniform(3, 25) * SECOND)
        elif call.outcome == "wrong_number" and not self.standing.by_email:
            self._lose(worker, self.at + rng.uniform(10, 60) * SECOND, "not_reachable")

    def _agree(self, worker: "Worker", result: chances.Result, at: datetime) -> None:
        """What came of talking or writing with the customer."""
        rng, by, talk = self.rng, worker.number, WORDS.get(worker.player.language, WORDS["en"])
        if result == "call_back" and (not self.standing.by_phone or self.standing.number_is_wrong):
            result = "quote"
        match result:
            case "appointment":
                starts_at = self._visit_at(worker, at)
                number, what = next(self.appointments), rng.choice(talk["booked"])
                self._tell(Booked(at=at, appointment=number, by=by, starts_at=starts_at, what=what))
            case "quote":
                self._tell(Quoted(at=at, by=by))
            case "call_back":
                due_at = self.house.hours_at(at).shift_into_hours(
                    at + rng.choice((3, 22, 26, 47, 70, 96, 120)) * HOUR
                )
                due_at = due_at.replace(minute=rng.choice((0, 30)), second=0, microsecond=0)
                if due_at <= at:
                    due_at += HOUR
                self._tell(CallBackAgreed(at=at, by=by, due_at=due_at, note=rng.choice(talk["call_back"])))
            case "lost":
                if rng.random() < 0.05:
                    self._tell(OptedOut(at=at, by=by))
                self._lose(worker, self.at if self.standing.opted_out else at, chances.why_lost(rng))
            case "nothing":
                if rng.random() < 0.4:
                    self._tell(Noted(at=at, by=by, text=rng.choice(talk["noted"])))

    def _lose(self, worker: "Worker", at: datetime, reason: str) -> None:
        talk = WORDS.get(worker.player.language, WORDS["en"])
        note = self.rng.choice(talk["lost"]) if reason == "bought_elsewhere" else ""
        self._tell(Lost(at=max(at, self.at), reason=reason, by=worker.number, note=note))

    def _do_write(self, worker: "Worker", ask: Ask) -> None:
        reminded_at = ask.again_at if self._is_fresh() else None
        careful = self.rng.random() < 0.35 + 0.65 * worker.player.habits.persists or "write" in self.meant
        if not careful:
            if reminded_at and self.at < reminded_at:
                self._pass(reminded_at)
            else:
                self._neglect(worker, self.at)
            return
        minutes = self.rng.expovariate(1 / 25) + 3
        at = self._mean("write", worker, self.at + minutes * MINUTE)
        if reminded_at and self.at < reminded_at < at:
            self._pass(reminded_at)
        elif not self._customer_before(at):
            self._write(worker, max(at, self.at))

    def _write(self, worker: "Worker", at: datetime) -> None:
        """A personal e-mail; to somebody who answered, it may settle things."""
        rng, s = self.rng, self.standing
        self.meant.clear()
        answers = any(isinstance(one.fact, Replied) for one in self.told)
        self._tell(Wrote(at=max(at, self.at), by=worker.number, carrier="email"))
        if answers and not s.appointment and rng.random() < 0.7:
            self._agree(worker, chances.by_mail(rng), self.at + rng.uniform(20, 600) * SECOND)
        elif s.by_email and rng.random() < (0.3 if s.by_phone else 0.55):
            self.replies_at = self.at + timedelta(hours=rng.expovariate(1 / 9) + 0.2)

    def _visit_at(self, worker: "Worker", now: datetime) -> datetime:
        """A time at which whoever receives the customer is free."""
        host = self.house.worker(self.standing.owner) if self.standing.owner else worker
        at = chances.appointment_time(self.rng, self.house.hours, now)
        while not host.is_free(at):
            at = chances.appointment_time(self.rng, self.house.hours, now + chances.DAY)
            now += chances.HOUR
        host.visits.add(at)
        return at

    def _do_confirm(self, worker: "Worker", ask: Ask) -> None:
        rng, s = self.rng, self.standing
        starts_at, number = s.appointment_at or self.at, s.appointment or 0
        at = self._mean("confirm", worker, self.at + rng.expovariate(1 / 50) * MINUTE)
        if at >= starts_at or rng.random() > 0.25 + 0.75 * worker.player.habits.persists:
            self._pass(starts_at)
            return
        if self._customer_before(at):
            return
        if s.taken_over_at is not None and s.by_phone and not s.number_is_wrong and rng.random() < 0.8:
            self._meet_first(worker, at)
            return
        chance = rng.random()
        by = worker.number
        if chance < 0.05:
            self._tell(Cancelled(at=at, appointment=number, by=by))
        elif chance < 0.12:
            later = self._visit_at(worker, at + DAY)
            self._tell(Moved(at=at, appointment=number, by=by, starts_at=later))
        else:
            self._tell(Confirmed(at=at, appointment=number, by=by, how=chances.how_confirmed(rng)))
        self.meant.clear()

    def _do_shown(self, worker: "Worker", ask: Ask) -> None:
        rng, s, company = self.rng, self.standing, self.house.company
        at = self._mean("shown", worker, self.at + rng.uniform(4, 75) * MINUTE)
        comes = company.comes * (1 if s.confirmed_at else 0.78) * (0.75 if s.no_shows else 1)
        number, by = s.appointment or 0, worker.number
        self.meant.clear()
        if rng.random() < comes:
            self._tell(Shown(at=at, appointment=number, by=by))
        else:
            self._tell(NoShow(at=at, appointment=number, by=by))

    def _do_result(self, worker: "Worker", ask: Ask) -> None:
        """Sold or lost, after the customer has thought about it."""
        rng, s = self.rng, self.standing
        if s.calling is not None:
            ended = AttemptEnded(at=self.at + SECOND, key=s.calling, by=worker.number, outcome="no_answer")
            self._tell(ended, f"{s.calling}:ended")
            return
        if s.shown_at is None:
            self._neglect(worker, self.at)
            return
        at = self._mean("result", worker, s.shown_at + chances.decides_after(rng))
        if self._customer_before(at):
            return
        if rng.random() < self.house.company.buys * (0.75 + 0.25 * worker.player.habits.persuades):
            self._tell(Sold(at=max(at, self.at), by=worker.number))
        else:
            self._lose(worker, at, chances.why_lost(rng, was_here=True))


def _is_due_now(decision: Decision, played: frozenset[int], at: datetime) -> bool:
    return isinstance(decision, Ask) and decision.person in played and decision.due_at <= at

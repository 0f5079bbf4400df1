"""The life of one lead: the rules of follow-up say what comes next, people with habits do it or don't. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from leadbell.demo import chances, handing, tasks
from leadbell.demo.cast import STAR
from leadbell.demo.chances import MINUTE
from leadbell.demo.course import SECOND, Course, Told
from leadbell.followup.decisions import Ask, Decision, GiveUp, HandOn, Rest, Ring, Wait
from leadbell.followup.rules import decide
from leadbell.lead.facts import (
    Accepted,
    AskedAgain,
    Assigned,
    Attempted,
    HandedOver,
    Lost,
    PassedOn,
    Rang,
    Replied,
)
from leadbell.lead.history import folded
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.demo.house import Worker

#: A lead that takes more decisions than this goes round in circles.
MOST_DECISIONS = 400


class GoesInCircles(RuntimeError):
    """A lead of the demo took more decisions than any lead needs."""


class Life(Course):
    """One lead as it goes on: `run` and `play` tell what happens.

    Whoever the rules of follow-up ask does it or doesn't, and the customer may come first.
    """

    __slots__ = ()

    def run(self) -> "Life":
        """Live until the lead is closed, forgotten or the time is up; what lies after `until` is not told."""
        for _ in range(MOST_DECISIONS):
            if self.at > self.until or not self._go_on():
                return self._cut()
        raise GoesInCircles

    def play(self, now: datetime) -> list[Told]:
        """What those who are played do next about this lead, each at its moment from `now` on; `played` is set."""
        before, s = len(self.told), self.standing
        self.at = max(self.at, now)
        played = self.played or frozenset()
        if s.ringing and s.ring_until and s.ring_until > self.at:
            self._answer_ring(tuple(person for person in s.ringing if person in played))
        elif s.calling and s.calling_by in played:
            tasks.hang_up(
                self, self.house.worker(s.calling_by), chances.call(self.rng, s, self.at, 1.0), s.calling
            )
        for _ in range(MOST_DECISIONS):
            if not self.standing.is_open or not self._go_on():
                break
        return self.told[before:]

    def begin_in_the_showroom(self) -> None:
        """Somebody walked in: who typed it in has it, and they have talked already."""
        rng, at = self.rng, self.at + timedelta(seconds=self.rng.uniform(2, 20))
        staff = [w for w in self.house.of("salesperson") if w.is_on(at)]
        if not staff:
            return
        owner = rng.choice(staff)
        self.tell(Accepted(at=at, by=owner.number))
        talked = chances.call(rng, self.standing, at, owner.habits_at(at).persuades)
        result = talked.result if talked.result in ("appointment", "quote") else "call_back"
        tasks.agree(self, owner, result, at + rng.uniform(40, 400) * SECOND)

    def begin_in_the_evening(self) -> None:
        """The BDC calls while the dealer is closed, and hands over to a salesperson."""
        rng = self.rng
        agents = [w for w in self.house.bdc if w.is_on(self.at)]
        if not agents or rng.random() < 0.3:
            return
        agent = agents[0]
        at = self.free(agent, self.at + rng.uniform(40, 300) * SECOND)
        self.tell(Accepted(at=at, by=agent.number))
        tasks.call(self, agent, self.free(agent, at + rng.uniform(5, 30) * SECOND))
        if not self.standing.is_open:
            return
        to = rng.choice(self.house.of("salesperson"))
        at = self.at + rng.uniform(5, 30) * SECOND
        goal = handing.goal_of(self.standing)
        if goal == "later":
            because = say("called by the BDC")
            self.tell(Assigned(at=at, to=to.number, by=agent.number, because=because))
            return
        self.tell(handing.qualified(rng, goal, agent.number, at))
        begins = self.house.hours_at(at).shift_into_hours(at)
        self.tell(
            HandedOver(
                at=at + rng.uniform(20, 60) * SECOND, by=agent.number, to=to.number, goal=goal,
                accept_by=begins + 30 * MINUTE, text=rng.choice(handing.AGREED[goal]),
                note=rng.choice(handing.WANTS_TO_KNOW), told=True,
            )
        )  # fmt: skip

    def _go_on(self) -> bool:
        asked = any(isinstance(one.fact, AskedAgain | Replied) for one in self.told)
        playbook = self.house.playbook(self.standing.origin, self.at, asked=asked)
        decision = decide(playbook, self.history(), self.at)
        if self.played is not None and not _is_due_now(decision, self.played, self.at):
            return False
        match decision:
            case Rest():
                return False
            case Wait():
                self.wait_until(decision.until)
            case Ring():
                self._ring(decision)
            case GiveUp():
                self.tell(Lost(at=self.at, reason=decision.reason))
            case HandOn():
                handing.hand_on(self, decision)
            case Ask():
                self._do(decision)
        return self.standing.is_open

    def _do(self, ask: Ask) -> None:
        if self.at < ask.due_at:
            self.wait_until(ask.due_at)
            return
        worker = self.house.worker(ask.person)
        match ask.task:
            case "call":
                tasks.do_call(self, worker, ask)
            case "write":
                tasks.do_write(self, worker, ask)
            case "confirm":
                tasks.do_confirm(self, worker, ask)
            case "accept":
                handing.do_accept(self, worker, ask)
            case "first_contact":
                handing.note_first_contact(self, worker, self.free(worker, self.at + 20 * SECOND))
            case "remind":
                tasks.write(self, worker, self.means_to("remind", worker, self.at + 10 * MINUTE))
            case "answer":
                self.wait_until(ask.again_at or self.at)
            case "shown":
                tasks.do_shown(self, worker, ask)
            case "result" | "outcome":
                tasks.do_result(self, worker, ask)

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
        self.tell(rang, f"ring:{s.ring_count + 1}")
        if not whom.people:
            return
        self._answer_ring(whom.people)

    def _answer_ring(self, people: Sequence[int]) -> None:
        """Some of the people who are rung accept; the quickest has it."""
        rng, s, began_at = self.rng, self.standing, self.at
        rings_until = s.ring_until or began_at
        seconds = (rings_until - began_at) / SECOND
        reminded = s.ring_how == "manager" and s.owner is not None
        takers = [
            (began_at + rng.triangular(2.5, max(seconds * 0.9, 3), 6) * SECOND, self.house.worker(person))
            for person in people
            if rng.random()
            < self.house.worker(person).habits_at(began_at).accepts * (0.22 if reminded else 1)
        ]
        if takers:
            taken_at, taker = min(takers, key=lambda one: one[0])
            self._accept(taker, min(taken_at, rings_until))
        elif s.ring_how == "best" and people and rng.random() < 0.2:
            self.tell(PassedOn(at=began_at + rng.uniform(0.2, 0.6) * seconds * SECOND, by=people[0]))
        else:
            self.at = rings_until

    def _accept(self, taker: "Worker", at: datetime) -> None:
        self.meant.clear()
        self.tell(Accepted(at=at, by=taker.number))
        if taker.player.role == "manager" and self.rng.random() < 0.6:
            at += timedelta(seconds=self.rng.uniform(20, 120))
            if to := self._colleague(at):
                self.tell(Assigned(at=at, to=to.number, by=taker.number))

    def _colleague(self, at: datetime) -> "Worker | None":
        """A salesperson who is at work, for a lead that is handed on."""
        owner = self.standing.owner
        staff = [w for w in self.house.of("salesperson") if w.number != owner and w.is_on(at)]
        if self.played is not None:
            staff = [w for w in staff if w.number in self.played]
        return self.rng.choice(staff) if staff else None


def _is_due_now(decision: Decision, played: frozenset[int], at: datetime) -> bool:
    return isinstance(decision, Ask) and decision.person in played and decision.due_at <= at

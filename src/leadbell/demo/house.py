"""A dealer of the demo while its past is told: who works when, who is busy, whom a lead rings. Pure."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.shifts import Shift
from leadbell.demo.cast import Company, Habits, Player
from leadbell.followup.playbook import DEFAULTS, Playbook
from leadbell.lead.facts import (
    Accepted,
    AnyFact,
    Arrived,
    Assigned,
    Attempted,
    AttemptEnded,
    Booked,
    Chosen,
    Lost,
    Origin,
    RingKind,
    Sold,
)
from leadbell.lead.law import MARKETING, Quiet, country_of, zones_of
from leadbell.lead.standing import Standing
from leadbell.routing.rules import Asked, Candidate, choose_salesperson
from leadbell.words import Words, say

#: Chance that somebody on shift has the desk open.
DESK_OPEN = 0.93
#: Room that is looked for in somebody's day before a call.
ROOM_S = 420.0
VISIT = timedelta(hours=1)


@dataclass(slots=True)
class Worker:
    """A person with a number, a shift and a day that fills up."""

    number: int
    player: Player
    before: Shift
    since: Shift
    changed_at: datetime
    #: When they learned to work otherwise, if ever.
    learned_at: datetime | None = None
    #: Calls, in order and apart from each other: (from, until) in seconds since 1970.
    calls: list[tuple[float, float]] = field(default_factory=list)
    #: When leads came to this person, and went again; seconds since 1970, in order.
    came: list[float] = field(default_factory=list)
    went: list[float] = field(default_factory=list)
    received: list[float] = field(default_factory=list)
    reached: list[float] = field(default_factory=list)
    booked: list[float] = field(default_factory=list)
    #: When their appointments begin, each an hour long.
    visits: set[datetime] = field(default_factory=set)

    def habits_at(self, at: datetime) -> Habits:
        learned = self.player.learned
        return learned if learned and self.learned_at and at >= self.learned_at else self.player.habits

    def is_free(self, at: datetime) -> bool:
        """No other customer comes then."""
        return all(abs(at - visit) >= VISIT for visit in self.visits)

    def shift_at(self, at: datetime) -> Shift:
        return self.since if at >= self.changed_at else self.before

    def is_on(self, at: datetime) -> bool:
        return self.shift_at(at).is_on(at)

    def free_at(self, at: datetime) -> datetime:
        """The first moment from `at` on shift, with room for a call."""
        for _ in range(200):
            at = self.shift_at(at).next_on(at) or at
            until = self._busy_until(at.timestamp())
            if until is None:
                return at
            at += timedelta(seconds=until - at.timestamp() + 15)
        return at

    def _busy_until(self, moment: float) -> float | None:
        place = bisect_right(self.calls, (moment, float("inf")))
        if place and self.calls[place - 1][1] > moment:
            return self.calls[place - 1][1]
        if place < len(self.calls) and self.calls[place][0] < moment + ROOM_S:
            return self.calls[place][1]
        return None

    def room_s(self, at: datetime) -> float:
        """Seconds from `at` until the next call that is in the diary."""
        place = bisect_left(self.calls, (at.timestamp(), 0.0))
        return self.calls[place][0] - at.timestamp() if place < len(self.calls) else float("inf")

    def calls_from(self, at: datetime, seconds: float) -> None:
        insort(self.calls, (at.timestamp(), at.timestamp() + seconds))

    def talks_at(self, at: datetime) -> bool:
        moment = at.timestamp()
        place = bisect_right(self.calls, (moment, float("inf")))
        return bool(place) and self.calls[place - 1][1] > moment

    def candidate(self, at: datetime, today: float, reachable: bool) -> Candidate:
        """This person as routing would have seen them."""
        moment, shift = at.timestamp(), self.shift_at(at)
        on = shift.is_on(at)
        seen = bisect_left(self.received, moment)
        last = self.received[seen - 1] if seen and self.received[seen - 1] >= today else None
        return Candidate(
            self.number, self.player.name, role=self.player.role, on_shift=on,
            back_at=None if on else shift.next_on(at), reachable=reachable, in_conversation=self.talks_at(at),
            brands=frozenset(self.player.brands), conditions=frozenset(self.player.conditions),
            languages=frozenset(self.player.speaks), opportunities=bisect_left(self.reached, moment),
            appointments=bisect_left(self.booked, moment),
            open_leads=bisect_left(self.came, moment) - bisect_left(self.went, moment),
            leads_today=seen - bisect_left(self.received, today),
            last_lead_at=None if last is None else datetime.fromtimestamp(last, at.tzinfo),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whom:
    """As `routing` answers: whom to ring and what the lead's page says about it."""

    people: tuple[int, ...]
    because: tuple[Words, ...] = ()
    ranked: tuple[Chosen, ...] = ()
    excluded: tuple[Chosen, ...] = ()


@dataclass(slots=True)
class House:
    """A dealer with its people and hours, which changed once: `since` is when the demo's hours began."""

    number: int
    company: Company
    hours: OpeningHours
    hours_since: OpeningHours
    since: datetime
    workers: tuple[Worker, ...]
    #: The group's BDC agents, who work in the evening.
    bdc: tuple[Worker, ...] = ()

    def hours_at(self, at: datetime) -> OpeningHours:
        return self.hours_since if at >= self.since else self.hours

    def playbook(
        self, origin: Origin, at: datetime, number: str | None = None, asked: bool = False
    ) -> Playbook:
        """`number` is the customer's; `asked`: by themselves, after a campaign had brought the lead."""
        home, marketing = self.hours.zone, origin in MARKETING and not asked
        country = (country_of(number) or self.hours.country) if marketing else None
        quiet = Quiet(zones_of(number, home), home, days_off=marketing, country=country)
        return Playbook(self.hours_at(at), DEFAULTS[origin], quiet)

    def worker(self, number: int) -> Worker:
        return next(worker for worker in (*self.workers, *self.bdc) if worker.number == number)

    def has(self, number: int) -> bool:
        return any(worker.number == number for worker in (*self.workers, *self.bdc))

    def of(self, role: str) -> tuple[Worker, ...]:
        return tuple(worker for worker in self.workers if worker.player.role == role)

    def whom(self, standing: Standing, how: RingKind, at: datetime, rng: Random) -> Whom:
        """Whom to ring for a lead: the rules of routing, asked about that moment."""
        if how == "owner":
            return self._owner(standing, at)
        staff = self.of("manager" if how == "manager" else "salesperson")
        today = self.hours.day_begins(self.hours.local_day(at)).timestamp()
        seen = [
            worker.candidate(at, today, rng.random() < DESK_OPEN)
            for worker in staff if worker.number != standing.owner
        ]  # fmt: skip
        rung = frozenset(standing.rung) if how == "best" else frozenset[int]()
        s = standing
        asked = Asked(s.brand, s.condition, s.language, s.known_to, rung)
        choice = choose_salesperson(asked, seen, at)
        ranked = tuple(
            Chosen(person=r.person, because=r.because, score=round(r.score, 4)) for r in choice.ranked
        )
        excluded = tuple(Chosen(person=e.person, because=(e.because,)) for e in choice.excluded)
        people = tuple(one.person for one in ranked)
        if how == "best":
            return Whom(people[:1], choice.because, ranked, excluded)
        if how == "manager" and not people:
            because = (say("no manager is on shift: all of them are rung"),)
            return Whom(tuple(one.person for one in seen), because, (), excluded)
        return Whom(people, (), ranked, excluded)

    def _owner(self, standing: Standing, at: datetime) -> Whom:
        owner = self.worker(standing.owner or 0)
        if owner.is_on(at):
            return Whom((owner.number,), (say("your customer"),))
        back_at = owner.shift_at(at).next_on(at)
        why = say("away until %(back_at)s", back_at=back_at) if back_at else say("away")
        return Whom((), (), (), (Chosen(person=owner.number, because=(why,)),))

    def note(self, facts: Iterable[AnyFact]) -> None:
        """Write a lead into the days of those who had it: later leads find them as busy as they were."""
        owner: Worker | None = None
        received = reached = booked = 0.0
        for fact in facts:
            at, takes = fact.at.timestamp(), None
            match fact:
                case Arrived():
                    received = at
                case Accepted() | Attempted() if owner is None or isinstance(fact, Accepted):
                    takes = self.worker(fact.by)
                case Assigned():
                    takes = self.worker(fact.to)
                case AttemptEnded() if fact.outcome == "conversation":
                    reached = reached or at
                case Booked():
                    booked = booked or at
                case Sold() | Lost():
                    if owner:
                        insort(owner.went, at)
            if takes and takes is not owner:
                if owner:
                    insort(owner.went, at)
                insort(takes.came, at)
                owner = takes
        if owner:
            insort(owner.received, received)
            for moment, moments in ((reached, owner.reached), (booked, owner.booked)):
                if moment:
                    insort(moments, moment)

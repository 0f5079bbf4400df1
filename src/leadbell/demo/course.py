"""What has happened to one lead so far, and what people and the customer mean to do about it. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from leadbell.demo.chances import MINUTE
from leadbell.demo.talk import WORDS
from leadbell.lead.facts import AnyFact, AskedAgain, Lost, Replied
from leadbell.lead.history import History, after, folded
from leadbell.lead.standing import Standing

if TYPE_CHECKING:
    from leadbell.demo.house import House, Worker

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and the key under which it can happen once."""

    fact: AnyFact
    key: str | None = None


@dataclass(slots=True)
class Course:
    """One lead from its first fact (or from `told` so far) until `until`.

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

    def history(self) -> History:
        history = History(tuple(one.fact for one in self.told))
        # Folded already, fact by fact: folding anew for each decision would take a second of everybody's start.
        vars(history)["standing"] = self.standing
        return history

    def tell(self, fact: AnyFact, key: str | None = None) -> None:
        if fact.at < self.at:
            raise ValueError(f"{fact} comes before {self.at}")
        self.told.append(Told(fact, key))
        self.standing = after(self.standing, fact)
        self.at = fact.at

    def wait_until(self, until: datetime) -> None:
        """Nothing happens until then, unless the customer comes first."""
        if not self.customer_before(until):
            self.at = max(until, self.at)

    def customer_before(self, moment: datetime) -> bool:
        """Whether the customer wrote before `moment`; if so it is told."""
        if self.comes_back and self.comes_back_at and self.comes_back_at < min(moment, self.until):
            at, self.comes_back_at = max(self.comes_back_at, self.at + SECOND), None
            if at < min(moment, self.until):
                self.meant.clear()
                self.tell(self.comes_back(at))
                return True
        if self.replies_at and self.replies_at < moment:
            at, self.replies_at = max(self.replies_at, self.at + SECOND), None
            if at < moment:
                self.meant.clear()
                self.tell(Replied(at=at, carrier="email"))
                return True
        return False

    def is_fresh(self) -> bool:
        """Nobody did anything since the customer asked."""
        s = self.standing
        return s.worked_at is None or (s.asked_at is not None and s.worked_at < s.asked_at)

    def free(self, worker: "Worker", at: datetime) -> datetime:
        """When this person gets to it from `at` on: nobody does everything at the stroke of opening."""
        free = worker.free_at(at)
        if free - at < 10 * MINUTE:
            return free
        return worker.free_at(free + self.rng.expovariate(1 / 18) * MINUTE)

    def means_to(self, what: str, worker: "Worker", begin: datetime) -> datetime:
        """When this is done, decided once: asking again doesn't put it off."""
        if what not in self.meant:
            self.meant[what] = self.free(worker, begin)
        return worker.free_at(max(self.meant[what], self.at))

    def lose(self, worker: "Worker", at: datetime, reason: str) -> None:
        talk = WORDS.get(worker.player.language, WORDS["en"])
        note = self.rng.choice(talk["lost"]) if reason == "bought_elsewhere" else ""
        self.tell(Lost(at=max(at, self.at), reason=reason, by=worker.number, note=note))

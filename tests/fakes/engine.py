"""A provider of legs in memory: the test says what happens on them, and sees what was asked."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

from leadbell.ring.ports import Ears, Leg, LegFailed, LegHeard, LegWhat, LiveLeg, Prompt


class FakeEngine:
    name = "fake"

    def __init__(self, up: bool = True) -> None:
        self.is_up = up
        self.called: dict[str, Leg] = {}
        self.alive: dict[str, LiveLeg] = {}
        self.said: list[tuple[str, str]] = []
        self.hushed: list[str] = []
        self.joined: list[tuple[str, str, str, bool]] = []
        self.hung_up: list[str] = []
        self.away: set[str] = set()
        #: Numbers that fail at once.
        self.failing: set[str] = set()
        self.ears = Ears(lambda _: None, lambda *_: None)

    async def open(self, ears: Ears) -> None:
        self.ears = ears

    async def close(self) -> None:
        pass

    async def call(self, leg: Leg) -> None:
        if leg.number in self.failing or not self.is_up:
            raise LegFailed("no such number")
        assert leg.leg not in self.called, "called twice"
        self.called[leg.leg] = leg
        self.alive[leg.leg] = LiveLeg(leg.leg, answered=False, joined=False)

    async def say(self, leg: str, prompt: Prompt) -> None:
        self.said.append((leg, prompt.text))

    async def hush(self, leg: str) -> None:
        self.hushed.append(leg)

    async def join(
        self, key: str, salesperson: str, customer: str, record: bool, announce: Prompt | None
    ) -> None:
        if salesperson not in self.alive or customer not in self.alive:
            raise LegFailed("a leg is gone")
        self.joined.append((key, salesperson, customer, record))
        for leg in (salesperson, customer):
            self.alive[leg] = LiveLeg(leg, answered=True, joined=True)

    async def hang_up(self, leg: str) -> None:
        self.hung_up.append(leg)
        if self.alive.pop(leg, None):
            self.ears.heard(LegHeard(leg, "over", _now(), how="hung_up"))

    async def live(self) -> list[LiveLeg]:
        return list(self.alive.values())

    async def trunks_away(self) -> Collection[str]:
        return self.away

    async def recorded(self, key: str) -> Path | None:
        return None

    # -- what the test lets happen -----------------------------------------------------------------------------

    def happens(self, leg: str, what: LegWhat, **about: str) -> None:
        if what == "over":
            self.alive.pop(leg, None)
        if what == "answered" and leg in self.alive:
            self.alive[leg] = LiveLeg(leg, answered=True, joined=False)
        self.ears.heard(LegHeard(leg, what, _now(), **about))  # type: ignore[arg-type]  # a test's words

    def arrives(self, leg: str, called: str, caller: str) -> None:
        self.alive[leg] = LiveLeg(leg, answered=False, joined=False)
        self.ears.heard(LegHeard(leg, "arrived", _now(), called=called, caller=caller))


def _now() -> datetime:
    return datetime.now(UTC)

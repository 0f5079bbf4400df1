"""A line that goes away and comes back, and calls from before our start: what goes on, what ends, what is lost."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime

import structlog

from leadbell.ring.ports import (
    Bell,
    Dial,
    Engine,
    Hear,
    Heard,
    How,
    LegFailed,
    LegHeard,
    Phone,
    Prompt,
    UnderWay,
    What,
)
from leadbell.ring.under_way import CallsUnderWay, CallUnderWay, Later, Timer, cancel

log = structlog.get_logger("leadbell.exchange")

#: A line that is away for so long has failed; the desk takes over, and people read so, within three seconds.
PATIENCE_S = 2.7
#: A customer who was dialled over a line that is away: after so long nobody will know how it ended.
LOST_AFTER_S = 60.0
#: The line is back, but didn't say what it has: asked again after this.
RECONCILE_AGAIN_S = 1.0


class CallsOutlast(CallsUnderWay, ABC):
    """Holds on to what the provider still has, and tells what it has lost."""

    def __init__(
        self, engine: Engine, hear: Hear, clock: Callable[[], datetime], later: Later | None = None
    ) -> None:
        super().__init__(engine, hear, clock, later)
        self._away: list[Timer] = []
        #: Calls from before the start, as long as the provider is away.
        self._known: list[UnderWay] = []
        #: When the line went away.
        self._away_at: float | None = None

    @abstractmethod
    def hear(self, event: LegHeard) -> None: ...

    @abstractmethod
    def _leg_over(
        self, call: CallUnderWay, leg: str, how: How, because: str = "", at: datetime | None = None
    ) -> None: ...

    def down(self, because: str, silent_s: float = 0) -> None:
        """The provider is away. What it has goes on without us for a moment; what nobody hears, ends.

        `silent_s`: a line that hangs says nothing, and was away for so long already when that was noticed.
        """
        if self._away:
            return
        log.warning("the line is away", line=self.engine.name, because=because)
        self._away_at = asyncio.get_running_loop().time()
        self._away = [
            self._later(max(0.0, PATIENCE_S - silent_s), lambda: self._still_away(because)),
            self._later(LOST_AFTER_S, lambda: self._lost(because)),
        ]

    def _still_away(self, because: str) -> None:
        self._hear(Heard("", "line_down", self._clock(), because=because))
        for call in list(self._calls.values()):
            if call.dial is None:
                self._finish(call, "line_down", because=because)
        for one in [one for one in self._known if not one.dialled]:
            self._known.remove(one)
            self._give_up(one, "line_down")

    def _lost(self, because: str) -> None:
        self._until = self._away_at
        for call in list(self._calls.values()):
            self._finish(call, "ended" if call.connected is not None else "lost_track", because=because)
        self._until = None
        known, self._known = self._known, []
        for one in known:
            self._give_up(one)

    def up(self) -> None:
        """It is back: what we believe is compared with what it has."""
        cancel(self._away)
        self._do(self._reconcile(), lambda _why: self._reconcile_later())

    def _reconcile_later(self) -> None:
        if self.engine.is_up:  # else it comes back once more
            self._later(RECONCILE_AGAIN_S, self.up)

    async def _reconcile(self) -> None:
        if self._known:
            await self._adopt()
        before = set(self._legs)
        live = {leg.leg: leg for leg in await self.engine.live()}
        # Nothing may happen between the list and the comparison: what begins meanwhile isn't on the list.
        strangers = live.keys() - self._legs.keys()
        self._until, now = self._away_at, self._clock()
        for leg, call in list(self._legs.items()):
            if leg not in live and leg in before:
                self._leg_over(call, leg, "lost", "the provider no longer has it", now)
            elif leg in live and live[leg].answered:
                self.hear(LegHeard(leg, "answered", now))
        self._until = self._away_at = None
        for leg in strangers:
            await self._end(leg)

    async def adopt(self, known: Iterable[UnderWay]) -> None:
        """After a start: go on with the conversations the provider still has, end everything else, and say so.

        Where it is away, that is done when it comes; what it then has lost for long is told as lost.
        """
        self._known = list(known)
        if not self.engine.is_up:
            self.down("not connected")
            return
        try:
            await self._adopt()
        except LegFailed as error:
            log.warning("the line didn't say what it has", line=self.engine.name, because=str(error))
            self._reconcile_later()

    async def _adopt(self) -> None:
        live = {leg.leg: leg for leg in await self.engine.live()}
        known, self._known = self._known, []
        for one in known:
            if one.key in self._calls:
                continue
            salesperson, customer = _ends(one)
            both = [live[leg] for leg in (salesperson, customer) if leg in live and live[leg].answered]
            if one.dialled and len(both) == len((salesperson, customer)):
                self._go_on(one, all(leg.joined for leg in both))
            else:
                self._give_up(one)
        for leg in live.keys() - self._legs.keys():
            await self._end(leg)

    def _go_on(self, one: UnderWay, joined: bool) -> None:
        """Two who have picked up are not cut off; who wasn't joined yet is, without a recording."""
        salesperson, customer = _ends(one)
        call = self._begin(CallUnderWay(one.key, person=one.person, customer=customer, won=salesperson))
        call.bell = Bell(one.key, 0, 0, one.people, 0)
        call.dial = Dial(one.key, 0, 0, one.person or 0, "")
        call.phones = {salesperson: Phone(one.person or 0, "", lambda _: Prompt("", "en"))}
        call.picked_up = {salesperson}
        self._legs |= {salesperson: call, customer: call}
        now = self._clock()
        if not joined:
            self.hear(LegHeard(customer, "answered", now))
            return
        talked = (now - (one.connected_at or now)).total_seconds()
        call.connected = asyncio.get_running_loop().time() - talked
        if one.connected_at is None:  # whoever was to write it down was killed
            self._tell(call, "connected", person=one.person, at=now)

    def _give_up(self, one: UnderWay, rang: What = "nobody") -> None:
        """A call from before that nobody can go on with; of one that only rang, `rang` is said."""
        self._remember(one.key)
        what: What = "ended" if one.connected_at else "lost_track" if one.dialled else rang
        self._hear(Heard(one.key, what, self._clock(), because="the switchboard was away"))


def _ends(one: UnderWay) -> tuple[str, str]:
    """Our names for the legs of the salesperson and the customer."""
    return f"{one.key}-p{one.person}", one.leg or f"{one.key}-customer"

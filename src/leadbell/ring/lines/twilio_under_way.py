"""What we know of each leg at Twilio while it lasts: how far it has come, and what it is told next."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

import structlog

from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio_legs import ANSWERED, ASKED, ENDS, RINGING, STAGES, Notebook, TwilioLeg
from leadbell.ring.ports import Ears, LegHeard, LegWhat

log = structlog.get_logger("leadbell.twilio")

#: Where the switchboard mounts the webhooks; the addresses we give Twilio begin with it.
PREFIX = "/phone/twilio"
#: Legs that are over, so that none is made twice.
REMEMBERED = 20_000


class LegsUnderWay:
    """The legs by name. The line moves them from its side, the webhooks from theirs; neither knows the other."""

    def __init__(
        self, notebook: Notebook, public_url: str, clock: Callable[[], datetime], ask_again_s: float
    ) -> None:
        self._notebook, self._public = notebook, public_url
        self.clock, self.ask_again_s = clock, ask_again_s
        self.ears = Ears(lambda _: None, lambda because, silent_s=0: None)
        self.legs: dict[str, TwilioLeg] = {}
        self.over: OrderedDict[str, None] = OrderedDict()
        #: Something is left to be ended or erased.
        self.untidy = asyncio.Event()
        #: Signed webhooks for calls nobody knows.
        self.strangers = 0

    def open(self, ears: Ears) -> None:
        """Take up what an earlier life has noted."""
        self.ears = ears
        for leg in self._notebook.open():
            self.legs[leg.name] = leg

    def url(self, *parts: str) -> str:
        return "/".join((self._public + PREFIX, *parts))

    def came_to(self, leg: TwilioLeg, status: str) -> None:
        """Calls only go forward: what comes late or twice changes nothing."""
        if status in ENDS:
            self.has_ended(leg, status)
            return
        stage = STAGES.get(status, ASKED)
        if stage > leg.stage:
            if leg.stage < RINGING and not leg.arrived and stage == RINGING:
                self.hear(leg, "rings")
            leg.stage = stage

    def has_ended(self, leg: TwilioLeg, status: str) -> None:
        if leg.name not in self.legs:
            return
        self.forget(leg)
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(twiml.hang_up())
        self.ears.heard(LegHeard(leg.name, "over", self.clock(), how=ENDS[status]))

    def forget(self, leg: TwilioLeg) -> None:
        self.legs.pop(leg.name, None)
        self._notebook.forget(leg.name)
        self.over[leg.name] = None
        if len(self.over) > REMEMBERED:
            self.over.popitem(last=False)

    def note(self, leg: TwilioLeg) -> None:
        """What can't be written down doesn't end a call that is under way."""
        try:
            self._notebook.keep(leg)
        except OSError as error:
            log.warning("twilio: nothing can be written down", because=error.strerror)

    def hear(self, leg: TwilioLeg, what: LegWhat) -> None:
        self.ears.heard(self.event(leg, what))

    def hold(self, leg: TwilioLeg) -> str:
        leg.turn += 1
        asked = self.url("call", leg.name, "held", str(leg.turn))
        return twiml.hold_ringing(asked, self.url("tone.wav")) if leg.waits else twiml.hold(asked)

    def ring_on(self, leg: TwilioLeg) -> str:
        leg.turn += 1
        return twiml.keep_ringing(self.url("call", leg.name, "waits", str(leg.turn)))

    def event(self, leg: TwilioLeg, what: LegWhat, digit: str = "") -> LegHeard:
        return LegHeard(leg.name, what, self.clock(), digit=digit)

    async def ask(
        self, leg: TwilioLeg, event: LegHeard | None, otherwise: Callable[[TwilioLeg], str], patience_s: float
    ) -> str:
        """Tell the exchange, and give Twilio what it wants done; `otherwise` when it wants nothing for so long."""
        if leg.unwanted:
            return twiml.hang_up()
        if leg.pending is not None and not leg.pending.done():
            leg.pending.set_result(otherwise(leg))
        pending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        leg.pending = pending
        if leg.next_text:
            pending.set_result(leg.next_text)
            leg.next_text = ""
        if event is not None:
            self.ears.heard(event)
        try:
            async with asyncio.timeout(patience_s):
                text = await pending
        except TimeoutError:
            return twiml.hang_up() if leg.unwanted else otherwise(leg)
        finally:
            if leg.pending is pending:
                leg.pending = None
        leg.stage = ANSWERED
        return text

"""The call itself, once for every provider: ring, whisper, press 1, connect; a Telephone over a provider's legs."""

import asyncio
import uuid
from collections.abc import Callable, Container
from datetime import datetime

from leadbell.ring.outages import CallsOutlast
from leadbell.ring.ports import (
    Bell,
    Dial,
    Ears,
    Heard,
    How,
    Leg,
    LegHeard,
    LineDown,
    Phone,
    Prompt,
    Ringing,
    What,
)
from leadbell.ring.under_way import CallUnderWay, cancel

#: After pressing 1: so long until we say whom to dial.
DECIDED_WITHIN_S = 15.0
#: The whisper is said so often, with a pause between.
WHISPERS, PAUSE_S = 3, 1.5
#: What is said at the end of a call is cut short after this.
LAST_SENTENCE_S = 8.0
#: The question what was agreed waits this long for a key.
KEYPAD_S = 20.0
#: Each says what was agreed; another key is asked about once more.
AGREED = ("1", "2", "3")
#: The switchboard ends: whoever has picked up is joined first, if that takes no longer.
JOINED_WITHIN_S = 2.0
#: From "these two can't be joined" until we hear that one of them has hung up, if that is why.
GONE_WITHIN_S = 1.0
#: A provider should end a leg that nobody answers by itself; we do it this much later.
GRACE_S = 2.0


_CUSTOMER: dict[How, What] = {
    "busy": "busy", "rejected": "unreachable", "no_answer": "no_answer", "hung_up": "no_answer",
    "unreachable": "unreachable", "failed": "not_placed", "lost": "lost_track",
}  # fmt: skip
_SALESPERSON: dict[How, What] = {
    "busy": "phone_busy", "rejected": "declined", "no_answer": "phone_silent", "hung_up": "phone_silent",
    "unreachable": "phone_unreachable", "failed": "phone_unreachable", "lost": "line_down",
}  # fmt: skip


class Exchange(CallsOutlast):
    """Rings salespeople's phones and connects the first to press 1 with the customer.

    It keeps no promise to the journal: it tells what it hears, and dials a customer only when asked to.
    """

    hears_the_call = True

    @property
    def name(self) -> str:
        return self.engine.name

    async def open(self) -> None:
        await self.engine.open(Ears(self.hear, self.down, self.up))

    async def close(self) -> None:
        """Leave the calls as they are, for the next switchboard to find at the provider; who is being joined, is."""
        joining = [call.joining for call in self._calls.values() if call.joining is not None]
        if joining:
            await asyncio.wait(joining, timeout=JOINED_WITHIN_S)
        for call in self._calls.values():
            cancel(call.timers)
        cancel(self._away)
        for task in self._tasks:
            task.cancel()
        await self.engine.close()

    # -- what is asked of the Telephone ------------------------------------------------------------------------

    def ring(self, bell: Bell) -> Ringing | LineDown:
        known = self._calls.get(bell.key)
        if bell.key in self._done or (known is not None and known.bell is not None):
            return Ringing(bell.key)
        if not self.engine.is_up:
            return LineDown(bell.key, "not connected")
        call = known or self._begin(CallUnderWay(bell.key))
        call.bell, call.to_ring = bell, len(bell.phones)
        if bell.waiting and call.customer is None:
            call.customer, call.waits = bell.waiting, True
            self._legs[bell.waiting] = call
        for phone in bell.phones:
            if phone.after_s:
                self._after(call, phone.after_s, self._ring_phone_later(call, phone))
            else:
                self._ring_phone(call, phone)
        if not bell.phones:
            self._soon(lambda: self._nobody_left(call))
        return Ringing(bell.key)

    def stop_ringing(self, bell: Bell, tell: Prompt | None = None) -> None:
        call = self._calls.get(bell.key)
        if call is None or call.dial is not None:
            return
        listener = call.won or (call.customer if call.waits else None)
        for leg in call.phones:
            if leg != listener:
                self._hang_up(leg)
        if tell is None or listener is None:
            self._finish(call, "nobody")
        else:
            call.to_ring = 0
            self._last_sentence(call, listener, tell)

    def ring_only(self, key: str, people: Container[int]) -> None:
        """Nobody but these people may accept this call any more; the others' phones stop."""
        call = self._calls.get(key)
        if call is None or call.bell is None or call.won is not None:
            return
        call.passed_on.update(phone.person for phone in call.bell.phones if phone.person not in people)
        for leg in [leg for leg, phone in call.phones.items() if phone.person in call.passed_on]:
            self._drop(call, leg)
            self._hang_up(leg)
        self._nobody_left(call)

    def dial(self, call: Dial) -> Ringing | LineDown:
        known = self._calls.get(call.key)
        if known is None:
            if call.key in self._done:
                return Ringing(call.key)
            return LineDown(call.key, "the salesperson is no longer on the line")
        if known.dial is not None:
            return Ringing(call.key)
        if known.won is None or known.won not in known.phones:
            self._finish(known, None)
            return LineDown(call.key, "the salesperson is no longer on the line")
        if known.waits:
            if known.customer is None:
                self._finish(known, None)
                return LineDown(call.key, "the customer has hung up")
            known.dial = call
            self._connect(known)
            return Ringing(call.key)
        known.dial, known.customer = call, f"{call.key}-customer"
        self._legs[known.customer] = known
        self._tell(known, "dialled")
        leg = Leg(known.customer, call.key, call.number, call.caller_id, call.trunk, call.ring_s, detect=True)
        self._do(self.engine.call(leg), lambda why: self._leg_over(known, leg.leg, why.how, str(why)))
        self._after(known, call.ring_s + GRACE_S, lambda: self._rung_long_enough(known))
        return Ringing(call.key)

    async def others_stop(self, key: str, within_s: float) -> None:
        """Return when the provider has taken that the others' phones stop, or after `within_s` seconds."""
        call = self._calls.get(key)
        if call is not None and call.stopping:
            await asyncio.wait(call.stopping, timeout=within_s)

    def hang_up(self, key: str) -> None:
        call = self._calls.get(key)
        if call is None:
            return
        if call.won is None or call.dial is None:
            self._finish(call, "nobody")
        else:
            self._salesperson_left(call, "hung_up", "hung up at the screen", self._clock())

    # -- what happens on the legs ------------------------------------------------------------------------------

    def hear(self, event: LegHeard) -> None:
        call = self._legs.get(event.leg)
        if call is None:
            if event.what == "arrived":
                self._arrived(event)
            return
        if event.what == "over":
            self._leg_over(call, event.leg, event.how, event.because, event.at)
        elif event.what == "spoken":
            self._spoken(call, event.leg)
        elif event.leg == call.customer:
            self._customer_heard(call, event)
        elif event.leg in call.phones:
            self._phone_heard(call, event)

    def _phone_heard(self, call: CallUnderWay, event: LegHeard) -> None:
        phone = call.phones[event.leg]
        match event.what:
            case "digit" if call.asked_for_a_key and event.leg == call.won and not call.last_sentence:
                self._keyed(call, event)
            case "rings":
                self._tell(call, "rings", person=phone.person, at=event.at)
            case "answered" if event.leg not in call.picked_up:
                call.picked_up.add(event.leg)
                if call.won is not None or call.bell is None or call.last_sentence:
                    self._hang_up(event.leg)
                    return
                self._tell(call, "picked_up", person=phone.person, at=event.at)
                self._whisper(call, event.leg)
                self._after(call, call.bell.accept_s, lambda: self._thought_long_enough(call, event.leg))
            case "digit" if call.won is None and event.leg in call.picked_up and not call.last_sentence:
                if event.digit == "1":
                    self._win(call, event.leg, event.at)
                elif event.digit == "2":
                    self._tell(call, "declined", person=phone.person, at=event.at)
                    self._drop(call, event.leg)
                    self._hang_up(event.leg)
                    self._nobody_left(call)

    def _keyed(self, call: CallUnderWay, event: LegHeard) -> None:
        dial = call.dial
        if event.digit in AGREED:
            self._hear(Heard(call.key, "keyed", event.at, call.person, digit=event.digit))
            if dial and (noted := dial.told.get("noted")):
                self._last_sentence(call, event.leg, noted)
                return
        elif dial and dial.keypad and not call.asked_again:
            call.asked_again = True
            self._wait_for_a_key(call, event.leg, dial.keypad)
            return
        self._finish(call, None)

    def _win(self, call: CallUnderWay, leg: str, at: datetime) -> None:
        """The first to press: the others stop ringing at once, before anything is written down."""
        call.won, call.person = leg, call.phones[leg].person
        cancel(call.timers)
        for other in [o for o in call.phones if o != leg]:
            self._drop(call, other)
            call.stopping.append(self._hang_up(other))
        self._tell(call, "accepted", person=call.person, at=at)
        self._do(self.engine.hush(leg))
        call.to_ring = 0
        self._after(call, DECIDED_WITHIN_S, lambda: self._undecided(call, "nobody"))

    def _customer_heard(self, call: CallUnderWay, event: LegHeard) -> None:
        match event.what:
            case "rings":
                call.rang = True
                self._tell(call, "customer_rings", at=event.at)
            case "answered" if call.dial is not None and call.connected is None:
                self._connect(call)
            case "machine" if call.dial is not None and not call.machine:
                call.machine = True
                self._tell(call, "voicemail", at=event.at)
                if call.won and (told := call.dial.told.get("voicemail")):
                    self._do(self.engine.say(call.won, told))

    def _connect(self, call: CallUnderWay) -> None:
        if call.connected is not None or call.dial is None or call.won is None or call.customer is None:
            return
        call.connected = asyncio.get_running_loop().time()
        cancel(call.timers)
        self._tell(call, "connected", person=call.person)
        record, announce = call.dial.record, call.dial.announce
        call.joining = self._do(
            self.engine.join(call.key, call.won, call.customer, record, announce),
            lambda why: self._not_joined(call, str(why)),
        )

    def _not_joined(self, call: CallUnderWay, why: str) -> None:
        """Who hangs up in the moment they are joined can't be: the provider refuses before it tells of the end."""
        if call.customer is not None:
            self._after(call, GONE_WITHIN_S, lambda: self._finish(call, "lost_track", because=why))

    def _leg_over(
        self, call: CallUnderWay, leg: str, how: How, because: str = "", at: datetime | None = None
    ) -> None:
        if call.over or leg not in call.legs:
            return
        at = at or self._clock()
        if leg == call.customer:
            self._legs.pop(leg, None)
            call.customer = None
            self._customer_over(call, how, because, at)
        elif leg == call.won:
            self._drop(call, leg)
            self._salesperson_left(call, how, because, at)
        else:
            phone = call.phones[leg]
            # Beyond a trunk nobody can tell whether a person rejects the call or the provider does.
            beyond = how == "lost" or (how == "rejected" and not phone.number.startswith("sip:"))
            self._drop(call, leg)
            self._tell(call, "phone_unreachable" if beyond else _SALESPERSON[how], person=phone.person, at=at,
                       because=because)  # fmt: skip
            self._nobody_left(call, lost=how == "lost")

    def _customer_over(self, call: CallUnderWay, how: How, because: str, at: datetime) -> None:
        if call.dial is None:  # who waited has gone
            self._finish(call, "gone", at=at, because=because)
        elif call.connected is not None and call.dial.keypad and not call.machine and call.won in call.phones:
            self._ask_for_a_key(call, call.won, call.dial.keypad, at)
        elif call.connected is not None:
            self._finish(call, "ended", at=at, because=because)
        else:
            what = _CUSTOMER["unreachable" if how == "failed" and call.rang else how]
            told = call.dial.told.get(what)
            if told is not None and call.won is not None and call.won in call.phones:
                self._tell(call, what, at=at, because=because)
                self._last_sentence(call, call.won, told)
            else:
                self._finish(call, what, at=at, because=because)

    def _ask_for_a_key(self, call: CallUnderWay, leg: str, keypad: Prompt, at: datetime) -> None:
        """The conversation is over; its salesperson says with a key what was agreed, or hangs up."""
        self._tell(call, "ended", person=call.person, at=at, talk_ms=self._talked(call))
        call.asked_for_a_key = True
        self._wait_for_a_key(call, leg, keypad)

    def _wait_for_a_key(self, call: CallUnderWay, leg: str, keypad: Prompt) -> None:
        cancel(call.timers)
        self._do(self.engine.say(leg, keypad), lambda _why: self._finish(call, None))
        self._after(call, KEYPAD_S, lambda: self._finish(call, None))

    def _salesperson_left(self, call: CallUnderWay, how: How, because: str, at: datetime) -> None:
        if call.asked_for_a_key:
            self._finish(call, None)
        elif call.last_sentence or call.connected is not None:
            self._finish(call, "ended" if call.connected is not None else None, at=at, because=because)
        elif call.dial is not None:
            lost = how == "lost"
            self._finish(
                call, "lost_track" if lost else "no_answer", at=at, because="the salesperson hung up first"
            )
        # Else we are about to be told whom to dial: nobody is dialled then.

    def _nobody_left(self, call: CallUnderWay, lost: bool = False) -> None:
        if (
            call.won is None
            and not call.over
            and call.to_ring <= 0
            and not call.phones
            and not call.last_sentence
        ):
            if call.waits and call.customer is not None:
                self._tell(call, "nobody")  # the customer still waits: we are told what to say
                self._after(call, DECIDED_WITHIN_S, lambda: self._finish(call, None))
            else:
                self._finish(call, "line_down" if lost else "nobody")

    def _arrived(self, event: LegHeard) -> None:
        call = self._begin(CallUnderWay(key_of(event.leg), customer=event.leg, waits=True))
        self._legs[event.leg] = call
        self._hear(
            Heard(
                call.key,
                "arrived",
                event.at,
                called=event.called,
                addressed=event.addressed,
                caller=event.caller,
                leg=event.leg,
            )
        )
        self._after(call, DECIDED_WITHIN_S, lambda: self._undecided(call, "gone"))

    # -- small steps -------------------------------------------------------------------------------------------

    def _ring_phone_later(self, call: CallUnderWay, phone: Phone) -> Callable[[], None]:
        return lambda: self._ring_phone(call, phone)

    def _ring_phone(self, call: CallUnderWay, phone: Phone) -> None:
        bell = call.bell
        if bell is None or call.over or call.won is not None or call.last_sentence:
            return
        call.to_ring -= 1
        if phone.person in call.passed_on:
            self._nobody_left(call)
            return
        leg = f"{call.key}-p{phone.person}"
        call.phones[leg] = phone
        self._legs[leg] = call
        rings_for = max(1, round(bell.ring_s - phone.after_s))
        asked = Leg(leg, call.key, phone.number, bell.caller_id, bell.trunk, rings_for)
        self._do(self.engine.call(asked), lambda why: self._leg_over(call, leg, "failed", str(why)))
        self._after(call, rings_for + GRACE_S, lambda: self._rung_out(call, leg))

    def _rung_out(self, call: CallUnderWay, leg: str) -> None:
        if leg in call.phones and leg not in call.picked_up:
            self._hang_up(leg)
            self._leg_over(call, leg, "no_answer")

    def _rung_long_enough(self, call: CallUnderWay) -> None:
        if call.customer is not None and call.connected is None and not self._away:
            self._hang_up(call.customer)
            self._leg_over(call, call.customer, "no_answer")

    def _thought_long_enough(self, call: CallUnderWay, leg: str) -> None:
        if call.won is None and leg in call.phones:
            self._hang_up(leg)
            self._leg_over(call, leg, "no_answer")

    def _whisper(self, call: CallUnderWay, leg: str) -> None:
        if leg in call.phones and call.won is None and not call.over:
            call.whispers[leg] = call.whispers.get(leg, 0) + 1
            self._do(self.engine.say(leg, call.phones[leg].whisper(self._clock())))

    def _spoken(self, call: CallUnderWay, leg: str) -> None:
        if call.last_sentence == leg:
            self._finish(call, None)
        elif call.won is None and leg in call.phones and call.whispers.get(leg, WHISPERS) < WHISPERS:
            self._after(call, PAUSE_S, lambda: self._whisper(call, leg))

    def _last_sentence(self, call: CallUnderWay, leg: str, prompt: Prompt) -> None:
        call.last_sentence = leg
        self._do(self.engine.say(leg, prompt), lambda _why: self._finish(call, None))
        self._after(call, LAST_SENTENCE_S, lambda: self._finish(call, None))

    def _undecided(self, call: CallUnderWay, what: What) -> None:
        """Nobody has told us how to go on."""
        if call.dial is None and (call.bell is None or what == "nobody"):
            self._finish(call, what)


def key_of(arrived: str) -> str:
    """The key of the call of a customer who called on this leg: a provider of several nodes knows its node by it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, arrived).hex

"""What Twilio asks and tells: each webhook answers with what the leg is to do."""

import re

import structlog
from aiohttp import web

from leadbell.ring.lines import twiml
from leadbell.ring.lines.twilio_door import Door, Form, text
from leadbell.ring.lines.twilio_legs import ANSWERED, ASKED, CALL, ENDS, NUMBER, STAGES, TwilioLeg, is_name
from leadbell.ring.lines.twilio_under_way import LegsUnderWay
from leadbell.ring.ports import LegHeard

log = structlog.get_logger("leadbell.twilio")

#: So long a webhook waits for what the exchange wants: at the answer, after a key, and at the end of a sentence.
AT_ANSWER_S, AT_KEY_S, AT_END_S = 1.0, 0.25, 0.05
_MACHINES = {"machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"}
#: What a caller who withholds the number is called: the words themselves, or spelt on a keypad.
_WITHHELD = {"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"}


class Webhooks:
    """The addresses Twilio calls; only what comes through the door is heard."""

    def __init__(self, under_way: LegsUnderWay, door: Door) -> None:
        self._under_way, self._door = under_way, door

    def routes(self) -> web.Application:
        """The webhooks, for the switchboard to mount under PREFIX."""
        house = web.Application()
        for where, handler in (
            ("/arrived", self._on_arrived),
            ("/arrived/status", self._on_arrived_status),
            ("/call/{leg}/answered", self._on_answered),
            ("/call/{leg}/status", self._on_status),
            ("/call/{leg}/machine", self._on_machine),
            ("/call/{leg}/aside", self._on_aside),
            ("/call/{leg}/said/{turn:[0-9]{1,9}}", self._on_said),
            ("/call/{leg}/held/{turn:[0-9]{1,9}}", self._on_said),
            ("/call/{leg}/waits/{turn:[0-9]{1,9}}", self._on_waits),
        ):
            house.router.add_post(where, self._door.signed(handler))
        house.router.add_get("/tone.wav", _tone)
        return house

    def _leg_of(self, request: web.Request, form: Form) -> TwilioLeg | None:
        leg = self._under_way.legs.get(request.match_info["leg"])
        sid = form.get("CallSid", "")
        if leg is None or not CALL.fullmatch(sid) or (leg.sid and leg.sid != sid):
            return None
        if not leg.sid:
            leg.sid = sid
            self._under_way.note(leg)
        return leg

    def _stranger(self, request: web.Request, form: Form) -> None:
        """A signed webhook of a call that we began and no longer know: an earlier life's. It is ended."""
        self._under_way.strangers += 1
        log.warning("twilio: a call nobody knows", strangers=self._under_way.strangers)
        name, sid = request.match_info.get("leg", ""), form.get("CallSid", "")
        status = form.get("CallStatus", "")
        if (
            name in self._under_way.legs
            or name in self._under_way.over
            or status in ENDS
            or not is_name(name)
        ):
            return
        if CALL.fullmatch(sid):
            stray = TwilioLeg(
                name, "", self._under_way.clock(), sid, stage=STAGES.get(status, ASKED), unwanted=True
            )
            self._under_way.legs[name] = stray
            self._under_way.untidy.set()

    async def _on_arrived(self, request: web.Request, form: Form) -> web.Response:
        sid = form.get("CallSid", "")
        if not CALL.fullmatch(sid) or not NUMBER.fullmatch(form.get("To", "")):
            return web.Response(status=400)
        if sid in self._under_way.over:
            return text(twiml.hang_up())
        leg = self._under_way.legs.get(sid)
        if leg is not None:  # asked twice
            return text(self._under_way.ring_on(leg) if leg.stage < ANSWERED else self._under_way.hold(leg))
        leg = TwilioLeg(sid, "", self._under_way.clock(), sid)
        self._under_way.legs[sid] = leg
        self._under_way.note(leg)
        caller = form.get("From", "")
        known = NUMBER.fullmatch(caller) is not None and caller not in _WITHHELD
        arrived = LegHeard(
            sid, "arrived", self._under_way.clock(), called=form["To"], caller=caller if known else ""
        )
        return text(
            await self._under_way.ask(leg, arrived, self._under_way.ring_on, self._under_way.ask_again_s)
        )

    async def _on_arrived_status(self, request: web.Request, form: Form) -> web.Response:
        leg = self._under_way.legs.get(form.get("CallSid", ""))
        if leg is None or not leg.arrived:
            return web.Response(status=404)
        self._under_way.came_to(leg, form.get("CallStatus", ""))
        return web.Response(status=204)

    async def _on_answered(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            self._stranger(request, form)
            return text(twiml.hang_up())
        if 0 in leg.answered_turns:  # asked twice
            return text(self._under_way.hold(leg))
        leg.answered_turns.add(0)
        leg.stage = ANSWERED
        return text(
            await self._under_way.ask(
                leg, self._under_way.event(leg, "answered"), self._under_way.hold, AT_ANSWER_S
            )
        )

    async def _on_said(self, request: web.Request, form: Form) -> web.Response:
        """A key, or none: then what was said is said to its end."""
        leg, turn = self._leg_of(request, form), int(request.match_info["turn"])
        if leg is None:
            self._stranger(request, form)
            return text(twiml.hang_up())
        if turn > leg.turn or turn in leg.answered_turns:
            return text(self._under_way.hold(leg))
        leg.answered_turns.add(turn)
        digits = form.get("Digits", "")
        if re.fullmatch(r"[0-9*#]", digits):
            return text(
                await self._under_way.ask(
                    leg, self._under_way.event(leg, "digit", digits), self._under_way.hold, AT_KEY_S
                )
            )
        if digits or turn != leg.saying:
            return text(twiml.hang_up() if leg.unwanted else self._under_way.hold(leg))
        leg.saying = 0
        return text(
            await self._under_way.ask(
                leg, self._under_way.event(leg, "spoken"), self._under_way.hold, AT_END_S
            )
        )

    async def _on_waits(self, request: web.Request, form: Form) -> web.Response:
        leg, turn = self._leg_of(request, form), int(request.match_info["turn"])
        if leg is None:
            self._stranger(request, form)
            return text(twiml.hang_up())
        if turn > leg.turn or turn in leg.answered_turns:
            return text(self._under_way.ring_on(leg))
        leg.answered_turns.add(turn)
        return text(
            await self._under_way.ask(leg, None, self._under_way.ring_on, self._under_way.ask_again_s)
        )

    async def _on_aside(self, request: web.Request, form: Form) -> web.Response:
        leg = self._under_way.legs.get(request.match_info["leg"])
        if leg is None or not leg.aside:
            return web.Response(status=404)
        return text(leg.aside)

    async def _on_status(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            self._stranger(request, form)
            return web.Response(status=404)
        status = form.get("CallStatus", "")
        if status != "in-progress":  # answered is when Twilio asks what to do: until then nothing can be said
            self._under_way.came_to(leg, status)
        if leg.unwanted:
            self._under_way.untidy.set()
        return web.Response(status=204)

    async def _on_machine(self, request: web.Request, form: Form) -> web.Response:
        leg = self._leg_of(request, form)
        if leg is None:
            return web.Response(status=404)
        who = form.get("AnsweredBy", "")
        if who in _MACHINES or who == "human":
            self._under_way.hear(leg, "person" if who == "human" else "machine")
        return web.Response(status=204)


async def _tone(_: web.Request) -> web.Response:
    """The same for everybody, so nobody signs for it."""
    return web.Response(
        body=twiml.ring_tone(), content_type="audio/wav", headers={"Cache-Control": "public, max-age=86400"}
    )

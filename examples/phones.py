#!/usr/bin/env python3
"""Two telephones to try Leadbell with: Rosa's at the dealer, and a customer's beyond the trunk.

    .venv/bin/pip install baresip-python
    .venv/bin/python examples/phones.py --extension rosa --password PASSWORD

Rosa answers after a second and presses 1 when the voice has spoken for a moment; the customer answers, they hear each
other's tone, and after some seconds the customer hangs up. Every step is printed with its time.
"""

import argparse
import asyncio
import math
import struct
import time
from contextlib import suppress

from baresip import Account, BaresipError, Call, Config, Event, Runtime, StackEvent, UserAgent

RATE = 8000
BEGAN = time.monotonic()


def say(what: str) -> None:
    print(f"{time.monotonic() - BEGAN:7.2f} s  {what}", flush=True)


def wave(hz: float, seconds: float) -> bytes:
    return b"".join(
        struct.pack("<h", int(8000 * math.sin(2 * math.pi * hz * n / RATE)))
        for n in range(int(RATE * seconds))
    )


async def talk(call: Call, hz: float) -> None:
    """A short tone for a hello and a pause, as people do, then tones and pauses as long as the call lasts.

    Whoever begins without a pause is taken for an answering machine.
    """
    left = wave(hz, 0.5) + bytes(RATE * 2 * 2)
    sentence = wave(hz, 1.5) + bytes(RATE)
    with suppress(BaresipError):
        while True:
            missing = RATE * 2 // 5 - call.audio.info().tx_buffered
            while missing > len(left):
                left += sentence
            if missing > 0:
                left = left[call.audio.write(left[:missing]) :]
            await asyncio.sleep(0.02)


async def take(call: Call, who: str, hz: float, press: str, talk_s: float) -> None:
    """Answer this call, press a key, talk."""
    say(f"{who}: it rings, from {call.peer}")
    tone: list[asyncio.Task[None]] = []

    def on(event: StackEvent) -> None:
        if event.event is Event.CALL_ESTABLISHED:
            say(f"{who}: answered")
            tone.append(asyncio.ensure_future(talk(call, hz)))
        elif event.event is Event.CALL_CLOSED:
            say(f"{who}: over")
            for one in tone:
                one.cancel()

    call.on(on)
    with suppress(BaresipError):
        await asyncio.sleep(1)
        await call.answer()
        if press:
            await asyncio.sleep(3)
            say(f"{who}: presses {press}")
            await call.send_dtmf(press)
        if talk_s:
            await asyncio.sleep(talk_s)
            say(f"{who}: hangs up")
            await call.hangup()


async def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--exchange", default="127.0.0.1:5060", help="where Asterisk is")
    asked.add_argument("--extension", default="rosa")
    asked.add_argument("--password", required=True, help="of the extension, from `leadbell asterisk config`")
    asked.add_argument(
        "--outside", default="127.0.0.1:5080", help="where the trunk sends its calls: the customer"
    )
    asked.add_argument("--talk", type=float, default=8, help="seconds")
    told = asked.parse_args()
    runtime = Runtime(native_log_level="error")
    listen = f"sip_listen {told.outside}\n"
    await runtime.start(Config(net_interface="127.0.0.1", expose_headers=("To",), extra_config_text=listen))
    running: set[asyncio.Task[None]] = set()

    def begin(call: Call, who: str, hz: float, press: str, talk_s: float) -> None:
        task = asyncio.ensure_future(take(call, who, hz, press, talk_s))
        running.add(task)
        task.add_done_callback(running.discard)

    rosa = await UserAgent.create(runtime, Account(told.extension, told.exchange, told.password))
    rosa.on_incoming(lambda call: begin(call, "Rosa", 700, "1", 0))
    await rosa.register()
    say("Rosa: her phone is registered")
    everybody = Account("customer", told.exchange, "", reg_interval=0, extra_params=("catchall=yes",))
    customer = await UserAgent.create(runtime, everybody)
    customer.on_incoming(lambda call: begin(call, "Customer", 440, "", told.talk))
    say("Customer: waits. Post a lead now; Ctrl-C ends this.")
    try:
        await asyncio.Event().wait()
    finally:
        await runtime.close()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

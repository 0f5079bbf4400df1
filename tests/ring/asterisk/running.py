"""A real Asterisk for tests, from the cache `leadbell asterisk install` keeps, on free ports of this machine."""

import asyncio
import base64
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession

from leadbell.ring.asterisk import own_node, packages
from leadbell.ring.asterisk.files import Choices, Trunk
from leadbell.ring.asterisk.packages import Programs
from leadbell.ring.lines.ari import Node
from leadbell.trouble import Trouble

PASSWORD = "only for tests"


@cache
def programs() -> Programs | None:
    """Asterisk, fetched once per machine; None, and why is shouted, where it can't be had."""
    try:
        return packages.install(lambda what, part: None)
    except Trouble as trouble:
        warnings.warn(f"THE PHONE TESTS ARE SKIPPED: {trouble}", stacklevel=1)
        return None


def needed() -> Programs:
    found = programs()
    if found is None:
        pytest.skip("there is no Asterisk on this machine, and it can't be fetched")
    return found


def free_port() -> int:
    """A port that is free for TCP and UDP, below those the system gives away by itself."""
    while True:
        port = random.randrange(10_000, 20_000)
        with (
            suppress(OSError),
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
        ):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port))
            return port


@dataclass
class Running:
    """An Asterisk that runs; `outside` is where its trunk sends calls."""

    data: Path
    choices: Choices
    outside: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def node(self) -> Node:
        url = "" if self.choices.switchboard else f"http://127.0.0.1:{self.choices.ari_port}"
        return Node(url, self.choices.ari_user, self.choices.ari_password)

    @property
    def _user(self) -> dict[str, str]:
        known = f"{self.choices.ari_user}:{self.choices.ari_password}"
        return {"Authorization": "Basic " + base64.b64encode(known.encode()).decode()}

    def start(self) -> None:
        log = open(self.data / "asterisk.out", "ab")  # noqa: SIM115 - the process has it
        self.process = subprocess.Popen(
            own_node.command(self.data, needed()), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        log.close()

    async def answers(self) -> None:
        url = f"http://127.0.0.1:{self.choices.ari_port}/ari/asterisk/ping"
        async with ClientSession(headers=self._user) as session:
            for _ in range(1000):
                with suppress(ClientError):
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.02)
        raise AssertionError((self.data / "asterisk.out").read_text()[-2000:])

    def kill(self, by: signal.Signals = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait(timeout=20)
            self.process = None

    async def channels(self) -> list[str]:
        """Every channel it has, by name of its own."""
        url = f"http://127.0.0.1:{self.choices.ari_port}/ari/channels"
        async with ClientSession(headers=self._user) as session, session.get(url) as answer:
            return [channel["id"] for channel in await answer.json()]


@contextmanager
def asterisk(*extensions: str, check_s: int = 0, **more: object) -> Iterator[Running]:
    """Asterisk with a trunk to 127.0.0.1 and these extensions; stopped, by its process id, at the end.

    `check_s`: how often it asks whether there are phones beyond the trunk; those of most tests come later.
    """
    found = needed()
    data = Path(tempfile.mkdtemp(prefix="leadbell-asterisk-"))
    outside, rtp = free_port(), random.randrange(20_000, 32_000, 500)
    chosen = Choices(
        trunks=(Trunk(f"127.0.0.1:{outside}", check_s=check_s),),
        extensions=dict.fromkeys(extensions, "ring the bell"),
        ari_port=free_port(),
        sip_host="127.0.0.1",
        sip_port=free_port(),
        rtp_ports=(rtp, rtp + 490),
    )
    running = Running(data, replace(own_node.choose(data, lambda _: chosen), **more), outside)  # type: ignore[arg-type]  # any of its fields
    own_node.set_up(data, running.choices, found)
    try:
        running.start()
        yield running
    finally:
        running.kill(signal.SIGKILL)
        if not os.environ.get("KEEP_ASTERISK"):
            shutil.rmtree(data, ignore_errors=True)

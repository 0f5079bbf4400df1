"""A phone in a browser at a real Asterisk: there while it is connected, with a password for that time alone."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator

import pytest

from leadbell.ring.lines.browsers import BrowserPhones, Line
from leadbell.ring.ports import LegFailed
from tests.ring.asterisk.running import Running, asterisk
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.phone, pytest.mark.slow]

ROSA = "browser-7"


@pytest.fixture
async def node() -> AsyncIterator[Running]:
    with asterisk() as running:
        await running.answers()
        yield running


class Browser:
    """Says REGISTER as a browser does, and hears the answer."""

    def __init__(self, line: Line) -> None:
        self.line, self.heard, self.count = line, line.messages(), 0

    async def registers(self, name: str, password: str) -> int:
        """The status of the answer to the second try, which knows the challenge."""
        challenged = await self._asks(name, "")
        challenge = re.search(r"WWW-Authenticate: Digest (.*)\r\n", challenged)
        if challenge is None:
            return int(challenged.split()[1])
        known = dict(re.findall(r'(\w+)="([^"]*)"', challenge[1]))
        ours = _md5(f"{name}:{known['realm']}:{password}")
        proof = _md5(f"{ours}:{known['nonce']}:00000001:abc:auth:{_md5('REGISTER:sip:leadbell.invalid')}")
        about = (
            f'Authorization: Digest algorithm=MD5, username="{name}", realm="{known["realm"]}", '
            f'nonce="{known["nonce"]}", uri="sip:leadbell.invalid", response="{proof}", qop=auth, cnonce="abc", '
            f'nc=00000001, opaque="{known.get("opaque", "")}"\r\n'
        )
        return int((await self._asks(name, about)).split()[1])

    async def _asks(self, name: str, about: str) -> str:
        self.count += 1
        await self.line.send(
            "REGISTER sip:leadbell.invalid SIP/2.0\r\n"
            f"Via: SIP/2.0/WS a.invalid;branch=z9hG4bK{id(self)}{self.count}\r\n"
            f"Max-Forwards: 69\r\nTo: <sip:{name}@leadbell.invalid>\r\nFrom: <sip:{name}@leadbell.invalid>;tag=t\r\n"
            f"Call-ID: {id(self)}\r\nCSeq: {self.count} REGISTER\r\nContact: <sip:x@a.invalid;transport=ws>\r\n"
            f"{about}Content-Length: 0\r\n\r\n"
        )
        return await asyncio.wait_for(anext(self.heard), PATIENCE_S)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


async def test_a_password_holds_for_one_person_and_one_connection(node: Running) -> None:
    phones = BrowserPhones(node.node)
    async with phones.phone(ROSA) as line:
        first = line.password
        assert await Browser(line).registers(ROSA, first) == 200
        async with phones.phone("browser-8") as samirs:
            assert await Browser(samirs).registers(ROSA, samirs.password) == 401, "somebody else's phone"
        assert await Browser(line).registers("browser-8", line.password) in (401, 404), "one that has gone"
    async with phones.phone(ROSA) as again:
        assert again.password != first
        assert await Browser(again).registers(ROSA, first) == 401
        assert await Browser(again).registers(ROSA, again.password) == 200


async def test_a_newer_connection_keeps_the_phone_when_the_older_one_closes(node: Running) -> None:
    phones = BrowserPhones(node.node)
    async with phones.phone(ROSA):
        newer = phones.phone(ROSA)
        line = await newer.__aenter__()
    assert await Browser(line).registers(ROSA, line.password) == 200
    await newer.__aexit__(None, None, None)


@pytest.mark.parametrize("before", ["", "\r\n\r\n", "ACK sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"])
async def test_a_browser_calls_nobody(node: Running, before: str) -> None:
    """Its line could be taken for the trunk's, and make up a customer who calls."""
    async with BrowserPhones(node.node).phone(ROSA) as line:
        browser = Browser(line)
        await line.send(
            f"{before}INVITE sip:+31201234567@leadbell.invalid SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKi\r\n"
            "Max-Forwards: 69\r\nTo: <sip:+31201234567@leadbell.invalid>\r\nFrom: <sip:x@leadbell.invalid>;tag=i\r\n"
            "Call-ID: i\r\nCSeq: 1 INVITE\r\nContact: <sip:x@a.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n"
        )
        assert await browser.registers(ROSA, line.password) == 200, "and that was the first thing it heard"


async def test_an_exchange_that_is_away_is_a_failed_leg(node: Running) -> None:
    node.kill()
    with pytest.raises(LegFailed):
        async with BrowserPhones(node.node).phone(ROSA):
            pass

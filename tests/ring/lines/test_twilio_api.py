"""What we ask of Twilio's API is what its own OpenAPI document describes: its keys, its values, its addresses.

Prism serves the document. It proves the shape of our requests, not what Twilio does with them.
"""

import asyncio
import json
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from leadbell.ring.lines.twilio import Twilio
from leadbell.ring.lines.twilio_account import Account
from leadbell.ring.ports import Ears, Leg, LegFailed, Prompt
from tests.ring.lines.twilio_house import ACCOUNT, TOKEN, TwilioHouse
from tests.waiting import eventually

MODULES = Path(__file__).resolve().parents[3] / "node_modules"
DOCUMENT = MODULES / "@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
PRISM = MODULES / "@stoplight/prism-cli/dist/index.js"
NODE = shutil.which("node") or shutil.which("node", path=str(MODULES.parent / ".venv/bin"))
MISSING = [str(what) for what in (DOCUMENT, PRISM) if not what.exists()] + ([] if NODE else ["node"])

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"TWILIO'S API IS NOT CHECKED: `make dev` brings what is missing: {', '.join(MISSING)}",
    ),
]

FORM = "application/x-www-form-urlencoded"
KEY = "9f0c7a3e5b1d4f628a9b0c1d2e3f4a5b"
ROSAS, OKAFORS, DEALERS = "+31612345671", "+31612345678", "+31201234567"


def read_document() -> dict[str, Any]:
    """Twilio's document, which forgets to say that its lists are sent as repeated fields."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    for path in document["paths"].values():
        form = path.get("post", {}).get("requestBody", {}).get("content", {}).get(FORM)
        for key, about in form["schema"].get("properties", {}).items() if form else ():
            if about.get("type") == "array":
                form.setdefault("encoding", {})[key] = {"style": "form", "explode": True}
    return document


@dataclass
class Asked:
    """A request of ours, and what Prism thinks of it."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, list[str]]
    complaints: str


@dataclass
class Checked:
    """Stands between the engine and Prism, and writes everything down."""

    prism: str
    document: dict[str, Any]
    asked: list[Asked] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        form: dict[str, list[str]] = {}
        for key, value in (await request.post()).items():
            form.setdefault(key, []).append(str(value))
        kept = {
            name: request.headers[name]
            for name in ("Authorization", "Content-Type")
            if name in request.headers
        }
        if request.path.endswith("/Conferences.json"):
            kept["Prefer"] = "example=readFull"  # the first example is an empty list
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, self.prism + request.raw_path, data=body or None, headers=kept
            ) as answer,
        ):
            said = await answer.read()
            complaints = said.decode() if answer.status >= 300 else ""
            self.asked.append(Asked(request.method, request.path, dict(request.query), form, complaints))
            # Its examples name a second page that isn't one.
            said = re.sub(rb'"next_page_uri":"[^"]*"', b'"next_page_uri":null', said)
            return web.Response(body=said, status=answer.status, content_type="application/json")

    def wrong_with(self, asked: Asked) -> str:
        """What Prism complains about, and keys the document doesn't have, which Prism lets pass."""
        described = self.described(asked)
        if described is None:
            return f"no such request: {asked.method} {asked.path}"
        form = (
            described.get("requestBody", {})
            .get("content", {})
            .get(FORM, {})
            .get("schema", {})
            .get("properties", {})
        )
        unknown = asked.form.keys() - form.keys()
        unknown |= asked.query.keys() - {about["name"] for about in described.get("parameters", ())}
        return " ".join(filter(None, (asked.complaints, *sorted(unknown))))

    def described(self, asked: Asked) -> dict[str, Any] | None:
        """The operation in the document."""
        for template, path in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template.replace(".", r"\.")), asked.path):
                found: dict[str, Any] | None = path.get(asked.method.lower())
                return found
        return None


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """Prism's address, and the document it serves: only the paths a call needs, so that it starts in seconds."""
    document = read_document()
    needed = re.compile(r"/(Calls|Recordings|Conferences|Participants)\b|/Accounts/\{Sid\}\.json")
    document["paths"] = {path: about for path, about in document["paths"].items() if needed.search(path)}
    served = tmp_path_factory.mktemp("prism") / "twilio.json"
    served.write_text(json.dumps(document))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert NODE
    process = subprocess.Popen(
        [NODE, str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(served)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert eventually(lambda: answers(port) or process.poll() is not None, within_s=60)
        assert process.poll() is None, "Prism doesn't start"
        yield f"http://127.0.0.1:{port}", document
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture
async def checked(prism: tuple[str, dict[str, Any]]) -> AsyncIterator[tuple[Checked, str]]:
    checker = Checked(*prism)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", checker.pass_on)
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield checker, f"http://{host}:{port}"
    await runner.cleanup()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_every_request_is_one_that_twilio_describes(
    checked: tuple[Checked, str], tmp_path: Path
) -> None:
    checker, api = checked
    house = TwilioHouse()
    await house.open()
    engine = Twilio(ACCOUNT, TOKEN, house.address(), api, folder=tmp_path / "ours")
    await house.mount(engine.routes())
    try:
        await engine.open(Ears(lambda _: None, lambda *_: None))
        assert engine.is_up
        await engine.call(Leg("rosa", KEY, ROSAS, DEALERS, "", 20))
        await engine.call(Leg("okafor", KEY, OKAFORS, DEALERS, "", 45, detect=True))
        await engine.call(Leg("samir", KEY, "sip:samir", DEALERS, "northside.sip.example", 20))
        await asyncio.gather(*(answered(house, leg) for leg in ("rosa", "okafor")))
        await engine.say("rosa", Prompt("New lead: Mr Okafor.", "en"))
        await engine.hush("rosa")
        await engine.hang_up("samir")
        await engine.join(KEY, "rosa", "okafor", True, Prompt("Dit gesprek wordt opgenomen.", "nl"))
        await engine.say("rosa", Prompt("This is a voicemail.", "en"))
        await engine.live()
        await engine.hang_up("rosa")
        with suppress(LegFailed):
            await engine.recorded(KEY)
        await engine._recordings.erase(KEY, "RE" + "a" * 32)
    finally:
        await engine.close()
        await house.close()
    sound = [asked for asked in checker.asked if asked.path.endswith(".wav")]
    described = [asked for asked in checker.asked if asked not in sound]
    assert [checker.wrong_with(asked) for asked in described if checker.wrong_with(asked)] == []
    assert {(asked.method, re.sub("[A-Z]{2}[0-9a-fA-F]{32}", "*", asked.path)) for asked in described} == {
        ("GET", "/2010-04-01/Accounts/*.json"),
        ("GET", "/2010-04-01/Accounts/*/Calls.json"),
        ("POST", "/2010-04-01/Accounts/*/Calls.json"),
        ("POST", "/2010-04-01/Accounts/*/Calls/*.json"),
        ("GET", "/2010-04-01/Accounts/*/Calls/*/Recordings.json"),
        ("GET", "/2010-04-01/Accounts/*/Conferences.json"),
        ("POST", "/2010-04-01/Accounts/*/Conferences/*/Participants/*.json"),
        ("DELETE", "/2010-04-01/Accounts/*/Recordings/*.json"),
    }
    # The sound itself is described in Twilio's manual only.
    assert [asked.query for asked in sound] == [{"RequestedChannels": "2"}]


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ([("To", ROSAS), ("From", DEALERS), ("Uri", "https://leads.example/")], "Uri"),
        ([("To", ROSAS), ("Url", "https://leads.example/")], "required property 'From'"),
        ([("To", ROSAS), ("From", DEALERS), ("Timeout", "soon")], "must be integer"),
        ([("To", ROSAS), ("From", DEALERS), ("StatusCallbackMethod", "SHOUT")], "allowed values"),
    ],
    ids=["an unknown key", "a key is missing", "not a number", "not a method"],
)
async def test_a_wrong_request_would_be_noticed(
    checked: tuple[Checked, str], form: list[tuple[str, str]], complaint: str
) -> None:
    checker, api = checked
    account = Account(ACCOUNT, TOKEN, api, lambda: None)
    await account.open()
    with suppress(LegFailed):
        await account.post("/Calls.json", form)
    await account.close()
    (asked,) = checker.asked
    assert complaint in checker.wrong_with(asked)


async def answered(house: TwilioHouse, leg: str) -> None:
    about = {"AccountSid": ACCOUNT, "CallSid": "CA" + "a" * 32, "CallStatus": "in-progress"}
    status, _ = await house.post(f"{house.public}/phone/twilio/call/{leg}/answered", about)
    assert status == 200

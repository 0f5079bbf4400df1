"""A real house, Debian's Chromium, and the cast signed in."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright import async_api, sync_api
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, sync_playwright

from tests.crash.house import House
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Chromium as root, without a screen, and without asking anybody on the network.
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--mute-audio",
)  # fmt: skip
#: A busy machine may need this long for what takes a moment.
PATIENCE_MS = int(PATIENCE_S * 1000)
#: Long enough to be answered on a busy machine, short enough to see who is rung next.
RING_S = 10
for _api in (sync_api, async_api):
    _api.expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Northside:
    """The dealer that the browser visits: its address, its people, its intake key."""

    base: str
    key: str
    people: dict[str, dict[str, Any]]
    house: House

    def post(self, body: bytes, content_type: str = "application/xml") -> dict[str, Any]:
        request = urllib.request.Request(f"{self.base}/in/{self.key}", body, {"Content-Type": content_type})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return dict(json.load(answer))

    def lead(self, name: str, number: int) -> dict[str, Any]:
        """A lead of somebody new."""
        about = {
            "name": name,
            "phone": f"06{number:08}",
            "message": "Is the blue one in stock?",
            "model": "Kona",
        }
        return self.post(json.dumps(about).encode(), "application/json")


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A folder with the dealer in it, which nothing runs in, and what is known of the dealer."""
    house = House(tmp_path_factory.mktemp("furnished") / "house")
    return house.folder, house.prepare(RING_S)


@pytest.fixture(scope="module")
def northside_house(
    furnished: tuple[Path, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Northside]:
    """A house of its own for each module: what one of them leaves behind rings in no other."""
    folder, made = furnished
    house = House(tmp_path_factory.mktemp("browser") / "house")
    # Owners too: where the tests run as root, PostgreSQL runs as somebody else.
    subprocess.run(["cp", "--archive", str(folder), str(house.folder)], check=True)
    try:
        house.start()
        host, port = house.http or ("", 0)
        people = {one["name"]: one for one in made["people"]}
        yield Northside(f"http://{host}:{port}", made["keys"][0], people, house)
        assert house.stop() == 0
    finally:
        house.remove()
        shutil.rmtree(house.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed after each module: as long as it is open, its loop keeps asynchronous tests from running."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(QUIETLY))
        yield chromium
        chromium.close()


#: What a browser says that a test itself has cut off, and what htmx adds to it.
CUT_OFF = ("ERR_INTERNET_DISCONNECTED", "htmx:afterRequest", "htmx:sendError")


@dataclass
class Complaints:
    """What a browser's console and its answers complained about."""

    said: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        # A picture of a website that an earlier test has closed: the page shows a sign instead.
        if "ERR_CONNECTION_REFUSED" in message.text and message.location["url"].endswith(".svg"):
            return
        if message.type == "error" and "409" not in message.text:
            self.said.append(message.text)

    def console_of_one_cut_off(self, message: ConsoleMessage) -> None:
        if not any(expected in message.text for expected in CUT_OFF):
            self.console(message)

    def response(self, response: Response) -> None:
        if response.status >= 400 and response.status != 409:
            self.said.append(f"{response.status} {response.url}")


def until(page: Page, true: str) -> None:
    """Ask again and again: the page's own policy forbids it to evaluate a condition by itself."""
    for _ in range(PATIENCE_MS // 50):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never: {true}")


Visit = Callable[..., Page]


@pytest.fixture
def visit(northside_house: Northside, browser: Browser) -> Iterator[Visit]:
    """Sign somebody in, in a browser of their own; what it complains about fails the test."""
    contexts, complaints = [], Complaints()

    def visit(
        name: str, width: int = 390, theme: str = "light", cut_off: bool = False, **options: Any
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, base_url=northside_house.base,
            locale="en-GB", **options,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", complaints.console_of_one_cut_off if cut_off else complaints.console)
        page.on("response", complaints.response)
        page.on("pageerror", lambda error: complaints.said.append(str(error)))
        person = northside_house.people[name]
        page.goto("/")
        page.locator("input[name=login]").fill(person["email"])
        page.locator("input[name=password]").fill(person["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("main[data-page]:not([data-page=''])")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert complaints.said == []

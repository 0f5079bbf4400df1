"""The phone's window alone in a real Chromium: what it does when its line is closed."""

import json
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, expect

from tests.browser.conftest import CHROMIUM, PATIENCE_MS, QUIETLY, ROOT

pytestmark = pytest.mark.browser
ADDRESS = "https://leadbell.example/"
STATIC = ROOT / "src" / "leadbell" / "static"
WINDOW = """<!doctype html><html lang="en"><title>Phone</title><meta name="reader" content="1">
<main id="phone" data-name="browser-1" data-rings="A lead rings"><audio data-heard></audio><time data-since></time>
<button data-do="pick-up" data-when="rings">Pick up</button><p data-when="replaced">Open elsewhere</p>
<p data-when="ready connecting cut">On</p></main><script type="module" src="/phone.js"></script>"""


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium with a microphone that nobody is asked about."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    microphone = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    own = browser.browser_type.launch(executable_path=path, args=[*QUIETLY, *microphone])
    yield own
    own.close()


def serve(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    if name:
        route.fulfill(path=STATIC / name, content_type="text/javascript")
    else:
        route.fulfill(body=WINDOW, content_type="text/html")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(permissions=["microphone"])
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.route("**/*", serve)
    yield page
    context.close()


def closing_with(code: int, lines: list[WebSocketRoute]) -> object:
    """Close the first line with this code; leave every other open."""

    def opened(line: WebSocketRoute) -> None:
        lines.append(line)
        if len(lines) == 1:
            line.close(code=code, reason="")
        else:
            line.send(json.dumps({"name": "browser-1", "password": "x"}))

    return opened


def test_it_asks_the_page_when_it_may_no_longer(page: Page) -> None:
    lines: list[WebSocketRoute] = []
    page.route_web_socket("**/phone/ws", closing_with(4003, lines))
    with page.expect_event("framenavigated", lambda _: bool(lines)):
        page.goto(ADDRESS)
    expect(page.get_by_text("On")).to_be_visible()


def test_it_leaves_the_line_to_a_newer_window(page: Page) -> None:
    lines: list[WebSocketRoute] = []
    page.route_web_socket("**/phone/ws", closing_with(4001, lines))
    page.goto(ADDRESS)
    expect(page.get_by_text("Open elsewhere")).to_be_visible()
    assert len(lines) == 1

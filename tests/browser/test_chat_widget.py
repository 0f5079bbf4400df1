"""The chat's widget alone in a real Chromium, at a door that answers what a test wants."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from leadbell.chat.widget import presence, widget
from leadbell.chat.writer import Place
from tests.browser.conftest import PATIENCE_MS
from tests.conftest import NOON

pytestmark = pytest.mark.browser
ADDRESS = "https://dealer.example/"


class Door:
    """Answers the widget: refuses or holds back beginnings while it is told to, and keeps the rest."""

    def __init__(self) -> None:
        self.refuses = self.holds = False
        self.held: list[Route] = []
        self.tokens: list[str] = []
        self.kept: list[str] = []

    def answer(self, route: Route) -> None:
        what = route.request.url.rpartition("/")[2]
        if "/chat/" not in route.request.url:
            script = f"<script src='{ADDRESS}more.js'></script>"
            page = f"<!doctype html><html lang=en><title>Cars</title><body>{script}"
            if what == "more.js":
                route.fulfill(body=widget("key"), content_type="text/javascript")
            else:
                route.fulfill(body=page, content_type="text/html")
            return
        said = json.loads(route.request.post_data or "{}")
        if what == "here":
            place = Place(1, 1, False, 30, "Northside", "NL", "", "Europe/Amsterdam", "en", {})
            route.fulfill(json=presence(place, 1, "en", NOON))
        elif what == "hear":
            lines = [
                {"id": number, "who": "customer", "text": text, "name": ""}
                for number, text in enumerate(self.kept, 1)
                if number > said["after"]
            ]
            # What there is nothing new of is answered by nobody: a browser waits.
            if lines:
                route.fulfill(json={"lines": lines, "known": "0000"})
        elif what == "erase":
            route.fulfill(json={"done": True})
        elif self.refuses:
            route.fulfill(status=400, json={"error": "empty"})
        elif self.holds:
            self.held.append(route)
        else:
            self.tokens.append(said["token"])
            self.kept.append(said["text"])
            route.fulfill(json={"kept": True})


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def page(browser: Browser, door: Door) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.route("**/*", door.answer)
    page.goto(ADDRESS)
    page.get_by_role("button", name="Chat").click()
    expect(page.get_by_role("dialog")).to_contain_text("Northside")
    yield page
    context.close()


def write(page: Page, text: str) -> None:
    question = page.get_by_label("Your question")
    question.fill(text)
    question.press("Enter")


def test_a_refused_beginning_is_begun_anew_and_what_was_written_stays(page: Page, door: Door) -> None:
    door.refuses = True
    write(page, "Is it blue?")
    question = page.get_by_label("Your question")
    expect(question).to_have_value("Is it blue?")
    assert page.evaluate("sessionStorage.getItem('leadbell-chat')") is None
    door.refuses = False
    question.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Is it blue?")
    assert door.kept == ["Is it blue?"]


def test_a_chat_begun_while_another_was_forgotten_is_not_lost(page: Page, door: Door) -> None:
    write(page, "The first one")
    expect(page.get_by_role("log")).to_contain_text("The first one")
    door.holds = True
    write(page, "held back")
    expect(page.get_by_role("button", name="Erase this chat")).to_be_visible()
    page.get_by_role("button", name="Erase this chat").click()
    expect(page.get_by_role("dialog")).to_contain_text("Erased")
    door.holds, door.kept[:] = False, []
    write(page, "The second one")
    expect(page.get_by_label("Your question")).to_have_value("")
    for route in door.held:
        route.fulfill(json={"kept": True})
    expect(page.get_by_role("log")).to_contain_text("The second one")
    assert door.kept == ["The second one"]
    assert len(set(door.tokens)) == 2

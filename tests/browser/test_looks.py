"""Nothing that happens while a part of a page looks again is missed."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

#: A part like every living one, whose answers the test gives.
PART = (
    '<div id="probe" hx-get="/probe" hx-trigger="happened from:body, resync from:body" hx-swap="outerHTML"'
    ' hx-sync="this:queue last">%s</div>'
)
THERE = (
    "html => { document.querySelector('main').insertAdjacentHTML('beforeend', html); htmx.process(probe) }"
)
HAPPENS = "htmx.trigger(document.body, 'happened')"


@dataclass
class Asked:
    """What the part has asked, and was not answered yet."""

    waiting: list[Route] = field(default_factory=list)

    def next(self, page: Page) -> Route:
        for _ in range(1200):
            if self.waiting:
                return self.waiting.pop(0)
            page.wait_for_timeout(50)
        raise AssertionError("the part does not look again")


Watched = Callable[[], tuple[Page, Asked]]


@pytest.fixture
def watched(visit: Visit) -> Watched:
    def watched() -> tuple[Page, Asked]:
        page, asked = visit("Ines", cut_off=True), Asked()
        page.route("**/probe", lambda route: asked.waiting.append(route))
        page.evaluate(THERE, PART % "first")
        return page, asked

    return watched


def say(route: Route, text: str) -> None:
    route.fulfill(content_type="text/html", body=PART % text)


def test_what_happens_while_a_part_asks_is_looked_at_afterwards(watched: Watched) -> None:
    page, asked = watched()
    page.evaluate(HAPPENS)
    early = asked.next(page)
    for _ in range(3):
        page.evaluate(HAPPENS)
    say(early, "before it happened")
    say(asked.next(page), "after it happened")
    expect(page.locator("#probe")).to_have_text("after it happened")
    page.evaluate(HAPPENS)
    say(asked.next(page), "and lives on")
    expect(page.locator("#probe")).to_have_text("and lives on")
    assert asked.waiting == [], "many nudges while it asks are one look"


def test_what_happens_while_the_answer_is_put_in_is_looked_at(watched: Watched) -> None:
    page, asked = watched()
    page.evaluate(
        f"document.addEventListener('htmx:afterSwap', () => setTimeout(() => {HAPPENS}), {{ once: true }})"
    )
    page.evaluate(HAPPENS)
    say(asked.next(page), "before it happened")
    say(asked.next(page), "after it happened")
    expect(page.locator("#probe")).to_have_text("after it happened")


def test_an_answer_whose_place_somebody_else_took_is_asked_for_again(watched: Watched) -> None:
    page, asked = watched()
    page.evaluate(HAPPENS)
    early = asked.next(page)
    page.evaluate("html => { probe.outerHTML = html; htmx.process(probe) }", PART % "what somebody did")
    say(early, "before it happened")
    say(asked.next(page), "after it happened")
    expect(page.locator("#probe")).to_have_text("after it happened")


def test_a_look_that_fails_is_taken_again(watched: Watched) -> None:
    page, asked = watched()
    page.evaluate(HAPPENS)
    asked.next(page).abort("internetdisconnected")
    say(asked.next(page), "after it happened")
    expect(page.locator("#probe")).to_have_text("after it happened")


def test_a_second_tab_looks_again_once_it_hears_from_the_first(visit: Visit) -> None:
    first = visit("Samir")
    expect(first.locator("#not-live")).to_be_hidden()
    second = first.context.new_page()
    with second.expect_request(
        lambda request: request.url.endswith("/desk/") and "hx-request" in request.headers
    ):
        second.goto("/desk/")

"""What the Desk's scripts promise: one bell, one dialler, and nothing typed is lost."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Northside, Visit, until

pytestmark = pytest.mark.browser

numbers: Iterator[int] = count(30_000_001)
HELD = "navigator.locks.query().then(all => all.held.map(lock => lock.name))"
DIALLED = """
window.dialled = []
addEventListener('click', event => {
  const link = event.target.closest?.('a[data-dial]')
  if (link) { window.dialled.push(link.href); event.preventDefault() }
}, true)
"""

#: Which parts of the page had their answer, and made of it whatever they do.
REFRESHED = """
window.refreshed = new Set()
document.addEventListener('htmx:afterRequest', ({ detail }) => window.refreshed.add(detail.requestConfig.elt.id))
"""


def ring_at(house: Northside, desks: dict[str, Page], name: str) -> tuple[Page, int]:
    """A lead rings at somebody: whose page that is, and the number to call."""
    number = next(numbers)
    house.lead(name, number)
    for _ in range(2400):
        for page in desks.values():
            if page.locator(".ring-card", has_text=name).count():
                return page, number
            page.wait_for_timeout(25)
    raise AssertionError("no desk rings")


def test_on_a_phone_the_tap_that_accepts_dials_once(northside_house: Northside, visit: Visit) -> None:
    desks = {name: visit(name, has_touch=True, is_mobile=True) for name in ("Rosa", "Samir", "Noor", "Tim")}
    for page in desks.values():
        page.add_init_script(DIALLED)
        page.goto("/desk/")
    page, number = ring_at(northside_house, desks, "Ms Haddad")
    page.locator(".ring-card", has_text="Haddad").get_by_role("button", name="Accept and call").tap()
    expect(page.locator(".talk-card", has_text="Haddad")).to_be_visible()
    until(page, "window.dialled.length > 0")
    page.evaluate("htmx.trigger(document.body, 'resync')")
    page.wait_for_timeout(500)
    assert page.evaluate("window.dialled") == [f"tel:+316{number:08}"]
    page.locator(".talk-card", has_text="Haddad").get_by_role("button", name="Busy").tap()
    expect(page.locator(".talk-card", has_text="Haddad")).to_have_count(0)


def test_a_tap_outlives_what_happens_while_the_finger_is_down(
    northside_house: Northside, visit: Visit
) -> None:
    desks = {name: visit(name) for name in ("Rosa", "Samir", "Noor", "Tim")}
    page, _ = ring_at(northside_house, desks, "Ms Petrova")
    button = page.locator(".ring-card", has_text="Petrova").get_by_role("button", name="Accept and call")
    button.hover()
    page.evaluate(REFRESHED)
    # A finger counts as down for 1.5 s: the answers are there before it comes down.
    for path in ("/desk/", "/me/bell/"):
        answer = page.request.get(path, headers={"HX-Request": "true"})
        assert answer.ok
        page.route(f"**{path}", lambda route, answer=answer: route.fulfill(response=answer))
    page.mouse.down()
    page.evaluate("htmx.trigger(document.body, 'resync')")
    until(page, "window.refreshed.has('desk') && window.refreshed.has('bell')")
    page.unroute_all()
    page.mouse.up()
    talk = page.locator(".talk-card", has_text="Petrova")
    expect(talk).to_be_visible()
    talk.get_by_role("button", name="Busy").click()
    expect(talk).to_have_count(0)


def test_a_finger_that_rests_holds_no_ring_back(northside_house: Northside, visit: Visit) -> None:
    desks = {name: visit(name) for name in ("Rosa", "Samir", "Noor", "Tim")}
    for page in desks.values():
        page.mouse.move(5, 5)
        page.mouse.down()
    page, _ = ring_at(northside_house, desks, "Mr Costa")
    page.mouse.up()
    page.locator(".ring-card", has_text="Costa").get_by_role("button", name="Accept and call").click()
    page.locator(".talk-card", has_text="Costa").get_by_role("button", name="Busy").click()
    expect(page.locator(".talk-card", has_text="Costa")).to_have_count(0)


def test_what_is_typed_survives_what_happens_meanwhile(northside_house: Northside, visit: Visit) -> None:
    desks = {name: visit(name) for name in ("Rosa", "Samir", "Noor", "Tim")}
    page, _ = ring_at(northside_house, desks, "Mr Aydın")
    page.locator(".ring-card", has_text="Aydın").get_by_role("button", name="Accept and call").click()
    page.get_by_role("button", name="We talked").click()
    page.locator("summary", has_text="Call back").click()
    note = page.locator("details[open] input[name=note]")
    note.fill("about the blue one")
    page.evaluate("htmx.trigger(document.body, 'resync')")
    page.wait_for_timeout(700)
    expect(note).to_have_value("about the blue one")
    expect(note).to_be_focused()
    page.get_by_role("button", name="Agree to call back").click()
    expect(page.locator("#toasts")).to_contain_text("It will be on your desk in time.")
    expect(page.locator("section", has=page.locator("#later"))).to_contain_text("Mr Aydın")


def test_of_several_tabs_one_listens_and_one_sounds(northside_house: Northside, visit: Visit) -> None:
    first = visit("Rosa")
    streams: list[str] = []
    second = first.context.new_page()
    second.on(
        "request", lambda request: streams.append(request.url) if request.url.endswith("/stream") else None
    )
    second.goto("/desk/")
    for page in (first, second):
        page.bring_to_front()
        page.locator("h1").first.dispatch_event("pointerdown")
        page.mouse.click(5, 5)
    first.wait_for_function(f"{HELD}.then(names => names.some(name => name.startsWith('leadbell-sound')))")
    held = first.evaluate(HELD)
    assert sorted(name.rsplit("-", 1)[0] for name in held) == ["leadbell-sound", "leadbell-stream"]
    assert streams == [], "the second tab hears from the first"
    first.close()
    second.wait_for_function(f"{HELD}.then(names => names.length === 2)")
    for _ in range(1200):
        if streams:
            break
        second.wait_for_timeout(50)
    assert len(streams) == 1, "it listens itself once the first is gone"
    expect(second.locator("#not-live")).to_be_hidden()


def test_a_cut_is_said_after_three_seconds_and_unsaid_when_it_is_over(visit: Visit) -> None:
    page = visit("Samir")
    with page.expect_response("**/stream"):
        page.goto("/desk/")
    page.wait_for_timeout(500)
    page.evaluate("dispatchEvent(new Event('offline'))")
    expect(page.locator("#not-live")).to_be_visible()
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator("#not-live")).to_be_hidden()

"""The newcomer's walk, in real browsers: a lead is posted, Rosa's desk rings, and so on to the appointment."""

import re
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Northside, Visit

pytestmark = pytest.mark.browser

numbers: Iterator[int] = count(10_000_001)


def ring_of(page: Page, name: str) -> object:
    card = page.locator(".ring-card", has_text=name)
    expect(card).to_be_visible()
    return card


def test_a_lead_rings_is_accepted_called_and_booked(northside_house: Northside, visit: Visit) -> None:
    desks = {name: visit(name) for name in ("Rosa", "Samir", "Noor", "Tim")}
    answer = northside_house.post((ROOT / "examples" / "lead.adf.xml").read_bytes())
    assert answer["status"] == "accepted"

    card = ".ring-card:has-text('Mr Okafor')"
    name, page = _who_rings(desks, card)
    expect(page).to_have_title(re.compile("Okafor"))
    expect(page.locator(card)).to_contain_text("Is the blue one in stock?")
    page.get_by_role("button", name="Accept and call").click()
    expect(page.locator("a[href='tel:+31612345678']").first).to_be_visible()
    page.get_by_role("button", name="We’re talking").click()
    page.get_by_role("button", name="Conversation over").click()
    page.get_by_role("button", name="Make the appointment").click()
    expect(page.locator("section:has(#appointments)")).to_contain_text("Mr Okafor")

    ines = visit("Ines", width=1440, theme="dark")
    ines.goto("/floor/")
    expect(ines.locator("main")).to_contain_text("Appointments made today")
    ines.goto("/leads/")
    ines.get_by_role("link", name="Mr Okafor").first.click()
    story = ines.locator(".story")
    for told in (f"Rang {name}", f"{name} accepted", "Attempt 1", "In conversation", "Appointment"):
        expect(story).to_contain_text(told)


def _who_rings(desks: dict[str, Page], card: str) -> tuple[str, Page]:
    """The person whose desk shows the card, whoever routing chose."""
    for _ in range(1200):
        for name, page in desks.items():
            if page.locator(card).count():
                return name, page
            page.wait_for_timeout(50)
    raise AssertionError("no desk rings")


def test_who_comes_second_hears_so_kindly(northside_house: Northside, visit: Visit) -> None:
    """Two desks show the same ring; one of two taps wins, the other is told."""
    rosa, samir = visit("Rosa"), visit("Samir")
    northside_house.lead("Ms Lindqvist", next(numbers))
    card = ".ring-card:has-text('Ms Lindqvist')"
    # After three rounds everybody is rung at once.
    expect(rosa.locator(card, has_text="everybody is rung")).to_be_visible()
    expect(samir.locator(card, has_text="everybody is rung")).to_be_visible()
    samir.route("**/stream", lambda route: route.abort())
    rosa.locator(card).get_by_role("button", name="Accept and call").click()
    expect(rosa.locator(".talk-card", has_text="Ms Lindqvist")).to_be_visible()
    expect(samir.locator(card)).to_have_count(0)


def test_without_javascript_the_desk_still_works(northside_house: Northside, visit: Visit) -> None:
    pages = {name: visit(name, java_script_enabled=False) for name in ("Rosa", "Samir", "Noor", "Tim")}
    northside_house.lead("Mr Sørensen", next(numbers))
    card = ".ring-card:has-text('Sørensen')"
    for _ in range(300):
        for page in pages.values():
            page.goto("/desk/")
            if page.locator(card).count():
                page.locator(card).get_by_role("button", name="Accept and call").click()
                expect(page.locator(".talk-card", has_text="Sørensen")).to_be_visible()
                page.get_by_role("button", name="No answer").click()
                expect(page.locator("main")).not_to_contain_text("Calling now")
                return
    raise AssertionError("no desk rings")


def test_a_cut_connection_is_said_and_mended(visit: Visit) -> None:
    rosa = visit("Rosa", cut_off=True)
    expect(rosa.locator("#not-live")).to_be_hidden()
    rosa.context.set_offline(True)
    rosa.evaluate("document.body.dispatchEvent(new Event('offline', {bubbles: true}))")
    rosa.context.set_offline(False)
    rosa.reload()
    expect(rosa.locator("#not-live")).to_be_hidden()


@pytest.mark.parametrize(("language", "word"), [("nl", "Afspraken"), ("ru", "Встречи")])
def test_the_desk_speaks(northside_house: Northside, visit: Visit, language: str, word: str) -> None:
    rosa = visit("Rosa", width=1440)
    rosa.locator("summary:has(.avatar)").click()
    rosa.locator(f"button[name=language][value={language}]").click()
    expect(rosa.locator("html")).to_have_attribute("lang", language)
    rosa.goto("/desk/")
    expect(rosa.locator("nav").first).not_to_contain_text("Dealer")
    rosa.locator("summary:has(.avatar)").click()
    rosa.locator("button[name=language][value=en]").click()
    expect(rosa.locator("html")).to_have_attribute("lang", "en")


def test_a_rush_of_screens_waits_its_turn(northside_house: Northside, visit: Visit) -> None:
    """More requests at once than PostgreSQL has connections: each is answered."""
    rosa = visit("Rosa")
    session = next(cookie["value"] for cookie in rosa.context.cookies() if cookie["name"] == "leadbell")

    def ask(_: int) -> int:
        request = urllib.request.Request(
            f"{northside_house.base}/desk/", headers={"Cookie": f"leadbell={session}"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)

    with ThreadPoolExecutor(160) as callers:
        assert set(callers.map(ask, range(160))) == {200}

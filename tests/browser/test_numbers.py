"""A phone number of their own in a real Chromium: on the page once they agreed, and the usual one once they don't."""

import re
import urllib.request

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Northside, Visit
from tests.browser.test_every_page import look
from tests.browser.test_pictures import keep
from tests.browser.test_visits import browser, website
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.browser

__all__ = ["browser", "website"]

OWN = "+31207654301"


def call(page: Page) -> "tuple[str | None, str]":
    """Where the front page's link dials, and what it says."""
    link = page.locator("main a[href^='tel:']")
    return link.get_attribute("href"), link.inner_text()


def is_served(house: Northside, snippet: str) -> bool:
    """Whether the door gives the website's pages the script already."""
    key = re.search(r'data-site="(\w+)"', snippet)
    assert key
    with urllib.request.urlopen(f"{house.base}/v/more?site={key[1]}", timeout=PATIENCE_S) as answer:
        return b"v/number" in answer.read()


def is_leased(database: "psycopg.Connection[tuple[object, ...]]", site: int) -> bool:
    found = database.execute(
        "select from leadbell_numberlease where site_id = %s and visitor is not null", [site]
    )
    return found.fetchone() is not None


def test_a_visitor_who_agreed_is_shown_a_number_of_their_own(
    northside_house: Northside, browser: Browser, visit: Visit, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    sites_page = ines.url
    ines.locator(f"#numbers-{site} summary").click()
    form = ines.locator(f"#numbers-{site} form")
    form.locator("[name=own_numbers]").select_option("on")
    form.locator("[name=printed]").fill("020 123 4567")
    form.locator("[name=numbers]").fill(OWN)
    form.get_by_role("button", name="Save").click()
    card = ines.locator(f"section.card:has(#site-{site})")
    expect(card).to_contain_text("1 number of their own")
    snippet = card.locator("code.snippet").text_content() or ""
    assert eventually(lambda: is_served(northside_house, snippet), 20)

    context = browser.new_context(base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="No, thanks").click()
    page.get_by_role("link", name="Hyundai Kona").click()
    page.get_by_role("link", name="Northside", exact=True).click()
    assert call(page) == ("tel:+31201234567", "020 123 4567")

    # They agree: the same page shows their number, in every way of writing it, and what comes later on the page too.
    page.get_by_role("link", name="Privacy").click()
    page.get_by_role("button", name="Choose again").click()
    page.get_by_role("button", name="Yes, you may").click()
    page.goto("/")
    expect(page.locator("main a[href^='tel:']")).to_have_attribute("href", f"tel:{OWN}")
    assert call(page) == (f"tel:{OWN}", "020 765 4301")
    page.evaluate(
        """() => document.querySelector('main').insertAdjacentHTML('beforeend', `<p id="late">Tel. 0031-20-1234567,
        (020) 123 45 67 or <a href="tel:0201234567"><b>020</b> 1234567</a>; not 0201234568, not 10201234567.
        <span data-leadbell-ignore>020 123 4567</span></p>`)"""
    )
    late = page.locator("#late")
    expect(late).to_contain_text(
        "Tel. +31 20 765 4301, 020 765 4301 or 020 765 4301; not 0201234568, not 10201234567."
    )
    expect(late.locator("span")).to_have_text("020 123 4567")
    page.goto("/contact.html")
    expect(page.locator("#call")).to_have_text(
        "Or call +31 20 765 4301, on weekdays from 9 to 6 (020 765 4301)."
    )
    with northside_house.house.reading() as database:
        assert is_leased(database, site)

        # Somebody else comes meanwhile: there is no other number, so they see the usual one, which is counted.
        other = browser.new_context(base_url=address)
        stranger = other.new_page()
        stranger.goto("/")
        stranger.get_by_role("button", name="Yes, you may").click()
        empty = "select from leadbell_sitecount where site_id = %s and what = 'number_empty'"
        assert eventually(lambda: database.execute(empty, [site]).fetchone() is not None, 20)
        assert call(stranger) == ("tel:+31201234567", "020 123 4567")
        other.close()
        assert look(ines, sites_page) == []
        expect(card).to_contain_text(re.compile(r"1 saw yours, as none was left"))
        ines.locator(f"#numbers-{site} summary").click()
        keep(ines, "numbers-sites-1440")
        phone = visit("Ines", 390, "dark")
        assert look(phone, sites_page) == []
        phone.locator(f"#numbers-{site} summary").click()
        keep(phone, "numbers-sites-390")

        # They take it back on the same page: the usual number is there again, and the lease is nobody's.
        page.evaluate("leadbell('consent', false)")
        expect(page.locator("#call")).to_have_text(
            "Or call +31 (0)20 123 45 67, on weekdays from 9 to 6 (020-1234567)."
        )
        assert eventually(lambda: not is_leased(database, site), 10)
    context.close()

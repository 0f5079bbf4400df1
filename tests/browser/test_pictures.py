"""Pictures of cars in a real Chromium: from the dealer's website to the desk, and what stands there when it is away."""

import os
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Northside, Visit
from tests.browser.test_every_page import look, serious
from tests.browser.test_visits import Known, browser, website
from tests.waiting import eventually

pytestmark = pytest.mark.browser

__all__ = ["browser", "website"]
#: A folder, to look at what the tests see.
PICTURES = os.environ.get("LEADBELL_PICTURES")
LOADED = "one => one.complete && one.naturalWidth > 0"


def pictured(page: Page, name: str) -> None:
    """The picture has come through the page's content policy."""
    picture = page.locator(f".car-picture img[src$='/{name}']").first
    picture.scroll_into_view_if_needed()
    expect(picture).to_be_visible()
    assert eventually(lambda: bool(picture.evaluate(LOADED)), 10)


def keep(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True, caret="initial")


def test_what_was_looked_at_is_shown_with_its_pictures(
    northside_house: Northside, browser: Browser, visit: Visit, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    known = Known(northside_house, site)
    context = browser.new_context(base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Yes, you may").click()
    page.get_by_role("link", name="Hyundai Kona").click()
    page.get_by_role("link", name="Kia EV3").click()
    assert eventually(lambda: cars(known) == {"N-41": "kona.svg", "N-42": "ev3.svg"}, 10), cars(known)

    name = f"Pictured {uuid.uuid4().hex[:6]}"
    page.get_by_role("link", name="Contact").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Phone").fill("0612349531")
    page.get_by_label("Your question").fill("The white one?")
    page.get_by_role("button", name="Send").click()
    page.wait_for_load_state()
    assert eventually(lambda: known.lead() is not None, 20)
    lead = known.lead()
    phone = visit("Ines", 390, "dark")
    for one in (ines, phone):
        assert look(one, f"/leads/{lead}/") == []
        pictured(one, "kona.svg")
        keep(one, f"pictures-lead-{(one.viewport_size or {})['width']}")
        assert look(one, "/visitors/") == []
        pictured(one, "ev3.svg")
        keep(one, f"pictures-visitors-{(one.viewport_size or {})['width']}")
    context.close()
    # A website that is away: the sign behind the picture stays, and the page is whole.
    ines.route("**/*.svg", lambda route: route.abort("connectionrefused"))
    ines.goto("/visitors/")
    away = ines.locator(".cars-seen li", has_text="Kia EV3").first
    away.scroll_into_view_if_needed()
    expect(away.locator("img")).to_have_count(0)
    expect(away.locator(".ti-car")).to_be_visible()
    assert serious(ines) == []
    keep(ines, "pictures-away")
    known.database.close()


def cars(known: Known) -> dict[str, str]:
    rows = known.database.execute(
        "select key, picture from leadbell_sitecar where site_id = %s", [known.site]
    )
    return {key: picture.rpartition("/")[2] for key, picture in rows.fetchall()}

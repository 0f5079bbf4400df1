"""Rosa records a video mail with a camera that Chromium invents, and the customer watches it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.camera import A_PERSON, film, record, shows, use, with_camera
from tests.browser.conftest import PATIENCE_MS, Northside, Visit

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from with_camera()


def test_a_video_mail_is_recorded_once_more_used_and_watched(
    northside_house: Northside, visit: Visit, browser: Browser
) -> None:
    northside_house.lead("Film Okonkwo-Veldman", 27_500_001)
    rosa = visit("Rosa", 390)
    rosa.goto("/leads/")
    rosa.get_by_role("link", name="Film Okonkwo-Veldman").first.click()
    rosa.wait_for_url("**/leads/*/")
    the_lead = rosa.url
    rosa.goto(f"{the_lead}video/")
    record(rosa)
    rosa.get_by_role("button", name="Once more").click()
    expect(rosa.get_by_role("button", name="Record")).to_be_visible()
    film(rosa)
    where = use(rosa)
    customer = browser.new_context(user_agent=A_PERSON, viewport={"width": 390, "height": 800})
    customer.set_default_timeout(PATIENCE_MS)
    page = customer.new_page()
    page.goto(f"{northside_house.base}{where}")
    expect(page.get_by_role("heading", name="Rosa")).to_be_visible()
    page.locator("video").evaluate("video => { video.muted = true; return video.play() }")
    rosa.goto(the_lead)
    shows(rosa, "The video mail was opened")
    shows(rosa, "The video mail was watched to the end")
    customer.close()

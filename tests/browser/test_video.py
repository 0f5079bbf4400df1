"""Rosa records a video mail with a camera that Chromium invents, and the customer watches it."""

import re
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, PATIENCE_MS, QUIETLY, Northside, Visit

pytestmark = pytest.mark.browser

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
#: Without a word that says it is a robot.
A_PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
#: Two seconds or more, on however slow a machine.
LONG_ENOUGH = re.compile(r"0:0[2-9]|[01]:[1-9]\d|1:0\d")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with a camera."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*QUIETLY, *CAMERA])
        yield chromium
        chromium.close()


def shows(page: Page, words: str) -> None:
    """The story says it, at the latest after it was asked again."""
    for _ in range(PATIENCE_MS // 500):
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"never: {words}")


def record(rosa: Page) -> None:
    rosa.get_by_role("button", name="Switch the camera on").click()
    film(rosa)


def film(rosa: Page) -> None:
    rosa.get_by_role("button", name="Record").click()
    expect(rosa.locator("span[data-clock]")).to_have_text(LONG_ENOUGH, timeout=PATIENCE_MS)
    rosa.get_by_role("button", name="Stop").click()


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
    rosa.get_by_role("button", name="Use this one").click()
    rosa.wait_for_url("**/messages/?template=*video=*", timeout=PATIENCE_MS)
    where = urlsplit(rosa.locator("#film").get_attribute("href") or "").path
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

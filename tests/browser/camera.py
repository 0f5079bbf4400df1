"""A salesperson's camera that Chromium invents, and a customer's browser that isn't taken for a robot."""

import re
import shutil
from collections.abc import Iterator
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, PATIENCE_MS, QUIETLY

CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
#: Without a word that says it is a robot.
A_PERSON = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
#: Two seconds or more, on however slow a machine.
LONG_ENOUGH = re.compile(r"0:0[2-9]|[01]:[1-9]\d|1:0\d")


def with_camera() -> Iterator[Browser]:
    """Chromium with a camera."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*QUIETLY, *CAMERA])
        yield chromium
        chromium.close()


def record(rosa: Page) -> None:
    rosa.get_by_role("button", name="Switch the camera on").click()
    film(rosa)


def film(rosa: Page) -> None:
    rosa.get_by_role("button", name="Record").click()
    expect(rosa.locator("span[data-clock]")).to_have_text(LONG_ENOUGH)
    rosa.get_by_role("button", name="Stop").click()


def use(rosa: Page) -> str:
    """Upload what was recorded; the path of the customer's link."""
    rosa.get_by_role("button", name="Use this one").click()
    rosa.wait_for_url("**/messages/?template=*video=*")
    return urlsplit(rosa.locator("#film").get_attribute("href") or "").path


def shows(page: Page, words: str) -> None:
    """The story says it, at the latest after it was asked again."""
    for _ in range(PATIENCE_MS // 500):
        if page.get_by_text(words).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"never: {words}")

"""The report of `leadbell audit` in a browser without a network: nothing asked for, nothing serious for axe."""

import csv
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from leadbell.audit.page import page as report
from leadbell.audit.reader import reader
from leadbell.audit.study import Asked, study
from tests.audit.example import EXAMPLES
from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_every_page import serious

pytestmark = pytest.mark.browser

_TAKE = "document.title='taken'"
EVIL = f'"><script>{_TAKE}</script><img src="http://127.0.0.1:9/x" onerror="{_TAKE}"><svg onload="{_TAKE}">'
LANGUAGES = ("en", "nl", "ru")


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in three languages, and an export whose cells try to run."""
    folder = tmp_path_factory.mktemp("reports")
    found = study(
        Asked([EXAMPLES / "crm-export.csv"], EXAMPLES / "crm-activities.csv", zone="Europe/Amsterdam")
    )
    for language in LANGUAGES:
        (folder / f"{language}.html").write_text(report(found, reader(language), language), "utf-8")
    hostile = folder / "hostile.csv"
    with hostile.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("Lead ID", "Created", "Dealer", "Owner", "Source", "Campaign", "Status", "Lost reason"))
        out.writerows((n, "2026-01-05 10:00", EVIL, EVIL, EVIL, EVIL, EVIL, EVIL) for n in range(8))
        out.writerow((EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL))
    read = study(Asked([hostile], origin="online"))
    (folder / "hostile.html").write_text(report(read, reader("en"), "en"), "utf-8")
    return folder


def opened(browser: Browser, path: Path, width: int, theme: str = "light") -> tuple[Page, list[str]]:
    """The page in a browser without a network, and what it asked for besides itself."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, offline=True)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: asked.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.goto(path.as_uri())
    return page, [one for one in asked if one != path.as_uri()]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_report_reads_well_in_every_language(
    reports: Path, browser: Browser, width: int, theme: str
) -> None:
    for language in LANGUAGES:
        page, asked = opened(browser, reports / f"{language}.html", width, theme)
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("svg").first).to_be_visible()
        for shut in page.locator("summary").all():
            shut.click()
        complaints = serious(page)
        wide, room = page.evaluate(
            "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= room, f"{language}: {wide - room} px hang over the edge"
        assert (complaints, asked) == ([], []), language
        page.context.close()


def test_what_to_change_stands_on_the_first_screen(reports: Path, browser: Browser) -> None:
    page, _ = opened(browser, reports / "en.html", 1440)
    monday = page.get_by_role("heading", name="What to change on Monday")
    expect(monday).to_be_in_viewport()
    page.context.close()


def test_nothing_from_an_export_runs(reports: Path, browser: Browser) -> None:
    page, asked = opened(browser, reports / "hostile.html", 1440)
    expect(page.locator("h1")).to_be_visible()
    assert "taken" not in page.title()
    assert page.locator("script, img, iframe, object, embed, [onload], [onerror]").count() == 0
    assert asked == []
    page.context.close()


def test_the_report_prints_on_paper(reports: Path, browser: Browser) -> None:
    page, _ = opened(browser, reports / "en.html", 1440)
    pages = page.pdf(format="A4", print_background=True).count(b"/Type /Page\n")
    assert 3 <= pages <= 30
    page.emulate_media(media="print")
    expect(page.locator("details table").first).to_be_visible()
    page.context.close()

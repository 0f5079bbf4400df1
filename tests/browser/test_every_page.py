"""Every page, narrow and wide, light and dark: nothing serious for axe, nothing that hangs over the edge."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, Northside, Visit

pytestmark = pytest.mark.browser

AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
SALES = (
    "/desk/",
    "/leads/",
    "/unlost/",
    "/visitors/",
    "/floor/",
    "/review/",
    "/coaching/",
    "/me/phone/window/",
)
REPORTS = (
    "/verdict/", "/reports/", "/reports/?section=talks", "/reports/?section=sales", "/reports/?section=back",
    "/reports/?section=automation", "/reports/comparison/", "/reports/figures/attempted_rate/",
    "/reports/weekly/", "/reports/months/", "/reports/months/mail/",
)  # fmt: skip
MANAGERS = (
    *SALES,
    *REPORTS,
    "/review/words/",
    "/review/words/?q=saturday",
    "/inbox/",
    "/inbox/typed/",
    "/missing/",
    "/dealer/",
)


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']} ({node['html'][:160]})"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def look(page: Page, path: str) -> list[str]:
    page.goto(path)
    page.wait_for_load_state()
    page.wait_for_timeout(300)
    complaints = serious(page)
    wide, room = page.evaluate(
        "[document.scrollingElement.scrollWidth, document.documentElement.clientWidth]"
    )
    if wide > room:
        complaints.append(f"{wide - room} px hang over the edge")
    return [f"{path}: {one}" for one in complaints]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page(northside_house: Northside, visit: Visit, width: int, theme: str) -> None:
    northside_house.lead("Mrs Petrova-van den Broek-Wielandt", 20_000_001)
    northside_house.post(b"this is no lead", "text/plain")
    rosa, ines = visit("Rosa", width, theme), visit("Ines", width, theme)
    ines.goto("/leads/")
    a_lead = ines.locator("main a[href^='/leads/']").first.get_attribute("href") or ""
    ines.goto("/inbox/")
    an_envelope = ines.locator("main a[href^='/inbox/']:not([href*='?'])").first.get_attribute("href") or ""
    ines.goto("/dealer/")
    parts = ines.locator("main a[href^='/dealers/']")
    the_dealer = sorted({str(parts.nth(n).get_attribute("href")) for n in range(parts.count())})
    assert {path.rstrip("/").rsplit("/", 1)[-1] for path in the_dealer} >= {"hours", "channels", "playbooks"}
    ines.goto(next(path for path in the_dealer if path.endswith("/dms/")))
    ines.locator("input[name=name]").fill(f"CarDesk {width} {theme}")
    ines.locator("input[name=address]").fill("https://dms.invalid/hook")
    ines.locator("main form button.btn-primary").press("Enter")
    expect(ines.locator("#signing-secret")).to_contain_text("whsec_")
    ines.locator("form[action$='/test/'] button").press("Enter")
    a_delivery = ines.locator("#dms-log a[href*='/deliveries/']").first.get_attribute("href") or ""
    a_system = a_delivery.partition("deliveries/")[0]
    mine = ("/me/signature/", "/me/calendar/")
    written = (*mine, f"{a_lead}video/", f"{a_lead}messages/", f"{a_lead}messages/?carrier=sms")
    complaints = [one for path in (*SALES, a_lead, *written) for one in look(rosa, path)]
    managed = (
        *MANAGERS,
        a_lead,
        f"{a_lead}customer/deletion/",
        an_envelope,
        a_system,
        a_delivery,
        *the_dealer,
    )
    complaints += [one for path in managed for one in look(ines, path)]
    assert complaints == []


@pytest.mark.parametrize("width", [390, 1440])
def test_the_doorstep(northside_house: Northside, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, base_url=northside_house.base)
    try:
        assert look(page, "/account/login/") == []
        assert look(page, "/leads/999999/") == []
    finally:
        page.close()

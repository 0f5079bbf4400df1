"""A visitor of a dealer's website in a real Chromium: consent refused, given, a form sent, erased on request."""

import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import CHROMIUM, PATIENCE_MS, QUIETLY, ROOT, Complaints, Northside, Visit
from tests.browser.test_every_page import look
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.browser

CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.fixture(scope="module")
def browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that doesn't call itself headless, also in what it says while a page is left."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    own = browser.browser_type.launch(executable_path=path, args=[*QUIETLY, f"--user-agent={CHROME}"])
    yield own
    own.close()


def a_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def the_door_knows(house: Northside, origin: str) -> bool:
    """Whether beacons from there count already."""
    ask = urllib.request.Request(f"{house.base}/v", headers={"Origin": origin}, method="OPTIONS")
    with urllib.request.urlopen(ask, timeout=PATIENCE_S) as answer:
        return answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.fixture
def website(northside_house: Northside, visit: Visit) -> Iterator[tuple[str, int, Page]]:
    """Ines adds the website, its pages get her snippet's key: (address, number of the site, her Sites page)."""
    port = a_free_port()
    address = f"http://127.0.0.1:{port}"
    ines = visit("Ines", 1440)
    ines.goto("/dealer/")
    ines.get_by_role("link", name="Sites").click()
    new = ines.locator("#new")
    new.locator("[name=name]").fill(f"Website {port}")
    new.locator("[name=origins]").fill(address)
    new.locator("[name=patterns]").fill("/cars/{make}/{model}/{stock}")
    new.get_by_role("button", name="Add").click()
    card = ines.locator("section.card", has_text=f"Website {port}")
    expect(card).to_contain_text("nothing heard yet")
    snippet = card.locator("code.snippet")
    key = re.search(r'data-site="(\w+)"', snippet.text_content() or "")
    assert key
    number = int((snippet.get_attribute("id") or "").removeprefix("snippet-"))
    serve = ROOT / "examples" / "dealer-site" / "serve.py"
    command = [sys.executable, str(serve), northside_house.base, key[1], northside_house.key, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as served:
        try:
            assert served.stdout
            assert served.stdout.readline().strip() == address
            assert eventually(lambda: the_door_knows(northside_house, address), 10)
            yield address, number, ines
        finally:
            served.terminate()


class Known:
    """What the house knows of a site's visitors."""

    def __init__(self, house: Northside, site: int) -> None:
        self.database, self.site = house.house.reading(), site

    def count(self, what: str) -> int:
        row = self.database.execute(
            "select coalesce(sum(beacons), 0)::int from leadbell_sitecount where site_id = %s and what = %s",
            [self.site, what],
        ).fetchone()
        assert row
        return int(row[0])

    def counts(self) -> dict[str, int]:
        rows = self.database.execute(
            "select what, beacons from leadbell_sitecount where site_id = %s", [self.site]
        )
        return dict(rows.fetchall())

    def rows(self, table: str) -> int:
        row = self.database.execute(
            f"select count(*) from {table} where site_id = %s", [self.site]
        ).fetchone()
        assert row
        return int(row[0])

    def lead(self) -> int | None:
        """The lead that told whose browser it is."""
        row = self.database.execute(
            "select j.lead_id from leadbell_visitorjoin j join leadbell_visitor v on v.id = j.visitor_id"
            " where v.site_id = %s",
            [self.site],
        ).fetchone()
        return int(row[0]) if row else None

    def looks(self) -> list[tuple[Any, ...]]:
        return self.database.execute(
            "select kind, make, model, stock, price from leadbell_beacon where site_id = %s order by at",
            [self.site],
        ).fetchall()


def stored_on(page: Page) -> list[str]:
    """Everything that the website has left on the device, by us or by itself."""
    return sorted([*page.evaluate("Object.keys(localStorage)"), *(c["name"] for c in page.context.cookies())])


def test_from_refusal_to_lead_to_erasure(
    northside_house: Northside, browser: Browser, visit: Visit, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    sites_page = ines.url
    known, complaints = Known(northside_house, site), Complaints()
    context = browser.new_context(base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("console", complaints.console)
    page.on("pageerror", lambda error: complaints.said.append(str(error)))

    # Refused: nothing of ours on the device, nobody known, page views counted.
    page.goto("/")
    assert stored_on(page) == []
    page.get_by_role("button", name="No, thanks").click()
    page.get_by_role("link", name="Hyundai Kona").click()
    page.get_by_role("link", name="Kia EV3").click()
    assert eventually(lambda: known.count("anonymous") >= 3, 10), known.count("anonymous")
    assert stored_on(page) == ["choice"]
    assert known.rows("leadbell_visitor") == known.rows("leadbell_beacon") == 0

    # Given: two cars, by their addresses and by what the page says.
    page.get_by_role("link", name="Privacy").click()
    page.get_by_role("button", name="Choose again").click()
    page.get_by_role("button", name="Yes, you may").click()
    assert stored_on(page) == ["choice", "leadbell"]
    page.get_by_role("link", name="Hyundai Kona").click()
    page.wait_for_timeout(1200)
    page.get_by_role("link", name="Kia EV3").click()
    page.get_by_role("link", name="Contact").click()
    assert eventually(
        lambda: any(look[:4] == ("view", "hyundai", "kona", "N-41") for look in known.looks()), 10
    )
    assert eventually(
        lambda: any(look == ("view", "Kia", "EV3", "N-42", 36500) for look in known.looks()), 10
    )
    assert eventually(lambda: any(look[0] == "time" for look in known.looks()), 10), known.counts()

    # A form sent: a lead with the visits before it.
    page.get_by_label("Name").fill("Mr Okafor of the web")
    page.get_by_label("Phone").fill("0612349876")
    page.get_by_label("Your question").fill("Is the white one in stock?")
    page.get_by_role("button", name="Send").click()
    page.wait_for_load_state()
    assert eventually(lambda: known.lead() is not None, 20)
    ines.goto(f"/leads/{known.lead()}/")
    shown = ines.locator("section", has=ines.get_by_role("heading", name="On the website"))
    for said in ("Hyundai Kona", "N-41", "Kia EV3", "36,500", "form sent", "sent a form"):
        expect(shown).to_contain_text(said)
    assert look(ines, f"/leads/{known.lead()}/") == []
    assert look(ines, sites_page) == []
    ines.goto(f"/leads/{known.lead()}/")
    assert "leadbell_visitor" not in (ines.locator("main").text_content() or "")

    # Erased on request: seen first, then gone everywhere.
    page.goto("/privacy.html")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator("#known")).to_contain_text('"known": true')
    page.get_by_role("button", name="Erase it").click()
    expect(page.locator("#known")).to_have_text("Erased.")
    assert stored_on(page) == []
    assert known.rows("leadbell_visitor") == known.rows("leadbell_beacon") == 0
    ines.reload()
    expect(ines.get_by_role("heading", name="On the website")).to_have_count(0)
    ines.goto("/dealer/")
    ines.get_by_role("link", name="Sites").click()
    expect(ines.locator(f"section.card:has(#site-{site})")).to_contain_text("works")
    assert complaints.said == []
    known.database.close()
    context.close()


def test_a_browser_that_asks_not_to_be_tracked_is_nobody_even_with_consent(
    northside_house: Northside, browser: Browser, website: tuple[str, int, Page]
) -> None:
    address, site, _ines = website
    known = Known(northside_house, site)
    context = browser.new_context(base_url=address)
    context.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
    )
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Yes, you may").click()
    page.get_by_role("link", name="Kia EV3").click()
    assert eventually(lambda: known.count("opted_out") >= 2, 10)
    assert stored_on(page) == ["choice"]
    assert known.rows("leadbell_visitor") == 0
    known.database.close()
    context.close()


CONSENT_TOOLS = {
    "TCF": """window.__tcfapi = (command, version, tell) => { window.decide = (yes) => tell(
        {eventStatus: 'useractioncomplete', purpose: {consents: {1: yes, 8: yes}}}, true) }""",
    "Google": """window.dataLayer = []; function gtag() { dataLayer.push(arguments) }
        gtag('consent', 'default', {analytics_storage: 'denied'});
        window.decide = (yes) => gtag('consent', 'update', {analytics_storage: yes ? 'granted' : 'denied'})""",
}


@pytest.mark.parametrize("tool", CONSENT_TOOLS)
def test_consent_tools_are_understood_and_single_page_sites_too(
    northside_house: Northside, browser: Browser, website: tuple[str, int, Page], tool: str
) -> None:
    address, site, _ines = website
    known = Known(northside_house, site)
    context = browser.new_context(base_url=address)
    context.add_init_script(CONSENT_TOOLS[tool])
    page = context.new_page()
    page.goto("/")
    assert stored_on(page) == []
    page.evaluate("decide(true)")
    assert stored_on(page) == ["leadbell"]
    page.evaluate("history.pushState({}, '', '/cars/hyundai/kona/N-43/')")
    assert eventually(lambda: any(look[3] == "N-43" for look in known.looks()), 10)
    page.evaluate("decide(false)")
    assert stored_on(page) == []
    before = len(known.looks())
    page.evaluate("history.pushState({}, '', '/cars/hyundai/kona/N-44/')")
    assert eventually(lambda: known.count("anonymous") >= 2, 10)
    assert not any(look[3] == "N-44" for look in known.looks()[before:])
    known.database.close()
    context.close()


def test_a_lost_customer_comes_back_while_rosa_watches(
    northside_house: Northside, browser: Browser, visit: Visit, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    known = Known(northside_house, site)
    rosa = visit("Rosa", 390)
    rosa.goto("/desk/")

    # They agree, look at a car and send the form; Rosa takes the lead, reaches nobody, and gives it up.
    first = browser.new_context(base_url=address)
    page = first.new_page()
    page.goto("/")
    page.get_by_role("button", name="Yes, you may").click()
    page.get_by_role("link", name="Hyundai Kona").click()
    page.get_by_role("link", name="Contact").click()
    page.get_by_label("Name").fill("Mr Okafor who returns")
    page.get_by_label("Phone").fill("0612349877")
    page.get_by_label("Your question").fill("Is the white one in stock?")
    page.get_by_role("button", name="Send").click()
    page.wait_for_load_state()
    assert eventually(lambda: known.lead() is not None, 20)
    lead = known.lead()
    kept = first.storage_state()
    first.close()
    rosa.locator(".ring-card", has_text="Okafor who returns").get_by_role(
        "button", name="Accept and call"
    ).click()
    rosa.get_by_role("button", name="No answer").click()
    expect(rosa.locator("main")).not_to_contain_text("Calling now")
    rosa.goto(f"/leads/{lead}/")
    rosa.locator("#act-loss summary").click()
    rosa.locator("#act-loss label.chip", has_text="no longer interested").click()
    rosa.get_by_role("button", name="Close as lost").click()
    expect(rosa.locator("main")).to_contain_text("Open again")
    rosa.goto("/desk/")
    expect(rosa.locator(".seen-card")).to_have_count(0)

    # A new session, another day for them: the alert is there while they look.
    second = browser.new_context(base_url=address, storage_state=kept)
    page = second.new_page()
    page.goto("/cars/hyundai/kona/N-41/")
    card = rosa.locator(".seen-card", has_text="Okafor who returns")
    expect(card).to_be_visible()
    expect(card).to_contain_text("on the website now")
    expect(card).to_contain_text(re.compile("kona", re.I))
    expect(card).to_contain_text("again")
    shown = look(rosa, "/desk/") + look(rosa, "/unlost/") + look(rosa, "/visitors/")
    assert shown + look(ines, "/unlost/") + look(ines, "/visitors/") == []
    expect(rosa.locator("main")).to_contain_text("page views in 30 minutes")
    rosa.goto("/unlost/")
    expect(rosa.locator(".unlost-rows")).to_contain_text("Okafor who returns")
    rosa.goto(f"/leads/{lead}/")
    expect(rosa.locator(".story")).to_contain_text("Seen on the website again: opened again")
    expect(rosa.locator(".story")).to_contain_text("Rosa was told")
    rosa.goto("/desk/")
    card.get_by_role("button", name="Call").click()
    expect(rosa.locator(".talk-card, .call-card, main").first).to_contain_text("Okafor who returns")
    expect(rosa.locator(".seen-card")).to_have_count(0)

    # Erased on request: what they looked at is gone, the lead stays.
    page.goto("/privacy.html")
    page.get_by_role("button", name="Erase it").click()
    expect(page.locator("#known")).to_have_text("Erased.")
    rosa.goto(f"/leads/{lead}/")
    expect(rosa.locator(".story")).to_contain_text("Seen on the website again")
    expect(rosa.locator(".story")).not_to_contain_text("On the website:")
    expect(rosa.get_by_role("heading", name="On the website")).to_have_count(0)
    known.database.close()
    second.close()

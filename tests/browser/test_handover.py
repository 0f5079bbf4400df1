"""From the BDC to the showroom and back: booked, accepted, confirmed with a video that is opened, missed, recovered."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.camera import A_PERSON, record, shows, use, with_camera
from tests.browser.conftest import Northside, Visit
from tests.browser.test_every_page import look

pytestmark = pytest.mark.browser

NAME = "Mr Verbeek"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from with_camera()


@pytest.fixture(scope="module")
def house_with_bdc(northside_house: Northside) -> Northside:
    told = northside_house.house.run("tests.browser.agent", "hire", str(northside_house.house.folder))
    bea = json.loads(told.stdout.splitlines()[-1])
    northside_house.people["Bea"] = bea
    return northside_house


def test_booked_by_the_bdc_accepted_confirmed_missed_and_recovered(
    house_with_bdc: Northside, visit: Visit, browser: Browser
) -> None:
    house = house_with_bdc
    bea = visit("Bea", 1440)
    expect(bea).to_have_url(re.compile("/bdc/$"))
    expect(bea.locator("main")).to_contain_text("Nobody waits for the BDC")
    house.lead(NAME, 60_000_001)
    row = bea.locator(".queue li", has_text=NAME)
    expect(row).to_be_visible()
    expect(bea.get_by_role("note")).to_contain_text("S3: in opening hours")
    row.get_by_role("button").click()

    expect(bea.locator(".script").first).to_contain_text("this is Bea Jansen of Northside")
    lead = re.search(r"/leads/(\d+)/", bea.url)
    assert lead is not None
    number = lead[1]
    assert look(bea, f"/leads/{number}/qualification/") == []
    bea.locator(".ask", has_text="trade in").locator("label.chip", has_text="yes").click()
    bea.locator(".free", has_text="Rosa").locator("label.chip").first.click()
    bea.get_by_label("What was agreed").fill("A test drive with the children")
    bea.get_by_label("What the customer wants to know").fill("Does the tow bar come with it?")
    bea.get_by_label("I told the customer who receives them").check()
    bea.get_by_role("button", name="Keep and hand over").click()
    expect(bea.locator("section:has(#offered)")).to_contain_text("offered to Rosa")

    rosa = visit("Rosa")
    card = rosa.locator(".hand-card", has_text=NAME)
    expect(card).to_contain_text("Handed to you: accept by")
    expect(card).to_contain_text("Does the tow bar come with it?")
    expect(card).to_contain_text("has a trade-in")
    card.get_by_role("button", name="Accept").click()
    expect(card).to_have_count(0)
    expect(bea.locator("section:has(#offered)")).to_contain_text("All handovers are accepted.")

    rosa.goto(f"/leads/{number}/video/")
    record(rosa)
    the_film = use(rosa)
    rosa.goto(f"/leads/{number}/")
    rosa.locator("section:has(#appointment)").get_by_role("button", name="By video mail").click()
    expect(rosa.locator(".story")).to_contain_text("Rosa confirmed by video mail")
    customer = browser.new_context(user_agent=A_PERSON, viewport={"width": 390, "height": 800})
    page = customer.new_page()
    page.goto(f"{house.base}{the_film}")
    page.locator("video").evaluate("video => { video.muted = true; return video.play() }")
    shows(rosa, "The video mail was opened")
    customer.close()

    contact = rosa.locator("#first-contact")
    expect(contact.locator("li")).to_have_text(
        [re.compile("Sell yourself"), re.compile("Sell the appointment"), re.compile("Then the car")]
    )
    contact.locator("label.chip", has_text="with understanding").click()
    contact.get_by_role("button", name="Kept").click()
    expect(contact).to_have_count(0)
    expect(rosa.locator(".story")).to_contain_text("First contact with Rosa: kept")
    expect(rosa.locator(".lead-head")).to_contain_text("2 people so far")

    house.house.run("tests.browser.agent", "come", str(house.house.folder), number)
    rosa.goto("/reception/")
    rosa.get_by_role("button", name=f"{NAME} did not come").click()
    expect(rosa.locator(".expected", has_text=NAME)).to_contain_text("no-show")
    ines = visit("Ines", 1440, "dark")
    ines.goto("/floor/breaches/")
    expect(ines.locator(".breach", has_text="Did not come")).to_contain_text(NAME)
    rosa.goto("/desk/")
    due = rosa.locator("section:has(#due) .task", has_text=NAME)
    expect(due).to_contain_text("did not come to the appointment: call at once")

    rosa.goto(f"/leads/{number}/")
    rosa.locator("#act-visit > summary").click()
    rosa.locator("#act-visit").get_by_role("button", name="Make the appointment").click()
    expect(rosa.locator("section:has(#appointment)")).to_be_visible()
    ines.goto("/floor/breaches/")
    expect(ines.locator("main")).not_to_contain_text("Did not come")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_between_bdc_and_salesperson(
    house_with_bdc: Northside, visit: Visit, width: int, theme: str
) -> None:
    bea, ines = visit("Bea", width, theme), visit("Ines", width, theme)
    pages = ("/bdc/", "/reception/", "/reports/fallout/", "/coaching/")
    complaints = [one for path in pages for one in look(bea, path)]
    assert [*complaints, *look(ines, "/reports/fallout/"), *look(ines, "/floor/breaches/")] == []


def test_the_script_works_without_javascript(house_with_bdc: Northside, visit: Visit) -> None:
    bea = visit("Bea", java_script_enabled=False)
    house_with_bdc.lead("Ms Verbeek", 60_000_002)
    row = bea.locator(".queue li", has_text="Ms Verbeek")
    for _ in range(240):
        bea.goto("/bdc/")
        if row.count():
            break
        bea.wait_for_timeout(250)
    row.get_by_role("button").click()
    bea.get_by_label("2. A quote").check()
    bea.get_by_label("To whom").select_option(label="Samir")
    bea.get_by_role("button", name="Keep and hand over").click()
    expect(bea.locator("section:has(#offered)")).to_contain_text("offered to Samir")

"""An importer's lead in real browsers: it rings at a dealer, isn't answered, goes to the next, and is taken there."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Northside, Visit
from tests.browser.test_every_page import look
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.browser

NAME = "Ms Abdullah"


@pytest.fixture(scope="module")
def importers_key(northside_house: Northside) -> str:
    told = json.loads(
        northside_house.house.run(
            "tests.browser.importer", str(northside_house.house.folder)
        ).stdout.splitlines()[-1]
    )
    northside_house.people |= {one["name"]: one for one in told["people"]}
    return str(told["key"])


def send(house: Northside, key: str, name: str, phone: str, make: str) -> None:
    body = json.dumps(
        {"name": name, "phone": phone, "make": make, "model": "Kona", "dealer": "Northside"}
    ).encode()
    request = urllib.request.Request(f"{house.base}/in/{key}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        assert answer.status == 202


def test_who_doesnt_answer_loses_it_to_the_next(
    northside_house: Northside, importers_key: str, visit: Visit
) -> None:
    femke, rosa, lena = visit("Femke", 1440), visit("Rosa"), visit("Lena")
    expect(femke).to_have_url(re.compile("/network/sent/$"))
    expect(femke.locator("main")).to_contain_text("Nothing waits for you")
    assert look(femke, "/network/agreements/") == []
    femke.goto("/network/sent/")

    send(northside_house, importers_key, NAME, "0670000001", "Hyundai")
    expect(femke.locator("section:has(#running-title)")).to_contain_text("Northside")
    expect(femke.locator("main")).to_contain_text("the customer chose this dealer")
    expect(femke.locator("main")).not_to_contain_text(NAME)
    rosa.goto("/leads/")
    rosa.get_by_role("link", name=NAME).first.click()
    expect(rosa.locator("main")).to_contain_text("From Aurora Import: accept or call until")
    at_northside = re.search(r"/leads/(\d+)/", rosa.url)
    assert at_northside

    northside_house.house.run("tests.browser.importer", "expire", str(northside_house.house.folder))
    expect(rosa.locator(".story")).to_contain_text("Taken back by the importer")
    card = lena.locator(".ring-card", has_text=NAME)
    expect(card).to_be_visible()
    card.get_by_role("button", name="Accept and call").click()
    expect(lena.locator(".talk-card", has_text=NAME)).to_be_visible()
    newest = femke.locator("section:has(#newest-title)")
    expect(newest).to_contain_text("Northside (not answered in time) → Southside (taken)")
    expect(femke.locator("main")).not_to_contain_text(NAME)
    expect(femke.locator("section:has(#answering-title)")).to_contain_text("Southside")

    # Nobody sells it: the importer decides, and sees who asks until a dealer has them.
    send(northside_house, importers_key, "Mr Decided", "0670000002", "Lada")
    waits = femke.locator("section:has(#decide-title)")
    expect(waits).to_contain_text("Mr Decided")
    for width in (390, 1440):
        femke.set_viewport_size({"width": width, "height": 900})
        assert look(femke, "/network/sent/") == []
    # Nobody is preset: one tap gives a lead to no dealer by mistake.
    waits.get_by_role("button", name="Give to this dealer").click()
    expect(waits).to_contain_text("Mr Decided")
    waits.get_by_label("Dealer").select_option(label="Southside")
    waits.get_by_role("button", name="Give to this dealer").click()
    expect(waits).to_contain_text("Nothing waits for you")
    expect(lena.locator(".ring-card", has_text="Mr Decided")).to_be_visible()
    expect(femke.locator("main")).not_to_contain_text("Mr Decided")


SIDEWAYS = "[...document.querySelectorAll('.table-responsive')].filter(one => one.scrollWidth > one.clientWidth).length"


def test_an_importers_tables_are_read_on_a_phone(
    northside_house: Northside, importers_key: str, visit: Visit
) -> None:
    """None scrolls sideways: each number stands below what it is."""
    femke = visit("Femke")
    for path, title in (("/network/sent/", "The books"), ("/network/", "Today")):
        assert look(femke, path) == []
        card = femke.locator("section", has=femke.get_by_role("heading", name=title, exact=True))
        expect(card.locator("td[data-is=received]").first).to_be_visible()
        assert femke.evaluate(SIDEWAYS) == 0, path

"""The telephone's screens in a real browser: a call as it happens, and every page narrow and wide, light and dark."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Northside, Visit
from tests.browser.test_every_page import look
from tests.waiting import eventually

pytestmark = pytest.mark.browser
numbers: Iterator[int] = count(50_000_001)
#: In one go: the page refreshes itself meanwhile.
ROOM = """(() => {
    const place = one => document.querySelector(`.calls-now ${one}`).getBoundingClientRect()
    const said = place('.live-what'), button = place('summary')
    return [said.width, said.bottom, button.top]
})()"""
LONG = "Mrs Constantinopolitanescu-van den Broek-Wielandt"


class Telephone:
    """What happens on a line for this customer."""

    def __init__(self, house: Northside, customer: str) -> None:
        self.house, self.customer = house, customer

    def __call__(self, what: str, person: str = "Rosa") -> None:
        number = str(self.house.people[person]["id"])
        self.house.house.run("tests.browser.phone", str(self.house.house.folder), number, self.customer, what)


@pytest.fixture
def line(northside_house: Northside) -> Iterator[Telephone]:
    number = next(numbers)
    name = f"{LONG} {number % 100}"
    northside_house.lead(name, number)
    with northside_house.house.reading() as reading:
        asked = "select 1 from leadbell_customer where full_name = %s"
        assert eventually(lambda: reading.execute(asked, [name]).fetchone() is not None, 20)
    told = Telephone(northside_house, name)
    told("lines")
    yield told
    told("away")


def test_a_call_as_it_happens(line: Telephone, visit: Visit) -> None:
    """Nobody touches the page: each step arrives by itself, and the clock runs."""
    page = visit("Rosa")
    page.goto("/desk/")
    line("rings")
    expect(page.get_by_text("Your phone rings: pick it up and press 1").first).to_be_visible()
    line("picked_up")
    expect(page.get_by_text("You have picked up: press 1").first).to_be_visible()
    line("accepted")
    expect(page.get_by_text(f"Connecting {line.customer} …")).to_be_visible()
    line("customer_rings")
    expect(page.get_by_text(f"It rings at {line.customer}")).to_be_visible()
    line("connected")
    expect(page.get_by_text(f"You talk with {line.customer}")).to_be_visible()
    clock = page.locator(".talk-head time")
    expect(clock).to_have_text("0:02")
    expect(page.get_by_role("button", name="No answer")).to_have_count(0)
    assert look(page, "/desk/") == []
    line("ended")
    expect(page.get_by_text("What came of it?")).to_be_visible()
    expect(page.get_by_text("You talked 0:42")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_every_page(line: Telephone, visit: Visit, width: int, theme: str) -> None:
    line("past")
    line("rings")
    rosa, ines = visit("Rosa", width, theme), visit("Ines", width, theme)
    complaints = [one for path in ("/desk/", "/calls/", "/me/phone/", "/leads/") for one in look(rosa, path)]
    ines.goto("/dealer/")
    phone = ines.get_by_role("link", name="Phone", exact=True).get_attribute("href") or ""
    empty = "/calls/?outcome=line_down&kind=test"
    for path in ("/calls/?period=all", empty, "/floor/", "/floor/?wall", phone, f"{phone}?language=nl"):
        complaints += look(ines, path)
    assert complaints == []


def test_a_refusal_is_seen_however_far_down_its_form_stands(line: Telephone, visit: Visit) -> None:
    page = visit("Ines")
    page.goto("/dealer/")
    page.goto(page.get_by_role("link", name="Phone", exact=True).get_attribute("href") or "")
    page.get_by_label("Number", exact=True).fill("12")
    page.get_by_label("Name where customers find it").fill("Van")
    page.get_by_label("Name where customers find it").press("Enter")
    said = page.get_by_role("alert").filter(has_text="“12” is no phone number.")
    expect(said).to_be_focused()
    expect(said).to_be_in_viewport(ratio=1)


def test_a_call_and_its_end_have_room_on_a_phone(line: Telephone, visit: Visit) -> None:
    for what in ("rings", "picked_up", "accepted", "connected"):
        line(what)
    page = visit("Ines")
    page.goto("/floor/")
    under_way = page.locator(".calls-now > li")
    asks_back = under_way.locator("summary", has_text=f"Hang up… · {line.customer}")
    expect(asks_back).to_be_visible()
    width, said_until, button_from = page.evaluate(ROOM)
    assert width > 200
    assert button_from >= said_until, "below what it ends"
    asks_back.click()
    expect(under_way.get_by_role("button", name="Hang up for both")).to_be_in_viewport(ratio=1)
    assert look(page, "/floor/") == []

"""Listening back in a real browser: Ines marks a conversation by keyboard, Rosa reads what was heard."""

import re
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Northside, Visit
from tests.browser.test_player import until
from tests.waiting import eventually

pytestmark = pytest.mark.browser

numbers = count(46_000_001)
SOUND = "document.querySelector('[data-audio]').currentTime"


def conversation(house: Northside, seconds: int = 60) -> str:
    """The review page of a recorded conversation of Rosa's with somebody new."""
    number = next(numbers)
    name = f"Mrs Heard {number % 100}"
    house.lead(name, number)
    with house.house.reading() as reading:
        asked = "select 1 from leadbell_customer where full_name = %s"
        assert eventually(lambda: reading.execute(asked, [name]).fetchone() is not None, 30)
    told = house.house.run(
        "tests.browser.call", str(house.house.folder), name, str(house.people["Rosa"]["id"]), str(seconds),
        str(seconds),
    )  # fmt: skip
    return f"/review/{told.stdout.split()[-1]}/"


def test_a_conversation_is_heard_marked_and_read(northside_house: Northside, visit: Visit) -> None:
    path = conversation(northside_house)
    ines = visit("Ines", 1440)
    ines.goto(path)
    play = ines.get_by_role("button", name="Play")
    expect(play).to_be_visible()
    ines.keyboard.press(" ")
    until(ines, f"{SOUND} > 0.3")
    ines.keyboard.press("ArrowRight")
    until(ines, f"{SOUND} > 5")
    ines.keyboard.press(" ")
    until(ines, "document.querySelector('[data-audio]').paused")

    ines.keyboard.press("o")
    expect(ines.get_by_label("a real chance")).to_be_checked()
    ines.keyboard.press("a")
    expect(ines.locator("#asked-yes")).to_be_checked()
    for said in ("yes", "no", "unknown", "yes"):
        ines.keyboard.press("m")
        expect(ines.locator(f"#made-{said}")).to_be_checked()
    ines.keyboard.press("c")
    expect(ines.locator("#moment-text")).to_be_focused()
    expect(ines.locator("#moment-at")).not_to_have_value("0:00")
    ines.keyboard.type("No question after the budget: o a m")
    ines.keyboard.press("Enter")
    expect(ines.locator(".moment-list")).to_contain_text("No question after the budget: o a m")
    expect(ines.get_by_label("a real chance")).to_be_checked()
    expect(ines.locator("#asked-yes")).to_be_checked()

    ines.keyboard.press("Control+Enter")
    expect(ines.locator(".review-marks .card-actions")).to_contain_text("version 1")
    ines.locator(".review-marks").get_by_label("service question").check()
    ines.get_by_role("button", name="Keep as the next version").click()
    expect(ines.locator(".review-marks .card-actions")).to_contain_text("version 2")
    expect(ines.get_by_text("1 former version")).to_be_visible()

    rosa = visit("Rosa")
    rosa.goto(path)
    expect(rosa.get_by_text("Ines heard")).to_be_visible()
    expect(rosa.locator(".moment-list")).to_contain_text("No question after the budget")
    expect(rosa.get_by_role("button", name=re.compile("^Keep"))).to_have_count(0)
    rosa.locator("[data-seek]").first.click()
    expect(rosa.get_by_role("slider")).not_to_have_attribute("aria-valuenow", "0")


def test_what_was_said_is_read_corrected_and_found(northside_house: Northside, visit: Visit) -> None:
    path = conversation(northside_house, 40)
    northside_house.house.run("tests.browser.transcript", str(northside_house.house.folder))
    ines = visit("Ines", 1440)
    ines.goto(path)
    said = ines.locator("#transcript .said-list > li")
    expect(said).to_have_count(6)
    ines.get_by_text("Would you like to come by on Saturday").last.click()
    expect(ines.get_by_role("slider")).to_have_attribute("aria-valuenow", "20")

    ines.locator("#hints > summary").click()
    expect(ines.locator("#hints")).to_contain_text("the appointment might be made here")
    ines.locator("#hints li", has_text="made here").get_by_role("button", name="Mark it so").click()
    expect(ines.locator("#made-yes")).to_be_checked()
    expect(ines.locator(".review-marks .card-actions")).to_have_count(0)

    ines.get_by_role("link", name="Correct what was said at 0:26").click()
    ines.locator(".said-correct textarea").fill("Saturday is fine, at a quarter past eleven.")
    ines.get_by_role("button", name="Correct", exact=True).click()
    expect(said.nth(4)).to_contain_text("at a quarter past eleven")
    expect(said.nth(4)).to_contain_text("corrected by Ines")
    expect(ines.locator("#made-yes")).to_be_checked()

    ines.goto("/review/")
    ines.get_by_label("Words that were said").fill("quarter")
    ines.get_by_role("button", name="Find").click()
    expect(ines.locator("mark")).to_have_text(["quarter"])
    ines.locator(".word-places .said-at").click()
    expect(ines.locator(".said-list > li.sought")).to_contain_text("quarter past eleven")
    expect(ines.get_by_role("slider")).to_have_attribute("aria-valuenow", "26")

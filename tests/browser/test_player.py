"""The player of a recorded call, in a real browser: it plays, seeks by hand and by key, and outlives a refresh."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Northside, Visit, until
from tests.browser.test_every_page import look
from tests.waiting import eventually

pytestmark = pytest.mark.browser

numbers: Iterator[int] = count(40_000_001)
PLAYS = "!document.querySelector('[data-audio]').paused"
SOUND = "document.querySelector('[data-audio]').currentTime"


def recorded(house: Northside, person: str, seconds: int = 60, recorded_s: int = 60) -> str:
    """The page of a lead whose call with this person was recorded."""
    number = next(numbers)
    name = f"Mr Recorded {number % 100}"
    house.lead(name, number)
    with house.house.reading() as reading:
        asked = "select 1 from leadbell_customer where full_name = %s"
        assert eventually(lambda: reading.execute(asked, [name]).fetchone() is not None, 20)
    told = house.house.run(
        "tests.browser.call", str(house.house.folder), name, str(house.people[person]["id"]),
        str(seconds), str(recorded_s),
    )  # fmt: skip
    return f"/leads/{told.stdout.split()[-2]}/"


def slider(page: Page) -> Any:
    return page.get_by_role("slider", name="Position in the recording")


def tap(page: Page, share: float) -> None:
    """Where that share of the conversation is over."""
    box = slider(page).bounding_box()
    assert box
    slider(page).click(position={"x": box["width"] * share, "y": box["height"] / 2})


def refresh(page: Page) -> None:
    """As it does by itself after every fact."""
    page.evaluate(
        "new Promise(done => { htmx.on(document.body, 'htmx:afterSettle', done, { once: true });"
        " htmx.trigger(document.body, 'changed') })"
    )


def at(page: Page) -> int:
    return int(slider(page).get_attribute("aria-valuenow") or 0)


def test_it_plays_seeks_and_goes_on_while_the_page_refreshes(
    northside_house: Northside, visit: Visit
) -> None:
    page = visit("Rosa", 1440)
    page.goto(recorded(northside_house, "Rosa"))
    expect(slider(page)).to_have_attribute("aria-valuetext", "0:00 of 1:00")
    play = page.get_by_role("button", name="Play")
    play.click()
    until(page, f"{SOUND} > 0.3")
    page.get_by_label("Speed").select_option("2")
    assert page.evaluate("document.querySelector('[data-audio]').playbackRate") == 2

    page.evaluate(
        "window.before = document.querySelector('[data-audio]'); htmx.trigger(document.body, 'resync')"
    )
    refresh(page)
    assert page.evaluate("window.before === document.querySelector('[data-audio]')")
    assert page.evaluate(PLAYS), "a refresh doesn't interrupt"

    tap(page, 0.75)
    until(page, f"{SOUND} > 44.9 && {SOUND} < 50")
    play.click()
    until(page, f"!({PLAYS})")
    slider(page).press("Home")
    assert at(page) == 0
    for key, seconds in (("ArrowRight", 5), ("PageUp", 35), ("ArrowLeft", 30), ("End", 60)):
        slider(page).press(key)
        assert at(page) == seconds, key
    slider(page).press("ArrowLeft")
    refresh(page)
    expect(slider(page)).to_be_focused()
    page.keyboard.press(" ")
    until(page, PLAYS)
    until(page, f"!({PLAYS}) && {SOUND} > 59")


def test_what_is_missing_is_skipped_and_said(northside_house: Northside, visit: Visit) -> None:
    page = visit("Rosa")
    page.goto(recorded(northside_house, "Rosa", 60, 40))
    expect(page.locator(".recording-gaps")).to_have_text("Not recorded: 0:00–0:20")
    assert at(page) == 20, "nothing is played as if it were silence"
    slider(page).press("ArrowRight")
    assert (at(page), page.evaluate(SOUND)) == (25, 5)
    tap(page, 0.1)
    expect(slider(page)).to_have_attribute("aria-valuenow", "20")
    with northside_house.house.reading() as reading:
        asked = """
            select count(*) from leadbell_playback p join leadbell_recording r on r.id = p.recording_id
            where jsonb_array_length(r.gaps) = 1
        """
        assert reading.execute(asked).fetchone() == (0,), "looking is not listening"
        page.get_by_role("button", name="Play").click()
        until(page, f"{SOUND} > 0.3")
        assert reading.execute(asked).fetchone() == (1,)


def test_without_javascript_it_is_an_ordinary_player(northside_house: Northside, visit: Visit) -> None:
    path = recorded(northside_house, "Rosa")
    page = visit("Rosa", java_script_enabled=False)
    page.goto(path)
    expect(page.locator("audio[controls]")).to_be_visible()
    expect(page.locator("[data-controls]")).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_it_can_be_seen_and_used_by_all(
    northside_house: Northside, visit: Visit, width: int, theme: str
) -> None:
    path = recorded(northside_house, "Rosa", 60, 48)
    rosa, ines = visit("Rosa", width, theme), visit("Ines", width, theme)
    rosa.goto(path)
    rosa.get_by_role("button", name="Play").click()
    until(rosa, f"{SOUND} > 0.3")
    assert look(rosa, path) + look(ines, path) == []
    expect(ines.get_by_text("listened to once")).to_be_visible()
    shapes = ines.evaluate("document.querySelector('.player-wave use').getBBox().width")
    assert shapes > 500, "the waveform is drawn"

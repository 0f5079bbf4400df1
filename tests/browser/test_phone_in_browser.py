"""A salesperson's phone in a real Chromium, at a real Asterisk, from a posted lead to hanging up on the page."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.conftest import CHROMIUM, PATIENCE_MS, QUIETLY, RING_S
from tests.browser.test_every_page import AXE
from tests.journeys.test_phone import OUTSIDE_HZ, Town, town
from tests.ring.lines.phones import Ringing, loudest
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.phone, pytest.mark.browser, pytest.mark.slow]

#: What Rosa's microphone hears.
ROSA_HZ = 700
#: How loud the last moments were that the page let her hear, and its loudest tone.
EARS = """async () => {
    const stream = document.querySelector('[data-heard]').srcObject
    if (!stream) return [0, 0]
    window.ears ??= (() => {
        const context = new AudioContext(), ears = context.createAnalyser()
        ears.fftSize = 8192
        context.createMediaStreamSource(stream).connect(ears)
        return { context, ears }
    })()
    await window.ears.context.resume()
    const { context, ears } = window.ears
    const tones = new Float32Array(ears.frequencyBinCount)
    ears.getFloatFrequencyData(tones)
    const most = tones.indexOf(Math.max(...tones))
    return [tones[most], most * context.sampleRate / ears.fftSize]
}"""
LOUD_DB = -60
OPEN = "select 1 from leadbell_person where browser_open_at is not null"
#: A folder, to look at what the tests see.
PICTURES = os.environ.get("LEADBELL_PICTURES")


@pytest.fixture
async def northside(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path / "house", RING_S) as here:
        here.reading.execute("update leadbell_person set on_shift = false where name <> 'Rosa'")
        yield here


def _chromium() -> str:
    return next(filter(None, map(shutil.which, CHROMIUM)))


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[Browser]:
    t = np.arange(ROSA_HZ * 480) / 48_000
    soundfile.write(tmp_path / "rosa.wav", 0.3 * np.sin(2 * np.pi * ROSA_HZ * t), 48_000, subtype="PCM_16")
    heard = ("--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={tmp_path}/rosa.wav")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=_chromium(), args=[*QUIETLY, *heard, "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        await browser.close()


async def signed_in(
    northside: Town, chromium: Browser, microphone: bool = True
) -> tuple[BrowserContext, Page]:
    """Rosa on the page of her phone, who has chosen that calls ring in her browser."""
    host, port = northside.house.http or ("", 0)
    context = await chromium.new_context(base_url=f"http://{host}:{port}", locale="en-GB")
    if microphone:
        await context.grant_permissions(["microphone"])
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    person = next(one for one in northside.made["people"] if one["name"] == "Rosa")
    await page.goto("/")
    await page.locator("input[name=login]").fill(person["email"])
    await page.locator("input[name=password]").fill(person["password"])
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("main[data-page]:not([data-page=''])")
    await page.goto("/me/phone/")
    await page.get_by_label("in this browser").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Your phone’s window is").first).to_be_visible()
    return context, page


async def opened(page: Page) -> Page:
    """The phone's own window, ready to ring."""
    async with page.context.expect_page() as window:
        await page.locator("main [data-phone-window]").click()
    phone = await window.value
    await expect(phone.get_by_text("Ready: calls ring here")).to_be_visible()
    return phone


async def hears(phone: Page, hz: int | None = None) -> None:
    """Until what the page lets its person hear is loud, and this tone."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            level, tone = await phone.evaluate(EARS)
            if level > LOUD_DB and (hz is None or abs(tone - hz) < 15):
                return
            await asyncio.sleep(0.05)


async def test_a_lead_rings_in_the_browser_and_both_hear_each_other(
    northside: Town, chromium: Browser
) -> None:
    context, page = await signed_in(northside, chromium)
    phone = await opened(page)
    await expect(page.get_by_text("Your phone’s window is open.")).to_be_visible()
    northside.post()
    await phone.get_by_role("button", name="Pick up").click()
    await expect(phone.get_by_text("On the line")).to_be_visible()
    await hears(phone)  # who it is
    await page.goto("/leads/")  # a call outlives every page
    await phone.get_by_role("button", name="1 Call the customer").click()
    dialled = await northside.customer.rings()
    await dialled.answer()
    await dialled.hears(ROSA_HZ)
    await hears(phone, OUTSIDE_HZ)
    await asyncio.sleep(3)  # the announcement is over, they talk
    await phone.get_by_role("button", name="Mute").click()
    await expect(phone.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    await northside.until(lambda: loudest(bytes(dialled.heard[-3200:])) == 0)
    await phone.get_by_role("button", name="Hang up").click()
    await dialled.ends()
    await expect(phone.get_by_text("Ready: calls ring here")).to_be_visible()
    await northside.until(lambda: "attempt_ended" in northside.kinds())
    ended = next(fact for fact in northside.facts() if fact["type"] == "attempt_ended")
    assert ended["outcome"] == "conversation"
    await northside.until_nothing_hangs()
    await context.close()
    status, _, stored_as = await northside.until(northside.recording)
    assert status == "kept"
    assert both_speak(northside.house.folder / "recordings" / stored_as)


def both_speak(recording: Path) -> bool:
    """There is a moment with the customer's tone on the left and Rosa's on the right."""
    sound, rate = soundfile.read(recording, dtype="int16")
    moments = [sound[at : at + rate // 5] for at in range(0, len(sound), rate // 5)]
    return any(
        [loudest(moment[:, side].tobytes()) for side in (0, 1)] == [OUTSIDE_HZ, ROSA_HZ] for moment in moments
    )


async def test_a_page_loaded_again_in_mid_call_calls_the_customer_back(
    northside: Town, chromium: Browser
) -> None:
    _, page = await signed_in(northside, chromium)
    phone = await opened(page)
    phone.on("dialog", lambda dialog: dialog.accept())
    northside.post()
    dialled = await talks(northside, phone)
    await expect(phone.get_by_text("You talk with Mr Okafor")).to_be_visible()
    await phone.reload()
    await dialled.ends()
    await expect(phone.get_by_text("This page was loaded again")).to_be_visible()
    again = await talks(northside, phone)
    await expect(phone.get_by_text("This page was loaded again")).to_be_hidden()
    await phone.get_by_role("button", name="Hang up").click()
    await again.ends()
    await northside.until(lambda: northside.kinds().count("attempt_ended") == 2)
    await expect(phone.get_by_role("button", name="Call back")).to_be_visible()
    await northside.until_nothing_hangs()


async def talks(northside: Town, phone: Page) -> Ringing:
    """She picks up, presses 1, and the customer hears her."""
    await phone.get_by_role("button", name="Pick up").click()
    await expect(phone.get_by_text("On the line")).to_be_visible()
    await phone.get_by_role("button", name="1 Call the customer").click()
    dialled = await northside.customer.rings()
    await dialled.answer()
    await dialled.hears(ROSA_HZ)
    return dialled


async def test_a_window_that_closes_leaves_the_bell_to_the_desk(northside: Town, chromium: Browser) -> None:
    _, page = await signed_in(northside, chromium)
    phone = await opened(page)
    second = await page.context.new_page()
    await second.goto("/me/phone/window/")
    await expect(second.get_by_text("Your phone is open in another window")).to_be_visible()
    await page.goto("/desk/")
    await expect(page.locator("[data-phone-window]")).to_be_hidden()
    northside.post()
    await expect(phone.get_by_role("button", name="Pick up")).to_be_visible()
    await expect(second.get_by_role("button", name="Pick up")).to_be_hidden()
    await second.close()
    await phone.close()
    await northside.until(lambda: all(status == "over" for status, _ in northside.calls()))
    await expect(page.get_by_role("button", name="Accept").first).to_be_visible()
    assert northside.kinds()[:2] == ["arrived", "rang"], "her desk rings on"
    await expect(page.locator("[data-phone-window]")).to_be_visible()
    await northside.until(lambda: not northside.reading.execute(OPEN).fetchone())
    northside.post("Mrs Jansen")
    assert await northside.rosa.rings(), "her own phone rings while the window is closed"


async def test_another_window_takes_over_and_another_device_says_so(
    northside: Town, chromium: Browser
) -> None:
    _, page = await signed_in(northside, chromium)
    phone = await opened(page)
    second = await page.context.new_page()
    await second.goto("/me/phone/window/")
    await phone.close()
    await expect(second.get_by_text("Ready: calls ring here")).to_be_visible()
    _, elsewhere = await signed_in(northside, chromium)
    await opened(elsewhere)
    await expect(second.get_by_text("opened on another device")).to_be_visible()


async def test_who_can_not_pick_up_for_want_of_a_microphone_is_rung_elsewhere(
    northside: Town, chromium: Browser
) -> None:
    context, page = await signed_in(northside, chromium)
    phone = await opened(page)
    await context.clear_permissions()
    northside.post()
    await phone.get_by_role("button", name="Pick up").click()
    await expect(phone.get_by_text("doesn’t let Leadbell use the microphone")).to_be_visible()
    await northside.until(lambda: not northside.reading.execute(OPEN).fetchone())
    await context.grant_permissions(["microphone"])
    await phone.get_by_role("button", name="Switch the phone on").click()
    await expect(phone.get_by_text("Ready: calls ring here")).to_be_visible()


async def test_what_keeps_the_microphone_away_is_said(northside: Town, chromium: Browser) -> None:
    _, page = await signed_in(northside, chromium, microphone=False)
    await page.goto("/me/phone/window/")
    await page.get_by_role("button", name="Switch the phone on").click()
    await expect(page.get_by_text("doesn’t let Leadbell use the microphone")).to_be_visible()
    without = await chromium.browser_type.launch(executable_path=_chromium(), args=list(QUIETLY))
    _, bare = await signed_in(northside, without)
    await bare.goto("/me/phone/window/")
    await expect(bare.get_by_text("There is no microphone")).to_be_visible()
    await without.close()


async def test_the_window_in_every_state(northside: Town, chromium: Browser) -> None:
    _, page = await signed_in(northside, chromium)
    complaints = await looks(page, "my-phone")
    phone = await opened(page)
    complaints += await looks(phone, "ready")
    northside.post()
    await expect(phone.get_by_role("button", name="Pick up")).to_be_visible()
    complaints += await looks(phone, "rings")
    await phone.get_by_role("button", name="Pick up").click()
    await expect(phone.get_by_text("On the line")).to_be_visible()
    complaints += await looks(phone, "talks")
    await phone.keyboard.press("2")
    # Passed on: the line is free, and the lead may ring here again as one of everybody.
    await expect(phone.get_by_text("On the line")).to_be_hidden()
    assert complaints == []


async def looks(page: Page, name: str) -> list[str]:
    """What axe finds serious or critical, and what hangs over the edge: narrow and wide, light and dark."""
    complaints = []
    for width, theme in ((390, "light"), (390, "dark"), (1440, "light")):
        # Colours that are still changing have no contrast to measure.
        await page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of the two
        await page.set_viewport_size({"width": width, "height": 800})
        if PICTURES:
            await page.screenshot(path=f"{PICTURES}/{name}-{width}-{theme}.png")
        await page.evaluate(AXE)
        found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        complaints += [
            f"{name}: {one['id']} {one['help']} ({one['nodes'][0]['html'][:160]})"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        if await page.evaluate(
            "document.scrollingElement.scrollWidth > document.documentElement.clientWidth"
        ):
            complaints.append(f"{name}: hangs over the edge at {width}")
    return complaints

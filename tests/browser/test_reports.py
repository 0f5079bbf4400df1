"""Reports in a real browser: alive, drawn, printed, and readable without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Northside, Visit

pytestmark = pytest.mark.browser
#: The row behind a report follows its fact within a second; a busy machine may take longer.


def received(page: Page) -> int:
    said = page.locator(".funnel-steps li").first.locator(".funnel-said b").inner_text()
    return int(re.sub(r"\D", "", said))


def test_a_lead_appears_on_an_open_report(northside_house: Northside, visit: Visit) -> None:
    northside_house.lead("Mr Okafor", 71_000_001)
    ines = visit("Ines", 1440)
    ines.goto("/reports/")
    expect(ines.locator(".funnel-steps li").first).to_be_visible()
    before = received(ines)
    northside_house.lead("Ms Lindqvist", 71_000_002)
    first = ines.locator(".funnel-steps li").first.locator(".funnel-said b")
    expect(first).not_to_have_text(str(before))
    assert received(ines) > before


def test_charts_are_drawn_and_printed(northside_house: Northside, visit: Visit) -> None:
    northside_house.lead("Mr Okafor", 71_000_003)
    ines = visit("Ines", 1440)
    ines.goto("/reports/?section=funnel")
    ladder = ines.locator("section[aria-labelledby=c-attempts_ladder]")
    expect(ladder.locator(".chart-live canvas")).to_be_visible()
    expect(ladder.locator(".chart-still svg")).to_be_hidden()
    ines.emulate_media(media="print")
    expect(ladder.locator(".chart-still svg")).to_be_visible()
    expect(ladder.locator(".chart-live")).to_be_hidden()
    expect(ines.locator(".bottom, .report-filters")).to_have_count(2)
    for gone in (".report-filters", "header.top"):
        expect(ines.locator(gone)).to_be_hidden()


def test_without_scripts_the_pictures_and_tables_stand_there(
    northside_house: Northside, visit: Visit
) -> None:
    ines = visit("Ines", 390, java_script_enabled=False)
    ines.goto("/reports/?section=talks")
    expect(ines.locator(".chart-still svg").first).to_be_visible()
    ines.locator(".chart-table > summary").first.press("Enter")
    expect(ines.locator(".chart-table table").first).to_be_visible()


def test_a_figure_opens_its_leads_and_keeps_the_filters(northside_house: Northside, visit: Visit) -> None:
    northside_house.lead("Mr Okafor", 71_000_004)
    ines = visit("Ines", 390)
    ines.goto("/reports/?period=7&origin=online")
    ines.locator(".figure a").first.click()
    ines.wait_for_url("**/reports/figures/**")
    assert "period=7" in ines.url
    assert "origin=online" in ines.url
    expect(ines.locator("main a[href^='/leads/']").first).to_be_visible()

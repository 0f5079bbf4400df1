"""A chat in two real browsers: asked on the website, answered at the desk; and one that nobody answers."""

import re
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Complaints, Northside, Visit
from tests.browser.test_every_page import look, serious
from tests.browser.test_visits import Known, browser, stored_on, website
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.browser

__all__ = ["browser", "website"]


def switch_on(ines: Page, site: int, patience_s: int) -> None:
    ines.goto("/dealer/")
    ines.get_by_role("link", name="Sites").click()
    ines.locator(f"#chat-{site} > summary").click()
    form = ines.locator(f"#chat-{site} form")
    form.locator("[name=chat]").select_option("on")
    form.locator("[name=patience_s]").fill(str(patience_s))
    form.get_by_role("button", name="Save").click()
    expect(ines.locator(f"section.card:has(#site-{site})")).to_contain_text(f"within {patience_s} seconds")


def wait_for_the_script(house: Northside, known: Known, part: bytes = b"attachShadow") -> None:
    row = known.database.execute("select key from leadbell_site where id = %s", [known.site]).fetchone()
    assert row

    def served() -> bool:
        with urllib.request.urlopen(f"{house.base}/v/more?site={row[0]}", timeout=PATIENCE_S) as answer:
            return part in answer.read()

    assert eventually(served, 10)


def kept_by(page: Page) -> list[str]:
    return [*stored_on(page), *page.evaluate("Object.keys(sessionStorage)")]


def test_asked_on_the_website_and_answered_at_the_desk(
    northside_house: Northside, browser: Browser, visit: Visit, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    known, complaints = Known(northside_house, site), Complaints()
    switch_on(ines, site, 60)
    wait_for_the_script(northside_house, known)
    rosa = visit("Rosa", 1440)
    rosa.goto("/desk/")
    context = browser.new_context(base_url=address, locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("console", complaints.console)
    page.on("pageerror", lambda error: complaints.said.append(str(error)))

    page.goto("/cars/kia/ev3/N-42/")
    page.get_by_role("button", name="Chat").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Chat with Northside")
    expect(dialog).to_contain_text("Nothing is stored on your device before you send something.")
    assert kept_by(page) == []
    assert [one for one in serious(page) if "leadbell-chat" in one] == []
    question = page.get_by_label("Your question")
    question.fill("Is the <b>EV3</b> in stock?")
    question.press("Enter")
    expect(dialog.get_by_role("log")).to_contain_text("Is the <b>EV3</b> in stock?")

    expect(rosa.locator(".ring-card")).to_contain_text("Somebody is in the chat")
    expect(rosa.locator(".ring-card")).to_contain_text("Is the <b>EV3</b> in stock?")
    rosa.get_by_role("button", name="Accept and answer").click()
    rosa.wait_for_url(re.compile(r"/leads/\d+/#chat"))
    rosa.get_by_label("Your answer").fill("It is: shall we drive it?")
    rosa.locator("#chat").get_by_role("button", name="Send").click()
    expect(dialog.get_by_role("log")).to_contain_text("It is: shall we drive it?")
    expect(dialog.get_by_role("log")).to_contain_text("Rosa")

    # On another page of the website the chat goes on, and what Rosa types meanwhile stays.
    rosa.get_by_label("Your answer").fill("Tomorrow at")
    page.get_by_role("link", name="Hyundai Kona").click()
    expect(page.get_by_role("dialog").get_by_role("log")).to_contain_text("shall we drive it?")
    page.get_by_label("Your question").fill("Yes please")
    page.get_by_role("button", name="Send").click()
    expect(rosa.locator("#chat .chat-lines")).to_contain_text("Yes please")
    expect(rosa.get_by_label("Your answer")).to_have_value("Tomorrow at")
    expect(rosa.locator(".story")).to_contain_text("Rosa answered the chat")

    page.get_by_role("button", name="End the chat").click()
    expect(page.get_by_role("dialog")).to_contain_text("This chat is over.")
    expect(rosa.locator("#chat")).to_contain_text("the visitor ended it")
    assert look(rosa, rosa.url.partition("#")[0]) == []
    page.get_by_role("button", name="Erase this chat").click()
    expect(page.get_by_role("dialog")).to_contain_text("Erased")
    assert "leadbell-chat" not in kept_by(page)
    rosa.reload()
    expect(rosa.locator("#chat")).to_contain_text("had this chat erased")
    expect(rosa.locator("main")).not_to_contain_text("EV3")
    assert complaints.said == []
    known.database.close()
    context.close()


def test_nobody_answers_and_it_becomes_an_online_lead(
    northside_house: Northside, browser: Browser, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    known = Known(northside_house, site)
    switch_on(ines, site, 3)
    wait_for_the_script(northside_house, known)
    context = browser.new_context(base_url=address, locale="en-GB", viewport={"width": 390, "height": 800})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("button", name="Chat").click()
    page.get_by_label("Your question").fill("Are you open on Saturday?")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nobody has answered yet, and your question is kept.")
    page.get_by_label("Your name").fill("Mrs Petrova of the chat")
    page.get_by_label("Phone number").fill("0612344321")
    page.get_by_role("button", name="Get back to me").click()
    expect(page.get_by_role("dialog")).to_contain_text("Thank you: somebody gets back to you.")

    def lead() -> tuple[str, str, str] | None:
        return known.database.execute(
            "select l.origin, l.message, c.full_name from leadbell_chat h join leadbell_lead l on l.id = h.lead_id"
            " join leadbell_customer c on c.id = l.customer_id where h.site = %s",
            [site],
        ).fetchone()

    expected = ("online", "Are you open on Saturday?", "Mrs Petrova of the chat")
    assert eventually(lambda: lead() == expected, 10), lead()
    known.database.close()
    context.close()


def test_a_form_of_the_websites_own_is_caught_and_goes_on_as_before(
    northside_house: Northside, browser: Browser, website: tuple[str, int, Page]
) -> None:
    address, site, ines = website
    known, complaints = Known(northside_house, site), Complaints()
    ines.goto("/dealer/")
    ines.get_by_role("link", name="Sites").click()
    ines.locator(f"#forms-{site} > summary").click()
    form = ines.locator(f"#forms-{site} form")
    form.locator("[name=forms]").select_option("on")
    form.get_by_role("button", name="Save").click()
    expect(ines.locator(f"section.card:has(#site-{site})")).to_contain_text("caught, beside the website")
    wait_for_the_script(northside_house, known, b"sendBeacon")
    context = browser.new_context(base_url=address)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.on("console", complaints.console)
    page.on("pageerror", lambda error: complaints.said.append(str(error)))
    page.goto("/testdrive.html")
    page.wait_for_load_state("networkidle")
    page.get_by_label("Your name").fill("Mr Caught")
    page.get_by_label("Mobile number").fill("0612987654")
    page.get_by_label("Credit card").fill("4111 1111 1111 1111")
    page.get_by_label("Your question").fill("On Saturday?")
    page.get_by_role("button", name="Ask for it").click()
    page.wait_for_url("**/index.html?**")
    assert "who=Mr+Caught" in page.url

    def bodies() -> list[bytes]:
        rows = known.database.execute(
            "select e.body from leadbell_envelope e join leadbell_caughtforms c on c.source_id = e.source_id"
            " where c.site = %s and e.status = 'read'",
            [site],
        )
        return [bytes(row[0]) for row in rows.fetchall()]

    assert eventually(lambda: len(bodies()) == 1, 10), bodies()
    [body] = bodies()
    assert b"Mr+Caught" in body
    assert b"0612987654" in body
    assert b"4111" not in body
    assert b"spring" not in body
    assert look(ines, "/missing/") == []
    assert complaints.said == []
    known.database.close()
    context.close()

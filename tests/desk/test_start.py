"""The first page, the sign-in, and the switches in the corner."""

import pytest
from django.urls import reverse

from leadbell.dealers.models import Organisation
from tests.conftest import DeskClient, make_person

pytestmark = pytest.mark.django_db


def test_outside_the_demo_the_first_page_is_the_sign_in(settings, rosa):
    settings.DEMO = False
    assert DeskClient().get("/").url == reverse("account_login")
    assert DeskClient().get("/start/").status_code == 404
    assert DeskClient().post("/start/", {"person": rosa.pk}).status_code == 404


def test_the_demo_offers_everybody_by_organisation(settings, rosa, ines, lena):
    settings.DEMO = True
    assert DeskClient().get("/").url == "/start/"
    page = DeskClient().get("/start/").content.decode()
    assert page.index("Northside") < page.index("Rosa") < page.index("Southside") < page.index("Lena")
    assert page.index("Ines") < page.index("Rosa"), "the manager stands first"


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("salesperson", "/desk/"),
        ("bdc", "/bdc/"),
        ("manager", "/floor/"),
        ("importer", "/network/sent/"),
        ("reception", "/reception/"),
    ],
)
def test_one_click_signs_in_and_leads_to_the_page_of_the_role(settings, northside, role, page):
    settings.DEMO = True
    somebody = make_person("Mei", northside, role)
    client = DeskClient()
    assert client.post("/start/", {"person": somebody.pk}).url == page
    assert client.get("/").url == page


def test_who_leads_a_groups_bdc_begins_with_its_page(settings, northside):
    settings.DEMO = True
    group = Organisation.objects.create(
        kind="group", name="Noord", country="NL", zone="Europe/Amsterdam", created_at=northside.created_at
    )
    northside.parent = group
    northside.save()
    gina, client = make_person("Gina", group, "manager"), DeskClient()
    assert client.post("/start/", {"person": gina.pk}).url == "/floor/", "nobody to lead there yet"
    make_person("Tim", group, "bdc")
    assert client.get("/").url == "/bdc/"
    assert client.post("/start/", {"person": make_person("Ines", northside, "manager").pk}).url == "/floor/"


@pytest.mark.parametrize("number", ["", "x", "0", "99999999999999999999999"])
def test_nobody_of_that_number(settings, number, db):
    settings.DEMO = True
    assert DeskClient().post("/start/", {"person": number}).status_code == 404


def test_somebody_who_left_can_not_be_chosen(settings, rosa):
    settings.DEMO = True
    rosa.is_active = False
    rosa.save()
    assert DeskClient().post("/start/", {"person": rosa.pk}).status_code == 404
    assert b"Rosa" not in DeskClient().get("/start/").content


def test_signing_in_and_out(rosa):
    client = DeskClient()
    page = client.get("/account/login/")
    assert b'type="password"' in page.content
    wrong = client.post("/account/login/", {"login": rosa.email, "password": "guessed wrongly"})
    assert wrong.status_code == 200
    assert b'role="alert"' in wrong.content
    assert client.post("/account/login/", {"login": rosa.email, "password": "ring the bell"}).url == "/"
    assert client.post("/account/logout/").status_code == 302
    assert client.get("/").url == "/account/login/"


@pytest.mark.parametrize("page", ["password/reset/", "password/reset/done/", "signup/", "inactive/"])
def test_pages_before_signing_in_wear_our_look(page, db):
    answer = DeskClient().get(f"/account/{page}")
    assert b"leadbell.css" in answer.content
    assert answer.status_code == 200


def test_changing_the_password(signed_in, rosa):
    client = signed_in(rosa)
    assert b"leadbell.css" in client.get("/account/password/change/").content
    new = {
        "oldpassword": "ring the bell",
        "password1": "answer within two minutes",
        "password2": "answer within two minutes",
    }
    assert client.post("/account/password/change/", new).status_code == 302
    rosa.refresh_from_db()
    assert rosa.check_password("answer within two minutes")


def test_a_screen_whose_session_ended_goes_to_the_sign_in_as_a_whole(db):
    answer = DeskClient().get("/me/bell/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/account/login/")
    assert DeskClient().get("/me/bell/").url == "/account/login/?next=%2Fme%2Fbell%2F"


def test_the_shift_switch_works_with_and_without_htmx(signed_in, rosa):
    client = signed_in(rosa)
    assert client.post("/me/shift/", {"on": "0"}).status_code == 303
    rosa.refresh_from_db()
    assert rosa.on_shift is False
    switch = client.post("/me/shift/", {"on": "1"}, headers={"HX-Request": "true"}).content
    assert b'aria-checked="true"' in switch
    assert b"<html" not in switch
    rosa.refresh_from_db()
    assert rosa.on_shift is True


def test_the_language_stays_with_the_person(signed_in, rosa):
    client = signed_in(rosa)
    client.post("/me/language/", {"language": "nl"})
    client.post("/me/language/", {"language": "xx"})
    rosa.refresh_from_db()
    assert rosa.language == "nl"
    assert b'<html lang="nl"' in client.get("/account/password/change/").content


def test_the_theme_is_in_the_first_byte(client, db):
    assert b'data-bs-theme="light" data-theme="auto"' in client.get("/account/login/").content
    client.post("/me/theme/", {"theme": "dark"})
    client.post("/me/theme/", {"theme": "pink"})
    assert b'data-bs-theme="dark" data-theme="dark"' in client.get("/account/login/").content


def test_a_form_leads_back_to_its_page_and_never_to_another_site(signed_in, rosa):
    client = signed_in(rosa)
    there = client.post(
        "/me/theme/", {"theme": "dark"}, headers={"Referer": "http://testserver/leads/?state=lost"}
    )
    assert there.headers["Location"] == "/leads/?state=lost"
    away = client.post("/me/theme/", {"theme": "dark"}, headers={"Referer": "https://elsewhere.example/"})
    assert away.headers["Location"] == "/"


def test_pages_carry_no_inline_script_or_style(settings, rosa):
    settings.DEMO = True
    page = DeskClient().get("/start/")
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    text = page.content.decode()
    assert " style=" not in text
    assert "<style" not in text
    assert "onclick" not in text


def test_what_is_not_there_says_so(db):
    answer = DeskClient().get("/nowhere/")
    assert answer.status_code == 404
    assert b"belongs to another dealer" in answer.content

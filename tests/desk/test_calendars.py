"""My calendar, and what a dealer lets out of the house."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from leadbell.appointment.actions import book, cancel
from leadbell.appointment.calendars import connect, looked
from leadbell.appointment.looking import Looked, Unread
from leadbell.appointment.models import BusyCalendar, BusyCalendarSecret, Diary, DiaryChoice
from leadbell.appointment.rules import Span
from leadbell.conversation.models import Message, MessageSetup
from leadbell.lead.journal import locked
from leadbell.words import say
from tests.conftest import lead_of

HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return timezone.now()


def test_an_address_is_made_shown_and_switched_off(signed_in, rosa):
    mine = signed_in(rosa)
    assert "Make an address" in mine.get("/me/calendar/").content.decode()
    mine.post("/me/calendar/address/")
    shown = mine.get("/me/calendar/").content.decode()
    address = shown.split('<code id="diary-address">')[1].split("</code>")[0]
    assert mine.get(address[address.index("/calendar/") :]).status_code == 200
    assert "the time and the car, no customer" in shown
    mine.post("/me/calendar/address/", {"revoke": "1"})
    assert not Diary.objects.get(person=rosa).on
    assert "Make an address" in mine.get("/me/calendar/").content.decode()


def test_a_calendar_is_connected_and_its_address_never_shown(signed_in, rosa, now):
    mine = signed_in(rosa)
    said = {
        "kind": "caldav",
        "address": "https://dav.example/secret-path/",
        "login": "rosa",
        "password": "pass word",
    }
    assert mine.post("/me/calendar/busy/", said).status_code == 303
    secret = BusyCalendarSecret.objects.get()
    assert (secret.address, secret.login, secret.password) == (
        "https://dav.example/secret-path/",
        "rosa",
        "pass word",
    )
    shown = mine.get("/me/calendar/").content.decode()
    assert "dav.example" in shown
    assert "It is being looked into" in shown
    assert "secret-path" not in shown
    assert "pass word" not in shown


def test_what_is_wrong_is_said_and_what_was_typed_stays(signed_in, rosa):
    answer = signed_in(rosa).post(
        "/me/calendar/busy/", {"kind": "caldav", "address": "https://dav.example/", "login": "rosa"}
    )
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "needs your user name and password" in shown
    assert 'value="https://dav.example/"' in shown
    assert 'value="rosa"' in shown


def test_the_page_says_how_a_calendar_is(signed_in, northside, rosa, now):
    mine = signed_in(rosa)
    one = connect(rosa, northside.pk, "ical", "https://calendar.example/x.ics", "", "", now)
    looked(one.pk, Looked((Span(now + HOUR, now + 2 * HOUR),), because=say("%(odd)s events <b>", odd=3)), now)
    shown = mine.get("/me/calendar/").content.decode()
    assert "Busy at 1 time in the next 60 days." in shown
    assert "3 events &lt;b&gt;" in shown
    looked(one.pk, Unread(say("it doesn't answer")), now)
    part = mine.get("/me/calendar/", headers={"HX-Request": "true"}).content.decode()
    assert "It can’t be read: it doesn&#x27;t answer." in part
    assert "counts until then" in part
    assert "<html" not in part
    BusyCalendar.objects.update(because=None, answered_at=now - timedelta(hours=4))
    assert "that is long ago" in mine.get("/me/calendar/").content.decode()
    mine.post("/me/calendar/busy/look/")
    assert BusyCalendar.objects.get().next_at >= now


def test_nobody_touches_anothers_calendar(signed_in, northside, rosa, samir, lena, now):
    one = connect(rosa, northside.pk, "ical", "https://calendar.example/x.ics", "", "", now)
    for stranger in (samir, lena):
        assert signed_in(stranger).post(f"/me/calendar/busy/{one.pk}/removal/").status_code == 404
        assert "calendar.example" not in signed_in(stranger).get("/me/calendar/").content.decode()
    assert signed_in(rosa).post(f"/me/calendar/busy/{one.pk}/removal/").status_code == 303
    assert not BusyCalendar.objects.exists()


def test_a_manager_chooses_what_leaves_the_house(signed_in, northside, rosa, ines, lena, now):
    connect(rosa, northside.pk, "ical", "https://calendar.example/x.ics", "", "", now)
    page = f"/dealers/{northside.pk}/calendars/"
    shown = signed_in(ines).get(page).content.decode()
    assert "Rosa" in shown
    assert "It is being looked into" in shown
    assert signed_in(ines).post(page, {"shows": "name"}).status_code == 303
    assert DiaryChoice.objects.get(dealer=northside).shows == "name"
    signed_in(ines).post(page, {"shows": "everything"})
    assert DiaryChoice.objects.get(dealer=northside).shows == "name"
    assert signed_in(rosa).get(page).status_code == 403
    assert signed_in(lena).get(page).status_code in (403, 404)


def test_a_taken_time_is_said_on_the_page(signed_in, northside, rosa, now):
    when = (now + timedelta(days=2)).replace(microsecond=0)
    first, second = (lead_of(northside, name, now, owner=rosa) for name in ("Mr Okafor", "Mrs Brink"))
    with transaction.atomic():
        book(locked(first.pk), rosa.pk, when, now, salesperson=rosa.pk)
    answer = signed_in(rosa).post(
        f"/leads/{second.pk}/appointment/", {"at": when.isoformat()}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 409
    assert "Rosa has another appointment then" in answer.content.decode()
    assert "Free: " in answer.content.decode()


def test_what_is_called_off_is_taken_out_of_the_customers_calendar(signed_in, northside, rosa, now):
    MessageSetup.objects.create(
        dealer=northside,
        mail_on=True,
        sender="showroom@northside.example",
        host="mail.example",
        changed_at=now,
    )
    lead = lead_of(northside, now=now, owner=rosa)
    with transaction.atomic():
        book(locked(lead.pk), rosa.pk, now + timedelta(days=2), now)
    with transaction.atomic():
        cancel(locked(lead.pk), rosa.pk, now)
    mine = signed_in(rosa)
    shown = mine.get(f"/leads/{lead.pk}/messages/").content.decode()
    assert "Take the appointment out of their calendar" in shown
    assert "is cancelled" in shown
    said = {
        "carrier": "email",
        "to": "okafor@example.org",
        "subject": "Off",
        "text": "Sorry",
        "key": "k1",
        "invitation": "1",
    }
    assert mine.post(f"/leads/{lead.pk}/messages/", said).status_code == 303
    assert "METHOD:CANCEL" in Message.objects.get().calendar

"""Appointments as calendars show them: the salesperson's feed, and the customer's invitation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from icalendar import Calendar

from leadbell.appointment.actions import book, cancel, move
from leadbell.appointment.calendars import choose_shown, make_address, revoke_address
from leadbell.appointment.diary import name_of, named
from leadbell.appointment.ical import as_invitation
from leadbell.appointment.models import Appointment, Diary
from leadbell.conversation.carriers.smtp import as_mime
from leadbell.conversation.ports import Account, Letter
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from tests.conftest import lead_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Feeds are asked at this very moment; what they show lies ahead of it.
NOON = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0)


@pytest.fixture
def agreed(northside: Organisation, rosa: Person) -> Lead:
    lead = lead_of(northside, "Samuel Okafor")
    book(lead, rosa.pk, NOON + 100 * DAY, NOON, "test drive, he is nervous")
    return lead


def read(raw: bytes) -> list[Any]:
    return list(Calendar.from_ical(raw).walk("VEVENT"))


def the(lead: Lead) -> Appointment:
    found = Appointment.objects.select_related("lead__customer", "dealer", "salesperson")
    return found.get(lead=lead)


@pytest.mark.parametrize(
    ("shows", "summary"),
    [
        ("times", "Appointment"),
        ("car", "Appointment · Hyundai Kona 2026"),
        ("name", "Appointment · Hyundai Kona 2026 · Samuel"),
    ],
)
def test_a_feed_shows_what_the_dealer_lets_it(
    agreed: Lead,
    northside: Organisation,
    rosa: Person,
    signed_in: Callable[[Person], Any],
    shows: str,
    summary: str,
) -> None:
    choose_shown(northside, shows)
    diary = make_address(rosa, northside.pk, NOON)
    said = signed_in(rosa).get(f"/calendar/{name_of(diary)}.ics")
    assert (said.status_code, said["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    (event,) = read(said.content)
    assert str(event["SUMMARY"]) == summary
    assert event["DTSTART"].dt == NOON + 100 * DAY
    assert event["DTEND"].dt == NOON + 100 * DAY + HOUR
    for private in (b"Okafor", b"nervous", b"+316", b"example.org"):
        assert private not in said.content


def test_a_feed_is_one_persons_alone(
    agreed: Lead, northside: Organisation, rosa: Person, samir: Person, signed_in: Callable[[Person], Any]
) -> None:
    mine, his = (make_address(one, northside.pk, NOON) for one in (rosa, samir))
    book(lead_of(northside), samir.pk, NOON + 101 * DAY, NOON)
    browser = signed_in(samir)
    assert [e["DTSTART"].dt for e in read(browser.get(f"/calendar/{name_of(mine)}.ics").content)] == [
        NOON + 100 * DAY
    ]
    assert [e["DTSTART"].dt for e in read(browser.get(f"/calendar/{name_of(his)}.ics").content)] == [
        NOON + 101 * DAY
    ]


def test_an_address_can_be_revoked_and_not_be_guessed(
    northside: Organisation, rosa: Person, samir: Person, signed_in: Callable[[Person], Any]
) -> None:
    browser = signed_in(rosa)
    first = name_of(make_address(rosa, northside.pk, NOON))
    second = name_of(make_address(rosa, northside.pk, NOON))
    make_address(samir, northside.pk, NOON)
    assert first != second
    assert browser.get(f"/calendar/{first}.ics").status_code == 404
    assert browser.get(f"/calendar/{second}.ics").status_code == 200
    _, _, proof = second.split("-")
    for guess in (f"{samir.pk}-1-{proof}", f"{rosa.pk}-3-{proof}", f"{rosa.pk}-2-{'a' * 32}", "x", "1-1-1"):
        assert named(guess) is None
        assert browser.get(f"/calendar/{guess}.ics").status_code == 404
    revoke_address(rosa)
    assert browser.get(f"/calendar/{second}.ics").status_code == 404
    third = name_of(make_address(rosa, northside.pk, NOON))
    assert browser.get(f"/calendar/{third}.ics").status_code == 200
    assert Diary.objects.get(person=rosa).fetched_at is not None
    rosa.is_active = False
    rosa.save()
    assert browser.get(f"/calendar/{third}.ics").status_code == 404


def test_what_was_called_off_is_in_no_feed(
    agreed: Lead, northside: Organisation, rosa: Person, signed_in: Callable[[Person], Any]
) -> None:
    diary = make_address(rosa, northside.pk, NOON)
    cancel(agreed, rosa.pk, NOON)
    assert read(signed_in(rosa).get(f"/calendar/{name_of(diary)}.ics").content) == []


def test_an_invitation_and_its_end(agreed: Lead, rosa: Person) -> None:
    """One event for the customer's calendar: asked, moved, called off."""
    said = []
    for step in range(3):
        if step == 1:
            move(agreed, rosa.pk, NOON + 101 * DAY, NOON)
        if step == 2:
            cancel(agreed, rosa.pk, NOON)
        raw = as_invitation(
            the(agreed),
            NOON,
            "showroom@northside.example",
            "okafor@example.org",
            "CANCEL" if step == 2 else "REQUEST",
        )
        (event,) = read(raw)
        assert str(event["ORGANIZER"]) == "mailto:showroom@northside.example"
        assert str(event["ATTENDEE"]) == "mailto:okafor@example.org"
        assert b"nervous" not in raw
        said.append(
            (
                str(Calendar.from_ical(raw)["METHOD"]),
                str(event["STATUS"]),
                event["SEQUENCE"],
                str(event["UID"]),
            )
        )
    uid = said[0][3]
    assert said == [
        ("REQUEST", "CONFIRMED", 0, uid),
        ("REQUEST", "CONFIRMED", 1, uid),
        ("CANCEL", "CANCELLED", 2, uid),
    ]


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_the_letter_says_the_same_as_its_calendar(agreed: Lead, method: Any) -> None:
    raw = as_invitation(
        the(agreed), NOON, "showroom@northside.example", "okafor@example.org", method
    ).decode()
    letter = Letter(
        "k", "okafor@example.org", "See you", subject="Our appointment", message_id="<k@x>", calendar=raw
    )
    mail = message_from_bytes(
        as_mime(Account("showroom@northside.example"), letter, NOON), policy=policy.default
    )
    (part,) = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == method
    assert f"METHOD:{method}" in part.get_content()

"""What senders call things, and how they write dates."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from leadbell.intake.channels.cars import car_in
from leadbell.intake.channels.labels import Meaning, meaning, readable
from leadbell.intake.channels.moments import read_moment

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("label", "part", "about"),
    [
        ("E-mail", "email", None),
        ("Uw e-mailadres *", "email", None),
        ("your-email", "email", None),
        ("customer_email", "email", None),
        ("E-Mail-Adresse (Pflichtfeld)", "email", None),
        ("Эл. почта", "email", None),
        ("phone1", "phone", None),
        ("Rückrufnummer", "phone", None),
        ("Контактный телефон", "phone", None),
        ("callerNumber", "phone", None),
        ("Mobiele telefoon nummer", "mobile", None),
        ("Telefoonnummer mobiel", "mobile", None),
        ("WORK_PHONE", "work", None),
        ("Telefon privat", "home", None),
        ("Your Name (required)", "full", None),
        ("What is your full name?", "full", None),
        ("Ваше имя", "first", None),
        ("Fahrzeug", "car", None),
        ("Марка автомобиля", "make", None),
        ("vehicleModelYear", "year", "vehicle"),
        ("vehicle_status", "condition", "vehicle"),
        ("trade_in_make", "make", "trade"),
        ("tradeInYear", "year", "trade"),
        ("Ihre Nachricht", "message", None),
        ("lead_id", "source_id", None),
        ("Provider name", "provider", None),
        ("dealer_phone", "nothing", "vendor"),
        ("sales_rep_phone", "nothing", "vendor"),
        ("store_phone", "nothing", "vendor"),
        ("Dealer naam", "nothing", "vendor"),
        ("calledNumber", "vendor", None),
        ("customer_id", "nothing", "customer"),
    ],
)
def test_a_label_is_understood(label: str, part: str, about: str | None) -> None:
    assert meaning(label) == Meaning(part, about)


@pytest.mark.parametrize(
    "label",
    [
        "status",
        "preferred_contact",
        "Preferred date",
        "Kilometerstand",
        "email preference",
        "phone dealer",
        "",
    ],
)
def test_a_label_that_could_mean_something_else_is_not(label: str) -> None:
    assert meaning(label) is None


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("preferredContactTime", "Preferred contact time"),
        ("trade_in_value", "Trade in value"),
        ("Voorkeursdag proefrit:", "Voorkeursdag proefrit"),
        ("VIN", "VIN"),
    ],
)
def test_a_label_can_be_shown(label: str, shown: str) -> None:
    assert readable(label) == shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2021 Ford F-150", {"year": "2021", "make": "Ford", "model": "F-150"}),
        (
            "Used 2021 Ford F-150 XLT",
            {"year": "2021", "make": "Ford", "model": "F-150 XLT", "status": "used"},
        ),
        ("Alfa Romeo Giulia, 2019", {"year": "2019", "make": "Alfa Romeo", "model": "Giulia"}),
        ("Volvo", {"make": "Volvo"}),
        ("something sporty", {"model": "something sporty"}),
    ],
)
def test_a_car_told_in_one_breath(text: str, told: dict[str, str]) -> None:
    assert car_in(text) == told


@pytest.mark.parametrize(
    ("text", "country", "read_as"),
    [
        ("2018-04-12T16:30:20Z", "NL", "2018-04-12T16:30:20+00:00"),
        ("2026-01-19 16:40:00 -0600", "NL", "2026-01-19T16:40:00-06:00"),
        ("2014-04-07T4:35:52 PM", "NL", "2014-04-07T16:35:52+02:00"),
        ("2014-04-07T16:35:52-08:0", "NL", "2014-04-07T16:35:52-08:00"),
        ("2014-04-07T16:35:52.123+02:00", "NL", "2014-04-07T16:35:52.123000+02:00"),
        ("2014-04-07", "NL", "2014-04-07T00:00:00+02:00"),
        ("06/03/2024", "NL", "2024-03-06T00:00:00+01:00"),
        ("06/03/2024", "US", "2024-06-03T00:00:00+02:00"),
        ("06/23/2024 12:05 am", "NL", "2024-06-23T00:05:00+02:00"),
        ("23.06.24 9:05", "DE", "2024-06-23T09:05:00+02:00"),
        ("7 april 2014 16:35", "NL", "2014-04-07T16:35:00+02:00"),
        ("7. März 2014, 16:35 Uhr", "DE", "2014-03-07T16:35:00+01:00"),
        ("7 апреля 2014 16:35", "RU", "2014-04-07T16:35:00+02:00"),
        ("April 7, 2014 4:35 PM EST", "US", "2014-04-07T16:35:00-05:00"),
        ("Mon, 07 Apr 2014 16:35:52 -0700 (PDT)", "NL", "2014-04-07T16:35:52-07:00"),
        ("Mon Apr 07 16:35:52 PDT 2014", "NL", "2014-04-07T16:35:52-07:00"),
        ("20140407T163552", "NL", "2014-04-07T16:35:52+02:00"),
        ("1772442900", "NL", "2026-03-02T09:15:00+00:00"),
        ("/Date(1772442900000)/", "NL", "2026-03-02T09:15:00+00:00"),
    ],
)
def test_a_date_in_every_spelling(text: str, country: str, read_as: str) -> None:
    moment = read_moment(text, AMSTERDAM, country)
    assert moment is not None
    assert moment.isoformat() == read_as


@pytest.mark.parametrize(
    "text", ["", "yesterday", "31/31/2024", "2024-02-30", "0001-01-01", "99:99", "10:30"]
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_moment(text, AMSTERDAM) is None


def test_a_date_that_would_lie_ahead_is_read_the_other_way_round() -> None:
    seen = datetime(2024, 6, 4, tzinfo=UTC)
    moment = read_moment("06/03/2024", AMSTERDAM, "NL", seen)
    assert moment is not None
    assert (moment.month, moment.day) == (3, 6)
    moment = read_moment("03/06/2024", AMSTERDAM, "NL", datetime(2024, 3, 7, tzinfo=UTC))
    assert moment is not None
    assert (moment.month, moment.day) == (3, 6)

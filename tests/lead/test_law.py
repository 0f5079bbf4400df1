"""The law's part, as tables: whom we may call, when on their own clock, and what may be dialled."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.lead.law import (
    JUST_ASKED,
    Quiet,
    callable_from,
    country_of,
    forbids,
    is_marketing,
    may_call,
    may_dial,
    zones_of,
)
from leadbell.refused import Refused

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AMSTERDAM = "Europe/Amsterdam"
MR_OKAFOR, MANHATTAN, ALASKA, MOSCOW = "+31612345678", "+12125550123", "+19075550123", "+74951234567"
#: A Tuesday without anything special.
TUESDAY = date(2026, 11, 24)


def at(clock: str, zone: str = AMSTERDAM, day: date = TUESDAY) -> datetime:
    hour, minute = clock.split(":")
    return datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=ZoneInfo(zone)).astimezone(
        UTC
    )


def quiet(number: str = MR_OKAFOR, home: str = AMSTERDAM, **about: object) -> Quiet:
    return Quiet(zones_of(number, home), home, **about)  # type: ignore[arg-type]  # a table's columns


CAMPAIGN = quiet(days_off=True, country="NL")


@pytest.mark.parametrize(
    ("number", "zone", "clock", "until"),
    [
        (MR_OKAFOR, AMSTERDAM, "20:59", None),
        (MR_OKAFOR, AMSTERDAM, "21:00", "08:00"),
        (MR_OKAFOR, AMSTERDAM, "23:59", "08:00"),
        (MR_OKAFOR, AMSTERDAM, "00:00", "08:00"),
        (MR_OKAFOR, AMSTERDAM, "07:59", "08:00"),
        (MR_OKAFOR, AMSTERDAM, "08:00", None),
        (MANHATTAN, "America/New_York", "20:59", None),
        (MANHATTAN, "America/New_York", "21:00", "08:00"),
        (MANHATTAN, AMSTERDAM, "13:59", "08:00"),
        (MANHATTAN, AMSTERDAM, "14:00", None),
        (ALASKA, "America/Anchorage", "08:30", "08:00"),
        (ALASKA, "America/Anchorage", "09:00", None),
        (ALASKA, "America/Anchorage", "20:59", None),
        (ALASKA, "America/Anchorage", "21:00", "09:00"),
        (MOSCOW, "Europe/Moscow", "20:59", None),
        (MOSCOW, AMSTERDAM, "18:59", None),
        (MOSCOW, AMSTERDAM, "19:00", "08:00"),
        ("", AMSTERDAM, "21:00", "08:00"),
        ("+870773123456", AMSTERDAM, "20:59", None),
    ],
)
def test_quiet_hours_are_the_customers(number: str, zone: str, clock: str, until: str | None) -> None:
    answer = may_call(at(clock, zone), quiet(number), origin="online")
    if until is None:
        assert answer is None
    else:
        assert isinstance(answer, Refused)
        assert str(answer.because) == f"quiet hours where the customer lives, until {until} their time"


def test_a_number_of_many_zones_waits_until_it_is_day_in_all_of_them() -> None:
    mobile = quiet("+79161234567", AMSTERDAM)
    assert {"Europe/Moscow", "Asia/Kamchatka"} <= set(mobile.zones)
    assert callable_from(at("10:00", "Europe/Moscow"), mobile) == at("10:00", "Europe/Moscow")
    assert callable_from(at("13:00", "Europe/Moscow"), mobile) > at("21:00", "Europe/Moscow")


def test_a_mobile_that_says_only_the_country_goes_by_the_clock_of_a_dealer_there() -> None:
    mobile = quiet("+79161234567", "Europe/Moscow")
    assert mobile.zones == ("Europe/Moscow",)
    assert callable_from(at("20:59", "Europe/Moscow"), mobile) == at("20:59", "Europe/Moscow")
    assert quiet(MANHATTAN, "America/Los_Angeles").zones == ("America/New_York",), "this one says where it is"


def test_where_the_zones_never_agree_the_dealers_own_counts() -> None:
    anywhere = Quiet(("America/Los_Angeles", "Asia/Tokyo", "Europe/London"), AMSTERDAM)
    assert callable_from(at("12:00"), anywhere) == at("12:00")
    assert callable_from(at("22:00"), anywhere) == at("08:00", day=TUESDAY + DAY)


@pytest.mark.parametrize(
    ("when", "opens"),
    [
        (at("22:00", day=date(2026, 3, 28)), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
        (at("22:00", day=date(2026, 10, 24)), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 7, 0, tzinfo=UTC)),
    ],
)
def test_eight_in_the_morning_is_eight_after_the_clocks_change(when: datetime, opens: datetime) -> None:
    assert callable_from(when, quiet()) == opens


def test_quiet_until_an_hour_that_comes_twice_ends_but_once_it_has_ended() -> None:
    night = quiet(from_m=60, until_m=150)
    second_two_ten = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert callable_from(second_two_ten, night) == second_two_ten + 20 * MINUTE


@pytest.mark.parametrize(
    ("from_m", "until_m", "clock", "allowed"),
    [
        (12 * 60, 14 * 60, "11:59", True),
        (12 * 60, 14 * 60, "12:00", False),
        (12 * 60, 14 * 60, "14:00", True),
        (20 * 60, 9 * 60, "20:30", False),
        (20 * 60, 9 * 60, "08:30", False),
        (0, 0, "03:00", True),
    ],
)
def test_a_dealer_has_its_own_quiet_hours(from_m: int, until_m: int, clock: str, allowed: bool) -> None:
    answer = may_call(at(clock), quiet(from_m=from_m, until_m=until_m), origin="online")
    assert (answer is None) is allowed


NIGHT = at("23:00")


@pytest.mark.parametrize(
    ("asked_at", "agreed_at", "allowed"),
    [
        (None, None, False),
        (NIGHT, None, True),
        (NIGHT - JUST_ASKED, None, True),
        (NIGHT - JUST_ASKED - MINUTE, None, False),
        (NIGHT - DAY, NIGHT, True),
        (NIGHT - DAY, NIGHT + 30 * MINUTE, True),
        (NIGHT - DAY, NIGHT - 31 * MINUTE, False),
    ],
)
def test_who_has_just_asked_is_called_at_night_too(
    asked_at: datetime | None, agreed_at: datetime | None, allowed: bool
) -> None:
    answer = may_call(NIGHT, quiet(), origin="online", asked_at=asked_at, agreed_at=agreed_at)
    assert (answer is None) is allowed


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (at("20:59"), None),
        (at("21:00"), "quiet hours"),
        (at("12:00", day=date(2026, 11, 28)), None),
        (at("12:00", day=date(2026, 11, 29)), "Sunday"),
        (at("12:00", day=date(2026, 4, 27)), "public holiday"),
        (at("12:00", day=date(2026, 12, 25)), "public holiday"),
    ],
)
def test_a_campaign_waits_on_sundays_and_holidays_too(when: datetime, words: str | None) -> None:
    answer = may_call(when, CAMPAIGN, origin="direct_mail")
    assert (answer is None) if words is None else (answer is not None and words in answer.because.text)
    assert may_call(when, quiet(), origin="online") is None or words == "quiet hours"


def test_after_saturday_evening_a_campaign_waits_until_monday() -> None:
    saturday = at("21:30", day=date(2026, 11, 28))
    assert callable_from(saturday, CAMPAIGN) == at("08:00", day=date(2026, 11, 30))
    assert callable_from(saturday, quiet()) == at("08:00", day=date(2026, 11, 29))
    answer = may_call(saturday, CAMPAIGN, origin="lost_sale")
    assert answer is not None
    assert answer.because.values["until_at"] == at("08:00", day=date(2026, 11, 30)).isoformat()


@pytest.mark.parametrize("origin", ["online", "call", "chat", "walk_in", "direct_mail", "lost_sale"])
def test_a_word_against_marketing_forbids_campaigns_and_nothing_else(origin: str) -> None:
    campaign = origin in ("direct_mail", "lost_sale")
    noon = at("12:00")
    said = forbids(origin, None, no_marketing_at=noon - DAY)  # type: ignore[arg-type]  # the table's words
    assert (said is not None) is campaign
    assert is_marketing(origin, None) is campaign  # type: ignore[arg-type]  # origins of the table
    asked_since = forbids(origin, noon - HOUR, no_marketing_at=noon - DAY)  # type: ignore[arg-type]  # origins of the table
    assert asked_since is None
    assert is_marketing(origin, noon) is False  # type: ignore[arg-type]  # origins of the table
    before = forbids(origin, noon - 2 * DAY, no_marketing_at=noon - DAY)  # type: ignore[arg-type]  # origins of the table
    assert (before is not None) is campaign


@pytest.mark.parametrize("origin", ["online", "call", "direct_mail"])
def test_a_word_against_everything_holds_until_they_ask_again(origin: str) -> None:
    noon = at("12:00")
    answers = [
        may_call(noon, quiet(), origin=origin, asked_at=asked, opted_out_at=noon - DAY)  # type: ignore[arg-type]  # origins of the table
        for asked in (None, noon - 2 * DAY, noon - DAY, noon - HOUR)
    ]
    assert [answer is None for answer in answers] == [False, False, False, True]
    assert "doesn't want to be contacted" in str(answers[0] and answers[0].because)


COSTS_EXTRA = {
    "0900 of the Netherlands": ("+319001234567", "NL"), "0900 of Germany": ("+499001234567", "DE"),
    "0180 of Germany": ("+491801234567", "DE"), "0137 of Germany": ("+491371234567", "DE"),
    "09 of Great Britain": ("+449061234567", "GB"), "084 of Great Britain": ("+448451234567", "GB"),
    "087 of Great Britain": ("+448701234567", "GB"), "070 of Great Britain": ("+447012345678", "GB"),
    "a pager of Great Britain": ("+447640123456", "GB"), "055 of Great Britain": ("+445512345678", "GB"),
    "900 of the USA": ("+19005551234", "US"), "809 of Russia": ("+78091234567", "RU"),
    "0900 of Belgium": ("+3290212345", "BE"), "089 of France": ("+33899123456", "FR"),
    "Inmarsat": ("+870773123456", "NL"), "Iridium": ("+881612345678", "NL"), "882": ("+882161234567", "NL"),
    "883": ("+883510012345", "NL"), "878": ("+878101234567890", "NL"), "979": ("+97912345678", "NL"),
    "808": ("+80812345678", "NL"),
}  # fmt: skip
NO_NUMBER = [
    "112",
    "+112",
    "911",
    "+31112",
    "+31140",
    "0612345678",
    "",
    "+",
    "+31 6 12345678",
    "sip:okafor@example.org",
]
NO_NUMBER += ["+3161234567812345", "+31612345678;ext=9", "+31612345678\n", "+٣١٦١٢٣٤٥٦٧٨"]


@pytest.mark.parametrize(("number", "country"), COSTS_EXTRA.values(), ids=COSTS_EXTRA.keys())
def test_what_costs_extra_is_not_dialled(number: str, country: str) -> None:
    refused = may_dial(number, country, ["NL", "DE", "GB", "US"])
    assert isinstance(refused, Refused)
    assert not any(sign.isdigit() for sign in str(refused.because))


@pytest.mark.parametrize("number", NO_NUMBER)
def test_what_is_no_whole_number_is_not_dialled(number: str) -> None:
    refused = may_dial(number, "NL")
    assert refused is not None
    assert str(refused.because) == "this is no number that can be dialled"


@pytest.mark.parametrize(
    ("number", "home", "allowed", "dialled"),
    [
        (MR_OKAFOR, "NL", [], True),
        (MR_OKAFOR, "nl", [], True),
        (MR_OKAFOR, "DE", [], False),
        (MR_OKAFOR, "DE", ["BE"], False),
        (MR_OKAFOR, "DE", ["BE", "NL"], True),
        ("+31201234567", "NL", [], True),
        ("+31881234567", "NL", [], True),
        ("+443001234567", "GB", [], True),
        ("+4915112345678", "DE", [], True),
        (MANHATTAN, "US", [], True),
        ("+14165550123", "US", [], False),
        ("+18765551234", "US", [], False),
        ("+79161234567", "RU", [], True),
        ("+77011234567", "RU", [], False),
    ],
)
def test_only_the_dealers_own_country_and_allowed_ones_are_dialled(
    number: str, home: str, allowed: list[str], dialled: bool
) -> None:
    refused = may_dial(number, home, allowed)
    assert (refused is None) is dialled
    assert refused is None or number[1:] not in str(refused.because)


@pytest.mark.parametrize(
    ("number", "zones", "country"),
    [
        (MR_OKAFOR, (AMSTERDAM,), "NL"),
        (MANHATTAN, ("America/New_York",), "US"),
        (ALASKA, ("America/Adak", "America/Anchorage"), "US"),
        ("+870773123456", ("Europe/Berlin",), None),
        ("call me after six", ("Europe/Berlin",), None),
        (None, ("Europe/Berlin",), None),
    ],
)
def test_where_a_number_lives(number: str | None, zones: tuple[str, ...], country: str | None) -> None:
    assert zones_of(number, "Europe/Berlin") == zones
    assert country_of(number) == country


@given(
    st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE),
    st.sampled_from([MR_OKAFOR, MANHATTAN, ALASKA, "+351912345678", "+61412345678"]),
    st.integers(0, 1439), st.integers(0, 1439), st.booleans(),
)  # fmt: skip
def test_the_end_of_the_quiet_is_allowed_and_never_before_it(
    when: datetime, number: str, from_m: int, until_m: int, days_off: bool
) -> None:
    rules = quiet(number, from_m=from_m, until_m=until_m, days_off=days_off)
    first = callable_from(when, rules)
    assert first >= when
    assert callable_from(first, rules) == first
    assert (may_call(when, rules, origin="direct_mail") is None) is (first == when)


@given(st.text(max_size=20))
def test_nothing_raises_whatever_is_dialled(number: str) -> None:
    may_dial(number, "NL")
    may_dial("+" + number, "NL")

"""Northside is open Monday to Friday 9–18 and Saturday 10–17, Amsterdam time."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadbell.dealers.holidays import holidays_known
from leadbell.dealers.hours import HORIZON_DAYS, OpeningHours
from leadbell.dealers.shifts import DaysOff, Shift
from leadbell.dealers.week import DEFAULT_WEEK, WEEKDAYS, Day, Interval, Week, WrongHours
from leadbell.words import say

AMSTERDAM = "Europe/Amsterdam"
NORTHSIDE = OpeningHours(AMSTERDAM, country="NL", language="nl")
NEVER: Week = ((),) * 7
ALWAYS: Week = ((("00:00", "24:00"),),) * 7
LUNCH: Week = ((("09:00", "12:30"), ("13:30", "18:00")),) * 7

HOUR_MS = 3_600_000
LAST_US = timedelta(microseconds=1)


def every_day(*hours: Interval) -> Week:
    return (hours,) * 7


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str = AMSTERDAM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


# 2026-10-16 is a Friday.
@pytest.mark.parametrize(
    ("now", "is_open", "next_opening", "closing", "why"),
    [
        ("2026-10-16 08:59:59.999999", False, "2026-10-16 09:00", "2026-10-16 18:00", "closed until 09:00"),
        ("2026-10-16 09:00", True, "2026-10-16 09:00", "2026-10-16 18:00", "open until 18:00"),
        ("2026-10-16 17:59:59.999999", True, None, "2026-10-16 18:00", "open until 18:00"),
        ("2026-10-16 18:00", False, "2026-10-17 10:00", "2026-10-17 17:00", "closed since 18:00"),
        ("2026-10-17 09:30", False, "2026-10-17 10:00", "2026-10-17 17:00", "closed until 10:00"),
        ("2026-10-17 17:00", False, "2026-10-19 09:00", "2026-10-19 18:00", "closed since 17:00"),
        ("2026-10-18 12:00", False, "2026-10-19 09:00", "2026-10-19 18:00", "closed on Sundays"),
        ("2026-04-27 12:00", False, "2026-04-28 09:00", "2026-04-28 18:00", "closed: Koningsdag"),
        ("2026-12-25 12:00", False, "2026-12-28 09:00", "2026-12-28 18:00", "closed: Eerste kerstdag"),
    ],
)
def test_an_ordinary_week(now: str, is_open: bool, next_opening: str | None, closing: str, why: str) -> None:
    at = local(now)
    assert NORTHSIDE.is_open(at) is is_open
    assert NORTHSIDE.next_opening(at) == (at if next_opening is None else local(next_opening))
    assert NORTHSIDE.shift_into_hours(at) == NORTHSIDE.next_opening(at)
    assert NORTHSIDE.closing_after(at) == local(closing)
    assert str(NORTHSIDE.why_closed(at)) == why


def test_every_weekday_says_in_its_own_sentence_that_it_is_closed() -> None:
    closed = OpeningHours(AMSTERDAM, NEVER)
    days = [local("2026-10-12 12:00") + timedelta(days=n) for n in range(7)]
    assert [str(closed.why_closed(day)) for day in days] == [
        f"closed on {weekday.capitalize()}s" for weekday in WEEKDAYS
    ]


def test_reasons_keep_their_values_apart_so_that_they_can_be_translated() -> None:
    assert NORTHSIDE.why_closed(local("2026-04-27 12:00")) == say(
        "closed: %(occasion)s", occasion="Koningsdag"
    )
    assert NORTHSIDE.why_closed(local("2026-10-16 07:00")) == say("closed until %(time)s", time="09:00")


def test_lunch_closes_the_door() -> None:
    hours = OpeningHours(AMSTERDAM, LUNCH)
    noon, lunch = local("2026-10-16 12:00"), local("2026-10-16 13:00")
    assert hours.closing_after(noon) == local("2026-10-16 12:30")
    assert hours.next_opening(lunch) == local("2026-10-16 13:30")
    assert str(hours.why_closed(lunch)) == "closed until 13:30"
    assert hours.latest_open_at_or_before(lunch) == local("2026-10-16 12:30") - LAST_US
    assert hours.latest_open_at_or_before(local("2026-10-16 12:30")) == local("2026-10-16 12:30") - LAST_US
    assert hours.open_ms_between(noon, local("2026-10-16 14:00")) == HOUR_MS


def test_hours_that_touch_are_one_opening() -> None:
    hours = OpeningHours(AMSTERDAM, every_day(("12:00", "18:00"), ("09:00", "12:00")))
    assert hours.closing_after(local("2026-10-16 10:00")) == local("2026-10-16 18:00")


def test_a_night_that_goes_on_after_midnight_is_one_opening() -> None:
    hours = OpeningHours(AMSTERDAM, every_day(("00:00", "02:00"), ("20:00", "24:00")))
    assert hours.is_open(local("2026-10-16 23:59:59.999999"))
    assert hours.is_open(local("2026-10-17 00:00"))
    assert hours.closing_after(local("2026-10-16 21:00")) == local("2026-10-17 02:00")
    assert hours.open_ms_between(local("2026-10-16 12:00"), local("2026-10-17 12:00")) == 6 * HOUR_MS


def test_a_dealer_that_never_opens() -> None:
    hours, now = OpeningHours(AMSTERDAM, NEVER), local("2026-10-16 12:00")
    assert hours.next_opening(now) is None
    assert hours.closing_after(now) is None
    assert hours.latest_open_at_or_before(now) is None
    assert hours.shift_into_hours(now) == now
    assert hours.open_ms_between(now, now + timedelta(days=45)) == 0


@pytest.mark.parametrize(("days", "found"), [(HORIZON_DAYS, True), (HORIZON_DAYS + 1, False)])
def test_an_opening_is_looked_for_sixty_days_ahead_and_back(days: int, found: bool) -> None:
    today = date(2026, 10, 16)
    now = local("2026-10-16 12:00")
    ahead, back = today + timedelta(days=days), today - timedelta(days=days)
    hours = OpeningHours(
        AMSTERDAM, NEVER, open_days=tuple((day, (("12:00", "13:00"),)) for day in (ahead, back))
    )
    assert (hours.next_opening(now) is not None) is found
    assert (hours.closing_after(now) is not None) is found
    assert (hours.latest_open_at_or_before(now) is not None) is found


def test_a_dealer_that_never_closes() -> None:
    hours, now = OpeningHours(AMSTERDAM, ALWAYS), local("2026-10-16 03:00")
    assert hours.closing_after(now) is None
    assert hours.next_opening(now) == now
    assert str(hours.why_closed(now)) == "always open"
    assert hours.open_ms_between(now, now + timedelta(days=45)) == 45 * 24 * HOUR_MS


def test_extra_closed_and_extra_open_days_go_before_the_week_and_the_holidays() -> None:
    hours = OpeningHours(
        AMSTERDAM,
        country="NL",
        closed_days=((date(2026, 10, 15), "stocktaking"), (date(2026, 10, 16), "")),
        open_days=((date(2026, 10, 18), (("12:00", "17:00"),)), (date(2026, 4, 27), (("11:00", "16:00"),))),
    )
    assert str(hours.why_closed(local("2026-10-15 12:00"))) == "closed: stocktaking"
    assert str(hours.why_closed(local("2026-10-16 12:00"))) == "closed all day"
    assert str(hours.why_closed(local("2026-10-18 09:00"))) == "closed until 12:00"
    assert hours.is_open(local("2026-10-18 12:00"))
    assert hours.is_open(local("2026-04-27 15:59"))
    assert not hours.is_open(local("2026-04-27 16:00"))


@pytest.mark.parametrize(
    ("country", "subdivision", "language", "day", "name"),
    [
        ("NL", None, "nl", "2026-04-27", "Koningsdag"),
        ("NL", None, "en", "2026-04-27", "King's Day"),
        ("nl", None, "en-GB", "2026-04-27", "King's Day"),
        ("NL", None, "ru", "2026-04-27", "Koningsdag"),  # not known in Russian: the country's own
        ("NL", None, None, "2026-04-27", "Koningsdag"),
        ("RU", None, "ru", "2026-05-09", "День Победы"),
        ("TW", None, "zh-TW", "2026-10-10", "國慶日"),
        ("TW", None, "zh-CN", "2026-10-10", "国庆日"),
        ("DE", "BY", "de", "2026-01-06", "Heilige Drei Könige"),
        ("DE", "NI", "de", "2026-01-06", None),
        ("DE", "ZZ", "de", "2026-10-03", "Tag der Deutschen Einheit"),  # unknown subdivision: the country's
        ("ZZ", None, "en", "2026-12-25", None),
        (None, None, "en", "2026-12-25", None),
    ],
)
def test_public_holidays(
    country: str | None, subdivision: str | None, language: str | None, day: str, name: str | None
) -> None:
    hours = OpeningHours(AMSTERDAM, ALWAYS, country, subdivision, language)
    assert hours.public_holiday(date.fromisoformat(day)) == name
    assert hours.is_open(local(f"{day} 12:00")) is (name is None)


def test_the_names_of_holidays_do_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "uk")
    hours = OpeningHours(AMSTERDAM, country="NL", subdivision="Noord")
    assert hours.public_holiday(date(2031, 4, 26)) == "Koningsdag"


@pytest.mark.parametrize(
    ("country", "subdivision", "known"),
    [
        ("NL", None, True),
        ("DE", "BY", True),
        ("DE", "ZZ", False),
        ("ZZ", None, False),
        ("Easter", None, False),
    ],
)
def test_a_form_can_ask_whether_holidays_are_known(
    country: str, subdivision: str | None, known: bool
) -> None:
    assert holidays_known(country, subdivision) is known


# Amsterdam 2026: on 29 March 02:00 becomes 03:00 (01:00 UTC), on 25 October 03:00 becomes 02:00 (01:00 UTC).
@pytest.mark.parametrize(
    ("hours", "day", "opens", "closes"),
    [
        (("09:00", "18:00"), "2026-03-28", "2026-03-28 08:00", "2026-03-28 17:00"),
        (("09:00", "18:00"), "2026-03-29", "2026-03-29 07:00", "2026-03-29 16:00"),
        (("01:00", "04:00"), "2026-03-29", "2026-03-29 00:00", "2026-03-29 02:00"),
        (("02:30", "05:00"), "2026-03-29", "2026-03-29 01:00", "2026-03-29 03:00"),
        (("01:30", "02:30"), "2026-03-29", "2026-03-29 00:30", "2026-03-29 01:00"),
        (("02:10", "02:50"), "2026-03-29", None, None),
        (("09:00", "18:00"), "2026-10-25", "2026-10-25 08:00", "2026-10-25 17:00"),
        (("01:00", "04:00"), "2026-10-25", "2026-10-24 23:00", "2026-10-25 03:00"),
        (("02:30", "05:00"), "2026-10-25", "2026-10-25 00:30", "2026-10-25 04:00"),
        (("01:30", "02:30"), "2026-10-25", "2026-10-24 23:30", "2026-10-25 00:30"),
        (("02:10", "02:50"), "2026-10-25", "2026-10-25 00:10", "2026-10-25 00:50"),
    ],
)
def test_when_clocks_change(hours: Interval, day: str, opens: str | None, closes: str | None) -> None:
    dealer = OpeningHours(AMSTERDAM, NEVER, open_days=((date.fromisoformat(day), (hours,)),))
    before = local(f"{day} 00:00")
    assert dealer.next_opening(before) == (opens and utc(opens))
    assert dealer.closing_after(before) == (closes and utc(closes))
    expected = (utc(closes) - utc(opens)) // timedelta(milliseconds=1) if opens and closes else 0
    assert dealer.open_ms_between(before, before + timedelta(days=2)) == expected


@pytest.mark.parametrize(("day", "hours_long"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_that_is_open_all_day_is_as_long_as_the_day(day: str, hours_long: int) -> None:
    dealer = OpeningHours(AMSTERDAM, NEVER, open_days=((date.fromisoformat(day), (("00:00", "24:00"),)),))
    begins = local(f"{day} 00:00")
    assert (
        dealer.open_ms_between(begins - timedelta(days=2), begins + timedelta(days=3)) == hours_long * HOUR_MS
    )


@pytest.mark.parametrize(
    ("zone", "day", "clock", "moment"),
    [
        (AMSTERDAM, "2026-10-16", "18:40", "2026-10-16 16:40"),
        (AMSTERDAM, "2026-03-29", "02:30", None),
        (AMSTERDAM, "2026-03-29", "03:00", "2026-03-29 01:00"),
        (AMSTERDAM, "2026-10-25", "02:30", "2026-10-25 00:30"),
        ("Asia/Kolkata", "2026-10-16", "18:40", "2026-10-16 13:10"),
        ("Australia/Lord_Howe", "2026-10-04", "02:15", None),
    ],
)
def test_the_time_on_a_day(zone: str, day: str, clock: str, moment: str | None) -> None:
    assert OpeningHours(zone).time_on(date.fromisoformat(day), clock) == (moment and utc(moment))


def test_clocks_put_back_into_the_day_before_do_not_open_the_door_twice() -> None:
    """At Casey Station 02:00 on 5 March 2010 became 23:00 on 4 March."""
    casey = OpeningHours("Antarctica/Casey", NEVER, open_days=((date(2010, 3, 5), (("00:00", "01:00"),)),))
    again = utc("2010-03-04 15:10")
    assert casey.local_day(again) == date(2010, 3, 4)
    assert casey.latest_open_at_or_before(again) == utc("2010-03-04 14:00") - LAST_US
    assert casey.open_ms_between(utc("2010-03-04 00:00"), utc("2010-03-06 00:00")) == HOUR_MS


def test_half_hour_zones_and_days_by_the_dealers_calendar() -> None:
    mumbai = OpeningHours("Asia/Kolkata")
    assert mumbai.next_opening(utc("2026-10-15 20:00")) == utc("2026-10-16 03:30")
    assert mumbai.closing_after(utc("2026-10-16 04:00")) == utc("2026-10-16 12:30")
    assert mumbai.local_day(utc("2026-10-15 18:29:59")) == date(2026, 10, 15)
    assert mumbai.local_day(utc("2026-10-15 18:30")) == date(2026, 10, 16)


def test_forty_five_days_of_follow_up_across_the_change_of_clocks() -> None:
    since, until = local("2026-10-16 12:00"), local("2026-11-30 12:00")
    # 30 whole weekdays and 7 Saturdays; the first Friday from noon, the last Monday until noon.
    assert NORTHSIDE.open_ms_between(since, until) == (30 * 9 + 7 * 7 + 6 + 3) * HOUR_MS


def test_parts_add_up_to_the_whole_even_with_microseconds() -> None:
    a, b, c = (local(f"2026-10-16 12:00:00.{us}") for us in ("000700", "001300", "002900"))
    assert NORTHSIDE.open_ms_between(a, b) + NORTHSIDE.open_ms_between(b, c) == 2
    assert NORTHSIDE.open_ms_between(a, c) == 2
    assert NORTHSIDE.open_ms_between(c, a) == 0


@pytest.mark.parametrize(
    "ask", ["is_open", "next_opening", "local_day", "why_closed", "latest_open_at_or_before"]
)
def test_a_time_without_zone_is_a_broken_promise(ask: str) -> None:
    with pytest.raises(TypeError):
        getattr(NORTHSIDE, ask)(datetime(2026, 10, 16, 12))  # noqa: DTZ001 (naive is the point)


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"zone": "Europe/Amsterdm"}, "Zone: there is no time zone called “Europe/Amsterdm”"),
        ({"zone": "../etc/passwd"}, "Zone: there is no time zone called “../etc/passwd”"),
        ({"zone": "Europe"}, "Zone: there is no time zone called “Europe”"),
        ({}, "Zone: there is no time zone called “”"),
        (
            {"week": {"monday": [["18:00", "09:00"]]}},
            "Monday: 18:00 to 09:00: the end must come after the start; "
            "a night ends at 24:00 and goes on the next day",
        ),
        (
            {"week": {"friday": [["09:00", "09:00"]]}},
            "Friday: 09:00 to 09:00: the end must come after the start; "
            "a night ends at 24:00 and goes on the next day",
        ),
        (
            {"week": {"tuesday": [["12:00", "18:00"], ["9:00", "12:01"]]}},
            "Tuesday: 12:00 to 18:00 overlaps 09:00 to 12:01",
        ),
        (
            {"week": {"monday": [["9 o'clock", "18:00"]]}},
            "Monday: “9 o'clock” is no time: write it like 09:00",
        ),
        ({"week": {"monday": [["09:00", "24:30"]]}}, "Monday: “24:30” is no time: write it like 09:00"),
        ({"week": {"monday": [["09:00"]]}}, "Monday: hours are written as a start and an end"),
        ({"week": {"monday": ["09:00"]}}, "Monday: hours are written as a start and an end"),
        ({"week": {"mon": [["09:00", "18:00"]]}}, "Mon: nothing in the hours is called this"),
        ({"closed": {}}, "Closed: nothing in the hours is called this"),
        ({"closed_days": {"Christmas": ""}}, "Christmas: a day is written like 2026-12-24"),
        ({"open_days": {"2026-12-20": []}}, "2026-12-20: an extra open day needs hours"),
        (
            {"open_days": {"2026-12-20": [["10:00", "12:00"]]}, "closed_days": {"2026-12-20": "party"}},
            "2026-12-20: this day can't be both extra open and extra closed",
        ),
    ],
)
def test_wrong_hours_are_refused_in_words(stored: dict[str, object], sentence: str) -> None:
    with pytest.raises(WrongHours) as refused:
        OpeningHours.from_json({"zone": AMSTERDAM, **stored} if stored else {})
    assert str(refused.value) == sentence
    assert isinstance(refused.value, ValueError)


def test_hours_without_a_week_have_the_default_week_and_a_day_not_named_is_closed() -> None:
    assert OpeningHours.from_json({"zone": AMSTERDAM}).week == DEFAULT_WEEK
    only_monday = OpeningHours.from_json({"zone": AMSTERDAM, "week": {"monday": [["9:00", "18:00"]]}})
    assert only_monday.week == ((("09:00", "18:00"),), *((),) * 6)


def test_hours_survive_json() -> None:
    hours = OpeningHours(
        AMSTERDAM,
        LUNCH,
        "DE",
        "BY",
        "de",
        closed_days=((date(2026, 12, 24), "Betriebsfeier"),),
        open_days=((date(2026, 12, 20), (("12:00", "17:00"),)),),
    )
    assert OpeningHours.from_json(json.loads(json.dumps(hours.as_json()))) == hours
    assert hash(OpeningHours.from_json(hours.as_json())) == hash(hours)


# At night, at midnight, by half an hour, a day left out (Apia), clocks put back over midnight (St John's).
CHANGES = [
    (AMSTERDAM, date(2026, 3, 28)),
    (AMSTERDAM, date(2026, 10, 24)),
    ("America/Santiago", date(2026, 9, 5)),
    ("America/Santiago", date(2026, 4, 4)),
    ("Australia/Lord_Howe", date(2026, 10, 3)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),
    ("America/St_Johns", date(2010, 11, 6)),
    ("America/St_Johns", date(2010, 3, 13)),
    ("America/Havana", date(2026, 10, 31)),
    ("Pacific/Apia", date(2011, 12, 29)),
    ("America/Toronto", date(1919, 3, 30)),
    ("Asia/Kathmandu", date(2026, 6, 1)),
    ("Antarctica/Casey", date(2010, 3, 4)),
]


@st.composite
def days(draw: st.DrawFn) -> Day:
    edges = sorted(draw(st.lists(st.integers(0, 96), max_size=6, unique=True)))
    written = [f"{edge // 4:02}:{edge % 4 * 15:02}" for edge in edges]
    return tuple(zip(written[::2], written[1::2], strict=False))


weeks = st.lists(days(), min_size=7, max_size=7).map(tuple)


def open_minutes(hours: OpeningHours, since: datetime, minutes: int) -> list[bool]:
    """The same by watching the wall clock minute by minute, taking a time it shows again as passed."""
    furthest = datetime.min  # noqa: DTZ901 (a wall clock has no zone)
    seen = []
    for minute in range(-240, minutes):
        wall = (since + timedelta(minutes=minute)).astimezone(ZoneInfo(hours.zone)).replace(tzinfo=None)
        furthest = max(furthest, wall)
        shown = f"{furthest:%H:%M}"
        seen.append(any(start <= shown < end for start, end in hours.week[furthest.weekday()]))
    return seen[240:]


@settings(max_examples=40, deadline=None)
@given(change=st.sampled_from(CHANGES), week=weeks, skip=st.integers(0, 1_000), take=st.integers(1, 2_000))
@example(CHANGES[6], every_day(("00:00", "12:00")), 0, 3_000)
@example(CHANGES[6], every_day(("00:00", "12:00")), 0, 24 * 60 + 30)
@example(CHANGES[10], every_day(("20:00", "24:00")), 0, 3_000)
def test_intervals_agree_with_watching_the_clock(
    change: tuple[str, date], week: Week, skip: int, take: int
) -> None:
    zone, day = change
    hours = OpeningHours(zone, week)
    since = hours.day_begins(day) + timedelta(minutes=skip)
    watched = open_minutes(hours, since, take)
    assert hours.open_ms_between(since, since + timedelta(minutes=take)) == sum(watched) * 60_000
    for minute in range(0, take, 13):
        assert hours.is_open(since + timedelta(minutes=minute)) is watched[minute]


moments = st.datetimes(
    utc("2026-01-01").replace(tzinfo=None),
    utc("2027-01-01").replace(tzinfo=None),
    timezones=st.just(UTC),
)


@settings(max_examples=80, deadline=None)
@given(zone=st.sampled_from([zone for zone, _ in CHANGES]), week=weeks, now=moments)
def test_the_neighbouring_moments_are_the_nearest(zone: str, week: Week, now: datetime) -> None:
    hours = OpeningHours(zone, week, country="NL")
    opening, closing = hours.next_opening(now), hours.closing_after(now)
    latest = hours.latest_open_at_or_before(now)
    assert (opening is None) is (week == NEVER)
    if opening:
        assert opening >= now
        assert hours.is_open(opening)
        assert hours.open_ms_between(now, opening) == 0
        assert hours.shift_into_hours(now) == opening
    if opening and closing:
        assert not hours.is_open(closing)
        assert hours.is_open(closing - LAST_US)
        assert closing > opening
        assert abs(hours.open_ms_between(now, closing) - (closing - opening) / timedelta(milliseconds=1)) < 1
    if latest:
        assert latest <= now
        assert hours.is_open(latest)
        assert hours.open_ms_between(latest + LAST_US, now) == 0


@settings(max_examples=50, deadline=None)
@given(week=weeks, three=st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_opening_time_adds_up(week: Week, three: list[datetime]) -> None:
    a, b, c = three
    hours = OpeningHours(AMSTERDAM, week)
    assert hours.open_ms_between(a, b) + hours.open_ms_between(b, c) == hours.open_ms_between(a, c)


@given(week=weeks)
def test_any_week_survives_json(week: Week) -> None:
    hours = OpeningHours(AMSTERDAM, week)
    assert OpeningHours.from_json(hours.as_json()) == hours


def test_without_a_week_of_her_own_rosa_follows_the_dealer() -> None:
    rosa = Shift.from_json({}, NORTHSIDE)
    assert rosa == Shift(NORTHSIDE)
    assert rosa.is_on(local("2026-10-16 17:59"))
    assert not rosa.is_on(local("2026-10-16 18:00"))
    assert rosa.next_on(local("2026-10-16 18:00")) == local("2026-10-17 10:00")
    assert rosa.next_on(local("2026-10-16 12:00")) == local("2026-10-16 12:00")


def test_samir_works_mornings_and_never_on_public_holidays() -> None:
    samir = Shift(NORTHSIDE, every_day(("08:00", "13:00")))
    assert samir.is_on(local("2026-10-16 08:30"))  # before the door opens
    assert samir.is_on(local("2026-10-18 12:00"))  # on a Sunday
    assert not samir.is_on(local("2026-10-16 13:00"))
    assert not samir.is_on(local("2026-04-27 12:00"))
    assert samir.next_on(local("2026-04-27 12:00")) == local("2026-04-28 08:00")


def test_on_an_extra_open_day_everybody_has_its_hours() -> None:
    show = OpeningHours(AMSTERDAM, open_days=((date(2026, 10, 18), (("12:00", "17:00"),)),))
    samir = Shift(show, every_day(("08:00", "13:00")))
    assert not samir.is_on(local("2026-10-18 08:30"))
    assert samir.is_on(local("2026-10-18 16:30"))


def test_days_off_go_before_all_and_end_with_their_last_day() -> None:
    off = (DaysOff(date(2026, 10, 16), date(2026, 10, 19)), DaysOff(date(2026, 10, 20), date(2026, 10, 20)))
    rosa = Shift(NORTHSIDE, days_off=off)
    assert rosa.is_on(local("2026-10-15 17:00"))
    assert not rosa.is_on(local("2026-10-16 12:00"))
    assert rosa.next_on(local("2026-10-15 18:00")) == local("2026-10-21 09:00")
    assert rosa.next_on(local("2026-10-17 12:00")) == local("2026-10-21 09:00")


def test_after_a_long_leave_she_is_back_on_the_first_open_day() -> None:
    rosa = Shift(NORTHSIDE, days_off=(DaysOff(date(2026, 10, 16), date(2027, 4, 26)),))
    assert rosa.next_on(local("2026-10-16 12:00")) == local("2027-04-28 09:00")  # 27 April is Koningsdag


def test_a_night_shift_ends_at_midnight_before_a_day_off() -> None:
    rosa = Shift(OpeningHours(AMSTERDAM, ALWAYS), days_off=(DaysOff(date(2026, 10, 17), date(2026, 10, 17)),))
    assert rosa.is_on(local("2026-10-16 23:59"))
    assert not rosa.is_on(local("2026-10-17 00:00"))
    assert rosa.next_on(local("2026-10-17 12:00")) == local("2026-10-18 00:00")


def test_somebody_without_shifts_is_never_on() -> None:
    nobody = Shift(NORTHSIDE, NEVER, (DaysOff(date(2026, 10, 1), date(2026, 10, 31)),))
    assert nobody.next_on(local("2026-10-16 12:00")) is None


def test_a_shift_survives_json() -> None:
    shift = Shift(NORTHSIDE, LUNCH, (DaysOff(date(2026, 10, 16), date(2026, 10, 19)),))
    assert Shift.from_json(json.loads(json.dumps(shift.as_json())), NORTHSIDE) == shift
    assert Shift.from_json(Shift(NORTHSIDE).as_json(), NORTHSIDE) == Shift(NORTHSIDE)


def test_days_off_that_end_before_they_begin_are_refused() -> None:
    with pytest.raises(WrongHours, match="2026-10-15 comes before 2026-10-16"):
        DaysOff(date(2026, 10, 16), date(2026, 10, 15))

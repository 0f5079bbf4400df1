"""Dates and times as senders write them."""

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

_LONGEST = 80
#: Where the month is written before the day.
_MONTH_FIRST = frozenset({"US", "PH"})

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari januar jänner января янв",
            "feb february februari februar feber февраля фев",
            "mar march maart mrt märz mrz марта мар",
            "apr april апреля апр",
            "may mei mai мая май",
            "jun june juni июня июн",
            "jul july juli июля июл",
            "aug august augustus августа авг",
            "sep sept september сентября сен",
            "oct october okt oktober октября окт",
            "nov november ноября ноя",
            "dec december dez dezember декабря дек",
        ),
        1,
    )
    for name in names.split()
}
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "cet": 1, "cest": 2, "eet": 2, "eest": 3, "msk": 3,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip

_YEAR_FIRST = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?:T?(\d\d)(\d\d)(\d\d)?)?(?!\d)")
_DAY_MONTH = re.compile(r"(?<!\d)(\d{1,2})\.?(?:st|nd|rd|th)?[\s-]+([^\W\d_]{3,9})\.?,?[\s-]+(\d{4})", re.I)
_MONTH_DAY = re.compile(
    r"([^\W\d_]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?(?!\d|:),?(?:.*?\s(\d{4})(?!\d))?", re.I
)
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:h](\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([ap]\.?m\b)?", re.I)
_OFFSET = re.compile(r"\s*([+-])(\d{1,2}):?(\d{0,2})(?!\d)")
_ZONE_NAME = re.compile(r"\b([a-z]{1,4})\b", re.I)
_EPOCH = re.compile(r"\D{0,8}(\d{10}|\d{13})\D{0,4}")


def read_moment(
    text: str, zone: ZoneInfo, country: str = "NL", received_at: datetime | None = None
) -> datetime | None:
    """The moment the text names, aware, or None. Without a zone of its own it is read in `zone`.

    06/03 is the 6th of March except where the country writes the month first, or where that would lie
    after `received_at` and the other reading would not.
    """
    text = text.strip()[:_LONGEST]
    try:
        moment = _plain(text, zone) or _epoch(text) or _written(text, zone, country, received_at)
        if moment is None or not 1990 <= moment.year <= 2100:
            return None
        return moment.replace(tzinfo=timezone(moment.utcoffset() or timedelta(0)))
    except (ValueError, OverflowError):
        return None


def _plain(text: str, zone: ZoneInfo) -> datetime | None:
    """ISO 8601 as it should be: most senders' way, and the quickest to read."""
    if len(text) < 16 or text[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _epoch(text: str) -> datetime | None:
    if not (seconds := _EPOCH.fullmatch(text)):
        return None
    return datetime.fromtimestamp(int(seconds[1]) / (1000 if len(seconds[1]) == 13 else 1), UTC)


def _written(text: str, zone: ZoneInfo, country: str, received_at: datetime | None) -> datetime | None:
    days, rest = _days(text, country)
    if not days:
        return None
    hour, minute, second, micro, rest = _clock(rest)
    tz = _zone(rest) or zone
    moments = []
    for year, month, day in days:
        try:
            moments.append(datetime(year, month, day, hour, minute, second, micro, tz))
        except ValueError:
            continue
    if received_at:
        latest = received_at + timedelta(days=1)
        moments.sort(key=lambda moment: moment > latest)
    return moments[0] if moments else None


def _days(text: str, country: str) -> tuple[list[tuple[int, int, int]], str]:
    """The days the text can mean, the likeliest first, and the text that is left."""
    if found := _YEAR_FIRST.search(text):
        year, month, day = (int(part) for part in found.groups())
        return [(year, month, day), (year, day, month)], _without(text, found)
    if found := _YEAR_LAST.search(text):
        first, second, year = (int(part) for part in found.groups())
        year += 2000 if year < 100 else 0
        ways = [(year, second, first), (year, first, second)]
        return ways[::-1] if country in _MONTH_FIRST else ways, _without(text, found)
    if (found := _DAY_MONTH.search(text)) and (named := _month(found[2])):
        return [(int(found[3]), named, int(found[1]))], _without(text, found)
    for found in _MONTH_DAY.finditer(text):
        if found[3] and (named := _month(found[1])):
            rest = text[: found.start()] + " " + text[found.end(2) :]
            return [(int(found[3]), named, int(found[2]))], rest
    if found := _COMPACT.search(text):
        year, month, day = (int(part) for part in found.groups()[:3])
        clock = f" {found[4]}:{found[5]}:{found[6] or '00'}" if found[4] else ""
        return [(year, month, day)], clock + text[found.end() :]
    return [], text


def _without(text: str, found: re.Match[str]) -> str:
    return text[: found.start()] + " " + text[found.end() :]


def _month(name: str) -> int | None:
    name = name.casefold()
    return _MONTHS.get(name) or _MONTHS.get(name[:3])


def _clock(rest: str) -> tuple[int, int, int, int, str]:
    found = _CLOCK.search(rest)
    if not found:
        return 0, 0, 0, 0, ""
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[5] or "")[:1].lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour, minute, second, int((found[4] or "0").ljust(6, "0")[:6]), rest[found.end() :]


def _zone(rest: str) -> timezone | None:
    if found := _OFFSET.search(rest):
        hours, minutes = int(found[2]), int(found[3] or 0)
        if hours <= 14 and minutes < 60:
            offset = timedelta(hours=hours, minutes=minutes)
            return timezone(-offset if found[1] == "-" else offset)
    named = (_ZONES[word[1].lower()] for word in _ZONE_NAME.finditer(rest) if word[1].lower() in _ZONES)
    hours_east = next(named, None)
    return None if hours_east is None else timezone(timedelta(hours=hours_east))

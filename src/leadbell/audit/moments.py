"""Dates, times, durations and money as SQL over text. The order of day and month is decided over a whole column."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Order = Literal["iso", "day first", "month first", "words", "epoch", "excel"]
_ISO = re.compile(r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T]|$)")
_NUMBERS = re.compile(r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})\b")
_WORDS = re.compile(r"^\w{0,10}\.?,?\s*(\d{1,2}\.? [^\W\d]{3,}|[^\W\d]{3,}\.? \d{1,2},? ).*\d{4}")
_CLOCK = re.compile(r"^\d{1,2}[:.h]\d{2}([:.]\d{2})?(\s*[ap]\.?m\.?)?$", re.I)
_DURATION = re.compile(r"^-?(\d+[:]\d{1,2}([:]\d{1,2})?([.,]\d+)?|\d+([.,]\d+)?\s*\w{0,8})$")
_MONTHS = {
    1: ("jan", "янв"), 2: ("feb", "фев"), 3: ("mar", "maa", "mrt", "mär", "мар"), 4: ("apr", "апр"), 5: ("may", "mei", "mai", "май", "мая"),
    6: ("jun", "июн"), 7: ("jul", "июл"), 8: ("aug", "авг"), 9: ("sep", "сен"), 10: ("oct", "okt", "окт"), 11: ("nov", "ноя"), 12: ("dec", "dez", "дек"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """How the moments of a column are written; `sure` is False where every value fits both orders."""

    order: Order
    sure: bool = True


def looks_like_moment(value: str) -> bool:
    value = value.strip()
    return bool(
        _ISO.match(value) or _NUMBERS.match(value) or _WORDS.match(value) or _epoch(value) or _excel(value)
    )


def _epoch(value: str) -> bool:
    return bool(re.fullmatch(r"1\d{9}(\d{3})?", value))


def _excel(value: str) -> bool:
    return bool(re.fullmatch(r"[2-6]\d{4}([.,]\d+)?", value))


def looks_like_time(value: str) -> bool:
    return bool(_CLOCK.match(value.strip()))


def looks_like_duration(value: str) -> bool:
    return bool(_DURATION.match(value.strip()))


def kind_of(values: Sequence[str]) -> Order | None:
    """How most of the values are written; "day first" stands for numbers of either order."""
    counts = Counter(order for value in values if (order := _kind(value.strip())) is not None)
    return counts.most_common(1)[0][0] if counts else None


def _kind(value: str) -> Order | None:
    if _ISO.match(value):
        return "iso"
    if _NUMBERS.match(value):
        return "day first"
    if _epoch(value):
        return "epoch"
    if _excel(value):
        return "excel"
    return "words" if _WORDS.match(value) else None


def places_of_days(values: Sequence[str]) -> tuple[int, int]:
    """How many values have a day over 12 in first place, and in second place."""
    found = [(int(one[1]), int(one[2])) for value in values if (one := _NUMBERS.match(value.strip()))]
    return sum(12 < first < 32 for first, _ in found), sum(12 < second < 32 for _, second in found)


def order_counts(cell: str) -> str:
    """SQL for how many values have a day over 12 in first place, and in second place."""
    first = f"try_cast(regexp_extract({cell}, '^(\\d{{1,2}})', 1) as integer)"
    second = f"try_cast(regexp_extract({cell}, '^\\d{{1,2}}[-/. ](\\d{{1,2}})[-/. ]', 1) as integer)"
    return f"count(case when {first} between 13 and 31 then 1 end), count(case when {second} between 13 and 31 then 1 end)"


def moment(cell: str, order: Order) -> str:
    """SQL for a cell as a local TIMESTAMP; NULL where it is no moment. An offset in it is left to `offset`."""
    if order == "epoch":
        return f"make_timestamp(case when length({cell}) > 10 then 1000 else 1000000 end * try_cast({cell} as bigint))"
    if order == "excel":
        number = f"try_cast(replace({cell}, ',', '.') as double)"
        return (
            f"(timestamp '1899-12-30' + to_microseconds(cast(round({number} * 86400) as bigint) * 1000000))"
        )
    if order == "iso":
        bare = f"regexp_replace({cell}, '(Z| ?[+-]\\d{{2}}:?\\d{{2}}| UTC)$', '')"
        quick = f"case when length({cell}) in (10, 19, 23) then try_cast({cell} as timestamp) end"
        return f"coalesce({quick}, try_cast({bare} as timestamp), {_slow(cell, 'year first')})"
    if order == "words":
        return _in_words(cell)
    return f"coalesce({_quick(cell, order)}, {_slow(cell, order)})"


def _quick(cell: str, order: Order) -> str:
    date = "%d{0}%m{0}%Y" if order == "day first" else "%m{0}%d{0}%Y"
    tries = [
        f"try_strptime({cell}, '{date.format(sign)} {clock}')"
        for sign in ("-", "/", ".")
        for clock in ("%H:%M:%S", "%H:%M")
    ]
    by_sign = {sign: tries[2 * i : 2 * i + 2] for i, sign in enumerate(("-", "/", "."))}
    cases = " ".join(
        f"when contains({cell}, '{sign}') then case when length({cell}) = 19 then {both[0]} when length({cell}) = 16 then {both[1]} end"
        for sign, both in by_sign.items()
    )  # fmt: skip
    return f"case {cases} end"


def _slow(cell: str, order: str) -> str:
    a, b, c = {"day first": ("d", "m", "y"), "month first": ("m", "d", "y"), "year first": ("y", "m", "d")}[
        order
    ]
    first, last = ("\\d{4}", "\\d{1,2}") if a == "y" else ("\\d{1,2}", "\\d{4}|\\d{2}")
    pattern = (
        f"^({first})[-/. ](\\d{{1,2}})[-/. ]({last})(?:[ T,]+(\\d{{1,2}})[:.h](\\d{{2}})(?:[:.](\\d{{2}}))?(?:[.,](\\d{{1,6}}))?)?"
        "\\s*([AaPp]?)\\.?[Mm]?\\.?"
    )
    names = ", ".join(f"'{name}'" for name in (a, b, c, "h", "n", "s", "f", "ap"))
    return _made(f"regexp_extract({cell}, '{pattern}', [{names}])")


def _made(struct: str) -> str:
    """A timestamp from the parts of a struct, years of two digits in this century, 12-hour clocks as such."""
    year = "case when length(p.y) = 2 then 2000 + try_cast(p.y as integer) else try_cast(p.y as integer) end"
    hour = (
        "case when lower(p.ap) = 'p' and try_cast(p.h as integer) < 12 then try_cast(p.h as integer) + 12 "
        "when lower(p.ap) = 'a' and try_cast(p.h as integer) = 12 then 0 else coalesce(try_cast(p.h as integer), 0) end"
    )
    text = (
        f"format('{{:04d}}-{{:02d}}-{{:02d}} {{:02d}}:{{:02d}}:{{:02d}}.{{:0<3}}', {year}, try_cast(p.m as integer), "
        f"try_cast(p.d as integer), {hour}, coalesce(try_cast(p.n as integer), 0), coalesce(try_cast(p.s as integer), 0), "
        "case when p.f = '' then '000' else left(p.f, 3) end)"
    )
    return (
        f"list_transform([{struct}], lambda p: case when p.y <> '' then try_cast({text} as timestamp) end)[1]"
    )


def _in_words(cell: str) -> str:
    months = " ".join(
        f"when {' or '.join(f'contains(lower({cell}), {chr(39)}{name}{chr(39)})' for name in names)} then '{number}'"
        for number, names in _MONTHS.items()
    )
    clock = "(\\d{1,2}):(\\d{2})(?::(\\d{2}))?(?:[.](\\d{1,6}))?\\s*([AaPp]?)\\.?[Mm]?"
    pattern = f"(?:{clock})"
    day = f"regexp_extract({cell}, '(?:^|[^0-9:])(\\d{{1,2}})(?:[^0-9:]|$)', 1)"
    times = f"regexp_extract({cell}, '{pattern}', ['h', 'n', 's', 'f', 'ap'])"
    return _made(
        f"list_transform([{times}], lambda t: {{'y': regexp_extract({cell}, '(\\d{{4}})', 1), 'm': case {months} end, "
        f"'d': {day}, 'h': t.h, 'n': t.n, 's': t.s, 'f': t.f, 'ap': t.ap}})[1]"
    )


def offset(cell: str) -> str:
    """SQL for the minutes that a cell says it is ahead of UTC; NULL where it says nothing."""
    sign = f"regexp_extract({cell}, '([+-])(\\d{{2}}):?(\\d{{2}})$', ['s', 'h', 'm'])"
    return (
        f"case when not contains({cell}, ':') then null when ends_with({cell}, 'Z') or ends_with({cell}, 'UTC') then 0 else "
        f"list_transform([{sign}], lambda p: case when p.h <> '' then "
        "(case when p.s = '-' then -1 else 1 end) * (60 * try_cast(p.h as integer) + try_cast(p.m as integer)) end)[1] end"
    )


def utc_ms(local: str, changes: Sequence[tuple[int, int]]) -> str:
    """SQL for a local TIMESTAMP as milliseconds since 1970 UTC, by the zone's clock changes."""
    ms = f"epoch_ms({local})"
    if not changes:
        return ms
    steps = " ".join(f"when {ms} >= {since} then {ms} - {ahead}" for since, ahead in reversed(changes[1:]))
    return f"case {steps} else {ms} - {changes[0][1]} end" if steps else f"({ms} - {changes[0][1]})"


def clock_changes(zone: str, first: datetime, last: datetime) -> list[tuple[int, int]]:
    """(since which local millisecond, milliseconds ahead of UTC) of a zone between two local moments, ascending."""
    if not zone:
        return []
    clock = ZoneInfo(zone)
    found: list[tuple[int, int]] = []
    at = first.replace(tzinfo=UTC) - timedelta(days=2)
    end = last.replace(tzinfo=UTC) + timedelta(days=2)
    while at < end:
        ahead = round((at.astimezone(clock).utcoffset() or timedelta()).total_seconds() * 1000)
        if not found or found[-1][1] != ahead:
            # Where clocks go back, what comes twice means the first: the old offset holds to the end of it.
            back = max(ahead, found[-1][1]) if found else ahead
            found.append((round(at.timestamp() * 1000) + back, ahead))
        at += timedelta(hours=1)
    return found


def duration_ms(cell: str, unit: int, minutes_first: bool) -> str:
    """SQL for `0:02:10`, `2:10`, `130`, `2,5 min` as milliseconds; a bare number is in `unit` milliseconds."""
    size = f"replace(ltrim({cell}, '-'), ',', '.')"
    parts = f"string_split({size}, ':')"
    two = (60_000, 1_000) if minutes_first else (3_600_000, 60_000)
    number = f"try_cast(regexp_extract({size}, '^(\\d+(?:\\.\\d+)?)\\D*$', 1) as double)"
    said = (
        f"case when regexp_matches(lower({cell}), '\\d\\s*(ms)') then 1 when regexp_matches(lower({cell}), '\\d\\s*(h|u|ч|std|st)') then 3600000 "
        f"when regexp_matches(lower({cell}), '\\d\\s*(m|м)') then 60000 when regexp_matches(lower({cell}), '\\d\\s*(s|с)') then 1000 else {unit} end"
    )

    def part(n: int) -> str:
        return f"try_cast({parts}[{n}] as double)"

    slow = (
        f"case when starts_with({cell}, '-') then -1 else 1 end * try_cast(round(case len({parts}) "
        f"when 3 then {part(1)} * 3600000 + {part(2)} * 60000 + {part(3)} * 1000 "
        f"when 2 then {part(1)} * {two[0]} + {part(2)} * {two[1]} else {number} * {said} end) as bigint)"
    )
    whole = f"try_cast({cell} as bigint) * {unit}"
    return f"case when regexp_full_match({cell}, '\\d{{1,12}}') then {whole} when {cell} is not null then {slow} end"


def cents(cell: str) -> str:
    """SQL for an amount of money in cents, with or without its sign and thousands; NULL where it isn't one number.

    A point or comma with one or two digits behind it is a decimal sign, also one with nothing but a zero before it;
    with three digits behind it, it parts thousands.
    """
    blank = "\\s\u00a0\u202f’''"
    number = (
        f"regexp_replace(regexp_extract({cell}, '^[^\\d.,-]*-?[^\\d.,-]*([\\d.,][\\d.,{blank}]*?)[.,]?-?[^\\d.,-]*$', 1), "
        f"'[{blank}]', '', 'g')"
    )
    marked = (
        f"regexp_replace(regexp_replace({number}, '^0?[.,](\\d+)$', '0p\\1'), '[.,](\\d{{1,2}})$', 'p\\1')"
    )
    amount = f"replace(regexp_replace({marked}, '[.,]', '', 'g'), 'p', '.')"
    sign = f"case when regexp_matches({cell}, '^[^\\d.,]*(-|−|[(].*[)]$)') then -1 else 1 end"
    fits = "\\d+([.,]\\d{1,2})?|\\d{1,3}([.,]\\d{3})+([.,]\\d{1,2})?|0?[.,]\\d+"
    return (
        f"case when regexp_full_match({number}, '{fits}') "
        f"then {sign} * try_cast(round(100 * try_cast({amount} as double)) as bigint) end"
    )

"""Which column says what: guessed from headers and values, kept as TOML, corrected by hand, used again."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadbell.audit import headers, moments, terms
from leadbell.audit.sheets import Sheet
from leadbell.trouble import Trouble

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Guess:
    """`sure` from 0 to 1; 1 where a person wrote it into the map."""

    column: str
    sure: float
    samples: tuple[str, ...] = ()


@dataclass(slots=True)
class ExportMap:
    """`columns`: table → field → column. `values`: table → field → what a cell says → our word."""

    columns: dict[str, dict[str, Guess]] = field(default_factory=dict)
    values: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    #: Values that aren't understood, with how often they occur: table → field → value → rows.
    unknown: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    #: Said by a person: all leads came this way.
    origin: str = ""
    #: IANA name; empty: the clock as it is written.
    zone: str = ""
    country: str = ""
    #: "day first" or "month first", said by a person; empty: decided by the columns.
    dates: str = ""
    hours: dict[str, list[list[str]]] = field(default_factory=dict)
    #: How each column of moments was read, and whether that is sure.
    orders: dict[str, moments.Written] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            table: {
                name: {"column": guess.column, "confidence": round(guess.sure, 2)} for name, guess in fields.items()
            }
            for table, fields in self.columns.items()
        } | {
            "values": self.values, "not_understood": self.unknown,
            "dates": {name: one.order for name, one in self.orders.items()}, "zone": self.zone or None,
        }  # fmt: skip


def guess(table: str, sheet: Sheet) -> dict[str, Guess]:
    """The likeliest column for each field of the table; a column means one thing, a field has one column."""
    found: list[tuple[float, str, int]] = []
    for place, header in enumerate(sheet.columns):
        values = [row[place].strip() for row in sheet.sample if place < len(row) and row[place].strip()]
        for name, sure in headers.field_of(table, header):
            fits = _fits(table, name, values)
            if sure * fits > 0.3:
                found.append((sure * fits, name, place))
    taken: dict[str, Guess] = {}
    used: set[int] = set()
    for sure, name, place in sorted(found, key=lambda one: (-one[0], one[2])):
        if name in taken or place in used:
            continue
        used.add(place)
        taken[name] = Guess(sheet.columns[place], sure, _samples(sheet, place))
    return {name: taken[name] for name in headers.FIELDS[table] if name in taken}


def _samples(sheet: Sheet, place: int) -> tuple[str, ...]:
    return tuple(list(dict.fromkeys(row[place] for row in sheet.sample if row[place].strip()))[:3])


def _fits(table: str, name: str, values: Sequence[str]) -> float:
    """How well the values look like what the field holds; 1 where there are none to look at."""
    if not values:
        return 0.6
    kind = headers.FIELDS[table][name]
    if kind == "moment":
        share = sum(map(moments.looks_like_moment, values)) / len(values)
        # "Appointment: yes" says that there was one, if not when.
        if share < 0.5 and name in _MARKS and all(terms.meant("flag", value) for value in set(values)):
            return 0.7
        return share
    if kind == "time":
        return sum(map(moments.looks_like_time, values)) / len(values)
    if kind == "duration":
        return sum(map(moments.looks_like_duration, values)) / len(values)
    if kind == "money":
        return sum(any(sign.isdigit() for sign in value) for value in values) / len(values)
    if kind in ("term", "flag"):
        kinds = set(values)
        known = sum(terms.meant(name, value) is not None for value in kinds) / len(kinds)
        return 0.55 + 0.45 * known if kind == "term" else known
    return 1.0


#: Moments of which a mere yes is worth something.
_MARKS = {"booked", "confirmed", "shown", "quoted", "sold", "lost"}


def read_map(path: Path) -> dict[str, Any]:
    """The TOML of a mapping. Raises Trouble where it is none."""
    if not path.exists():
        raise Trouble("There is no file %(file)s.", file=str(path))
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Trouble("%(file)s can't be understood: %(why)s", file=path.name, why=str(error)) from None


def apply(mapping: ExportMap, written: Mapping[str, Any], sheets: Mapping[str, Sheet], name: str) -> None:
    """What a person wrote beats every guess; an empty column says that there is none. Raises Trouble where a column
    isn't in the file."""
    about = written.get("export", {})
    mapping.zone = str(about.get("zone", mapping.zone))
    mapping.country = str(about.get("country", mapping.country))
    mapping.origin = str(about.get("origin", mapping.origin))
    mapping.dates = str(about.get("dates", mapping.dates))
    if mapping.origin and mapping.origin not in terms.words_of("origin"):
        words = ", ".join(terms.words_of("origin"))
        raise Trouble("“%(origin)s” is no origin: use %(origins)s.", origin=mapping.origin, origins=words)
    if mapping.dates not in ("", "day first", "month first"):
        raise Trouble(
            "%(file)s: dates are “day first” or “month first”, not “%(said)s”.", file=name, said=mapping.dates
        )
    mapping.hours = {day: list(spans) for day, spans in written.get("hours", {}).items()} or mapping.hours
    for table, sheet in sheets.items():
        said = written.get(table, {})
        for one, column in said.get("columns", {}).items():
            if one not in headers.FIELDS[table]:
                raise Trouble(
                    "%(file)s: there is no field “%(field)s” in %(table)s.", file=name, field=one, table=table
                )
            mapping.columns[table].pop(one, None)
            if not column:
                continue
            if column not in sheet.columns:
                raise Trouble(
                    "%(map)s names the column “%(column)s”, but %(file)s has none of that name. It has: %(columns)s.",
                    map=name, column=str(column), file=sheet.path.name, columns=", ".join(sheet.columns),
                )  # fmt: skip
            mapping.columns[table][one] = Guess(column, 1.0, _samples(sheet, sheet.columns.index(column)))
        for one, values in said.get("values", {}).items():
            if not terms.is_term(one):
                raise Trouble("%(file)s: the values of “%(field)s” can't be mapped.", file=name, field=one)
            for value, ours in values.items():
                if ours and ours not in terms.words_of(one):
                    raise Trouble(
                        "%(file)s: “%(value)s” can't mean “%(ours)s”; %(field)s is one of %(words)s.",
                        file=name, value=value, ours=str(ours), field=one, words=", ".join(terms.words_of(one)),
                    )  # fmt: skip
                mapping.values.setdefault(table, {}).setdefault(one, {})[value] = ours


def as_toml(mapping: ExportMap) -> str:
    """The mapping to be corrected by hand; values that weren't understood stand there empty."""
    lines = [
        "# Which column says what. Correct what is wrong and run `leadbell audit` again with --map and this file.",
        '# A field set to "" is left out.',
        "",
        "[export]",
        f"zone = {_said(mapping.zone)}      # such as \"Europe/Amsterdam\"; empty: the clock as it is written",
        f"country = {_said(mapping.country)}   # such as \"NL\", for public holidays",
        f"origin = {_said(mapping.origin)}    # online, call, chat, walk_in, direct_mail or lost_sale: all leads came this way",
        f"dates = {_said(mapping.dates)}     # \"day first\" or \"month first\"; empty: decided by the columns",
        "",
    ]  # fmt: skip
    if mapping.hours:
        lines += ["[hours]", *(f"{day} = {json.dumps(spans)}" for day, spans in mapping.hours.items()), ""]
    else:
        lines += [
            "# Without opening hours nothing can be said about leads received in opening hours.",
            "# [hours]",
            *(f'# {day} = [["09:00", "18:00"]]' for day in DAYS[:6]),
            "",
        ]
    for table, fields in mapping.columns.items():
        lines.append(f"[{table}.columns]")
        for name in headers.FIELDS[table]:
            if found := fields.get(name):
                samples = " · ".join(" ".join(one.split())[:40] for one in found.samples)
                lines.append(f"{name} = {_said(found.column)}  # {found.sure:.0%}: {_comment(samples)}")
        lines.append("")
        for name, values in mapping.values.get(table, {}).items():
            lines.append(
                f"[{table}.values.{name}]  # {', '.join(word for word in terms.words_of(name) if word)}"
            )
            lines += [f"{_said(value)} = {_said(ours)}" for value, ours in values.items()]
            lines += [f'# {_said(value)} = ""' for value in mapping.unknown.get(table, {}).get(name, {})]
            lines.append("")
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _said(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

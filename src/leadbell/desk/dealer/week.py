"""A week of hours as a form: two openings a day, so that lunch can be closed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from leadbell.dealers.week import WEEKDAYS, Week

NAMES = {
    "monday": _("Monday"),
    "tuesday": _("Tuesday"),
    "wednesday": _("Wednesday"),
    "thursday": _("Thursday"),
    "friday": _("Friday"),
    "saturday": _("Saturday"),
    "sunday": _("Sunday"),
}
#: Openings a day on the form; hours with more keep them in the first fields that are free.
OPENINGS = 2
#: Empty rows for days off, extra closed and extra open days.
MOST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One day: its field names begin with `day`; `openings` are (number, from, until)."""

    day: str
    name: Any
    openings: tuple[tuple[int, str, str], ...]


def rows_of(week: Week, said: Mapping[str, str] | None = None) -> list[Row]:
    """The week as rows of fields; what was said on a form that was refused comes first."""
    return [
        Row(
            day,
            NAMES[day],
            tuple(_opening(day, hours, number, said) for number in range(max(OPENINGS, len(hours)))),
        )
        for day, hours in zip(WEEKDAYS, week, strict=True)
    ]


def _opening(
    day: str, hours: tuple[tuple[str, str], ...], number: int, said: Mapping[str, str] | None
) -> tuple[int, str, str]:
    if said is not None:
        return number, said.get(f"{day}-{number}-from", ""), said.get(f"{day}-{number}-until", "")
    start, end = hours[number] if number < len(hours) else ("", "")
    # A browser's time field knows no 24:00.
    return number, start, "00:00" if end == "24:00" else end


def week_said(said: Mapping[str, str]) -> dict[str, list[list[str]]]:
    """The week a form says, as `week_from_json` reads it; days without times are closed."""
    return {day: list(_openings(said, day)) for day in WEEKDAYS}


def _openings(said: Mapping[str, str], prefix: str) -> Iterator[list[str]]:
    number = 0
    while f"{prefix}-{number}-from" in said:
        start, end = said[f"{prefix}-{number}-from"].strip(), said.get(f"{prefix}-{number}-until", "").strip()
        if start or end:
            yield [start, "24:00" if end == "00:00" else end]
        number += 1
        if number > 10:
            return


def days_off_said(said: Mapping[str, str]) -> list[dict[str, str]]:
    """Rows with a first day; without a last day it is one day."""
    rows = []
    for number in range(MOST_DAYS):
        first = said.get(f"off-{number}-first", "").strip()
        if first and not said.get(f"off-{number}-gone"):
            rows.append({"first": first, "until": said.get(f"off-{number}-until", "").strip() or first})
    return rows


def days_said(said: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Extra closed and extra open days, as `OpeningHours.from_json` reads them."""
    closed: dict[str, Any] = {}
    opened: dict[str, Any] = {}
    for number in range(MOST_DAYS):
        day = said.get(f"closed-{number}-day", "").strip()
        if day and not said.get(f"closed-{number}-gone"):
            closed[day] = said.get(f"closed-{number}-occasion", "").strip()[:80]
        day = said.get(f"open-{number}-day", "").strip()
        if day and not said.get(f"open-{number}-gone"):
            opened[day] = list(_openings(said, f"open-{number}"))
    return {"closed_days": closed, "open_days": opened}

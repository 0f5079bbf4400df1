"""Which week a weekly report is about, and when it is due: Mondays at 7:00 where the reader's organisation is."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = time(7)
#: Weeks that a week is set beside.
BEFORE = 4
#: A house that was switched off on Monday still sends within so long; later it is no news.
LATE = timedelta(days=2)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday, by the dealers' own local days."""

    monday: date

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def before(self) -> tuple[date, date]:
        """First and last day of the four weeks before."""
        return self.monday - BEFORE * _WEEK, self.monday - timedelta(days=1)

    @property
    def key(self) -> str:
        """Names this week's letter for ever."""
        return f"week:{self.monday.isoformat()}"


def last_week(today: date) -> Week:
    """The last week that is over."""
    return Week(today - timedelta(days=today.weekday()) - _WEEK)


def due(zone: str, wanted_from: datetime, now: datetime) -> Week | None:
    """The week to tell about now; None before Monday's hour, days after it, or if it was wanted only since then."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    monday = today - timedelta(days=today.weekday())
    at = datetime.combine(monday, HOUR, here)
    if not at <= now < at + LATE or wanted_from > at:
        return None
    return last_week(today)

"""Which calendar month a dealer's page is about, and when its letter is due: the first at 7:00 where the reader is."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

HOUR = time(7)
#: A house that was switched off on the first still sends within so long; later it is no news.
LATE = timedelta(days=5)
#: So many months back a page can be opened.
MOST = 24
_DAY = timedelta(days=1)
#: A lead may still be sold so long after it arrived; before that its month isn't ripe [S4].
RIPE_DAYS = 45
#: Of the year that ends with a month, for what a month alone has too few leads.
YEAR_DAYS = 365


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, by the dealers' own local days."""

    first: date

    @property
    def until(self) -> date:
        """The first day of the next one."""
        return self.back(-1).first

    @property
    def last(self) -> date:
        return self.until - _DAY

    @property
    def code(self) -> str:
        """As in an address: `2026-10`."""
        return f"{self.first:%Y-%m}"

    @property
    def key(self) -> str:
        """Names this month's letter for ever."""
        return f"month:{self.code}"

    @property
    def ripe_on(self) -> date:
        """The first day on which all its leads are 45 days old."""
        return self.last + timedelta(days=RIPE_DAYS + 1)

    @property
    def year_began(self) -> date:
        """The first of the 365 days that end with it."""
        return self.until - timedelta(days=YEAR_DAYS)

    def back(self, months: int) -> "Month":
        """So many months before; negative: after."""
        count = self.first.year * 12 + self.first.month - 1 - months
        return Month(date(count // 12, count % 12 + 1, 1))


def month_of(day: date) -> Month:
    return Month(day.replace(day=1))


def last_month(today: date) -> Month:
    """The last month that is over."""
    return month_of(today).back(1)


def months_to_choose(today: date) -> tuple[Month, ...]:
    """Those that are over, the newest first."""
    return tuple(month_of(today).back(n) for n in range(1, MOST + 1))


def month_named(code: str, today: date) -> Month:
    """The month of this code; the last one that is over where it is none, not over or too long ago."""
    return next((one for one in months_to_choose(today) if one.code == code), last_month(today))


def ripe_month(month: Month, today: date) -> Month:
    """The newest month up to this one whose leads are all 45 days old."""
    while month.ripe_on > today:
        month = month.back(1)
    return month


def due(zone: str, wanted_from: datetime, now: datetime) -> Month | None:
    """The month to tell about now; None before its hour, days after it, or if it was wanted only since then."""
    here = ZoneInfo(zone)
    today = now.astimezone(here).date()
    at = datetime.combine(month_of(today).first, HOUR, here)
    if not at <= now < at + LATE or wanted_from > at:
        return None
    return last_month(today)

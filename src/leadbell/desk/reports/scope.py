"""Whose leads a report is about, and of which days; a link keeps it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.shelves import sales_staff
from leadbell.desk.entrance import Visit
from leadbell.lead.doors import dealers_below, names_of_dealers, tenant
from leadbell.lead.finding import ORIGINS
from leadbell.metrics.question import Which
from leadbell.metrics.rows.live import Live, remembering
from leadbell.metrics.tables import day_number

#: The last so many days, today included; or a quarter.
PERIODS: tuple[tuple[str, str | Promise], ...] = (
    ("7", _("last 7 days")), ("30", _("last 30 days")), ("90", _("last 90 days")), ("365", _("last 365 days")),
    ("quarter", _("this quarter")), ("last-quarter", _("last quarter")), ("days", _("from … to …")),
)  # fmt: skip
#: Filters that a row of a comparison sets, and how each is called.
NAMED: dict[str, str | Promise] = {
    "source": _("source"), "channel": _("format"), "campaign": _("campaign"), "brand": _("brand"),
}  # fmt: skip
FILTERS = ("who", "period", "from", "to", "origin", *NAMED)


@dataclass(frozen=True, slots=True)
class Who:
    """One choice of whose leads: everybody's (`all`), a dealer's (`d3`), a person's (`p5`)."""

    code: str
    label: str | Promise
    dealers: tuple[int, ...]
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    who: Who
    choices: tuple[Who, ...]
    asked: Mapping[str, str]
    #: First and last local day.
    first: date
    last: date
    #: The filters as the query of a link.
    kept: str
    now: datetime

    @property
    def which(self) -> Which:
        only: dict[str, tuple[str, ...]] = {}
        if self.who.person is not None:
            only["salesperson"] = (str(self.who.person),)
        for name in ("origin", *NAMED):
            if self.asked[name]:
                only[name] = (self.asked[name],)
        return Which(day_number(self.first), day_number(self.last + timedelta(days=1)), only)

    @property
    def named(self) -> tuple[tuple[str, str | Promise, str], ...]:
        """The filters that a row of a comparison has set: name, title, value."""
        return tuple((name, title, self.asked[name]) for name, title in NAMED.items() if self.asked[name])

    @property
    def before(self) -> Which:
        """The same of the days just before, as many."""
        days = self.last - self.first + timedelta(days=1)
        return Which(day_number(self.first - days), day_number(self.first), self.which.only)

    def link(self, **other: str) -> str:
        """The query of a link with some filters changed."""
        return _query({**self.asked, **other})


def scope_of(visit: Visit, now: datetime, period: str = "90") -> Scope:
    """What the address asks for, within what this person may see; what it may not or can't be falls back."""
    choices = _choices(visit)
    asked = {name: visit.GET.get(name, "").strip()[:100] for name in FILTERS}
    who = next((one for one in choices if one.code == asked["who"]), choices[0])
    asked["who"] = who.code
    asked["period"] = asked["period"] if asked["period"] in dict(PERIODS) else period
    asked["origin"] = asked["origin"] if asked["origin"] in dict(ORIGINS) else ""
    first, last = _days(asked, timezone.localdate(now))
    if asked["period"] == "days":
        asked["from"], asked["to"] = first.isoformat(), last.isoformat()
    else:
        asked["from"] = asked["to"] = ""
    return Scope(who, choices, asked, first, last, _query(asked), now)


def _query(asked: Mapping[str, str]) -> str:
    return urlencode({name: value for name, value in asked.items() if value})


@contextmanager
def asked_of(visit: Visit, dealers: tuple[int, ...]) -> Iterator[Live]:
    """The engine over these dealers' leads; afterwards the page shows again only what this person may see."""
    with tenant(dealers), remembering(int(visit.now.timestamp() * 1000)) as engine:
        yield engine
    with tenant(visit.dealers):
        pass


def may_see_customers(visit: Visit) -> bool:
    return visit.user.role != "importer"


def _choices(visit: Visit) -> tuple[Who, ...]:
    """A salesperson sees the own figures and the team's; nobody else's [S3]."""
    person = visit.user
    below = dealers_below(person.organisation_id)
    everybody = Who("all", person.organisation.name, below)
    if person.role in ("salesperson", "bdc"):
        return (Who(f"p{person.pk}", _("my leads"), below, person.pk), everybody)
    dealers = (
        tuple(Who(f"d{number}", name, (number,)) for number, name in names_of_dealers(below).items())
        if len(below) > 1
        else ()
    )
    if person.role == "importer":
        return (everybody, *dealers)
    staff = tuple(Who(f"p{one.pk}", one.name, below, one.pk) for one in sales_staff(below))
    return (everybody, *dealers, *staff)


def _days(asked: Mapping[str, str], today: date) -> tuple[date, date]:
    match asked["period"]:
        case "quarter":
            return _quarter(today), today
        case "last-quarter":
            last = _quarter(today) - timedelta(days=1)
            return _quarter(last), last
        case "days":
            first, last = _date(asked["from"], today - timedelta(days=89)), _date(asked["to"], today)
            return min(first, last), max(first, last)
        case days:
            return today - timedelta(days=int(days) - 1), today


def _quarter(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _date(said: str, otherwise: date) -> date:
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return otherwise
    return found if 2000 <= found.year < 2200 else otherwise

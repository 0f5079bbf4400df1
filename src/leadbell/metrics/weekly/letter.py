"""The weekly report as a letter in its reader's language: HTML of tables and coloured cells, and plain text.

Mail programs show neither SVG nor stylesheets, and many no picture until somebody allows it; cells all of them show.
"""

from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from leadbell.conversation.staffmail import Draft
from leadbell.dealers.models import Person
from leadbell.metrics.letters import Letters, without_gaps
from leadbell.metrics.reports.verdict import Verdict, headline
from leadbell.metrics.weekly.report import Line, Weekly
from leadbell.metrics.weekly.rules import BEFORE, due

LETTERS = Letters("week", due)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure's line with its bars, in whole percent of the width."""

    line: Line
    now: int
    before: int
    url: str

    @property
    def rest(self) -> int:
        return 100 - self.now

    @property
    def rest_before(self) -> int:
        return 100 - self.before


def letter(said: Weekly, person: Person, dealers: int) -> Draft:
    """The week in this person's words. `dealers`: over how many; nobody's customer is in it."""
    week, site, where = said.week, settings.PUBLIC_URL, person.organisation
    with translation.override(person.language), timezone.override(ZoneInfo(where.zone)):
        days = {
            "who": "all",
            "period": "days",
            "from": week.monday.isoformat(),
            "to": week.sunday.isoformat(),
        }
        opt_out_url = f"{site}{reverse('weekly-off', args=[LETTERS.name_of(person)])}"
        about = {
            "said": said,
            "where": where.name,
            "several": dealers > 1,
            "weeks_before": BEFORE,
            "a_week_before": said.received_before / BEFORE,
            "verdict": said.verdict if isinstance(said.verdict, Verdict) else None,
            "headline": headline(said.verdict) if isinstance(said.verdict, Verdict) else (said.verdict, None),
            "bars": [_bar(line, person, f"{site}{{}}?{urlencode(days)}") for line in said.lines],
            "reports_url": f"{site}{reverse('reports')}?{urlencode(days)}",
            "verdict_url": f"{site}{reverse('verdict')}",
            "league_url": f"{site}{reverse('league')}?{urlencode(days)}" if dealers > 1 else "",
            "settings_url": f"{site}{reverse('weekly')}",
            "opt_out_url": opt_out_url,
            "language": person.language,
        }
        subject = _("%(where)s: the week of %(first)s to %(last)s") % {
            "where": " ".join(where.name.split()),
            "first": formats.date_format(week.monday, "j M"),
            "last": formats.date_format(week.sunday, "j M"),
        }
        text = render_to_string("reports/weekly_letter.txt", about)
        html = render_to_string("reports/weekly_letter.html", about)
    return Draft(subject, without_gaps(text), html, opt_out_url)


def _bar(line: Line, person: Person, link: str) -> Bar:
    opens = person.role != Person.Role.IMPORTER
    path = reverse("figure-leads", args=[line.now.metric.name]) if opens else reverse("reports")
    now, before = (round(100 * (one.value or 0.0)) for one in (line.now, line.before))
    return Bar(line, now, before, link.format(path))

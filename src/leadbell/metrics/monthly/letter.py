"""A month as a letter in its reader's language: one dealer's page, or a line for each of several."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from leadbell.conversation.staffmail import Draft
from leadbell.dealers.models import Person
from leadbell.metrics.letters import Letters, without_gaps
from leadbell.metrics.monthly.compared import Asked, Compared
from leadbell.metrics.monthly.page import Monthly
from leadbell.metrics.monthly.peers import Member
from leadbell.metrics.monthly.rules import due
from leadbell.metrics.reports.verdict import falling_short

LETTERS = Letters("month", due)
#: What a letter says of one dealer, and what of each of several; the page has the rest.
OF_ONE = (
    "attempted_rate", "called_within_2_minutes", "first_attempt_contact_rate", "appointment_rate_of_reached",
    "show_rate", "sales_conversion",
)  # fmt: skip
OF_EACH = ("called_within_2_minutes", "appointment_rate_of_reached", "show_rate")


@dataclass(frozen=True, slots=True)
class Row:
    """One of several dealers: OF_EACH, and last what was sold of the newest ripe month."""

    dealer: Member
    received: int
    lines: tuple[Compared, ...]
    url: str


def overview(asked: Asked, dealers: Sequence[int]) -> tuple[Row, ...]:
    """Each of these dealers in a line, with the address of its page."""
    return tuple(
        Row(
            asked.network.member(one), asked.leads.get(one, 0), asked.lines(one, OF_EACH), page_of(asked, one)
        )
        for one in sorted(dealers, key=lambda one: asked.network.member(one).name)
    )  # fmt: skip


def page_of(asked: Asked, dealer: int) -> str:
    return f"{_address(dealer)}?month={asked.month.code}"


@lru_cache(maxsize=10_000)
def _address(dealer: int) -> str:
    return reverse("month", args=[dealer])


def letter(person: Person, asked: Asked, dealers: Sequence[int], page: Monthly | None) -> Draft:
    """The month in this person's words: of the one dealer whose page it is, else of all these. No customer is in it."""
    site, where, month = settings.PUBLIC_URL, person.organisation, asked.month
    with translation.override(person.language), timezone.override(ZoneInfo(where.zone)):
        opt_out_url = f"{site}{reverse('monthly-off', args=[LETTERS.name_of(person)])}"
        about = {
            "asked": asked,
            "month": month,
            "where": where.name,
            "page": page,
            "leak": falling_short(page.funnel) if page else None,
            "lines": [*(one for one in page.lines if one.metric.name in OF_ONE), page.ripe] if page else (),
            "rows": () if page else overview(asked, dealers),
            "site": site,
            "page_url": f"{site}{page_of(asked, page.dealer.number)}"
            if page
            else f"{site}{reverse('months')}",
            "opt_out_url": opt_out_url,
            "language": person.language,
        }
        subject = _("%(where)s: the month of %(month)s") % {
            "where": " ".join(where.name.split()),
            "month": formats.date_format(month.first, "YEAR_MONTH_FORMAT"),
        }
        text = render_to_string("reports/month_letter.txt", about)
        html = render_to_string("reports/month_letter.html", about)
    return Draft(subject, without_gaps(text), html, opt_out_url)

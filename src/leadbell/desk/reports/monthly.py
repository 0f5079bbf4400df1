"""A dealer's month beside other dealers', to read and to print; all dealers' months in a list; the letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from csp.constants import SELF
from csp.decorators import csp_replace, csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.conversation.staffmail import Draft, can_send, last_told
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.outside.allowed import at_most
from leadbell.desk.reports.drawn import bars, drawn
from leadbell.desk.reports.mailed import ENDINGS, LETTERS_POLICY, as_sent, ending
from leadbell.desk.reports.pages import frame
from leadbell.desk.reports.scope import asked_of, scope_of
from leadbell.lead.doors import dealers_below, dealers_named
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.letters import READERS
from leadbell.metrics.monthly.compared import OUTCOMES, Asked, Best, Compared, asked
from leadbell.metrics.monthly.letter import LETTERS, letter, overview
from leadbell.metrics.monthly.networks import network_of
from leadbell.metrics.monthly.page import Monthly, monthly
from leadbell.metrics.monthly.peers import FEWEST_DEALERS, Network
from leadbell.metrics.monthly.rules import Month, last_month, month_named, months_to_choose
from leadbell.metrics.reports.verdict import falling_short
from leadbell.metrics.rows.live import Live

#: An importer knows its dealers by name: there is nobody to give away, only chance to keep out.
FEWEST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Strip:
    """One figure as a picture, in percent of its width: the half of the others, their middle, ours, the references."""

    line: Compared
    low: float | None
    high: float | None
    middle: float | None
    network: float | None
    span: tuple[float, float] | None
    at: float | None
    references: tuple[float, ...]

    @property
    def wide(self) -> float:
        return (self.high or 0.0) - (self.low or 0.0)


def strip(line: Compared) -> Strip:
    beside, of_all = line.peers or line.network, line.network
    known = [line.value, *(one.value for one in line.metric.references)]
    known += [one.high for one in (line.peers, line.network) if one]
    whole = 1.0 if line.metric.unit == "share" else 1.15 * max((one for one in known if one), default=1.0)

    def across(value: float | None) -> float | None:
        return None if value is None else round(100 * min(max(value / whole, 0.0), 1.0), 2)

    low, high = line.answer.interval or (None, None)
    span = (across(low) or 0.0, across(high) or 0.0) if line.value is not None and high is not None else None
    return Strip(
        line, across(beside.low if beside else None), across(beside.high if beside else None),
        across(beside.middle if beside else None), across(of_all.middle if of_all else None), span,
        across(line.value), tuple(across(one.value) or 0.0 for one in line.metric.references),
    )  # fmt: skip


@require_GET
@door_for(*READERS)
def month(request: Visit, now: datetime, dealer: int) -> HttpResponse:
    """One dealer's page, for who runs it and for the importer above it; others don't find it."""
    if dealer not in dealers_below(request.user.organisation_id):
        raise Http404
    here = dealers_named([dealer]).get()
    today, named = now.astimezone(ZoneInfo(here.zone)).date(), request.user.role == "importer"
    chosen, network = month_named(request.GET.get("month", ""), today), network_of(dealer)
    with asked_of(request, network.numbers) as engine:
        found = _monthly(engine, chosen, today, network, dealer)
    shown = _about(request, now, chosen, today) | {
        "page": found,
        "dealer": here,
        "steps": bars(found.funnel, falling_short(found.funnel)),
        "strips": [strip(one) for one in (*found.lines, found.ripe)],
        "sold": drawn(found.sold) if found.sold else None,
        "best": found.best,
        "named": [one.name for one in found.peers] if named else (),
        "fewest": FEWEST_DEALERS,
    }
    return render(request, "reports/month.html", shown)


@require_GET
@door_for(*READERS)
def months(request: Visit, now: datetime) -> HttpResponse:
    """The dealers' pages; who runs one dealer is led to its page."""
    person = request.user
    dealers, today = dealers_below(person.organisation_id), timezone.localdate(now)
    if len(dealers) == 1:
        return redirect("month", dealers[0])
    named = person.role == "importer"
    chosen, network = month_named(request.GET.get("month", ""), today), network_of(person.organisation_id)
    outcome = request.GET.get("best", "")
    outcome = outcome if outcome in OUTCOMES else OUTCOMES[0]
    with asked_of(request, network.numbers) as engine:
        found = asked(engine, engine.as_of_ms, chosen, today, network)
    best = found.best(outcome, FEWEST_NAMED if named else FEWEST_DEALERS)
    shown = _about(request, now, chosen, today) | {
        "asked": found,
        "rows": overview(found, dealers),
        "best": best,
        "outcomes": [METRICS[name] for name in OUTCOMES],
        "outcome": METRICS[outcome],
        "best_named": _named(best, network) if best and named else (),
    }
    return render(request, "reports/months.html", shown)


def _named(best: Best, network: Network) -> Sequence[tuple[str, object]]:
    names = {str(one.number): one.name for one in network.members}
    ordered = sorted(best.sides.best, key=lambda one: -(one.value or 0.0))
    return [(names.get(str(one.group[0]), "?"), one) for one in ordered]


def _monthly(engine: Live, chosen: Month, today: date, network: Network, dealer: int) -> Monthly:
    at = engine.as_of_ms
    return monthly(engine, at, asked(engine, at, chosen, today, network), dealer)


def _about(request: Visit, now: datetime, chosen: Month, today: date) -> dict[str, object]:
    person = request.user
    return frame(request, scope_of(request, now), "verdict") | {
        "active_section": "months",
        "month": chosen,
        "months": months_to_choose(today),
        "wanted": person.monthly_from is not None,
        "address": person.email,
        "can_send": can_send(person.organisation_id),
        "told": last_told(person.pk, "month"),
    }


@csp_update({"frame-src": [SELF]})
@require_GET
@door_for(*READERS)
def month_mail(request: Visit, now: datetime) -> HttpResponse:
    """The letter as it would come, and the switch for it."""
    today = timezone.localdate(now)
    shown = _about(request, now, last_month(today), today) | {"subject": _written(request, now).subject}
    return render(request, "reports/month_mail.html", shown)


@csp_replace(LETTERS_POLICY)
@require_GET
@xframe_options_sameorigin
@door_for(*READERS)
def month_letter(request: Visit, now: datetime) -> HttpResponse:
    """The letter itself, as it would be sent."""
    return as_sent(request, _written(request, now))


def _written(request: Visit, now: datetime) -> Draft:
    person = request.user
    dealers, today = dealers_below(person.organisation_id), timezone.localdate(now)
    network = network_of(person.organisation_id)
    with asked_of(request, network.numbers) as engine:
        found: Asked = asked(engine, engine.as_of_ms, last_month(today), today, network)
        page = monthly(engine, engine.as_of_ms, found, dealers[0]) if len(dealers) == 1 else None
    return letter(person, found, dealers, page)


@require_POST
@door_for(*READERS)
def month_switch(request: Visit, now: datetime) -> HttpResponse:
    on = request.POST.get("on") == "1"
    LETTERS.want(request.user, now, on=on)
    done = _("You get it from the next month on.") if on else _("You get it no more.")
    return answer(request, None, reverse("month-mail"), done)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@at_most(ENDINGS)
def monthly_off(request: HttpRequest, name: str) -> HttpResponse:
    return ending(request, LETTERS, name, "reports/month_off.html")

"""Visits of people we know, which the door noticed: summed up for whoever decides about them and for the screens."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection

from leadbell.lead.models import Lead
from leadbell.visits.models import KnownVisit, VisitorJoin
from leadbell.visits.pages import Car
from leadbell.visits.sums import Sum, sum_up
from leadbell.visits.visit import Seen

#: So many of a browser's signals are read for one sum.
MOST_READ = 500
#: A sum that failed is tried again after this long.
AFTER_A_FAULT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Noticed:
    """A visit with what happened in it until now; `is_news`: something is worth telling that wasn't before."""

    visit: KnownVisit
    sum: Sum
    is_news: bool
    join: int | None


_SEEN = """
select b.at, b.kind, b.page, b.path, b.title, b.stock, b.make, b.model, b.price, b.ms
from leadbell_beacon b
where b.visitor = %(uid)s and b.site_id = %(site)s and b.at >= coalesce((
        select max(j.at) from leadbell_visitorjoin j
        where j.visitor_id = %(visitor)s and j.undone_at is null and j.customer_id <> %(customer)s
    ), '-infinity')
order by b.at desc limit %(most)s
"""


def noticed(now: datetime, most: int) -> list[Noticed]:
    """The visits in which something happened, those that wait longest first. They stay due until `done` says so."""
    due = (
        KnownVisit.objects.filter(due_at__lte=now)
        .select_related("visitor", "site", "dealer")
        .order_by("due_at")[:most]
    )
    return [_noticed(visit) for visit in due]


def _noticed(visit: KnownVisit) -> Noticed:
    with connection.cursor() as cursor:
        about: dict[str, Any] = {
            "uid": visit.visitor.uid, "site": visit.site_id, "visitor": visit.visitor_id,
            "customer": visit.customer_id, "most": MOST_READ,
        }  # fmt: skip
        cursor.execute(_SEEN, about)
        seen = [
            Seen(at, kind, page, path, title, Car(stock, make, model, price), ms, visit.visitor_id)
            for at, kind, page, path, title, stock, make, model, price, ms in cursor.fetchall()
        ]
    sum_ = sum_up(seen, visit.began_at, visit.site.price_pages, visit.site.trade_in_pages)
    before = sum_of(visit)
    is_news = (sum_.pages, sum_.signals) != (before.pages, before.signals)
    return Noticed(visit, sum_, is_news, _join_of(visit))


def _join_of(visit: KnownVisit) -> int | None:
    """By which join the browser is this customer's."""
    joins = VisitorJoin.objects.filter(
        visitor=visit.visitor_id, customer=visit.customer_id, undone_at=None
    ).order_by("-at", "-id")
    return joins.values_list("pk", flat=True).first()


def newest_of(lead: Lead) -> tuple[KnownVisit, int | None] | None:
    """The newest visit of the lead's customer, and the join that says whose it is."""
    visits = KnownVisit.objects.filter(dealer=lead.dealer_id, customer=lead.customer_id)
    visit = visits.order_by("-last_at").first()
    return (visit, _join_of(visit)) if visit else None


def sum_of(visit: KnownVisit) -> Sum:
    return msgspec.convert(visit.body, Sum) if visit.body else Sum()


_DONE = """
update leadbell_knownvisit set body = %(body)s::jsonb, summed_at = %(now)s,
    due_at = case when due_at = %(due)s then null else due_at end
where id = %(visit)s
"""


def done(these: Iterable[Noticed], now: datetime) -> None:
    """Keep the sums, in the transaction that told of them. What came meanwhile stays due."""
    with connection.cursor() as cursor:
        for one in these:
            body = json.dumps(msgspec.to_builtins(one.sum))
            about: dict[str, Any] = {"body": body, "now": now, "due": one.visit.due_at, "visit": one.visit.pk}
            cursor.execute(_DONE, about)


def later(visit: KnownVisit, now: datetime) -> None:
    """Try again in a while."""
    KnownVisit.objects.filter(pk=visit.pk).update(due_at=now + AFTER_A_FAULT)

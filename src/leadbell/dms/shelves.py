"""What the pages show of the dealer's systems: how each is doing, and the log of what it was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from leadbell.dms.models import DmsDelivery, DmsKey, DmsReceiver
from leadbell.dms.rules import content_type, signed_headers

A_PAGE = 50
#: What fails for less than this is nobody's business yet.
HICCUP = timedelta(minutes=10)
#: What stands in the log instead of a signature: the secret can't be read here.
HIDDEN = "v1,…"


@dataclass(frozen=True, slots=True)
class Told:
    """A system, and how many events wait for it or were given up; `old_secret_until`: two secrets sign."""

    receiver: DmsReceiver
    waiting: int
    failed: int
    old_secret_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the log, the newest first; `older` continues it."""

    deliveries: Sequence[DmsDelivery]
    older: int | None


def receivers_of(dealer: int) -> list[Told]:
    return _told(DmsReceiver.objects.filter(dealer=dealer), dealer)


def receiver_of(dealer: int, number: int) -> Told | None:
    return next(iter(_told(DmsReceiver.objects.filter(dealer=dealer, pk=number), dealer)), None)


def _told(receivers: QuerySet[DmsReceiver], dealer: int) -> list[Told]:
    found = receivers.annotate(
        waiting=_number_of(DmsDelivery.Status.WAITING), failed=_number_of(DmsDelivery.Status.FAILED)
    )
    keys = dict(DmsKey.objects.filter(dealer=dealer, until__isnull=False).values_list("receiver_id", "until"))
    return [Told(one, one.waiting, one.failed, keys.get(one.pk)) for one in found.order_by("name", "pk")]


def _number_of(status: str) -> Coalesce:
    """Counted in the index of this status, without reading the log of what was taken."""
    those = DmsDelivery.objects.filter(receiver=OuterRef("pk"), status=status).order_by()
    return Coalesce(Subquery(those.values("receiver").annotate(number=Count("*")).values("number")), 0)


def deliveries_of(receiver: int, status: str, event: str, lead: int | None, before: int | None) -> Page:
    """The log, of one status, event or lead where asked for."""
    found = DmsDelivery.objects.filter(receiver=receiver).prefetch_related("attempts")
    if status in DmsDelivery.Status.values:
        found = found.filter(status=status)
    if event:
        found = found.filter(event=event)
    if lead is not None:
        found = found.filter(lead=lead)
    if before is not None:
        found = found.filter(pk__lt=before)
    page = list(found.defer("body").order_by("-pk")[: A_PAGE + 1])
    return Page(page[:A_PAGE], page[A_PAGE - 1].pk if len(page) > A_PAGE else None)


def delivery_of(dealer: int, receiver: int, number: int) -> DmsDelivery | None:
    found = DmsDelivery.objects.filter(dealer=dealer, receiver=receiver, pk=number)
    return found.select_related("receiver").prefetch_related("attempts").first()


def headers_of(delivery: DmsDelivery, at: datetime | None) -> dict[str, str]:
    """What was sent above the body, as far as it may be shown; nothing for an e-mail."""
    if delivery.receiver.kind == DmsReceiver.Kind.ADF_MAIL or at is None:
        return {}
    signed = signed_headers((), delivery.message_id, at, b"") | {"webhook-signature": HIDDEN}
    return {"Content-Type": content_type(delivery.receiver.kind), "User-Agent": "Leadbell", **signed}


def in_trouble(dealer: int, now: datetime) -> list[DmsReceiver]:
    """The systems that a manager has to look after: paused by us, or failing for longer than a hiccup."""
    return list(DmsReceiver.objects.filter(out_of_order(now), dealer=dealer).order_by("name"))


def out_of_order(now: datetime, after: timedelta = HICCUP) -> Q:
    """Paused by us, or failing for longer than a hiccup."""
    failing = Q(paused_at=None, failing_since__lte=now - after)
    return failing | Q(paused_at__isnull=False, paused_because__isnull=False)

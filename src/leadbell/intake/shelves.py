"""What lies on the Inbox's shelves: every envelope, and what became of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from django.db.models import BinaryField, F, Func, IntegerField, Prefetch, QuerySet
from django.db.models.functions import Substr
from django.utils.translation import gettext

from leadbell.dealers.models import Organisation
from leadbell.intake.models import Envelope
from leadbell.intake.models import Inquiry as InquiryRow
from leadbell.intake.raw import HEAD_BYTES, Raw, in_a_line, readable

Shelf = Literal["quarantine", "all"]
ON_A_PAGE = 50


class NoSuchEnvelope(LookupError):
    """There is no such envelope here. Another dealer's envelope answers exactly the same."""


@dataclass(frozen=True, slots=True)
class OnShelf:
    """An envelope without its body, and a line to recognise it by."""

    envelope: Envelope
    line: str


@dataclass(frozen=True, slots=True)
class Page:
    """Envelopes, newest first; `older_than` asks for the next page, None on the last one."""

    rows: Sequence[OnShelf]
    older_than: datetime | None


def quarantined(dealers: Sequence[int]) -> int:
    """How many envelopes of these dealers wait in quarantine for a person."""
    return _waiting(Envelope.objects.filter(dealer__in=dealers)).count()


def on_shelf(
    dealer: Organisation, shelf: Shelf, older_than: datetime | None = None, source: int | None = None
) -> Page:
    """A page of a shelf; each envelope knows its `size` in bytes, its source and its inquiries."""
    envelopes = Envelope.objects.filter(dealer=dealer)
    if shelf == "quarantine":
        envelopes = _waiting(envelopes)
    if source is not None:
        envelopes = envelopes.filter(source=source)
    if older_than is not None:
        envelopes = envelopes.filter(received_at__lt=older_than)
    head = Substr(F("body"), 1, HEAD_BYTES, output_field=BinaryField())
    found = list(_with_fate(envelopes).annotate(head=head).order_by("-received_at")[: ON_A_PAGE + 1])
    rows = [
        OnShelf(one, in_a_line(bytes(one.head), one.content_type, one.transport, dealer.country))
        for one in found[:ON_A_PAGE]
    ]
    return Page(rows, rows[-1].envelope.received_at if len(found) > ON_A_PAGE else None)


def the_envelope(dealers: Sequence[int], number: uuid.UUID) -> Envelope:
    """One envelope with its dealer, source and inquiries. Raises NoSuchEnvelope."""
    envelopes = _with_fate(Envelope.objects.filter(dealer__in=dealers, pk=number))
    envelope = envelopes.select_related("dealer", "source").defer(None).first()
    if envelope is None:
        raise NoSuchEnvelope(number)
    return envelope


def as_it_came(envelope: Envelope) -> Raw:
    """The delivery, and after it what was fetched in its place."""
    body, country = bytes(envelope.body), envelope.dealer.country
    raw = readable(body, envelope.content_type, envelope.transport, country)
    if envelope.corrected is None or envelope.is_corrected_by_hand:
        return raw
    fetched = readable(bytes(envelope.corrected), "application/json", "http", country)
    named = (replace(part, title=gettext("fetched in its place")) for part in fetched.parts)
    return Raw((*raw.parts, *named), raw.headers)


def _waiting(envelopes: QuerySet[Envelope]) -> QuerySet[Envelope]:
    return envelopes.filter(status=Envelope.Status.QUARANTINED, dismissed_at=None)


def _with_fate(envelopes: QuerySet[Envelope]) -> QuerySet[Envelope]:
    fate = InquiryRow.objects.select_related("lead__customer").order_by("place")
    return (
        envelopes.select_related("source")
        .defer("body", "corrected")
        .annotate(size=Func(F("body"), function="octet_length", output_field=IntegerField()))
        .prefetch_related(Prefetch("inquiries", queryset=fate))
    )

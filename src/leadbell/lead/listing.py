"""Leads as plain values, for the command line and exports."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from leadbell.dealers.models import Person
from leadbell.lead.models import Lead
from leadbell.words import Words


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def in_english(words: Words, zone: ZoneInfo) -> str:
    """The sentence for a terminal, its times on the dealer's clock."""
    local = {
        name: clock(value, zone)
        for name, value in words.values.items()
        if name.endswith("_at") and isinstance(value, str)
    }
    return str(Words(words.text, {**words.values, **local}))


def clock(at: str, zone: ZoneInfo) -> str:
    """`2026-11-20 09:04:00`, on the dealer's clock, of an ISO-8601 time."""
    return f"{datetime.fromisoformat(at).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def because(stored: dict[str, Any] | None, zone: ZoneInfo) -> str:
    """A stored reason as an English sentence."""
    return in_english(msgspec.convert(stored, Words), zone) if stored else ""


def as_row(lead: Lead, names: dict[int, str]) -> dict[str, Any]:
    """One lead: who, what, where it stands, whose it is, what comes next and why."""
    return {
        "lead": lead.pk,
        "dealer": lead.dealer.name,
        "zone": lead.dealer.zone,
        "customer": str(lead.customer),
        "phone": lead.customer.phone,
        "email": lead.customer.email,
        "car": lead.car,
        "origin": lead.origin,
        "channel": lead.channel,
        "source": lead.source,
        "state": lead.state,
        "owner": names.get(lead.owner_id or 0),
        "ringing": [names.get(p, str(p)) for p in lead.ringing],
        "attempts": lead.attempts,
        "last_outcome": lead.last_outcome or None,
        "lost_reason": lead.lost_reason or None,
        "received_at": _iso(lead.received_at),
        "appointment_at": _iso(lead.appointment_at),
        "next": {
            "kind": lead.next_kind,
            "for": names.get(lead.next_for or 0),
            "at": _iso(lead.next_at),
            "because": because(lead.next_because, ZoneInfo(lead.dealer.zone)),
        },
    }


def listed(limit: int, open_only: bool = False) -> list[dict[str, Any]]:
    """The newest leads that the database role may see."""
    leads = Lead.objects.select_related("customer", "dealer").order_by("-pk")
    if open_only:
        leads = leads.filter(closed_at__isnull=True)
    rows = list(leads[:limit])
    people = {p for lead in rows for p in (lead.owner_id, lead.next_for, *lead.ringing) if p}
    names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
    return [as_row(lead, names) for lead in rows]

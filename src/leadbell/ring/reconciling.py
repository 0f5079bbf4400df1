"""What rings and talks against what is written down: after a start, and when somebody was faster at a screen."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache

from leadbell import statement
from leadbell.lead.models import Lead
from leadbell.ring.models import Call
from leadbell.ring.ports import Heard, UnderWay
from leadbell.statement import Joined


def rung(call: Call, lead: Lead | None) -> set[int]:
    """Whose phones a call is to ring by what is known of its lead: somebody may have been faster, at a screen.

    Whoever accepted at the screen while their own phone alone rings, may still press 1; whoever passed it on, not.
    """
    if lead is None or call.kind == Call.Kind.TEST:
        return set(call.people)
    if call.kind == Call.Kind.INBOUND:
        return _for_who_waits(call, lead)
    if call.kind == Call.Kind.OUTBOUND or call.people == [lead.owner_id]:
        return set(call.people) if lead.closed_at is None and lead.calling_by is None else set()
    return set(call.people) & set(lead.ringing) if lead.closed_at is None else set()


def _for_who_waits(call: Call, lead: Lead) -> set[int]:
    """A customer is on the line: who hasn't passed it on, or whose lead it has become; else whoever may answer."""
    people = set(call.people)
    if ringing := people & set(lead.ringing):
        return ringing
    if lead.owner_id in people:
        return {lead.owner_id}
    return set() if lead.owner_id is None and lead.closed_at is None else people


def still_rung(key: str) -> set[int]:
    """Whose phones this call is to ring now; nobody's once it is over."""
    rows = statement.run(_call_and_lead(), {"id": uuid.UUID(hex=key)})
    return rung(*_CALLS.made(rows[0])[0]) if rows else set()


_CALLS = Joined(k=Call, l=Lead)


@cache
def _call_and_lead() -> str:
    return _CALLS.select(
        "from leadbell_call k left join leadbell_lead l on l.id = k.lead_id where k.id = %(id)s and k.status <> 'over'"
    )


def under_way(line: str) -> list[UnderWay]:
    """The calls of this line that haven't ended, as far as is written down."""
    return [
        UnderWay(
            call.pk.hex, tuple(call.people), call.person_id, call.attempt != "", call.connected_at, call.leg,
        )
        for call in Call.objects.filter(line=line).exclude(status__in=(Call.Status.OVER, Call.Status.WANTED))
    ]  # fmt: skip


def of_no_line(lines: Sequence[str], now: datetime) -> list[Heard]:
    """What is to be written down of calls on other lines than these: nobody will hear of them any more."""
    lost = Call.objects.exclude(line__in=lines).exclude(status__in=(Call.Status.OVER, Call.Status.WANTED))
    return [
        Heard(
            call.pk.hex,
            "lost_track" if call.attempt else "line_down",
            now,
            because="the line is not set up here",
        )
        for call in lost
    ]

"""What rings and talks against what is written down: after a start, and when somebody was faster at a screen."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from leadbell import statement
from leadbell.ring.models import Call
from leadbell.ring.ports import Heard, UnderWay


def still_rings(key: str) -> bool:
    """Whether this call's phones should go on ringing: somebody may have been faster, at a screen.

    Whoever accepted at the screen while their own phone alone rings, may still press 1.
    """
    rows = statement.run(_STILL_RINGS, {"id": uuid.UUID(hex=key)})
    return bool(rows and rows[0][0])


_STILL_RINGS = """
select coalesce(case
    when c.kind = 'test' or l.id is null then true
    when c.kind = 'outbound' then l.closed_at is null and l.calling_by is null
    when c.people = array[l.owner_id] then l.closed_at is null and l.calling_by is null
    else l.closed_at is null and c.people && l.ringing
end, false)
from leadbell_call c left join leadbell_lead l on l.id = c.lead_id
where c.id = %(id)s and c.status <> 'over'
"""


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

"""What has arrived and nobody has read."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from leadbell import statement
from leadbell.dealers.models import Organisation
from leadbell.intake.models import Envelope, Source
from leadbell.statement import Joined


def locked_unread(most: int, of: int | None = None) -> list[Envelope]:
    """The oldest unread envelopes, locked until the transaction ends; none that another clockwork holds.

    `of`: only this organisation's.
    """
    return [_made(row) for row in statement.run(_unread(), {"most": most, "of": of})]


def _made(row: Sequence[Any]) -> Envelope:
    envelope: Envelope
    (envelope, envelope.dealer, envelope.source), _ = _ENVELOPES.made(row)
    return envelope


_ENVELOPES = Joined(e=Envelope, d=Organisation, s=Source)
_UNREAD = """
from leadbell_envelope e
join leadbell_organisation d on d.id = e.dealer_id join leadbell_source s on s.id = e.source_id
where e.status = 'accepted' and (%(of)s::bigint is null or e.dealer_id = %(of)s)
order by e.received_at limit %(most)s for update of e skip locked
"""


@cache
def _unread() -> str:
    return _ENVELOPES.select(_UNREAD)

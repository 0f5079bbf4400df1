"""What has arrived and nobody has read."""

from functools import cache
from typing import Any

from leadbell import statement
from leadbell.dealers.models import Organisation
from leadbell.intake.models import Envelope, Source
from leadbell.statement import Columns


def locked_unread(most: int, of: int | None = None) -> list[Envelope]:
    """The oldest unread envelopes, locked until the transaction ends; none that another clockwork holds.

    `of`: only this organisation's.
    """
    envelopes = []
    for row in statement.run(_unread(), {"most": most, "of": of}):
        values = iter(row)
        envelope, envelope.dealer, envelope.source = (part.made(values) for part in _parts())
        envelopes.append(envelope)
    return envelopes


@cache
def _parts() -> tuple[Columns[Any], ...]:
    return Columns(Envelope, "e"), Columns(Organisation, "d"), Columns(Source, "s")


@cache
def _unread() -> str:
    return f"""
select {", ".join(part.sql for part in _parts())} from leadbell_envelope e
join leadbell_organisation d on d.id = e.dealer_id join leadbell_source s on s.id = e.source_id
where e.status = 'accepted' and (%(of)s::bigint is null or e.dealer_id = %(of)s)
order by e.received_at limit %(most)s for update of e skip locked
"""  # noqa: S608 (the parts are the columns of our models)

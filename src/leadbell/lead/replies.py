"""Whatever answers one of our threads is committed here before its sender is told so; the messenger reads it."""

from datetime import datetime

import psycopg

from leadbell.announce import MESSENGER
from leadbell.lead.thread import Thread

_KEEP = """
with kept as (
    insert into leadbell_incoming (dealer_id, carrier, kind, key, lead, body, received_at)
    values (%(dealer)s, %(carrier)s, %(kind)s, %(key)s, %(lead)s, %(body)s, %(at)s)
    on conflict do nothing
)
select pg_notify(%(channel)s, '')
"""
LONGEST_KEY = 200


async def keep_mail(
    connection: psycopg.AsyncConnection, thread: Thread, body: bytes, key: str, at: datetime
) -> None:
    """Committed when this returns, once per `key`. Raises psycopg.Error."""
    await connection.execute(_KEEP, _values(thread, "email", "mail", body, key, at))


def _values(
    thread: Thread, carrier: str, kind: str, body: bytes, key: str, at: datetime
) -> dict[str, object]:
    return {
        "dealer": thread.dealer, "lead": thread.lead, "carrier": carrier, "kind": kind, "body": body,
        "key": key[:LONGEST_KEY], "at": at, "channel": MESSENGER,
    }  # fmt: skip

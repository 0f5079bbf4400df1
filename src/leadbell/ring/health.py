"""How the lines are: up, or down since when; the Floor says so, and what is down doesn't ring."""

from collections.abc import Collection
from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell import statement
from leadbell.announce import announce
from leadbell.ring.models import PhoneLine
from leadbell.ring.ports import TRUNK
from leadbell.ring.wanted import SEEN_WITHIN
from leadbell.words import say

log = structlog.get_logger("leadbell.lines")


_UP = """
with before as (
    select id, dealer_id, coalesce(nullif(trunk, ''), %(usual)s) = any(%(away)s) as cut, down_since is not null as down,
        seen_at is null or seen_at < %(long_ago)s as back
    from leadbell_phoneline where kind = %(kind)s and enabled for update
), kept as (
    update leadbell_phoneline l set seen_at = %(now)s,
        down_since = case when before.cut then coalesce(l.down_since, %(now)s) end,
        down_because = case when before.cut then %(because)s::jsonb end
    from before where l.id = before.id
)
select dealer_id, cut and not down from before where back or cut <> down
"""


@transaction.atomic
def line_is_up(kind: str, now: datetime, trunks_away: Collection[str] = ()) -> None:
    """Written down for every dealer's line of this kind in one statement: there may be thousands.

    The line of whose trunk nobody answers is down all the same.
    """
    about = {
        "kind": kind, "now": now, "long_ago": now - SEEN_WITHIN, "usual": TRUNK, "away": list(trunks_away),
        "because": msgspec.json.encode(say("the provider doesn't answer")).decode(),
    }  # fmt: skip
    for dealer, has_gone in statement.run(_UP, about):
        if has_gone:
            log.warning("a trunk's provider doesn't answer", line=kind, dealer=dealer)
        announce(dealer, "lines")


@transaction.atomic
def line_is_down(kind: str, now: datetime, because: str) -> None:
    """Said on the Floor; until it is back the desk rings alone. `because` is for the engineer's log."""
    log.warning("a line is down", line=kind, because=because)
    for line in PhoneLine.objects.select_for_update().filter(kind=kind, enabled=True, down_since=None):
        line.down_since = now
        line.down_because = msgspec.to_builtins(say("the phone line doesn't answer"))
        line.save(update_fields=["down_since", "down_because"])
        announce(line.dealer_id, "lines")

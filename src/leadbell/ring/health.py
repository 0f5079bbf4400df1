"""How the lines are: up, or down since when; the Floor says so, and what is down doesn't ring."""

from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell import statement
from leadbell.announce import announce
from leadbell.ring.models import PhoneLine
from leadbell.ring.wanted import SEEN_WITHIN
from leadbell.words import say

log = structlog.get_logger("leadbell.lines")


_UP = """
with before as (
    select id, dealer_id, down_since is not null or seen_at is null or seen_at < %(long_ago)s as back
    from leadbell_phoneline where kind = %(kind)s and enabled for update
), kept as (
    update leadbell_phoneline set seen_at = %(now)s, down_since = null, down_because = null
    from before where leadbell_phoneline.id = before.id
)
select dealer_id from before where back
"""


@transaction.atomic
def line_is_up(kind: str, now: datetime) -> None:
    """Written down for every dealer's line of this kind in one statement: there may be thousands."""
    about = {"kind": kind, "now": now, "long_ago": now - SEEN_WITHIN}
    for (dealer,) in statement.run(_UP, about):
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

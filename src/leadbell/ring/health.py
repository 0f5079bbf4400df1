"""How the lines are: up, or down since when; the Floor says so, and what is down doesn't ring."""

from datetime import datetime

import msgspec
import structlog
from django.db import transaction

from leadbell.announce import announce
from leadbell.ring.models import PhoneLine
from leadbell.ring.wanted import SEEN_WITHIN
from leadbell.words import say

log = structlog.get_logger("leadbell.lines")


@transaction.atomic
def line_is_up(kind: str, now: datetime) -> None:
    rows = PhoneLine.objects.select_for_update().filter(kind=kind, enabled=True)
    for line in rows:
        back = line.down_since is not None or line.seen_at is None or line.seen_at < now - SEEN_WITHIN
        line.seen_at, line.down_since, line.down_because = now, None, None
        line.save(update_fields=["seen_at", "down_since", "down_because"])
        if back:
            announce(line.dealer_id, "lines")


@transaction.atomic
def line_is_down(kind: str, now: datetime, because: str) -> None:
    """Said on the Floor; until it is back the desk rings alone. `because` is for the engineer's log."""
    log.warning("a line is down", line=kind, because=because)
    for line in PhoneLine.objects.select_for_update().filter(kind=kind, enabled=True, down_since=None):
        line.down_since = now
        line.down_because = msgspec.to_builtins(say("the phone line doesn't answer"))
        line.save(update_fields=["down_since", "down_because"])
        announce(line.dealer_id, "lines")

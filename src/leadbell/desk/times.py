"""A time chosen on a form: one of those proposed, or picked by hand in the dealer's local time."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from leadbell.refused import Refused
from leadbell.words import say

NO_TIME = Refused(say("Choose a day and a time."))
PICKED = "other"


def chosen_time(form: Mapping[str, str], zone: str) -> datetime | Refused:
    """`at` is an ISO time with offset, or "other": then `picked` is a local one without."""
    written = form.get("at", "")
    by_hand = written in ("", PICKED)
    try:
        at = datetime.fromisoformat(form.get("picked", "") if by_hand else written)
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(zone))
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return NO_TIME

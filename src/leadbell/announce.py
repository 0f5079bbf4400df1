"""Wake screens and clockwork after commit: PostgreSQL delivers a NOTIFY only when its transaction commits."""

import json
from collections.abc import Iterable

from django.db import connection

#: Listened to by the clockwork: something arrived or a lead is due.
CLOCKWORK = "leadbell_clockwork"
#: Listened to by every web process: what changed, for the screens that show it.
SCREENS = "leadbell_screens"


def announce(dealer: int, what: str, lead: int | None = None, people: Iterable[int] = ()) -> None:
    """Tell the dealer's screens that `what` happened; `people` are those whose desk changes."""
    news = json.dumps({"d": dealer, "w": what, "l": lead, "p": sorted(set(people))}, separators=(",", ":"))
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, %s)", [SCREENS, news])


def wake_clockwork() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_notify(%s, '')", [CLOCKWORK])

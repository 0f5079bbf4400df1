"""What our processes behind the screens have in common: they stop when told, work alone, and wait for news."""

import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import django
import psycopg
from django.db import InterfaceError, OperationalError, connection

from leadbell.log import configure

#: What is raised while the database is away, or asks us to begin again: no fault of what was being done.
#: Listening is psycopg's own: Django doesn't translate what it raises.
AWAY = (OperationalError, InterfaceError, psycopg.OperationalError)
#: Whoever waits for its turn asks so often.
POLL_S = 1.0
#: After losing the database.
AGAIN_S = 0.2


def begin() -> threading.Event:
    """Set up Django and the log; what SIGTERM and SIGINT ask for is told by the event."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    django.setup()
    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())
    return stopping


def keep_what_is_loaded() -> None:
    """Spare Python's collector everything loaded so far, and what lives only as long as one piece of work."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def keep_at(work: Callable[[], None], stopping: threading.Event, log: Any) -> None:
    """Do it until stopped, from the beginning whenever the database was away."""
    while not stopping.is_set():
        try:
            work()
        except AWAY:
            log.warning("the database is away: trying again")
            connection.close()
            stopping.wait(AGAIN_S)


def alone(lock: int, stopping: threading.Event) -> bool:
    """Be the only one who holds this lock, for as long as the connection lives; False when asked to stop meanwhile."""
    while not stopping.is_set():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", [lock])
            if cursor.fetchone() == (True,):
                return True
        stopping.wait(POLL_S)
    return False


def listen(channel: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"listen {channel}")


def news(patience_s: float, *, of_others: bool = False) -> list[str]:
    """What the channels tell first, or nothing after so many seconds; `of_others`: nor what we told ourselves."""
    own = connection.connection.info.backend_pid if of_others else None
    heard = connection.connection.notifies(timeout=patience_s, stop_after=1)
    return [told.payload for told in heard if told.pid != own]

"""Wake screens and clockwork after commit: PostgreSQL delivers a NOTIFY only when its transaction commits."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

from leadbell import statement

#: Listened to by the clockwork: something arrived or a lead is due.
CLOCKWORK = "leadbell_clockwork"
#: Told to it where only a lead changed that it has to decide about anew.
FACT = "fact"
#: Listened to by every web process: what changed, for the screens that show it.
SCREENS = "leadbell_screens"

#: Listened to by the switchboard: a call is wanted.
SWITCHBOARD = "leadbell_switchboard"
#: Told to it with the key of a call that is to end.
HANG_UP = "hang up "

#: Listened to by the messenger: a message waits to be sent, or was taken in.
MESSENGER = "leadbell_messenger"

#: Listened to by every web process: in which chat something happened, for the visitor who waits.
CHATS = "leadbell_chats"

_NOTIFY = "select pg_notify(%(channel)s, %(news)s)"


def announce(dealer: int, what: str, lead: int | None = None, people: Iterable[int] = ()) -> None:
    """Tell the dealer's screens that `what` happened; `people` are those whose desk changes."""
    news = json.dumps({"d": dealer, "w": what, "l": lead, "p": sorted(set(people))}, separators=(",", ":"))
    statement.tell(_NOTIFY, {"channel": SCREENS, "news": news})


def wake_clockwork() -> None:
    statement.tell(_NOTIFY, {"channel": CLOCKWORK, "news": ""})


def wake_messenger() -> None:
    statement.tell(_NOTIFY, {"channel": MESSENGER, "news": ""})


def tell_chat(chat: int) -> None:
    """Let the visitor's browser hear at once what happened in their chat."""
    statement.tell(_NOTIFY, {"channel": CHATS, "news": str(chat)})


async def keep_listening(
    connection: "psycopg.AsyncConnection[Any]", told: Callable[[psycopg.Notify], None]
) -> None:
    """Tell everything that is notified, in its order; raises psycopg.OperationalError when the connection is lost.

    `told` has to be the connection's notify handler since before it LISTENs. psycopg's own `notifies()` costs whoever
    hears thousands in a second ten times as much.
    """
    loop, libpq = asyncio.get_running_loop(), connection.pgconn
    lost: asyncio.Future[None] = loop.create_future()

    def read() -> None:
        try:
            libpq.consume_input()
            while (news := libpq.notifies()) is not None:
                told(psycopg.Notify(news.relname.decode(), news.extra.decode(), news.be_pid))
        except Exception as error:
            if not lost.done():
                lost.set_exception(error)

    socket = connection.fileno()
    loop.add_reader(socket, read)
    try:
        read()  # what came before
        await lost
    finally:
        loop.remove_reader(socket)

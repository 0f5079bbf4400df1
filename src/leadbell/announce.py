"""Wake screens and clockwork after commit: PostgreSQL delivers a NOTIFY only when its transaction commits."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
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

#: A channel and what is told there.
News = tuple[str, str]
NOTIFY = "select pg_notify(r.channel, r.news) from jsonb_to_recordset(%(news)s::jsonb) as r(channel text, news text)"


def for_screens(dealer: int, what: str, lead: int | None = None, people: Iterable[int] = ()) -> News:
    """That `what` happened; `people` are those whose desk changes."""
    return SCREENS, statement.as_json({"d": dealer, "w": what, "l": lead, "p": sorted(set(people))})


def as_rows(news: Iterable[News]) -> str:
    return statement.as_json([{"channel": channel, "news": told} for channel, told in news])


def tell(news: Sequence[News]) -> None:
    statement.tell(NOTIFY, {"news": as_rows(news)})


def announce(dealer: int, what: str, lead: int | None = None, people: Iterable[int] = ()) -> None:
    """Tell the dealer's screens that `what` happened; `people` are those whose desk changes."""
    statement.later(tell, for_screens(dealer, what, lead, people))


def wake_clockwork() -> None:
    statement.later(tell, (CLOCKWORK, ""))


def wake_messenger() -> None:
    statement.later(tell, (MESSENGER, ""))


def tell_chat(chat: int) -> None:
    """Let the visitor's browser hear at once what happened in their chat."""
    statement.later(tell, (CHATS, str(chat)))


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

"""Who listens hears everything in its order, and that the connection is lost."""

import asyncio

import psycopg
import pytest

from leadbell.announce import SCREENS, keep_listening
from leadbell.roles import Urls


async def test_what_is_told_is_heard_in_its_order_until_the_connection_is_lost(cluster: Urls) -> None:
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def told(news: psycopg.Notify) -> None:
        heard.put_nowait((news.channel, news.payload))

    async with (
        await psycopg.AsyncConnection.connect(cluster.clockwork, autocommit=True) as ear,
        await psycopg.AsyncConnection.connect(cluster.clockwork, autocommit=True) as mouth,
    ):
        ear.add_notify_handler(told)
        await ear.execute(f"listen {SCREENS}")
        await mouth.execute(f"notify {SCREENS}, 'before'")
        await ear.execute("select 1")
        listening = asyncio.create_task(keep_listening(ear, told))
        for name in ("first", "second — Оля"):
            await mouth.execute("select pg_notify(%s, %s)", [SCREENS, name])
        said = [await asyncio.wait_for(heard.get(), 30) for _ in range(3)]
        assert said == [(SCREENS, "before"), (SCREENS, "first"), (SCREENS, "second — Оля")]
        await mouth.execute("select pg_terminate_backend(%s)", [ear.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            await asyncio.wait_for(listening, 30)


async def test_who_cannot_bear_the_news_is_told_why(cluster: Urls) -> None:
    def told(news: psycopg.Notify) -> None:
        raise ValueError(news.payload)

    async with await psycopg.AsyncConnection.connect(cluster.clockwork, autocommit=True) as ear:
        await ear.execute(f"listen {SCREENS}")
        listening = asyncio.create_task(keep_listening(ear, told))
        async with await psycopg.AsyncConnection.connect(cluster.clockwork, autocommit=True) as mouth:
            await mouth.execute(f"notify {SCREENS}, 'too much'")
        with pytest.raises(ValueError, match="too much"):
            await asyncio.wait_for(listening, 30)

"""Stories with real calls that depend on what is written down, and when: the switchboard over a real Asterisk."""

import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Answered, Attempted, AttemptEnded, Fact, MissedCall
from leadbell.lead.history import History
from leadbell.lead.journal import read_history
from leadbell.lead.models import Lead
from leadbell.ring import health, pressing
from leadbell.ring.lines.asterisk import Asterisk
from leadbell.ring.models import Call
from leadbell.ring.speech import Speaker
from leadbell.ring.switchboard import Switchboard
from leadbell.roles import Urls
from tests.ring.asterisk.running import Running, asterisk
from tests.ring.lines.phones import Phones, Ringing, phones
from tests.ring.test_switchboard import House, now, until

pytestmark = [pytest.mark.phone, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

T, F = TypeVar("T"), TypeVar("F", bound=Fact)
ROSAS, CUSTOMERS, SHOWN, DEALERS = "+31611111117", "+31612345678", "+31209999999", "+31201234567"
ROSAS_TONE, CUSTOMERS_TONE = 440, 1000
#: Long before anybody gives up waiting for a key.
AT_ONCE_S = 5


class Story:
    """Northside over a real Asterisk; its clock goes on when the story says so."""

    def __init__(self, house: House, pbx: Running, there: Phones, folder: Path) -> None:
        self.house, self.pbx, self.folder, self.there = house, pbx, folder, there
        self.rosa = there.phone(ROSAS, ROSAS_TONE)
        self.customer = there.phone(CUSTOMERS, CUSTOMERS_TONE)
        self.ahead = timedelta()

    def clock(self) -> datetime:
        return now() + self.ahead

    @asynccontextmanager
    async def switchboard(self) -> AsyncIterator[Switchboard]:
        engine = Asterisk([self.pbx.node], Speaker(self.folder), self.folder, clock=self.clock)
        async with self.house.switchboard(engine, self.clock) as board:
            await until(lambda: bool(board._was_up))
            yield board

    async def rosa_hears_the_whisper(self) -> Ringing:
        ringing = await self.rosa.rings()
        assert ringing.caller == DEALERS
        await ringing.answer()
        await ringing.hears_speech()
        return ringing

    async def nothing_is_left(self) -> None:
        await until(lambda: not Call.objects.exclude(status="over").exists())
        assert not await asked(lambda: Call.objects.filter(outcome="").exists())
        for ringing in (*self.rosa.all, *self.customer.all):
            await ringing.ends()
        assert await self.pbx.channels() == []


@pytest.fixture(scope="module")
def pbx() -> Iterator[Running]:
    with asterisk() as running:
        yield running


@pytest.fixture
async def story(cluster: Urls, transactional_db: None, pbx: Running, tmp_path: Path) -> AsyncIterator[Story]:
    house = await asked(lambda: House(cluster))
    await pbx.answers()
    async with phones(pbx.outside, pbx.choices.sip_port) as there:
        yield Story(house, pbx, there, tmp_path)
    await asked(connections.close_all)


async def test_no_answer_and_the_second_attempt_at_the_planned_time(story: Story) -> None:
    async with story.switchboard():
        await asked(lambda: story.house.rings(story.house.rosa))
        first = await story.rosa_hears_the_whisper()
        await first.press("1")
        await story.customer.rings()
        await first.hang_up()  # nobody picks up
        await until(lambda: Call.objects.filter(outcome="no_answer").exists())
        await story.nothing_is_left()
        assert [f.outcome for f in await _of(story, AttemptEnded)] == ["no_answer"]

        def planned() -> datetime | None:
            run_due(story.clock())
            lead = Lead.objects.get(pk=story.house.lead)
            return lead.next_at if lead.next_kind == "call" else None

        due = await until(planned)
        story.ahead = due - now() - timedelta(minutes=1)
        await asked(lambda: run_due(story.clock()))
        assert await asked(lambda: Call.objects.count()) == 1, "not before its time"
        story.ahead = due - now()
        await asked(lambda: health.line_is_up("asterisk", story.clock()))
        await asked(lambda: run_due(story.clock()))
        second = await story.rosa_hears_the_whisper()
        await second.press("1")
        dialled = await story.customer.rings()
        assert dialled.caller == DEALERS
        await dialled.answer()
        await dialled.hears(ROSAS_TONE)
        await second.hears(CUSTOMERS_TONE)
        await dialled.hang_up()
        await until(lambda: Call.objects.filter(outcome="conversation").exists())
        await story.nothing_is_left()
    begun = await _of(story, Attempted)
    assert [f.key for f in begun] == ["attempt:1", "attempt:2"]
    assert due <= begun[1].at < due + timedelta(minutes=1)
    assert [f.outcome for f in await _of(story, AttemptEnded)] == ["no_answer", "conversation"]
    assert len(story.customer.all) == 2, "one call for each attempt"


async def test_a_customer_who_calls_and_hangs_up_during_the_whisper_is_called_back(story: Story) -> None:
    await asked(story.house.is_called_at)
    async with story.switchboard():
        calling = await story.there.calls_us(story.customer, SHOWN)
        hears = await story.rosa_hears_the_whisper()
        await calling.hang_up()
        await hears.ends(AT_ONCE_S)
        await until(lambda: Call.objects.filter(kind="inbound", outcome="missed").exists())
        await story.nothing_is_left()
        assert await asked(lambda: _inbound().of(MissedCall))
        assert not await asked(lambda: _inbound().of(Answered))

        again = await story.there.calls_us(story.customer, SHOWN)
        hears = await story.rosa_hears_the_whisper()
        await hears.press("1")
        await again.hears(ROSAS_TONE)
        await hears.hears(CUSTOMERS_TONE)
        await again.hang_up()
        await until(lambda: Call.objects.filter(kind="inbound", outcome="conversation").exists())
        await story.nothing_is_left()
    assert len(await asked(lambda: _inbound().of(Answered))) == 1


async def test_killed_between_attempt_stored_and_dialled(story: Story) -> None:
    async with story.switchboard():
        await asked(lambda: story.house.rings(story.house.rosa))
        hears = await story.rosa_hears_the_whisper()
    assert not hears.over.is_set(), "her phone is still on the line"

    def press() -> str:
        key = Call.objects.get().pk.hex
        pressing.accepted(key, story.house.rosa.pk, now())
        return key

    key = await asked(press)
    async with story.switchboard():
        await hears.ends()
        await story.nothing_is_left()
        assert story.customer.all == [], "nobody is dialled for what may have been dialled"
    assert (await asked(lambda: Call.objects.get())).pk == uuid.UUID(hex=key)
    (ended,) = await _of(story, AttemptEnded)
    assert ended.outcome == "unknown"


def _inbound() -> History:
    return read_history(Lead.objects.exclude(pk=Lead.objects.earliest("id").pk).get())


async def _of(story: Story, kind: type[F]) -> list[F]:
    return list(await asked(lambda: read_history(Lead.objects.get(pk=story.house.lead)).of(kind)))


async def asked(question: Callable[[], T]) -> T:
    return await sync_to_async(question)()

"""The switchboard: what is wanted rings, what is heard is written down, and nobody is called twice."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connections, transaction

from leadbell.dealers.models import Person
from leadbell.dealers.week import WEEKDAYS
from leadbell.followup.actions import follow_up
from leadbell.followup.inbound import arrives
from leadbell.followup.keypad import keyed
from leadbell.lead.facts import Attempted, AttemptEnded, MissedCall
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.ring import switchboard
from leadbell.ring.actions import accept, pass_on
from leadbell.ring.models import Call, PhoneLine, Recording, TrackingNumber
from leadbell.ring.ports import Engine, LegFailed
from leadbell.ring.switchboard import Switchboard
from leadbell.ring.wanted import hang_up, ring_me
from leadbell.roles import Urls
from leadbell.sale.actions import lose
from tests.conftest import lead_of, make_dealer, make_person, make_source
from tests.fakes.engine import FakeEngine
from tests.waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.django_db(transaction=True)


def now() -> datetime:
    return datetime.now(UTC)


class House:
    """Northside with a phone line, Rosa and Samir with phones, and a lead."""

    def __init__(self, cluster: Urls) -> None:
        self.cluster, self.engine = cluster, FakeEngine()
        self.engine.name = "asterisk"
        self.dealer = make_dealer("Northside")
        self.rosa = make_person("Rosa", self.dealer, phone="+31611111117", seen_at=now())
        self.samir = make_person("Samir", self.dealer, phone="+31611111118", seen_at=now())
        PhoneLine.objects.create(
            dealer=self.dealer, kind="asterisk", caller_id="+31201234567", created_at=now(), seen_at=now()
        )
        week = {day: [["00:00", "24:00"]] for day in WEEKDAYS}
        today = {str((now() + timedelta(days=d)).date()): [["00:00", "24:00"]] for d in (-1, 0, 1)}
        self.dealer.hours = {"week": week, "open_days": today}
        self.dealer.save()
        with transaction.atomic():
            self.lead = lead_of(self.dealer, now=now()).pk

    @asynccontextmanager
    async def switchboard(
        self, engine: Engine | None = None, clock: Callable[[], datetime] = now
    ) -> AsyncIterator[Switchboard]:
        stopping = asyncio.Event()
        engines = {"asterisk": engine or self.engine}
        board = Switchboard(engines, self.cluster.clockwork, arrives, keyed, clock)
        task = asyncio.create_task(board.run(stopping))
        try:
            yield board
        finally:
            stopping.set()
            await asyncio.wait_for(task, PATIENCE_S)

    @transaction.atomic
    def rings(self, *people: Person) -> None:
        from leadbell.ring.actions import ring

        ring(locked(self.lead), [p.pk for p in people], "all", 20, now())

    def is_called_at(self) -> None:
        source = make_source(self.dealer, "Advert", "call")
        TrackingNumber.objects.create(
            dealer=self.dealer, number="+31209999999", source=source.pk, name="Advert", created_at=now()
        )

    def leg(self, person: Person) -> str:
        return f"{Call.objects.latest('asked_at').pk.hex}-p{person.pk}"

    def attempts(self) -> list[Any]:
        return list(read_history(Lead.objects.get(pk=self.lead)).of(Attempted, AttemptEnded))


@pytest.fixture
def house(cluster: Urls, transactional_db: None) -> Iterator[House]:
    yield House(cluster)
    assert eventually(_nobody_asks), "a thread of the switchboard asks on while the tables are emptied"


def _nobody_asks() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and backend_type = 'client backend' and state <> 'idle'"
        )
        return cursor.fetchone() is None


async def until(true: Callable[[], Any]) -> Any:
    """Wait for something that the switchboard does, a few seconds at most."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := await _asked(true):
                return found
            await asyncio.sleep(0.01)


def _asked(true: Callable[[], Any]) -> Awaitable[Any]:
    return sync_to_async(true)()


async def test_hanging_up_at_the_screen_ends_the_call(house: House) -> None:
    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa))
        await until(lambda: len(house.engine.called) == 1)
        leg = await _asked(lambda: house.leg(house.rosa))
        house.engine.happens(leg, "answered")
        house.engine.happens(leg, "digit", digit="1")
        customer = leg.rpartition("-")[0] + "-customer"
        await until(lambda: customer in house.engine.called)
        house.engine.happens(customer, "answered")
        call = await until(lambda: Call.objects.filter(status="connected").first())
        await _asked(lambda: hang_up(call.pk, house.rosa, [house.dealer.pk], now()))
        await until(lambda: Call.objects.filter(status="over", outcome="conversation").exists())
        assert not house.engine.alive
        assert [type(f) for f in await _asked(house.attempts)] == [Attempted, AttemptEnded]


async def test_a_lead_closed_in_the_middle_of_its_call_hears_how_it_ended(house: House) -> None:
    @transaction.atomic
    def close() -> None:
        lose(locked(house.lead), house.rosa.pk, "price", now())

    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa))
        await until(lambda: len(house.engine.called) == 1)
        leg = await _asked(lambda: house.leg(house.rosa))
        house.engine.happens(leg, "answered")
        house.engine.happens(leg, "digit", digit="1")
        customer = leg.rpartition("-")[0] + "-customer"
        await until(lambda: customer in house.engine.called)
        house.engine.happens(customer, "answered")
        await until(lambda: Call.objects.filter(status="connected").exists())
        await _asked(close)
        house.engine.happens(customer, "over")
        await until(lambda: Call.objects.filter(status="over").exists())
    ended = (await _asked(house.attempts))[-1]
    assert (type(ended), ended.outcome) == (AttemptEnded, "conversation")
    lead = await _asked(lambda: Lead.objects.get(pk=house.lead))
    assert (lead.state, lead.standing.reached_at is not None) == ("lost", True)


async def test_a_wanted_call_rings_and_the_lead_has_one_attempt(house: House) -> None:
    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa, house.samir))
        await until(lambda: len(house.engine.called) == 2)
        leg = await _asked(lambda: house.leg(house.rosa))
        house.engine.happens(leg, "answered")
        house.engine.happens(leg, "digit", digit="1")
        customer = leg.rpartition("-")[0] + "-customer"
        await until(lambda: customer in house.engine.called)
        assert [type(f) for f in await _asked(house.attempts)] == [Attempted]
        house.engine.happens(customer, "answered")
        await until(lambda: Call.objects.filter(status="connected").exists())
        house.engine.happens(customer, "over")
        await until(lambda: Call.objects.filter(status="over", outcome="conversation").exists())
    assert [type(f) for f in await _asked(house.attempts)] == [Attempted, AttemptEnded]
    assert house.engine.alive == {}


async def test_who_accepts_at_the_desk_makes_the_phones_stop(house: House) -> None:
    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa, house.samir))
        await until(lambda: len(house.engine.alive) == 2)

        @transaction.atomic
        def at_the_desk() -> None:
            accept(locked(house.lead), house.samir.pk, now())

        await _asked(at_the_desk)
        await until(lambda: not house.engine.alive)
        await until(lambda: Call.objects.filter(status="over").exists())


async def test_who_passes_it_on_at_the_desk_makes_their_own_phone_stop(house: House) -> None:
    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa, house.samir))
        rosas, samirs = (
            await _asked(lambda: house.leg(house.rosa)),
            await _asked(lambda: house.leg(house.samir)),
        )
        await until(lambda: {rosas, samirs} <= house.engine.called.keys())

        @transaction.atomic
        def passes() -> None:
            pass_on(locked(house.lead), house.rosa.pk, now())

        await _asked(passes)
        await until(lambda: rosas in house.engine.hung_up)
        assert samirs in house.engine.alive


async def test_killed_between_the_attempt_and_the_dialling_nobody_is_called_twice(house: House) -> None:
    await _asked(lambda: house.rings(house.rosa))

    def press() -> str:
        """What the switchboard did before it was killed: the attempt is stored, the customer isn't dialled."""
        from leadbell.ring import claiming, pressing

        (placed,) = claiming.claim(now())
        pressing.accepted(placed.bell.key, house.rosa.pk, now())
        return placed.bell.key

    key = await _asked(press)
    async with house.switchboard():
        await until(lambda: Call.objects.filter(status="over").exists())
        assert house.engine.called == {}
    started, ended = await _asked(house.attempts)
    assert (ended.key, ended.outcome) == (started.key, "unknown")
    assert (await _asked(lambda: Call.objects.get())).pk.hex == key

    def next_step() -> str:
        with transaction.atomic():
            lead = locked(house.lead)
            follow_up(lead, now())
            return lead.next_kind

    assert await _asked(next_step) == "call", "a person decides, nothing is repeated blindly"


async def test_a_trunk_that_nobody_answers_is_a_line_that_is_down(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard, "HEALTH_S", 0.05)
    house.engine.away = {"trunk"}
    async with house.switchboard():
        await until(lambda: PhoneLine.objects.filter(down_since__isnull=False).exists())
        house.engine.away = set()
        await until(lambda: PhoneLine.objects.filter(down_since=None).exists())


async def test_a_recording_is_asked_for_until_it_is_there(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(switchboard, "FETCH_AGAIN_S", 0.001)
    monkeypatch.setattr(switchboard, "FETCH_SELDOM_S", 0.002)
    asked: list[str] = []

    async def recorded(key: str) -> Path:
        asked.append(key)
        if len(asked) < 60:
            raise LegFailed("the recording is not finished yet")
        return tmp_path

    monkeypatch.setattr(house.engine, "recorded", recorded)

    @transaction.atomic
    def late() -> str:
        call = Call.objects.create(
            id=uuid.uuid4(), dealer=house.dealer, lead_id=house.lead, kind="lead", line="asterisk", status="over",
            ring_s=20, asked_at=now(), connected_at=now(), talk_ms=1000,
        )  # fmt: skip
        Recording.objects.create(call=call, dealer=house.dealer, created_at=now(), status="missing")
        return call.id.hex

    key = await _asked(late)
    async with house.switchboard() as board:
        await until(lambda: len(asked) == 60)
        await until(lambda: not board._fetching)
    assert set(asked) == {key}


async def test_only_one_switchboard_works_and_the_next_takes_over(house: House) -> None:
    async with house.switchboard() as first:
        await until(lambda: bool(first._was_up))
        async with house.switchboard() as second:
            await asyncio.sleep(0.05)
            assert not second._was_up
    async with house.switchboard() as third:
        await until(lambda: bool(third._was_up))


async def test_a_line_that_is_not_set_up_leaves_it_to_the_desk(house: House) -> None:
    house.engine.is_up = False
    async with house.switchboard():
        await _asked(lambda: house.rings(house.rosa))
        call = await until(lambda: Call.objects.filter(status="over").first())
        assert call.outcome == "line_down"
        line = await until(lambda: PhoneLine.objects.filter(down_since__isnull=False).first())
        assert line.down_because["text"] == "the phone line doesn't answer"
    assert (await _asked(lambda: Lead.objects.get())).ringing == [house.rosa.pk], "the desk rings on"


async def test_a_call_on_a_line_that_is_no_longer_set_up_is_settled_at_the_start(house: House) -> None:
    def left_behind() -> None:
        for attempt in ("", "attempt:1"):
            Call.objects.create(
                id=uuid.uuid4(), dealer=house.dealer, lead_id=house.lead, kind="lead", line="sip", status="ringing",
                people=[house.rosa.pk], ring_s=20, asked_at=now(), attempt=attempt,
            )  # fmt: skip

    await _asked(left_behind)
    async with house.switchboard():
        await until(lambda: not Call.objects.exclude(status="over").exists())
    outcomes = await _asked(lambda: sorted(Call.objects.values_list("outcome", flat=True)))
    assert outcomes == ["line_down", "unknown"]


async def test_ring_me_says_thank_you(house: House) -> None:
    async with house.switchboard():
        await _asked(lambda: ring_me(house.rosa, house.dealer.pk, now()))
        leg = await until(lambda: next(iter(house.engine.called), None))
        house.engine.happens(leg, "answered")
        house.engine.happens(leg, "digit", digit="1")
        await until(lambda: any("Thank you" in text for _, text in house.engine.said))
        house.engine.happens(leg, "spoken")
        await until(lambda: not house.engine.alive)


async def test_who_takes_it_at_the_desk_does_not_hang_up_on_the_customer(house: House) -> None:
    await _asked(house.is_called_at)
    async with house.switchboard() as board:
        await until(lambda: bool(board._was_up))
        house.engine.arrives("in-1", "+31209999999", "+31699999999")
        rosas, samirs = await until(lambda: len(house.engine.called) == 2 and list(house.engine.called))

        @transaction.atomic
        def at_the_desk() -> None:
            accept(locked(Lead.objects.exclude(pk=house.lead).get().pk), house.samir.pk, now())

        await _asked(at_the_desk)
        await until(lambda: house.engine.hung_up)
        assert house.engine.hung_up == [rosas]
        for what, digit in (("answered", ""), ("digit", "1")):
            house.engine.happens(samirs, what, digit=digit)
        await until(lambda: house.engine.joined)
        for leg in (samirs, "in-1"):
            house.engine.happens(leg, "over")
        await until(lambda: Call.objects.filter(kind="inbound", outcome="conversation").exists())
    connections.close_all()


async def test_a_customer_who_calls_and_is_not_answered_hears_that_we_call_back(house: House) -> None:
    await _asked(house.is_called_at)
    async with house.switchboard() as board:
        await until(lambda: bool(board._was_up))
        house.engine.arrives("in-1", "+31209999999", "+31699999999")
        await until(lambda: Call.objects.filter(kind="inbound").exists())
        for leg in await until(lambda: len(house.engine.called) == 2 and list(house.engine.called)):
            house.engine.happens(leg, "over", how="no_answer")
        await until(lambda: any(leg == "in-1" for leg, _ in house.engine.said))
        house.engine.happens("in-1", "spoken")
        await until(lambda: Call.objects.filter(kind="inbound", outcome="missed").exists())
        house.engine.arrives("in-2", "+31200000000", "+31699999999")
        await until(lambda: "in-2" in house.engine.hung_up)

    def missed() -> bool:
        lead = Lead.objects.exclude(pk=house.lead).get()
        return bool(read_history(lead).of(MissedCall))

    assert await _asked(missed)
    connections.close_all()

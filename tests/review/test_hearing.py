"""What a machine heard is kept once, shown as a machine's, and set aside by whoever knows better."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import soundfile as sf

from leadbell.followup.hearing import LONGEST_MS, hear, hear_one
from leadbell.review.models import HeardByMachine
from leadbell.ring.models import Recording
from leadbell.ring.recordings.store import the_store
from tests.conftest import lead_of, make_person
from tests.fakes.sounds import in_turns
from tests.review.recorded import conversation, copies

pytestmark = pytest.mark.django_db


class Loud:
    """Ears that take every loud second for speech."""

    name = "loud"

    def spans(self, samples, rate):
        loud = [any(abs(one) > 500 for one in _numbers(samples[2 * rate * nth : 2 * rate * (nth + 1)]))
                for nth in range(len(samples) // (2 * rate))]  # fmt: skip
        return [(1000 * nth, 1000 * nth + 1000) for nth, is_loud in enumerate(loud) if is_loud]


def _numbers(content):
    return memoryview(content).cast("h")


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def call(northside, rosa, now, settings, tmp_path):
    settings.DATA, settings.RECORDINGS_URL = tmp_path, str(tmp_path / "recordings")
    at = now - timedelta(hours=2)
    made = conversation(lead_of(northside, now=at - timedelta(minutes=1)), rosa, at, seconds=20)
    store(made, flac(20))
    return made


def flac(seconds, channels=2):
    raw = memoryview(in_turns(seconds)).cast("h")
    into = io.BytesIO()
    with sf.SoundFile(into, "w", 8_000, channels, "PCM_16", format="FLAC") as file:
        file.buffer_write(bytes(raw), "int16")
    return into.getvalue()


def store(call, content):
    row = Recording.objects.get(call=call)
    the_store().put(row.stored_as, io.BytesIO(content))
    Recording.objects.filter(pk=row.pk).update(bytes=len(content))


def test_it_hears_who_speaks_when(call, now):
    assert hear_one(Loud(), now) == call.pk
    row = HeardByMachine.objects.get()
    assert (row.engine, row.sums["customer_ms"], row.sums["salesperson_ms"]) == ("loud", 10_000, 10_000)
    assert hear_one(Loud(), now) is None, "once is enough"


def test_what_cant_be_heard_is_left_alone(call, now):
    store(call, b"no sound at all")
    assert hear_one(Loud(), now) == call.pk
    assert HeardByMachine.objects.get().sums is None
    assert hear(Loud(), flac(4, channels=1)) is None
    the_store().delete(call.recording.stored_as)
    HeardByMachine.objects.all().delete()
    assert hear_one(Loud(), now) == call.pk
    assert HeardByMachine.objects.get().sums is None


def test_a_very_long_talk_keeps_nobody_waiting(call, now):
    call.talk_ms = LONGEST_MS + 1
    call.save()
    assert hear_one(Loud(), now) is None


def test_an_older_one_is_heard_after_any_number_of_newer_ones(call, now):
    HeardByMachine.objects.bulk_create(
        HeardByMachine(call=one.pk, dealer=one.dealer, lead=one.lead, engine="loud", at=now)
        for one in copies(call, 250)
    )
    assert hear_one(Loud(), now) == call.pk
    assert hear_one(Loud(), now) is None


def test_it_is_shown_as_the_machines_and_set_aside(call, now, signed_in, ines, samir, southside):
    hear_one(Loud(), now)
    address = f"/review/{call.pk}/"
    shown = signed_in(ines).get(address).content.decode()
    assert "Heard by the machine" in shown
    assert "50 %" in shown
    assert "By loud" in shown
    wrong = f"{address}machine/setting-aside/"
    assert signed_in(samir).post(wrong).status_code == 403
    assert signed_in(make_person("Olga", southside, "manager")).post(wrong).status_code == 404
    assert signed_in(ines).post(wrong).status_code == 303
    assert "Heard by the machine" not in signed_in(ines).get(address).content.decode()
    row = HeardByMachine.objects.get()
    assert row.set_aside_by == ines
    assert row.sums is not None
    assert hear_one(Loud(), now) is None, "what is set aside isn't heard again"

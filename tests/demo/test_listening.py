"""The demo's recordings: made like every other, half of them heard, none of them anybody's voice."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.db import transaction

from leadbell.appointment.actions import book
from leadbell.demo.actions import clear
from leadbell.demo.listening import forget, listen_back
from leadbell.demo.spoken import LANGUAGES, WRITTEN_BY, About, script
from leadbell.followup.listening import to_hear
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.review.hints import Line, hints
from leadbell.review.models import CoachingAction, Criterion, Moment, Review, Transcript
from leadbell.review.transcripts import transcript_of
from leadbell.ring.models import Call, Recording
from leadbell.ring.recordings.store import the_store
from leadbell.trouble import Trouble
from tests.conftest import NOON, lead_of
from tests.review.recorded import conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def week(northside, rosa, samir, ines, settings, tmp_path):
    """Last week's conversations, not recorded; the demo's people are known by their addresses."""
    settings.DATA, settings.RECORDINGS_URL = tmp_path, str(tmp_path / "recordings")
    settings.RECORDINGS_FORMAT = "flac"
    for nth in range(8):
        at = NOON - timedelta(days=5, minutes=30 * nth)
        lead = lead_of(northside, f"Customer {nth}", now=at - timedelta(minutes=1))
        conversation(lead, (rosa, samir)[nth % 2], at, seconds=60)
    Recording.objects.all().delete()
    return tmp_path


def test_everybody_is_recorded_as_often_and_half_is_heard(week: Path, northside, ines):
    Lead.objects.update(wake_at=None)
    assert listen_back(NOON, "seed") == 6
    kept = Recording.objects.filter(status="kept").select_related("call")
    assert {one.call.person.name: 3 for one in kept} == {"Rosa": 3, "Samir": 3}
    assert len(kept) == 6
    for one in kept:
        assert one.length_ms == one.call.talk_ms == 60_000
        assert one.gaps == []
        assert one.because is None
        assert max(one.waveform["customer"]) > 30 < max(one.waveform["salesperson"])
        assert the_store().read(one.stored_as, 0, 4) == b"fLaC"
    assert Review.objects.count() == 3
    assert Criterion.objects.count() == 4
    assert Moment.objects.count() <= 3
    due = to_hear(ines, [northside.pk], NOON)
    assert [one.why for one in due] == ["named", "sample", "sample"]
    assert not Lead.objects.exclude(wake_at=None).exists(), "what rings when is not touched"


def test_one_with_an_appointment_and_one_without_are_written_down(week: Path, northside, rosa):
    Lead.objects.update(cars=[{"make": "Kia", "model": "EV3"}])
    hers = Call.objects.filter(person=rosa)
    for nth, call in enumerate(hers):
        with transaction.atomic():
            starts_at = NOON + timedelta(days=2, hours=nth)
            booked = book(locked(call.lead_id), rosa.pk, starts_at, call.ended_at + timedelta(minutes=1))
        assert not isinstance(booked, Refused)
    listen_back(NOON, "seed")
    written = {row.call: row for row in Transcript.objects.all()}
    assert len(written) == 2
    for call, row in written.items():
        assert row.engine == WRITTEN_BY
        found = transcript_of(call)
        assert found is not None
        said = found[1]
        assert [one.side for one in said] == ["salesperson", "customer"] * (len(said) // 2)
        assert all(one.end_ms < after.start_ms for one, after in pairwise(said))
        assert said[-1].end_ms <= row.upto_ms == 60_000
        assert "EV3" in said[0].text
        lines = [Line(one.pk, one.side, one.start_ms, one.text) for one in said]
        marks = [one.mark for one in hints(lines, row.language)]
        assert marks == ["opportunity", "asked", "made"][: 3 if hers.filter(pk=call).exists() else 2]
        waveform = Recording.objects.get(call=call).waveform
        # The customer is silent while the salesperson says the first sentence.
        quiet = waveform["customer"][: len(waveform["customer"]) * said[1].start_ms // 60_000 - 1]
        assert max(quiet, default=0) < 5 < max(waveform["salesperson"][: len(quiet)])
    assert hers.filter(pk__in=written).count() == 1


@pytest.mark.parametrize("agreed", [False, True])
def test_what_is_said_in_either_language_suggests_the_marks(agreed: bool):
    days = {"en": "Saturday at 11:00", "nl": "zaterdag om 11:00 uur"}
    assert days.keys() == LANGUAGES
    for language, day in days.items():
        when = day if agreed else None
        said = script(About(language, "Rosa", "Kona", when), 60_000)
        lines = [Line(place, side, one.start_ms, one.text) for place, (side, one) in enumerate(said)]
        marks = [one.mark for one in hints(lines, language)]
        assert marks == ["opportunity", "asked", "made"][: 3 if agreed else 2], language
    assert script(About("en", "Rosa", "Kona"), 20_000) == ()


def test_a_second_start_says_nothing_twice(week: Path):
    listen_back(NOON, "seed")
    listen_back(NOON, "seed")
    assert Criterion.objects.count() == 4
    assert Recording.objects.count() == 8
    assert CoachingAction.objects.count() == 2


def test_real_dealers_keep_their_recordings(week: Path):
    listen_back(NOON, "seed")
    with pytest.raises(Trouble):
        clear()
    assert len([one for one in (week / "recordings").rglob("*") if one.is_file()]) == 6


def test_a_fresh_demo_leaves_no_sound(week: Path):
    listen_back(NOON, "seed")
    forget()
    assert not [one for one in (week / "recordings").rglob("*") if one.is_file()]

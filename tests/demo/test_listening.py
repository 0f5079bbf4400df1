"""The demo's recordings: made like every other, half of them heard, none of them anybody's voice."""

from datetime import timedelta
from pathlib import Path

import pytest

from leadbell.demo.actions import clear
from leadbell.demo.listening import forget, listen_back
from leadbell.followup.listening import to_hear
from leadbell.lead.models import Lead
from leadbell.review.models import CoachingAction, Criterion, Moment, Review
from leadbell.ring.models import Recording
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

"""What the command line tells of a lead: its times are on the dealer's clock."""

from datetime import timedelta

import pytest

from leadbell.commands.leads import _cells
from leadbell.commands.story import _print, _told
from leadbell.conversation.actions import end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.journal import locked, plan
from leadbell.lead.listing import listed
from leadbell.ring.actions import accept, ring
from leadbell.words import say
from tests.conftest import NOON, lead_of

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def called(northside: Organisation, rosa: Person) -> int:
    """A lead whose voicemail answered at noon in Amsterdam; the next attempt is two hours later."""
    lead = lead_of(northside)
    ring(lead, [rosa.pk], "best", 20, NOON + SECOND)
    accept(lead, rosa.pk, NOON + 8 * SECOND)
    start_attempt(lead, rosa.pk, NOON + 8 * SECOND)
    end_attempt(lead, rosa.pk, "voicemail", NOON + 19 * SECOND)
    lead, at = locked(lead.pk), NOON + timedelta(hours=2)
    plan(lead, "call", say("voicemail at %(tried_at)s", tried_at=NOON), at=at, wake_at=at, whom=rosa.pk)
    return lead.pk


def test_a_story_is_on_the_dealers_clock(called: int, capsys: pytest.CaptureFixture[str]) -> None:
    told = _told(called)
    assert told["next"]["because"] == f"voicemail at {NOON:%Y-%m-%d} 12:00:00"
    _print(told)
    said = capsys.readouterr().out
    assert f"{NOON:%Y-%m-%d} 12:00:19  ●  Voicemail" in said
    assert f"Next: call {NOON:%Y-%m-%d} 14:00:00  voicemail at {NOON:%Y-%m-%d} 12:00:00" in said
    assert "+00:00" not in said


def test_a_list_of_leads_is_on_their_dealers_clocks(called: int) -> None:
    *_, step, because = _cells(listed(1)[0])
    assert step == f"call {NOON:%Y-%m-%d} 14:00"
    assert because == f"voicemail at {NOON:%Y-%m-%d} 12:00:00"

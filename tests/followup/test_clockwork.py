"""The clockwork at work: whose playbook it follows, and what time it is for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import msgspec

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import AT_ONCE, run, run_due
from leadbell.followup.playbook import Plan, RingRound
from leadbell.followup.playbooks import change_plan
from leadbell.lead.models import Lead
from tests.conftest import NOON, lead_of

SECOND = timedelta(seconds=1)


def test_a_dealers_own_playbook_is_followed(rosa: Person, northside: Organisation) -> None:
    own = msgspec.structs.replace(Plan(), rounds=(RingRound("all", 45),))
    change_plan(northside, "online", own, NOON)
    lead = lead_of(northside)
    run_due(NOON)
    lead.refresh_from_db()
    assert (lead.ringing, lead.ring_until) == ([rosa.pk], NOON + 45 * SECOND)


def test_in_a_rush_every_batch_is_worked_off_at_its_own_moment(rosa: Person, northside: Organisation) -> None:
    for number in range(2 * AT_ONCE):
        lead_of(northside, phone=f"+316123456{number:02}", email=None)
    moments: Iterator[datetime] = (NOON + n * SECOND for n in count())
    run(
        lambda: next(moments),
        stopping=lambda: Lead.objects.filter(ring_until__isnull=False).count() == 2 * AT_ONCE,
    )
    rang = set(Lead.objects.values_list("ring_until", flat=True))
    assert len(rang) == 2

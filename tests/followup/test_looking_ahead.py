"""What is read for many dealers together is what each would have been told alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.actions import forget_choices, look_ahead, playbook_for
from leadbell.followup.models import PlaybookRow
from leadbell.followup.playbook import DEFAULTS
from leadbell.lead.history import History
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.ring.models import PhoneLine, PhoneRules
from leadbell.ring.wanted import forget_lines, phones_ring
from leadbell.routing.actions import forget_counts, staff_of
from tests.conftest import NOON, lead_of, make_dealer, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads() -> list[Lead]:
    """Of three dealers that differ in all that is asked about."""
    group = Organisation.objects.create(
        kind="group",
        name="Okafor-Group",
        country="NL",
        zone="Europe/Amsterdam",
        language="en",
        created_at=NOON,
    )
    northside, southside = make_dealer("Northside", group), make_dealer("Southside", group)
    tokyo = make_dealer("Eastside")
    Organisation.objects.filter(pk=tokyo.pk).update(zone="Asia/Tokyo")
    make_person("Ines", group, "manager")
    rosa, _ = make_person("Rosa", northside, seen_at=NOON), make_person("Samir", northside)
    make_person("Lena", southside, seen_at=NOON)
    make_person("Kobus", tokyo)
    make_person("Desk", southside, "reception")
    plan = msgspec.structs.replace(DEFAULTS["online"], wait_before_m=7)
    PlaybookRow.objects.create(
        dealer=southside, origin="online", body=msgspec.to_builtins(plan), changed_at=NOON
    )
    PhoneRules.objects.create(dealer=northside, quiet_from=20 * 60, quiet_until=9 * 60)
    PhoneLine.objects.create(dealer=tokyo, kind="asterisk", created_at=NOON, seen_at=NOON)
    for days, of in ((1, northside), (2, southside)):
        before = lead_of(of, now=NOON - timedelta(days=days))
        owner = rosa if of == northside else None
        Lead.objects.filter(pk=before.pk).update(
            owner=owner, received_on=(NOON - timedelta(days=days)).date(), reached_at=NOON if owner else None
        )
    # Today by the clock of Tokyo, yesterday by that of Amsterdam.
    lead_of(tokyo, now=NOON.replace(hour=0) - timedelta(hours=3))
    return [locked(lead_of(one).pk) for one in (northside, southside, Organisation.objects.get(pk=tokyo.pk))]


def told(leads: Sequence[Lead]) -> list[Any]:
    return [
        (
            staff_of(one, one.dealer.opening_hours, NOON),
            phones_ring(one.dealer_id, NOON),
            playbook_for(one, History(()), NOON),
        )
        for one in leads
    ]


def forget() -> None:
    forget_counts()
    forget_choices()
    forget_lines()


def test_together_is_as_alone(leads: list[Lead]) -> None:
    alone = told(leads)
    forget()
    look_ahead([(one.dealer, "online") for one in leads], NOON)
    # Only what was read before this says what it said: nobody asks again.
    Person.objects.update(is_active=False)
    Lead.objects.update(owner=None)
    PlaybookRow.objects.all().delete()
    PhoneRules.objects.all().delete()
    PhoneLine.objects.all().delete()
    assert told(leads) == alone
    names = [[candidate.name for _, candidate in staff] for staff, _, _ in alone]
    assert names == [["Ines", "Rosa", "Samir"], ["Ines", "Lena"], ["Kobus"]]
    assert [rings for _, rings, _ in alone] == [False, False, True]
    assert [playbook.plan.wait_before_m for _, _, playbook in alone] == [
        DEFAULTS["online"].wait_before_m,
        7,
        DEFAULTS["online"].wait_before_m,
    ]
    forget()
    assert told(leads) != alone


def test_what_is_known_is_not_asked_again_and_old_news_is(leads: list[Lead]) -> None:
    look_ahead([(one.dealer, "online") for one in leads[:1]], NOON)
    Person.objects.filter(name="Rosa").update(is_active=False)
    look_ahead([(one.dealer, "online") for one in leads], NOON)
    northside = leads[0]
    assert len(staff_of(northside, northside.dealer.opening_hours, NOON)) == 3
    later = NOON + timedelta(seconds=4)
    look_ahead([(one.dealer, "online") for one in leads], later)
    assert len(staff_of(northside, northside.dealer.opening_hours, later)) == 2

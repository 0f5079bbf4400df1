"""Who can be reached for a lead: at an open desk, or where a line would ring their phone."""

from typing import Any

import pytest

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.journal import locked
from leadbell.routing.actions import forget_counts, staff_of
from tests.conftest import NOON, lead_of

pytestmark = pytest.mark.django_db
MOBILE = {"phone": "+31611111117"}


@pytest.mark.parametrize(
    ("about", "phones_ring", "reachable"),
    [
        ({"seen_at": NOON}, False, True),
        ({}, True, False),
        (MOBILE, False, False),
        (MOBILE, True, True),
        ({"extension": "rosa"}, True, True),
        (MOBILE | {"in_browser": True}, True, True),  # rings while the window is closed
        ({"in_browser": True}, True, False),
    ],
)
def test_who_can_be_reached(
    northside: Organisation, rosa: Person, about: dict[str, Any], phones_ring: bool, reachable: bool
) -> None:
    Person.objects.filter(pk=rosa.pk).update(**({"seen_at": None} | about))
    forget_counts()
    staff = staff_of(locked(lead_of(northside).pk), northside.opening_hours, NOON, phones_ring)
    assert {one.person: one.reachable for _, one in staff}[rosa.pk] is reachable

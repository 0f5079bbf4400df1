"""Somebody leaves: nothing of theirs is forgotten."""

import pytest

from leadbell.lead.facts import Assigned
from leadbell.lead.journal import locked, read_history, record
from leadbell.refused import Refused
from leadbell.routing.leaving import leave, open_leads_of
from leadbell.sale.actions import sell
from tests.conftest import NOON, lead_of

pytestmark = pytest.mark.django_db


def owned(dealer, person):
    lead = locked(lead_of(dealer).pk)
    record(lead, Assigned(at=NOON, to=person.pk))
    return lead


def test_open_leads_go_to_a_colleague_with_the_reason(northside, rosa, samir, ines):
    open_one, sold = owned(northside, rosa), owned(northside, rosa)
    sell(sold, rosa.pk, NOON)
    others = owned(northside, samir)
    assert open_leads_of(rosa) == 1
    assert leave(rosa, ines, samir.pk, NOON) == 1
    for lead in (open_one, sold, others):
        lead.refresh_from_db()
    assert (open_one.owner, sold.owner, others.owner) == (samir, rosa, samir)
    last = read_history(open_one).facts[-1]
    assert (last.to, last.by, str(last.because)) == (samir.pk, ines.pk, "Rosa doesn't work here any more")
    rosa.refresh_from_db()
    assert not rosa.is_active


def test_where_the_colleague_is_somebody_elses_nothing_changes(northside, rosa, ines, lena):
    first, second = owned(northside, rosa), owned(northside, rosa)
    assert isinstance(leave(rosa, ines, lena.pk, NOON), Refused)
    rosa.refresh_from_db()
    first.refresh_from_db()
    second.refresh_from_db()
    assert rosa.is_active
    assert {first.owner, second.owner} == {rosa}


def test_the_last_manager_keeps_the_leads(northside, rosa, ines):
    lead = owned(northside, ines)
    assert isinstance(leave(ines, rosa, rosa.pk, NOON), Refused)
    lead.refresh_from_db()
    assert lead.owner == ines

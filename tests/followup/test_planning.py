"""The day's plan at work: what the clockwork writes on leads, and what is never shown as done."""

from datetime import datetime, timedelta

import pytest

from leadbell.conversation import actions as conversation
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import follow_some, run_due
from leadbell.followup.dayplan import Choices
from leadbell.followup.models import DayPlan, Placement
from leadbell.followup.planning import change_choices, plan_some
from leadbell.lead.history import Assigned, Attempted, AttemptEnded, Replied, Wrote
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from tests.conftest import NOON, lead_of, make_dealer, make_person

pytestmark = pytest.mark.django_db
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
#: Monday 9:00 in Amsterdam, and the moment before at which the day is planned.
OPENS = NOON - 3 * HOUR
DAWN = OPENS - 15 * MINUTE


def in_cadence(dealer: Organisation, owner: Person, days: int, customer: str = "Mr Okafor") -> Lead:
    """A lead that asked so many days before Monday and was spoken to, so that the cadence comes next."""
    asked = NOON - days * DAY
    lead = locked(
        lead_of(dealer, customer, now=asked, phone=f"+3161{len(customer):03}{Lead.objects.count():04}").pk
    )
    record(lead, Assigned(at=asked, to=owner.pk))
    record(lead, Attempted(at=asked, by=owner.pk, key="1"))
    record(lead, AttemptEnded(at=asked, key="1", by=owner.pk, outcome="conversation"))
    # What came in between was done, but for the day that is due now.
    record(lead, Wrote(at=NOON - max(1, days - due_before(days)) * DAY, carrier="email", by=owner.pk))
    Lead.objects.filter(pk=lead.pk).update(wake_at=DAWN - 2 * DAY)
    follow_some(DAWN - DAY)
    return Lead.objects.get(pk=lead.pk)


def due_before(days: int) -> int:
    """The newest day of the cadence before this one."""
    return max(
        (day for day in (0, 2, 3, 5, 7, 8, 10, 12, 14, 16, 19, 23, 28, 35, 42) if day < days), default=0
    )


def reread(*leads: Lead) -> list[Lead]:
    return [Lead.objects.get(pk=lead.pk) for lead in leads]


def placed_on(day: datetime) -> dict[int, tuple[int, bool]]:
    rows = Placement.objects.filter(day=day.date()).values_list("lead_id", "person_id", "fits")
    return {lead: (person, fits) for lead, person, fits in rows}


def test_what_does_not_fit_waits_for_tomorrow_and_says_so(northside, rosa):
    change_choices(northside, Choices(per_day=1), DAWN)
    tail, golden = in_cadence(northside, rosa, 28), in_cadence(northside, rosa, 8)
    assert [lead.next_touch for lead in (tail, golden)] == [28, 8]
    run_due(DAWN)
    run_due(OPENS)
    tail, golden = reread(tail, golden)
    assert placed_on(NOON) == {tail.pk: (rosa.pk, False), golden.pk: (rosa.pk, True)}
    assert (golden.next_kind, golden.next_for, golden.next_at) == ("call", rosa.pk, NOON)
    assert (tail.next_kind, tail.next_at, tail.next_touch) == ("wait", OPENS + DAY, 28)
    assert "didn't fit into the day's plan" in tail.next_because["text"]
    # Done is what a person did; the other one comes again tomorrow, and both days stay as they ended.
    conversation.start_attempt(locked(golden.pk), rosa.pk, NOON)
    conversation.end_attempt(locked(golden.pk), rosa.pk, "conversation", NOON + MINUTE)
    run_due(NOON + MINUTE)
    run_due(DAWN + DAY)
    run_due(OPENS + DAY)
    (tail,) = reread(tail)
    assert placed_on(NOON + DAY)[tail.pk] == (rosa.pk, True)
    assert placed_on(NOON) == {tail.pk: (rosa.pk, False), golden.pk: (rosa.pk, True)}
    assert (tail.next_kind, tail.next_for) == ("call", rosa.pk)
    row = Placement.objects.get(lead=tail, day=(NOON + DAY).date())
    assert row.because[-1] == {"text": "not made on %(days)s days before", "values": {"days": 1}}


def test_a_follow_up_that_is_not_made_is_passed_on_until_day_45(northside, rosa):
    lead = in_cadence(northside, rosa, 42)
    for days in range(4):
        run_due(DAWN + days * DAY)
        run_due(NOON + days * DAY)
    assert Placement.objects.filter(lead=lead, fits=True).count() == 4
    run_due(NOON + 4 * DAY)
    (lead,) = reread(lead)
    assert (lead.state, lead.lost_reason) == ("lost", "no_answer_45_days")


def test_new_leads_and_promises_are_never_put_off(northside, rosa):
    """A customer's answer makes it a task with its own time, in the middle of the day too."""
    change_choices(northside, Choices(per_day=1), DAWN)
    first, second = in_cadence(northside, rosa, 8), in_cadence(northside, rosa, 10)
    run_due(DAWN)
    run_due(OPENS)
    assert placed_on(NOON) == {first.pk: (rosa.pk, True), second.pk: (rosa.pk, False)}
    record(locked(second.pk), Replied(at=NOON, carrier="email"))
    run_due(NOON)
    (second,) = reread(second)
    assert (second.next_touch, second.ringing) == (None, [rosa.pk])
    run_due(NOON + 15 * MINUTE)
    # It goes first, and takes the room of what was planned.
    assert placed_on(NOON) == {first.pk: (rosa.pk, False)}


def test_who_is_away_has_their_follow_ups_made_by_a_colleague(northside, rosa, samir):
    lead = in_cadence(northside, rosa, 8)
    rosa.shift = {"days_off": [{"first": "2026-11-23", "until": "2026-11-23"}]}
    rosa.save()
    run_due(DAWN)
    run_due(OPENS)
    (lead,) = reread(lead)
    assert (lead.owner_id, lead.next_for, lead.next_kind) == (rosa.pk, samir.pk, "call")
    # She is back: it is hers again.
    run_due(DAWN + DAY)
    run_due(OPENS + DAY)
    assert reread(lead)[0].next_for == rosa.pk


def test_or_they_wait_where_the_dealer_wants_it(northside, rosa, samir):
    lead = in_cadence(northside, rosa, 8)
    rosa.shift = {"days_off": [{"first": "2026-11-23", "until": "2026-11-23"}]}
    rosa.save()
    change_choices(northside, Choices(absent="waits"), DAWN)
    run_due(OPENS)
    (lead,) = reread(lead)
    assert (lead.next_kind, lead.next_for) == ("wait", rosa.pk)
    assert placed_on(NOON) == {lead.pk: (rosa.pk, False)}


def test_planning_again_changes_nothing_that_did_not_change(northside, rosa):
    for days in (8, 10, 28):
        in_cadence(northside, rosa, days)
    change_choices(northside, Choices(per_day=2), DAWN)
    run_due(OPENS)
    before = (
        list(Placement.objects.order_by("lead").values()),
        list(Lead.objects.order_by("pk").values("wake_at")),
    )
    DayPlan.objects.update(look_at=OPENS)
    assert plan_some(OPENS + MINUTE)
    assert not plan_some(OPENS + MINUTE)
    assert before == (
        list(Placement.objects.order_by("lead").values()), list(Lead.objects.order_by("pk").values("wake_at"))
    )  # fmt: skip


def test_what_is_done_stays_done_and_its_room_stays_taken(northside, rosa):
    change_choices(northside, Choices(per_day=2), DAWN)
    leads = [in_cadence(northside, rosa, days) for days in (8, 10, 12)]
    run_due(OPENS)
    conversation.start_attempt(locked(leads[0].pk), rosa.pk, NOON)
    conversation.end_attempt(locked(leads[0].pk), rosa.pk, "voicemail", NOON)
    run_due(NOON + HOUR)
    assert [placed_on(NOON)[lead.pk][1] for lead in leads] == [True, True, False]


def test_the_plan_of_one_dealer_is_none_of_the_others(northside, southside, rosa, lena):
    change_choices(northside, Choices(per_day=1), DAWN)
    ours = [in_cadence(northside, rosa, days) for days in (8, 10)]
    theirs = in_cadence(southside, lena, 12)
    run_due(OPENS)
    assert placed_on(NOON) == {
        ours[0].pk: (rosa.pk, True), ours[1].pk: (rosa.pk, False), theirs.pk: (lena.pk, True),
    }  # fmt: skip


def test_a_day_that_cant_be_planned_holds_up_no_other_dealer(northside, southside, rosa, lena):
    """A shift nobody can read: its dealer is tried again in a while, and its leads are asked for as before."""
    leads = [in_cadence(northside, rosa, 8), in_cadence(southside, lena, 8)]
    Person.objects.filter(pk=rosa.pk).update(shift={"days_off": [{"first": "soon", "until": "soon"}]})
    run_due(OPENS)
    assert placed_on(NOON) == {leads[1].pk: (lena.pk, True)}
    assert DayPlan.objects.get(dealer=northside).look_at == OPENS + 15 * MINUTE
    assert [lead.next_kind for lead in reread(*leads)] == ["call", "call"]


def test_a_dealer_gets_its_turn_when_it_opens(northside):
    make_dealer("Westside")
    assert [plan_some(DAWN) for _ in range(3)] == [True, True, False]
    assert set(DayPlan.objects.values_list("look_at", flat=True)) == {DAWN + 15 * MINUTE}
    assert not plan_some(OPENS - MINUTE)


@pytest.mark.parametrize("per_day", [0, 201])
def test_a_number_nobody_can_do_is_refused(northside, per_day):
    refused = change_choices(northside, Choices(per_day), NOON)
    assert isinstance(refused, Refused)
    assert "between 1 and 200" in str(refused.because)


def test_a_manager_has_no_colleagues_follow_ups(northside, rosa):
    ines = make_person("Ines", northside, "manager")
    lead = in_cadence(northside, rosa, 8)
    rosa.shift = {"days_off": [{"first": "2026-11-23", "until": "2026-11-23"}]}
    rosa.save()
    run_due(OPENS)
    assert ines.is_active
    assert placed_on(NOON) == {lead.pk: (rosa.pk, False)}

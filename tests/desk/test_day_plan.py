"""The day's plan on the screens: what is done, what isn't, what didn't fit, each with its base."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.followup.models import DayPlan, Placement
from leadbell.followup.shelves import Done, how_far, plan_on
from leadbell.lead.history import Assigned, Wrote
from leadbell.lead.journal import locked, plan, record
from leadbell.words import say
from tests.conftest import lead_of
from tests.desk.noon import HOUR, make_it_noon

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now():
    return datetime.now(UTC)


def placed(dealer, person, now, nth, of, fits=True, day=None, customer="Mr Okafor"):
    """A lead of day 9 with its place in today's plan."""
    lead = locked(lead_of(dealer, customer, now=now - 9 * DAY).pk)
    record(lead, Assigned(at=now - 9 * DAY, to=person.pk))
    plan(
        lead,
        "call" if fits else "wait",
        say("day 8 of 45"),
        at=now + HOUR,
        wake_at=None,
        whom=person.pk,
        touch=8,
    )
    Placement.objects.create(
        lead=lead, dealer=dealer, day=day or dealer.opening_hours.local_day(now), person=person, fits=fits, nth=nth,
        of=of, because=[{"text": "looked at the %(car)s: %(seen_at)s", "values": {
            "car": "Hyundai Kona", "seen_at": (now - HOUR).isoformat()}}],
    )  # fmt: skip
    return lead


def worked_on(lead, person, now):
    record(locked(lead.pk), Wrote(at=now, carrier="email", by=person.pk))


@pytest.fixture
def day(northside, rosa, now):
    """Three were planned for Rosa, one of them is done; one more did not fit."""
    make_it_noon(northside)
    leads = [placed(northside, rosa, now, nth, 3, customer=f"Customer {nth}") for nth in (1, 2, 3)]
    leads.append(placed(northside, rosa, now, 1, 1, fits=False, customer="Mrs Tail"))
    worked_on(leads[0], rosa, now)
    return leads


def page_of(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_desk_shows_what_is_left_in_order_and_counts_what_is_not(day, rosa, signed_in):
    page = page_of(signed_in(rosa), "/desk/")
    assert "1 of 3 done" in page
    assert "1 of 4 that are due don’t fit into today" in page
    assert page.index("2 of 3 for you today") < page.index("3 of 3 for you today")
    assert "looked at the Hyundai Kona" in page
    listed = page[page.index('id="plan"') :]
    assert "Customer 1" not in listed[: listed.index("</section>")]
    # What is in the plan is in no other list, and what doesn't fit in none.
    assert page.count("Customer 2") == page.count("Customer 3") == 1
    assert "Mrs Tail" not in page


def test_a_colleagues_desk_shows_what_they_stand_in_for(northside, rosa, samir, now, signed_in):
    make_it_noon(northside)
    lead = placed(northside, rosa, now, 1, 1)
    Placement.objects.filter(lead=lead).update(person=samir)
    assert "1 of 1 for you today" in page_of(signed_in(samir), "/desk/")
    assert "Today’s follow-ups" not in page_of(signed_in(rosa), "/desk/")


def test_the_floor_shows_today_and_the_day_before_with_their_bases(
    day, northside, rosa, ines, now, signed_in
):
    yesterday = northside.opening_hours.local_day(now) - DAY
    for nth in (1, 2):
        placed(northside, rosa, now, nth, 2, day=yesterday)
    page = page_of(signed_in(ines), "/floor/")
    assert "1 of 3 done, 2 to do, 1 of 4 due didn’t fit" in page
    assert "0 of 2 done, 2 not done" in page


def test_without_a_plan_the_screens_are_as_before(northside, rosa, ines, signed_in):
    make_it_noon(northside)
    assert "Today’s follow-ups" not in page_of(signed_in(rosa), "/desk/")
    assert "Follow-ups today" not in page_of(signed_in(ines), "/floor/")


def test_a_lead_says_where_it_stands_today(day, rosa, signed_in):
    client = signed_in(rosa)
    assert "2 of 3 for Rosa today: looked at the Hyundai Kona" in page_of(client, f"/leads/{day[1].pk}/")
    assert "for Rosa today" not in page_of(client, f"/leads/{day[0].pk}/")
    assert "looked at the Hyundai Kona" in page_of(client, f"/leads/{day[3].pk}/")


def test_only_what_a_person_did_that_day_is_done(day, northside, rosa, now):
    plan_of_today = plan_on(northside, northside.opening_hours.local_day(now))
    assert how_far(plan_of_today) == Done(planned=3, done=1, without=1)
    worked_on(day[3], rosa, now)
    assert how_far(plan_on(northside, northside.opening_hours.local_day(now))) == Done(
        planned=4, done=2, without=0
    )
    yesterday = placed(northside, rosa, now, 1, 1, day=northside.opening_hours.local_day(now) - DAY)
    worked_on(yesterday, rosa, now)
    assert how_far(plan_on(northside, northside.opening_hours.local_day(now) - DAY)) == Done(1, 0, 0)


def test_the_manager_says_how_many_and_hears_what_it_means(northside, rosa, samir, ines, now, signed_in):
    make_it_noon(northside)
    for nth in range(1, 6):
        lead = placed(northside, rosa, now, nth, 5)
        plan(lead, "call", say("day 8 of 45"), at=now - HOUR, wake_at=None, whom=rosa.pk, touch=8)
    client, address = signed_in(ines), f"/dealers/{northside.pk}/playbooks/"
    assert "Your team can make 96 follow-ups today; 5 are due." in page_of(client, address)
    answer = client.post(address, {"per_day": "2", "absent": "waits"})
    assert answer.status_code == 303
    row = DayPlan.objects.get(dealer=northside)
    assert (row.per_day, row.absent) == (2, "waits")
    page = page_of(client, address)
    assert "Your team can make 4 follow-ups today; 5 are due: 3 don&#x27;t fit." in page
    answer = client.post(address, {"per_day": "many"})
    assert answer.status_code == 409
    assert "is no whole number" in answer.content.decode()
    client.post(address, {"per_day": "", "absent": "colleagues"})
    assert DayPlan.objects.get(dealer=northside).per_day is None


def test_nobody_else_plans_the_dealers_day(northside, lena, rosa, signed_in):
    address = f"/dealers/{northside.pk}/playbooks/"
    assert signed_in(lena).post(address, {"per_day": "2"}).status_code in (403, 404)
    assert signed_in(rosa).post(address, {"per_day": "2"}).status_code == 403
    assert not DayPlan.objects.exists()

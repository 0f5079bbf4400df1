"""The screens between BDC and salesperson: queue, script, handover, first contact, reception, fallout."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leadbell.appointment.actions import book
from leadbell.dealers.models import Organisation, Person
from leadbell.handover.actions import offer
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.actions import take
from leadbell.ring.models import Call
from leadbell.ring.shelves import may_listen
from leadbell.routing.actions import assign
from tests.conftest import lead_of, make_person

SignIn = Callable[[Person], Client]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def bea(northside: Organisation) -> Person:
    return make_person("Bea", northside, "bdc")


@pytest.fixture
def always_open(northside: Organisation) -> Organisation:
    """Open around the clock, so that the day of the test doesn't matter."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    northside.country = ""
    northside.hours = {"week": {day: [["00:00", "24:00"]] for day in days}}
    northside.save()
    return northside


def a_time(now: datetime, days: int = 2) -> datetime:
    return (now + days * DAY).replace(hour=12, minute=0, second=0)


def offered(dealer: Organisation, agent: Person, to: Person, now: datetime) -> Lead:
    lead = lead_of(dealer, now=now - 5 * MINUTE)
    take(lead, agent.pk, now - 4 * MINUTE)
    book(lead, agent.pk, a_time(now), now - 3 * MINUTE, salesperson=to.pk)
    offer(
        lead, to.pk, now + 30 * MINUTE, "appointment", now - MINUTE, by=agent.pk, text="a <b>test</b> drive",
        note="How long is the delivery time?",
    )  # fmt: skip
    return lead


def test_the_bdc_lands_on_its_queue_and_takes_what_came_by_direct_mail(
    signed_in: SignIn, northside: Organisation, bea: Person, now: datetime
) -> None:
    lead = lead_of(northside, now=now - 4 * DAY, origin="direct_mail")
    client = signed_in(bea)
    assert client.get("/").headers["Location"] == "/bdc/"
    page = client.get("/bdc/").content.decode()
    assert "Mr Okafor" in page
    assert "not too directly" in page
    answer = client.post(f"/leads/{lead.pk}/qualification/taking/")
    assert answer.headers["Location"] == f"/leads/{lead.pk}/qualification/"
    assert locked(lead.pk).owner_id == bea.pk
    script = client.get(f"/leads/{lead.pk}/qualification/").content.decode()
    assert "You answered our letter about the Hyundai Kona 2026." in script
    assert "this is Bea of Northside" in script
    Lead.objects.filter(pk=lead.pk).update(cars=[])
    script = client.get(f"/leads/{lead.pk}/qualification/").content.decode()
    assert "You answered our letter about the car." in script


def test_an_active_lead_in_opening_hours_isnt_in_the_queue(
    signed_in: SignIn, always_open: Organisation, bea: Person, now: datetime
) -> None:
    lead_of(always_open, now=now)
    assert "Mr Okafor" not in signed_in(bea).get("/bdc/").content.decode()


def test_the_bdcs_queue_costs_no_more_queries_with_more_leads(
    signed_in: SignIn, northside: Organisation, rosa: Person, samir: Person, bea: Person, now: datetime
) -> None:
    client = signed_in(bea)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/bdc/").status_code == 200
        return len(captured)

    lead_of(northside, "Mrs First", now - 4 * DAY, "+31612345601", "first@example.org", origin="direct_mail")
    offered(northside, bea, rosa, now)
    client.get("/bdc/")
    few = queries()
    lead_of(
        northside, "Mrs Second", now - 4 * DAY, "+31612345602", "second@example.org", origin="direct_mail"
    )
    another = lead_of(northside, "Mrs Third", now - 5 * MINUTE, "+31612345603", "third@example.org")
    take(another, bea.pk, now - 4 * MINUTE)
    offer(another, samir.pk, now + 30 * MINUTE, "quote", now - MINUTE, by=bea.pk)
    page = client.get("/bdc/").content.decode()
    assert "Mrs Second" in page
    assert "Mrs Third" in page
    assert queries() == few


def qualified(client: Client, lead: Lead, **said: str) -> int:
    return client.post(f"/leads/{lead.pk}/qualification/", said).status_code


def test_a_time_is_agreed_with_whoever_is_free_and_the_answers_are_kept_apart(
    signed_in: SignIn, always_open: Organisation, rosa: Person, bea: Person, now: datetime
) -> None:
    lead = lead_of(always_open, now=now - 5 * MINUTE)
    at = a_time(now).isoformat()
    said = {
        "goal": "appointment", "slot": f"{rosa.pk}@{at}", "ask-trade_in": "yes", "ask-when": "weeks",
        "ask-budget": "24.000", "ask-still_looking": "yes", "text": "test drive", "note": "tow bar?", "told": "yes",
    }  # fmt: skip
    assert qualified(signed_in(bea), lead, **said) == 302
    s = locked(lead.pk).standing
    assert s.contract is not None
    assert (s.contract.to, s.contract.by, s.owner) == (rosa.pk, bea.pk, bea.pk)
    told = next(f for f in read_history(locked(lead.pk)).facts if type(f).__name__ == "Qualified")
    # "Still looking" isn't asked of who asked by themselves.
    assert (told.answers.trade_in, told.answers.when, told.answers.budget, told.answers.still_looking) == (
        True, "weeks", 24000, None,
    )  # fmt: skip
    other = lead_of(always_open, "Ms Bruin", now, "+31612345679", "bruin@example.org")
    answer = signed_in(bea).post(f"/leads/{other.pk}/qualification/", {**said, "text": "another"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "Rosa has something else at" in page
    assert ">another</textarea>" in page
    assert locked(other.pk).standing.qualified_by is None


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({}, "Choose what was reached"),
        ({"goal": "appointment"}, "Choose a day and a time."),
        ({"goal": "quote", "to": "99999"}, "Choose who receives the customer."),
        ({"goal": "later"}, "Choose a day and a time."),
        ({"goal": "quote", "ask-budget": "many"}, "is no whole number"),
        ({"goal": "quote", "ask-budget": "1,5"}, "is no whole number"),
        ({"goal": "quote", "ask-budget": "24000.00"}, "is no whole number"),
        ({"goal": "quote", "ask-budget": "0000000001999999999"}, "is no whole number"),
        ({"goal": "quote", "ask-budget": "0" * 5000}, "is no whole number"),
    ],
)
def test_a_form_that_lacks_something_is_refused_in_words(
    signed_in: SignIn, northside: Organisation, bea: Person, now: datetime, said: dict[str, str], because: str
) -> None:
    lead = lead_of(northside, now=now)
    answer = signed_in(bea).post(f"/leads/{lead.pk}/qualification/", said)
    assert answer.status_code == 409
    assert because in answer.content.decode()


def test_the_receiver_sees_what_was_agreed_and_accepts(
    signed_in: SignIn, northside: Organisation, rosa: Person, bea: Person, now: datetime
) -> None:
    lead = offered(northside, bea, rosa, now)
    client = signed_in(rosa)
    desk = client.get("/desk/").content.decode()
    assert "Handed to you: accept by" in desk
    assert "How long is the delivery time?" in desk
    assert "a &lt;b&gt;test&lt;/b&gt; drive" in desk
    assert "Nobody told the customer yet" in desk
    client.post(f"/leads/{lead.pk}/handover/acceptance/")
    assert locked(lead.pk).owner_id == rosa.pk
    page = client.get(f"/leads/{lead.pk}/").content.decode()
    order = [page.index(part) for part in ("Sell yourself", "Sell the appointment", "Then the car")]
    assert order == sorted(order)
    assert "2 people so far" in page


def test_who_is_asked_back_answers_and_nobody_else(
    signed_in: SignIn, northside: Organisation, rosa: Person, samir: Person, bea: Person, now: datetime
) -> None:
    lead = offered(northside, bea, rosa, now)
    signed_in(rosa).post(f"/leads/{lead.pk}/handover/question/", {"text": "Which trim?"})
    assert "Which trim?" in signed_in(bea).get("/bdc/").content.decode()
    signed_in(samir).post(f"/leads/{lead.pk}/handover/answer/", {"text": "No idea"})
    assert locked(lead.pk).standing.contract.asked_at is not None
    signed_in(bea).post(f"/leads/{lead.pk}/handover/answer/", {"text": "N Line"})
    assert locked(lead.pk).standing.contract.asked_at is None
    assert "N Line" in signed_in(rosa).get("/desk/").content.decode()


def test_a_drop_off_goes_back_to_the_bdc_and_its_appointment_is_free(
    signed_in: SignIn, northside: Organisation, rosa: Person, bea: Person, now: datetime
) -> None:
    lead = offered(northside, bea, rosa, now)
    client = signed_in(rosa)
    client.post(f"/leads/{lead.pk}/handover/acceptance/")
    client.post(f"/leads/{lead.pk}/first-contact/", {"went": "dropped"})
    assert locked(lead.pk).owner_id == rosa.pk
    client.post(
        f"/leads/{lead.pk}/first-contact/", {"went": "dropped", "reason": "no_time", "rdr": "understood"}
    )
    fresh = locked(lead.pk)
    assert (fresh.owner_id, fresh.appointment_at, fresh.closed_at) == (bea.pk, None, None)


def test_kept_at_the_first_contact_is_confirmed(
    signed_in: SignIn, northside: Organisation, rosa: Person, bea: Person, now: datetime
) -> None:
    lead = offered(northside, bea, rosa, now)
    client = signed_in(rosa)
    client.post(f"/leads/{lead.pk}/handover/acceptance/")
    client.post(f"/leads/{lead.pk}/first-contact/", {"went": "kept"})
    assert locked(lead.pk).state == "confirmed"


def test_a_change_of_hands_has_a_reason(
    signed_in: SignIn, northside: Organisation, rosa: Person, samir: Person, now: datetime
) -> None:
    lead = lead_of(northside, now=now)
    take(lead, rosa.pk, now)
    signed_in(rosa).post(f"/leads/{lead.pk}/owner/", {"to": str(samir.pk)})
    assert locked(lead.pk).owner_id == rosa.pk
    signed_in(rosa).post(f"/leads/{lead.pk}/owner/", {"to": str(samir.pk), "because": "language"})
    assert locked(lead.pk).owner_id == samir.pk
    assert str(read_history(locked(lead.pk)).facts[-1].because) == "speaks the customer’s language"


def test_reception_marks_who_came_with_one_tap(
    signed_in: SignIn, northside: Organisation, rosa: Person, now: datetime
) -> None:
    lead = lead_of(northside, now=now - DAY)
    take(lead, rosa.pk, now - DAY)
    hours = northside.opening_hours
    book(lead, rosa.pk, hours.day_begins(hours.local_day(now)), now - DAY)
    client = signed_in(rosa)
    page = client.get("/reception/").content.decode()
    assert "Mr Okafor is here" in page
    client.post(f"/leads/{lead.pk}/appointment/attendance/", {"came": "no"})
    assert locked(lead.pk).standing.missed_at is not None


def test_who_is_reception_marks_who_came_and_gets_no_further(
    signed_in: SignIn, northside: Organisation, rosa: Person, now: datetime
) -> None:
    lead = lead_of(northside, now=now - DAY)
    take(lead, rosa.pk, now - DAY)
    hours = northside.opening_hours
    book(lead, rosa.pk, hours.day_begins(hours.local_day(now)), now - DAY)
    yvonne = make_person("Yvonne", northside, "reception")
    client = signed_in(yvonne)
    page = client.get("/reception/").content.decode()
    assert "Mr Okafor is here" in page
    assert f'/leads/{lead.pk}/"' not in page, "no way to the lead"
    assert "/me/phone/" not in page
    assert client.get(f"/leads/{lead.pk}/").status_code == 403
    assert client.get("/leads/").status_code == 403
    client.post(f"/leads/{lead.pk}/appointment/attendance/", {"came": "yes"})
    assert locked(lead.pk).standing.shown_at is not None
    assert isinstance(assign(locked(lead.pk), yvonne.pk, None, now), Refused), "no lead is ever theirs"


def test_who_leads_the_bdc_sees_what_each_agent_has_to_do(
    signed_in: SignIn, northside: Organisation, ines: Person, bea: Person, now: datetime
) -> None:
    for nth, minutes in enumerate((-20, 90)):
        lead = lead_of(northside, f"Customer {nth}", now - DAY, f"+3161234567{nth}", f"c{nth}@example.org")
        take(lead, bea.pk, now - DAY)
        Lead.objects.filter(pk=lead.pk).update(next_at=now + minutes * MINUTE)
    page = signed_in(ines).get("/bdc/").content.decode()
    assert "The agents" in page
    assert "1 overdue" in page
    assert "of 2" in page
    assert "The agents" not in signed_in(bea).get("/bdc/").content.decode()


@pytest.mark.parametrize("page", ["/bdc/", "/reports/fallout/"])
def test_the_bdcs_pages_are_for_the_bdc_and_managers(
    signed_in: SignIn, rosa: Person, ines: Person, bea: Person, page: str
) -> None:
    assert signed_in(rosa).get(page).status_code == 403
    assert signed_in(ines).get(page).status_code == 200
    assert signed_in(bea).get(page).status_code == 200


def test_reports_lead_to_fallout_for_those_who_may_see_it(
    signed_in: SignIn, rosa: Person, ines: Person
) -> None:
    assert "/reports/fallout/" in signed_in(ines).get("/reports/").content.decode()
    assert "/reports/fallout/" not in signed_in(rosa).get("/reports/").content.decode()


@pytest.mark.parametrize(
    "resource",
    [
        "qualification/taking/", "qualification/", "handover/acceptance/", "handover/question/",
        "handover/answer/", "handover/refusal/", "first-contact/",
    ],
)  # fmt: skip
def test_another_dealers_people_find_nothing(
    signed_in: SignIn,
    northside: Organisation,
    southside: Organisation,
    rosa: Person,
    bea: Person,
    now: datetime,
    resource: str,
) -> None:
    lead = offered(northside, bea, rosa, now)
    other = make_person("Lou", southside, "bdc")
    assert signed_in(other).post(f"/leads/{lead.pk}/{resource}", {"goal": "quote"}).status_code == 404
    assert signed_in(other).get(f"/leads/{lead.pk}/qualification/").status_code == 404
    assert "Okafor" not in signed_in(other).get("/bdc/").content.decode()
    assert "Okafor" not in signed_in(other).get("/reception/").content.decode()


def test_the_floor_shows_what_is_not_accepted_and_who_did_not_come(
    signed_in: SignIn, northside: Organisation, rosa: Person, ines: Person, bea: Person, now: datetime
) -> None:
    offered(northside, bea, rosa, now)
    missed = lead_of(northside, "Ms Bruin", now - DAY, "+31612345679", "bruin@example.org")
    take(missed, rosa.pk, now - DAY)
    book(missed, rosa.pk, now - 10 * MINUTE, now - DAY)
    signed_in(rosa).post(f"/leads/{missed.pk}/appointment/attendance/", {"came": "no"})
    for page in ("/floor/", "/floor/breaches/"):
        floor = signed_in(ines).get(page).content.decode()
        assert "Handed over, not accepted yet" in floor
        assert "Did not come" in floor
        assert "not called yet" in floor


def test_the_dealer_may_let_the_bdc_call_first_and_reads_what_speaks_against_it(
    signed_in: SignIn, always_open: Organisation, ines: Person, bea: Person, now: datetime
) -> None:
    client = signed_in(ines)
    here = f"/dealers/{always_open.pk}/playbooks/online/"
    assert (
        "S3: in opening hours a salesperson should call an active lead at once"
        in client.get(here).content.decode()
    )
    plan = {
        "first": "bdc", "bdc_m": "45", "round-0-how": "best", "round-0-s": "20", "retry-0-minutes": "120",
        "retry-1-minutes": "180", "cadence_days": "2 3 5",
    }  # fmt: skip
    assert client.post(here, plan).status_code == 303
    assert "The BDC has it in its queue for 45 minutes." in client.get(here).content.decode()
    lead_of(always_open, now=now)
    queue = signed_in(bea).get("/bdc/").content.decode()
    assert "Mr Okafor" in queue
    assert "S3: in opening hours" in queue


def test_the_receiver_hears_the_recordings_before_accepting(
    northside: Organisation, rosa: Person, samir: Person, bea: Person, now: datetime
) -> None:
    lead = offered(northside, bea, rosa, now)
    call = Call(dealer=northside, lead=locked(lead.pk), person=bea)
    assert (may_listen(rosa, call), may_listen(samir, call)) == (True, False)

"""The Desk: what rings, is called, is due, and what each tap does."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.appointment import actions as appointment
from leadbell.conversation import actions as conversation
from leadbell.lead.facts import Chosen
from leadbell.lead.journal import plan, read_history
from leadbell.lead.models import Lead
from leadbell.ring import actions as ring
from leadbell.words import say
from tests.conftest import lead_of, make_person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def desk(signed_in, rosa):
    return signed_in(rosa)


def shown(client, **about):
    answer = client.get("/desk/", **about)
    assert answer.status_code == 200
    return answer.content.decode()


def rings(lead, person, now, how="best", ring_s=20, because=()):
    ranked = [Chosen(person=person.pk, score=0.4, because=because)]
    return ring.ring(lead, [person.pk], how, ring_s, now, ranked=ranked)


def mine(lead, person, now):
    rings(lead, person, now)
    ring.accept(lead, person.pk, now)
    return lead


def due(lead, person, at, kind="call", because="new: call now"):
    plan(lead, kind, say(because), at=at, wake_at=None, whom=person.pk)
    return lead


def called(lead, person, now, outcome):
    conversation.start_attempt(lead, person.pk, now)
    conversation.end_attempt(lead, person.pk, outcome, now)
    return lead


def test_an_empty_desk_is_calm_and_says_who_is_here(desk, samir):
    page = shown(desk)
    assert "Nothing is due. The bell will ring." in page
    assert "Samir" in page
    assert "My day" in page
    assert "Due now" not in page


def test_off_shift_the_empty_desk_says_that_nothing_rings(desk, rosa):
    rosa.on_shift = False
    rosa.save()
    assert "You are off shift" in shown(desk)


def test_a_ringing_lead_shows_everything_to_decide_by(desk, northside, rosa, now):
    lead = lead_of(northside, now=now - timedelta(seconds=8))
    rings(lead, rosa, now, because=(say("had this customer before"),))
    page = shown(desk)
    for part in ("Mr Okafor", "Kona", "Is the blue one in stock?", "Website", "had this customer before",
                 "Accept and call", "Pass on", "s left"):  # fmt: skip
        assert part in page
    assert f'datetime="{lead.received_at.isoformat()}"' in page, "the clock runs from the lead's arrival"
    assert "+31" not in page, "the number comes with accepting: nobody calls before"


def test_a_ring_that_is_over_or_rings_elsewhere_is_not_shown(desk, northside, rosa, samir, now):
    rings(lead_of(northside, "Mr Early", now), rosa, now - timedelta(minutes=1))
    rings(lead_of(northside, "Mr Elsewhere", now), samir, now)
    page = shown(desk)
    assert "Accept and call" not in page


def test_a_lead_without_a_number_is_accepted_to_write(desk, northside, rosa, now):
    lead = lead_of(northside, now=now, phone=None)
    rings(lead, rosa, now)
    page = shown(desk)
    assert "Accept and write" in page
    assert "Accept and call" not in page
    desk.post(f"/leads/{lead.pk}/acceptance/")
    due(lead, rosa, now, "write", "no phone number: write personally")
    page = shown(desk)
    assert "mailto:okafor@example.org?subject=" + quote("Hyundai Kona 2026") in page
    assert desk.post(f"/leads/{lead.pk}/message/", {"carrier": "email"}).status_code == 303
    lead.refresh_from_db()
    assert read_history(lead).standing.wrote_at is not None


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["form", "htmx"])
def test_from_the_ring_to_the_appointment_in_taps(desk, northside, rosa, now, headers):
    lead = lead_of(northside, now=now)
    rings(lead, rosa, now)

    def tap(resource, **form):
        answer = desk.post(
            f"/leads/{lead.pk}/{resource}/", form, headers=headers | {"Referer": "http://testserver/desk/"}
        )
        assert (answer.status_code, answer.headers["Location"]) == (303, "/desk/")
        page = shown(desk, headers=headers)
        assert ("<html" in page) is not bool(headers)
        return page

    page = tap("acceptance", then="call")
    assert "Calling now" in page
    assert 'href="tel:+31612345678"' in page
    assert f'data-dial="{lead.pk}:attempt:1"' in page
    page = tap("attempt/connection")
    assert "In conversation" in page
    page = tap("attempt/outcome", outcome="conversation")
    assert "What came of it?" in page
    starts_at = now + timedelta(days=1)
    page = tap("appointment", at=starts_at.isoformat(), what="test drive")
    assert "What came of it?" not in page
    assert "test drive" in page
    assert "not confirmed by you yet" in page
    assert "The appointment is made." in page
    page = tap("appointment/confirmation", how="video")
    assert "not confirmed by you yet" not in page
    standing = read_history(Lead.objects.get(pk=lead.pk)).standing
    assert standing.first_attempt_reached
    assert standing.reached_at is not None
    assert (standing.state, standing.hands) == ("confirmed", (rosa.pk,))


def test_accepting_twice_is_one_acceptance(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    rings(lead, rosa, now)
    for _ in range(2):
        assert desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"}).status_code == 303
    assert read_history(Lead.objects.get(pk=lead.pk)).standing.attempts == 1


def test_a_lost_race_is_said_kindly(desk, signed_in, northside, rosa, samir, now):
    lead = lead_of(northside, now=now)
    ring.ring(lead, [rosa.pk, samir.pk], "all", 30, now)
    signed_in(samir).post(f"/leads/{lead.pk}/acceptance/", {"then": "call"})
    answer = desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"}, headers=HTMX)
    assert answer.status_code == 409
    assert "Samir was first." in answer.content.decode()
    assert answer.headers["HX-Trigger"] == "changed", "the desk fetches what is true now"
    desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"})
    assert "Samir was first." in shown(desk)
    assert Lead.objects.get(pk=lead.pk).owner_id == samir.pk


def test_passed_on_it_no_longer_rings_here(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    rings(lead, rosa, now)
    desk.post(f"/leads/{lead.pk}/passing-on/")
    assert "Accept and call" not in shown(desk)
    assert desk.post(f"/leads/{lead.pk}/passing-on/", headers=HTMX).status_code == 409


def test_the_bell_on_every_page_names_who_rings_and_falls_silent(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    rings(lead, rosa, now)
    bell = desk.get("/me/bell/").content.decode()
    assert f'data-ringing="{lead.pk}"' in bell
    assert 'data-name="Mr Okafor"' in bell
    assert f'data-ringing="{lead.pk}"' in desk.get("/leads/").content.decode()
    ring.accept(lead, rosa.pk, now)
    assert "data-ringing" not in desk.get("/me/bell/").content.decode()


@pytest.mark.parametrize("outcome", ["voicemail", "no_answer", "busy", "wrong_number"])
def test_one_tap_tells_how_the_call_ended(desk, northside, rosa, now, outcome):
    lead = mine(lead_of(northside, now=now), rosa, now)
    desk.post(f"/leads/{lead.pk}/attempt/")
    desk.post(f"/leads/{lead.pk}/attempt/outcome/", {"outcome": outcome})
    lead = Lead.objects.get(pk=lead.pk)
    assert (lead.last_outcome, lead.reached_at) == (outcome, None)
    assert "What came of it?" not in shown(desk)


@pytest.mark.parametrize(
    ("resource", "form", "because"),
    [
        ("attempt/outcome", {"outcome": "conversation"}, "No call is under way"),
        ("attempt/outcome", {"outcome": "fell asleep"}, "Choose how the call ended."),
        ("attempt/connection", {}, "No call is under way"),
        ("appointment", {"at": "never"}, "Choose a day and a time."),
        ("appointment", {"at": "other", "picked": ""}, "Choose a day and a time."),
        ("appointment", {"at": "2001-01-01T10:00+01:00"}, "An appointment lies in the future"),
        ("call-back", {"at": "2001-01-01T10:00+01:00"}, "A call back lies in the future"),
        ("call-back", {}, "Choose a day and a time."),
        ("loss", {"reason": "bored"}, "Choose a reason"),
        ("note", {"text": " "}, "An empty note says nothing."),
        ("appointment/confirmation", {}, "There is no appointment."),
        ("appointment/attendance", {"came": "yes"}, "There is no appointment."),
        ("appointment/cancellation", {}, "There is no appointment."),
        ("reopening", {}, "This lead is open."),
        ("owner", {"to": "x"}, "Choose a colleague."),
        ("owner", {"to": "1"}, "Choose why: each change of hands has a reason."),
        ("owner", {"to": "999999999999999999999", "because": "away"}, "This person doesn't work at this dealer."),
    ],
)  # fmt: skip
def test_what_can_not_be_done_says_why(desk, northside, rosa, now, resource, form, because):
    lead = mine(lead_of(northside, now=now), rosa, now)
    answer = desk.post(f"/leads/{lead.pk}/{resource}/", form, headers=HTMX)
    assert answer.status_code == 409
    assert because in answer.content.decode().replace("&#x27;", "'")


def test_late_comes_first_and_every_row_says_why(desk, northside, rosa, now):
    due(mine(lead_of(northside, "Mr Now", now, "+31611111111"), rosa, now), rosa, now)
    late = due(
        mine(lead_of(northside, "Ms Late", now, "+31622222222"), rosa, now), rosa, now - timedelta(minutes=4)
    )
    due(
        mine(lead_of(northside, "Mr Later", now, "+31633333333"), rosa, now),
        rosa,
        now + timedelta(hours=3),
        because="day %% off",
    )
    page = shown(desk)
    assert page.index("Ms Late") < page.index("Mr Now") < page.index("Later</h2>") < page.index("Mr Later")
    assert "4 min late" in page
    assert "new: call now" in page
    assert f'action="/leads/{late.pk}/attempt/"' in page


def test_what_was_just_done_does_not_stand_under_due(desk, northside, rosa, now):
    lead = due(mine(lead_of(northside, now=now), rosa, now), rosa, now)
    called(lead, rosa, now, "no_answer")
    page = shown(desk)
    assert "Due now" not in page
    assert "what comes next is being decided" in page


def test_nothing_agreed_is_an_answer_too(desk, northside, rosa, now):
    lead = called(mine(lead_of(northside, now=now), rosa, now), rosa, now, "conversation")
    assert "What came of it?" in shown(desk)
    desk.post(f"/leads/{lead.pk}/nothing-agreed/")
    assert "What came of it?" not in shown(desk)


@pytest.mark.parametrize(
    ("resource", "form"),
    [
        ("quote", {}),
        ("loss", {"reason": "price"}),
        ("call-back", {"at": "other", "picked": "{}"}),
        ("message", {}),
    ],
)
def test_what_came_of_it_is_asked_once(desk, northside, rosa, now, resource, form):
    lead = called(mine(lead_of(northside, now=now), rosa, now), rosa, now, "conversation")
    tomorrow = (now + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    desk.post(f"/leads/{lead.pk}/{resource}/", {name: value.format(tomorrow) for name, value in form.items()})
    assert "What came of it?" not in shown(desk)


def test_a_time_picked_by_hand_is_the_dealers_local_time(desk, northside, rosa, now):
    lead = mine(lead_of(northside, now=now), rosa, now)
    summer = (
        now.replace(year=now.year, month=7, day=1)
        if now.month < 7 and now.month > 1
        else now + timedelta(days=30)
    )
    picked = summer.strftime("%Y-%m-%dT17:30")
    desk.post(f"/leads/{lead.pk}/appointment/", {"at": "other", "picked": picked})
    agreed = Lead.objects.get(pk=lead.pk).appointment_at
    local = agreed.astimezone(ZoneInfo(northside.zone))
    assert local.strftime("%Y-%m-%dT%H:%M") == picked


def test_an_appointment_gone_by_asks_whether_the_customer_came(desk, northside, rosa, now):
    lead = mine(lead_of(northside, now=now - timedelta(days=2)), rosa, now - timedelta(days=2))
    appointment.book(lead, rosa.pk, now - timedelta(hours=2), now - timedelta(days=1), "test drive")
    page = shown(desk)
    assert "was the customer here?" in page
    assert "2 h late" in page
    desk.post(f"/leads/{lead.pk}/appointment/attendance/", {"came": "yes"})
    assert Lead.objects.get(pk=lead.pk).state == "shown"
    assert "was the customer here?" not in shown(desk)


def test_a_missed_appointment_goes_on(desk, northside, rosa, now):
    lead = mine(lead_of(northside, now=now - timedelta(days=2)), rosa, now - timedelta(days=2))
    appointment.book(lead, rosa.pk, now - timedelta(hours=2), now - timedelta(days=1))
    desk.post(f"/leads/{lead.pk}/appointment/attendance/", {"came": "no"})
    assert read_history(Lead.objects.get(pk=lead.pk)).standing.no_shows == 1


def test_the_appointment_fits_into_a_calendar(desk, northside, rosa, now):
    lead = mine(lead_of(northside, now=now), rosa, now)
    assert desk.get(f"/leads/{lead.pk}/appointment.ics").status_code == 404
    appointment.book(lead, rosa.pk, now + timedelta(days=1), now)
    file = desk.get(f"/leads/{lead.pk}/appointment.ics")
    assert file.headers["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in file.content


def test_my_day_names_what_it_counts(desk, northside, rosa, now):
    for nth in range(5):
        mine(lead_of(northside, f"Customer {nth}", now, f"+3161000000{nth}"), rosa, now)
    for lead in Lead.objects.all():
        called(lead, rosa, now + timedelta(seconds=10 + lead.pk % 5), "no_answer")
    page = shown(desk)
    assert "5 of 5 attempted in opening hours" in page
    assert "reference 2:10" in page


def test_more_than_fit_are_counted(desk, northside, rosa, now):
    for nth in range(30):
        due(mine(lead_of(northside, f"Customer {nth}", now, f"+316100000{nth:02}"), rosa, now), rosa, now)
    page = shown(desk)
    assert "and 5 more" in page
    assert page.count('class="task-name"') == 25


def test_the_number_of_queries_does_not_grow_with_the_number_of_leads(desk, northside, rosa, now):
    def fill(first, until):
        for nth in range(first, until):
            phone = f"+316{nth:08}"
            due(mine(lead_of(northside, f"Due {nth}", now, phone), rosa, now), rosa, now)
            due(
                mine(lead_of(northside, f"Later {nth}", now, phone), rosa, now), rosa, now + timedelta(days=1)
            )
            rings(lead_of(northside, f"Ringing {nth}", now, phone), rosa, now, ring_s=300)
            agreed = mine(lead_of(northside, f"Agreed {nth}", now, phone), rosa, now)
            appointment.book(agreed, rosa.pk, now + timedelta(days=1, hours=nth), now)
            called(
                mine(lead_of(northside, f"Talked {nth}", now, phone), rosa, now), rosa, now, "conversation"
            )

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as captured:
            shown(desk)
        return len(captured)

    fill(0, 2)
    few = queries()
    fill(2, 8)
    assert queries() == few
    assert few <= 31, "the session, the door with its role, and one query per shelf"


def test_another_dealers_person_gets_404_for_every_resource(signed_in, lena, northside, rosa, now):
    from leadbell.desk.urls import OF_A_LEAD

    lead = mine(lead_of(northside, now=now), rosa, now)
    stranger = signed_in(lena)
    for resource in OF_A_LEAD:
        address = f"/leads/{lead.pk}/{resource.pattern}"
        gets, posts = stranger.get(address).status_code, stranger.post(address).status_code
        assert {gets, posts} <= {404, 405}, address
        assert 404 in {gets, posts}, address
    assert Lead.objects.get(pk=lead.pk).attempts == 0
    assert "Mr Okafor" not in stranger.get("/desk/").content.decode()


def test_a_resource_takes_posts_only(desk, northside, rosa, now):
    lead = mine(lead_of(northside, now=now), rosa, now)
    assert desk.get(f"/leads/{lead.pk}/attempt/").status_code == 405


def test_nobody_who_is_not_signed_in_does_anything(client, northside, rosa, now):
    lead = mine(lead_of(northside, now=now), rosa, now)
    assert client.post(f"/leads/{lead.pk}/attempt/").url == "/account/login/"
    assert client.get("/desk/").url == "/account/login/?next=%2Fdesk%2F"


def test_an_importer_has_figures_but_no_customers(signed_in, northside, rosa, now):
    hugo = make_person("Hugo", northside, "importer")
    lead = mine(lead_of(northside, now=now), rosa, now)
    assert signed_in(hugo).get(f"/leads/{lead.pk}/").status_code == 404
    assert "Mr Okafor" not in signed_in(hugo).get("/leads/").content.decode()


def test_a_form_without_its_token_changes_nothing(northside, rosa, now, signed_in):
    lead = mine(lead_of(northside, now=now), rosa, now)
    careful = signed_in(rosa)
    careful.handler.enforce_csrf_checks = True
    answer = careful.post(f"/leads/{lead.pk}/attempt/")
    assert answer.status_code == 403
    assert b"form was too old" in answer.content
    assert Lead.objects.get(pk=lead.pk).attempts == 0


def test_the_manager_reads_whether_somebody_has_accepted_it(desk, northside, rosa, samir, now):
    rings(lead_of(northside, now=now), rosa, now, how="manager")
    assert "Nobody took it yet: your turn" in shown(desk)
    late = lead_of(northside, "Mrs Cole", email="cole@example.org", now=now)
    rings(mine(late, samir, now), rosa, now, how="manager")
    assert "Accepted, but not called yet: your turn" in shown(desk)

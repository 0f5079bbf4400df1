"""One lead's page: where it stands, what comes next and why, and its story."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.appointment import actions as appointment
from leadbell.conversation import actions as conversation
from leadbell.intake.inquiry import Customer as Who
from leadbell.intake.inquiry import Inquiry, Phone, as_json
from leadbell.intake.models import Envelope
from leadbell.intake.models import Inquiry as Row
from leadbell.lead.facts import Chosen, Wrote
from leadbell.lead.journal import plan, read_history, record
from leadbell.lead.models import Lead
from leadbell.ring import actions as ring
from leadbell.sale import actions as sale
from leadbell.words import say
from tests.conftest import lead_of, make_person

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def lead(northside, rosa, samir, now):
    """Rosa's lead: it rang eight seconds, and she has it."""
    lead = lead_of(northside, now=now - timedelta(minutes=1))
    ranked = [Chosen(person=rosa.pk, score=0.41, because=(say("had this customer before"),))]
    out = [Chosen(person=samir.pk, because=(say("in a conversation"),))]
    at = lead.received_at + timedelta(milliseconds=200)
    ring.ring(lead, [rosa.pk], "best", 20, at, (say("chosen of %(free)s free", free=4),), ranked, out)
    ring.accept(lead, rosa.pk, lead.received_at + timedelta(seconds=8))
    return lead


@pytest.fixture
def desk(signed_in, rosa):
    return signed_in(rosa)


def shown(client, lead, **about):
    answer = client.get(f"/leads/{lead.pk}/", **about)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_says_who_it_is_and_where_it_stands(desk, lead):
    page = shown(desk, lead)
    for part in (
        f"Lead {lead.pk}", "online", "Website", "Mr Okafor", "accepted", "Rosa", "1 person so far", "+31 6 12345678",
        "okafor@example.org", "Hyundai Kona", "May be contacted about this request.",
    ):  # fmt: skip
        assert part in page


def test_what_comes_next_is_said_with_its_reason(desk, lead, rosa, now):
    tried = say("no answer at %(tried_at)s", tried_at=now - timedelta(hours=1))
    plan(lead, "call", tried, at=now + timedelta(days=1), wake_at=None, whom=rosa.pk)
    page = shown(desk, lead)
    assert "Rosa calls: tomorrow" in page
    assert "Because: no answer at" in page
    assert "tried_at" not in page
    plan(lead, "call", say("new: call now"), at=now - timedelta(minutes=9), wake_at=None, whom=rosa.pk)
    assert "9 min late" in shown(desk, lead)


def test_the_story_is_told_with_the_ranking_behind_the_ring(desk, lead, rosa, now):
    conversation.start_attempt(lead, rosa.pk, lead.received_at + timedelta(seconds=11))
    conversation.end_attempt(lead, rosa.pk, "conversation", now, lead.received_at + timedelta(seconds=19))
    record(lead, Wrote(at=now, carrier="sms"))
    page = shown(desk, lead)
    assert (
        page.index("Arrived from <b>Website</b>")
        < page.index("Rang <b>Rosa</b>")
        < page.index("<b>Rosa</b> accepted")
    )
    assert "0.2 s after arrival" in page
    assert "1 ranked, 1 left out" in page
    assert "in a conversation" in page
    assert "response time 0:11" in page
    assert "automation: does not count as contact" in page
    assert "response 0:11" in page, "the badge"


def test_what_people_write_is_shown_and_never_run(desk, lead, rosa, now):
    desk.post(f"/leads/{lead.pk}/note/", {"text": "<script>alert(1)</script>\nCall the wife"})
    lead.customer.full_name = "<img src=x onerror=alert(1)>"
    lead.customer.save(update_fields=["full_name"])
    page = shown(desk, lead)
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>Call the wife" in page


def test_looking_before_calling_is_noted_once_and_only_for_its_owner(desk, signed_in, lead, samir):
    for client in (desk, desk, signed_in(samir)):
        shown(client, lead)
    shown(desk, lead, headers=HTMX)
    assert [fact.kind for fact in lead.facts.filter(kind="opened")] == ["opened"]


def test_after_the_first_attempt_looking_is_not_noted(desk, lead, rosa, now):
    conversation.start_attempt(lead, rosa.pk, now)
    shown(desk, lead)
    assert not lead.facts.filter(kind="opened").exists()


def test_htmx_gets_the_part_that_changes(desk, lead):
    part = shown(desk, lead, headers=HTMX)
    assert part.lstrip().startswith('<div id="lead"')
    assert f"sse:lead-{lead.pk}" in part


def test_it_can_be_taken_while_it_is_nobodys(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    assert "Take it" in shown(desk, lead)
    desk.post(f"/leads/{lead.pk}/taking/")
    assert Lead.objects.get(pk=lead.pk).owner_id == rosa.pk
    assert "Take it" not in shown(desk, lead)


def test_ringing_calling_and_talking_stand_on_the_lead_too(desk, northside, rosa, now):
    lead = lead_of(northside, now=now)
    ring.ring(lead, [rosa.pk], "best", 20, now)
    assert "Accept and call" in shown(desk, lead)
    desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"})
    assert "We’re talking" in shown(desk, lead)
    desk.post(f"/leads/{lead.pk}/attempt/outcome/", {"outcome": "conversation"})
    assert "What came of it?" in shown(desk, lead)


def test_it_is_handed_over_by_its_owner_or_a_manager_and_by_nobody_else(
    signed_in, lead, rosa, samir, ines, lena
):
    mei = make_person("Mei", samir.organisation)
    refused = signed_in(samir).post(
        f"/leads/{lead.pk}/owner/", {"to": samir.pk, "because": "workload"}, headers=HTMX
    )
    assert refused.status_code == 409
    assert "Hand over to" not in shown(signed_in(samir), lead)
    assert "Samir" in shown(signed_in(rosa), lead)
    signed_in(rosa).post(f"/leads/{lead.pk}/owner/", {"to": samir.pk, "because": "workload"})
    assert Lead.objects.get(pk=lead.pk).owner_id == samir.pk
    signed_in(ines).post(f"/leads/{lead.pk}/owner/", {"to": mei.pk, "because": "workload"})
    standing = read_history(Lead.objects.get(pk=lead.pk)).standing
    assert standing.hands == (rosa.pk, samir.pk, mei.pk)
    assert "3 people so far" in shown(signed_in(ines), lead)
    signed_in(ines).post(f"/leads/{lead.pk}/owner/", {"to": lena.pk, "because": "workload"})
    assert Lead.objects.get(pk=lead.pk).owner_id == mei.pk, "another dealer's person can't have it"


def test_an_appointment_is_booked_moved_confirmed_and_cancelled_here(desk, lead, now):
    soon, later = now + timedelta(days=1), now + timedelta(days=2)
    desk.post(f"/leads/{lead.pk}/appointment/", {"at": soon.isoformat(), "what": "test drive"})
    page = shown(desk, lead)
    assert "Move appointment" in page
    assert "test drive" in page
    assert "By video mail" in page
    desk.post(f"/leads/{lead.pk}/appointment/", {"at": later.isoformat()})
    assert Lead.objects.get(pk=lead.pk).appointment_at == later
    desk.post(f"/leads/{lead.pk}/appointment/confirmation/", {"how": "phone"})
    assert "By video mail" not in shown(desk, lead)
    desk.post(f"/leads/{lead.pk}/appointment/cancellation/")
    assert Lead.objects.get(pk=lead.pk).appointment_at is None


def test_sold_lost_and_open_again(desk, lead, rosa, now):
    desk.post(f"/leads/{lead.pk}/sale/")
    page = shown(desk, lead)
    assert "Sold by <b>Rosa</b>" in page
    assert "Open again" in page
    assert "Accept and call" not in page
    desk.post(f"/leads/{lead.pk}/reopening/")
    desk.post(f"/leads/{lead.pk}/loss/", {"reason": "price", "note": "too dear"})
    page = shown(desk, lead)
    assert "Lost: the price" in page
    assert "too dear" in page


def test_the_reasons_to_lose_leave_out_the_clockworks_own(desk, lead):
    page = shown(desk, lead)
    assert "bought elsewhere" in page
    assert "no answer in 45 days" not in page


def test_who_wants_no_contact_gets_no_link_to_call(desk, lead):
    desk.post(f"/leads/{lead.pk}/opt-out/")
    page = shown(desk, lead)
    assert "not to be contacted" in page
    assert "tel:" not in page
    assert "mailto:" not in page
    assert desk.post(f"/leads/{lead.pk}/attempt/", headers=HTMX).status_code == 409


def test_a_number_nobody_can_dial_is_shown_as_it_was_written(desk, lead):
    lead.customer.phones = [{"number": None, "raw": "call me after six", "kind": None}]
    lead.customer.save(update_fields=["phones"])
    page = shown(desk, lead)
    assert "call me after six" in page
    assert "tel:" not in page


def test_earlier_leads_of_the_same_customer_are_there(desk, lead, northside, rosa, now):
    earlier = Lead.objects.create(
        dealer=northside, customer=lead.customer, origin="online", channel="adf", source="Website", in_hours=True,
        received_at=now - timedelta(days=200), received_on=(now - timedelta(days=200)).date(), cars=[],
        state="lost", closed_at=now, owner=rosa,
    )  # fmt: skip
    assert f'href="/leads/{earlier.pk}/"' in shown(desk, lead)


@pytest.fixture
def asked(lead, northside, source, now):
    envelope = Envelope.objects.create(
        id=uuid.uuid4(), dealer=northside, source=source, received_at=now, transport="http", body=b"<adf/>",
        sha256=b"0" * 32, status="read",
    )  # fmt: skip
    who = Who(full_name="Mr Okafor", phones=(Phone("+31612345678", "06 1234 5678"),))
    inquiry = Inquiry(
        "adf", customer=who, message="Is the blue one in stock?", warnings=("No e-mail address.",)
    )
    Row.objects.create(
        envelope=envelope, place=0, dealer=northside, source=source, lead=lead, outcome="opened",
        understood=as_json(inquiry), received_at=now,
    )  # fmt: skip
    return envelope


def test_what_was_asked_is_shown_as_it_was_understood(desk, signed_in, ines, lead, asked):
    page = shown(desk, lead)
    assert "06 1234 5678" in page
    assert "→ +31612345678" in page
    assert "No e-mail address." in page
    assert str(asked.pk) not in page, "the raw envelope is for managers"
    assert str(asked.pk) in shown(signed_in(ines), lead)


def test_somebody_elses_lead_is_not_here_for_any_reader(signed_in, lena, lead, client):
    for headers in ({}, HTMX):
        assert signed_in(lena).get(f"/leads/{lead.pk}/", headers=headers).status_code == 404
    assert client.get(f"/leads/{lead.pk}/").status_code == 302
    assert signed_in(lena).get("/leads/999999999/").status_code == 404
    assert signed_in(lena).get("/leads/99999999999999999999999/").status_code == 404


def test_a_long_story_costs_no_more_queries(desk, lead, rosa, samir, now):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            shown(desk, lead, headers=HTMX)
        return len(captured)

    few = queries()
    for nth in range(12):
        conversation.note(lead, (rosa if nth % 2 else samir).pk, f"note {nth}", now)
    assert queries() == few


def test_times_are_the_dealers_local_times(desk, lead, now):
    at = (now + timedelta(days=20)).replace(hour=9, minute=5)
    appointment.book(lead, lead.owner_id, at, now)
    local = at.astimezone(ZoneInfo(lead.dealer.zone)).strftime("%H:%M")
    assert local in shown(desk, lead)
    assert sale.reopen(lead, lead.owner_id, now).because.text == "This lead is open."

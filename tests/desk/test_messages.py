"""The Messages page of a lead, the page behind "rather not hear from us", and their walls."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from leadbell.appointment.actions import book
from leadbell.conversation.models import DeadAddress, Message, MessageSetup
from leadbell.conversation.writing import automate
from leadbell.desk.outside.opting_out import _ALLOWED
from leadbell.lead.facts import Confirmed, OptedOut, Wrote
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Consent
from leadbell.lead.thread import Thread
from tests.conftest import DeskClient, lead_of
from tests.conversation.test_sending import draft

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client():
    """Somebody who never signs in: the web's rights in the database, no more."""
    return DeskClient()


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def lead(northside, now):
    MessageSetup.objects.create(
        dealer=northside, mail_on=True, sender="sales@northside.example", host="127.0.0.1", changed_at=now
    )
    return lead_of(northside, now=now - timedelta(minutes=1))


def page(client, lead, query=""):
    return client.get(f"/leads/{lead.pk}/messages/{query}").content.decode()


def form(**about):
    said = {
        "carrier": "email",
        "to": "okafor@example.org",
        "subject": "Your Kona",
        "key": "ab",
        "language": "en",
    }
    return said | {"text": "Dear Mr Okafor"} | about


def send(client, lead, **about):
    return client.post(f"/leads/{lead.pk}/messages/", form(**about))


def opt_out_path(lead):
    return f"/o/{Thread(lead.dealer_id, lead.pk).name}/"


def test_it_begins_with_what_is_known_and_the_writer_finishes_it(signed_in, rosa, lead):
    seen = page(signed_in(rosa), lead)
    assert "Dear Mr Okafor," in seen
    assert "Hyundai Kona" in seen
    assert "Rosa\nNorthside" in seen
    assert "Bedankt voor uw vraag" in page(signed_in(rosa), lead, "?language=nl")
    assert "Спасибо за ваш вопрос" in page(signed_in(rosa), lead, "?language=ru")


def test_what_is_sent_is_shown_at_once(signed_in, rosa, lead):
    assert send(signed_in(rosa), lead, text="Dear <b>you</b>").status_code == 303
    seen = page(signed_in(rosa), lead)
    assert "waiting to be sent" in seen
    assert "Dear &lt;b&gt;you&lt;/b&gt;" in seen
    assert "Rosa wrote an e-mail" in re.sub(
        "<[^>]+>", "", signed_in(rosa).get(f"/leads/{lead.pk}/").content.decode()
    )
    (wrote,) = read_history(lead).of(Wrote)
    assert (wrote.by, wrote.message) == (rosa.pk, Message.objects.get().pk)


def test_what_is_refused_is_not_lost(signed_in, rosa, lead):
    refused = send(signed_in(rosa), lead, subject="", text="Half an hour of writing")
    assert refused.status_code == 409
    assert "Give the e-mail a subject." in refused.content.decode()
    assert "Half an hour of writing" in refused.content.decode()


@pytest.mark.parametrize(
    "about", [{"key": "a\0b"}, {"text": "Dear\0"}, {"subject": "Your\0Kona"}, {"key": "a" * 41}]
)
def test_what_cant_be_stored_is_refused_in_words(signed_in, rosa, lead, about):
    refused = send(signed_in(rosa), lead, **about)
    assert refused.status_code == 409
    assert not Message.objects.exists()


def test_the_preview_shows_what_stands_below(signed_in, rosa, lead):
    seen = (
        signed_in(rosa).post(f"/leads/{lead.pk}/messages/preview/", form(text="<i>Hi</i>")).content.decode()
    )
    assert "&lt;i&gt;Hi&lt;/i&gt;" in seen
    assert opt_out_path(lead) in seen


def test_htmx_gets_the_thread_alone(signed_in, rosa, lead):
    seen = signed_in(rosa).get(f"/leads/{lead.pk}/messages/", headers=HTMX).content.decode()
    assert 'id="thread"' in seen
    assert "<form" not in seen


def test_a_confirmation_carries_the_invitation_and_the_video(signed_in, rosa, lead, now):
    client = signed_in(rosa)
    lead.owner = rosa
    when = (now + timedelta(days=1)).replace(microsecond=0)
    with transaction.atomic():
        book(locked(lead.pk), rosa.pk, when, now)
    assert "Confirm the appointment" in page(client, lead)
    video = "https://video.example/v/1"
    assert send(client, lead, confirms="1", invitation="1", video=video, text="See you").status_code == 409
    assert send(client, lead, video="http://x.example/1", text="http://x.example/1").status_code == 409
    answer = send(client, lead, confirms="1", invitation="1", video=video, text=f"See you {video}", key="b")
    assert answer.status_code == 303
    message = Message.objects.get()
    assert "BEGIN:VEVENT" in message.calendar
    assert "Okafor" not in message.calendar
    history = read_history(lead)
    assert [fact.carrier for fact in history.of(Wrote)] == ["video"]
    assert [fact.how for fact in history.of(Confirmed)] == ["video"]
    again = send(client, lead, confirms="1", invitation="1", video=video, text=f"See you {video}", key="b")
    assert again.status_code == 303
    assert len(read_history(lead).of(Confirmed)) == 1, "sent twice, it is confirmed once"


def test_a_dead_address_is_named_and_can_be_tried_again(signed_in, rosa, lead, now):
    DeadAddress.objects.create(
        dealer=lead.dealer, carrier="email", address="okafor@example.org", since=now,
        because={"text": "no such user", "values": {}},
    )  # fmt: skip
    client = signed_in(rosa)
    seen = page(client, lead)
    assert "no such user" in seen
    assert 'name="text"' not in seen
    client.post(f"/leads/{lead.pk}/messages/address/", {"carrier": "email", "address": "okafor@example.org"})
    assert 'name="text"' in page(client, lead)


def test_automation_is_visible_as_such(signed_in, rosa, lead, now):
    with transaction.atomic():
        automate(locked(lead.pk), "acknowledge", draft(), now)
    seen = page(signed_in(rosa), lead)
    assert "sent by itself" in seen
    assert 'class="auto"' in seen


def test_without_an_account_it_says_what_to_do(signed_in, rosa, northside, now):
    lead = lead_of(northside, now=now)
    seen = page(signed_in(rosa), lead)
    assert "e-mail is not set up" in seen
    assert 'name="text"' not in seen


def test_following_the_link_changes_nothing_and_the_button_everything(signed_in, rosa, lead, client):
    assert "Don’t contact me any more" in client.get(opt_out_path(lead)).content.decode()
    client.head(opt_out_path(lead))
    assert not Consent.objects.exists()
    assert "will not contact you any more" in client.post(opt_out_path(lead)).content.decode()
    assert Consent.objects.get().kind == "contact"
    assert len(read_history(lead).of(OptedOut)) == 1
    client.post(opt_out_path(lead))
    assert Consent.objects.count() == 1
    seen = page(signed_in(rosa), lead)
    assert "doesn&#x27;t want to be contacted" in seen
    assert 'name="text"' not in seen
    assert send(signed_in(rosa), lead).status_code == 409


def test_one_click_of_a_mail_program_is_enough(lead, client):
    answer = client.post(opt_out_path(lead), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert Consent.objects.get().proof["channel"] == "link"


def test_what_a_campaign_sent_ends_campaigns(northside, now, client):
    lead = lead_of(northside, now=now, origin="direct_mail")
    assert "No more offers" in client.get(opt_out_path(lead)).content.decode()
    client.post(opt_out_path(lead))
    assert Consent.objects.get().kind == "marketing"


@pytest.mark.parametrize(
    "name", ["1-1-aaaaaaaaaaaaaaaa", "nothing", "1-1", "zzzzzzzzzzzzz-zzzzzzzzzzzzz-aaaaaaaaaaaaaaaa"]
)
def test_a_link_that_was_not_made_here_is_nothing(lead, client, name):
    assert client.post(f"/o/{name}/").status_code == 404
    assert not Consent.objects.exists()


def test_the_link_of_one_lead_opens_no_other(lead, northside, client, now):
    other = lead_of(northside, now=now)
    mine = Thread(lead.dealer_id, lead.pk).name.split("-")
    theirs = Thread(other.dealer_id, other.pk).name.split("-")
    assert client.post(f"/o/{mine[0]}-{theirs[1]}-{mine[2]}/").status_code == 404


def test_too_many_clicks_are_asked_to_wait(lead, client):
    caller = "192.0.2.77"
    assert client.get(opt_out_path(lead), REMOTE_ADDR=caller).status_code == 200
    for _ in range(int(_ALLOWED.burst) + 1):
        _ALLOWED.count(caller, time.monotonic())
    assert client.get(opt_out_path(lead), REMOTE_ADDR=caller).status_code == 429


@pytest.mark.parametrize("path", ["", "preview/", "address/"])
def test_another_dealers_person_finds_nothing(signed_in, lena, lead, path, client):
    url = f"/leads/{lead.pk}/messages/{path}"
    for headers in ({}, HTMX):
        assert signed_in(lena).post(url, form(), headers=headers).status_code == 404
    if not path:
        assert signed_in(lena).get(url).status_code == 404
    assert client.post(url, form()).status_code == 302
    assert not Message.objects.exists()

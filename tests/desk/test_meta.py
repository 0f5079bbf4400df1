"""Meta's lead ads on the Dealer page and in the Inbox: the access token, and what was fetched with it."""

import pytest

from leadbell.followup.clockwork import run_due
from leadbell.intake.channels import NOT_FETCHED
from leadbell.intake.fetching import AT_ONCE, claim_due, renew_token, settle
from leadbell.intake.graph import Answered
from leadbell.intake.models import Envelope
from tests.conftest import NOON, make_person, make_source
from tests.fakes.graph import TOKEN, lead
from tests.intake.test_fetching import FIRST, arrive, webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(ines, signed_in):
    return signed_in(ines)


def save(client, source, token):
    """The page that follows."""
    page = f"/dealers/{source.dealer_id}/channels/"
    assert client.post(f"{page}{source.pk}/access-token/", {"token": token})["Location"] == page
    return client.get(page).content.decode()


def fetch(answered):
    for errand in claim_due(NOON, AT_ONCE):
        settle(errand, answered, NOON)


def test_a_saved_token_fetches_what_waits_and_is_never_shown(source, manager):
    envelope = arrive(source, webhook(FIRST))
    page = save(manager, source, f" {TOKEN} ")
    source.refresh_from_db()
    assert source.access_token == TOKEN
    assert "Saved: the answers that wait at Meta are fetched now." in page
    assert "the answers of lead ads are fetched from Meta" in page
    assert TOKEN not in page
    envelope.refresh_from_db()
    assert envelope.fetch_at is not None


def test_a_token_can_be_taken_away(source, manager):
    renew_token(source, TOKEN, NOON)
    assert "Taken away" in save(manager, source, "")
    source.refresh_from_db()
    assert source.access_token == ""


def test_what_is_no_token_is_refused_in_words(source, manager):
    assert "This is no access token" in save(manager, source, "my password")
    source.refresh_from_db()
    assert source.access_token == ""


def test_only_the_dealers_managers_touch_the_token(source, southside, rosa, signed_in):
    there = f"/dealers/{source.dealer_id}/channels/{source.pk}/access-token/"
    olaf = make_person("Olaf", southside, "manager")
    foreign = f"/dealers/{southside.pk}/channels/{source.pk}/access-token/"
    assert signed_in(rosa).post(there, {"token": TOKEN}).status_code == 403
    assert signed_in(olaf).post(there, {"token": TOKEN}).status_code == 404
    assert signed_in(olaf).post(foreign, {"token": TOKEN}).status_code == 404
    assert signed_in(olaf).get(there).status_code in (404, 405)
    source.refresh_from_db()
    assert source.access_token == ""


def test_the_inbox_shows_the_notice_and_what_was_fetched(northside, rosa, manager):
    source = make_source(northside, "Facebook")
    renew_token(source, TOKEN, NOON)
    envelope = arrive(source, webhook(FIRST))
    before = manager.get(f"/inbox/{envelope.pk}/").content.decode()
    assert str(NOT_FETCHED.because) in before
    fetch(Answered(lead(FIRST)))
    run_due(NOON)
    page = manager.get(f"/inbox/{envelope.pk}/").content.decode()
    assert "fetched in its place" in page
    assert "Kona in blue" in page
    assert "by hand" not in page
    shelf = manager.get(f"/inbox/?dealer={northside.pk}&shelf=all").content.decode()
    assert "released by hand" not in shelf
    assert "Mr Okafor" in shelf


def test_answers_that_reach_nobody_can_be_read_and_completed(northside, rosa, manager):
    source = make_source(northside, "Facebook")
    renew_token(source, TOKEN, NOON)
    envelope = arrive(source, webhook(FIRST))
    fetch(Answered(lead(FIRST, phone="")))
    page = manager.get(f"/inbox/{envelope.pk}/").content.decode()
    assert "no way to contact anybody" in page
    assert "Mr Okafor" in page
    there = f"/inbox/{envelope.pk}/release/"
    manager.post(there, {"as": "corrected", "name": "Mr Okafor", "phone": "06 12345678"})
    found = Envelope.objects.get(pk=envelope.pk)
    assert (found.status, found.is_corrected_by_hand) == ("accepted", True)
    assert "corrected by hand" in manager.get(f"/inbox/{envelope.pk}/").content.decode()

"""A dealer's DMS is told of everything once at least, in its order, by whoever it is; and holds up nobody."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from standardwebhooks.webhooks import Webhook

from leadbell.conversation.actions import correct_outcome, end_attempt, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.dms.actions import (
    Made,
    change_events,
    go_on,
    pause,
    remove,
    renew_secret,
    send_again,
    send_test,
    tell_again,
)
from leadbell.dms.models import DmsDelivery, DmsReceiver, DmsTry
from leadbell.dms.rules import KEPT
from leadbell.dms.sending import THROWN_AWAY, throw_away_old
from leadbell.followup.dms import FAILING_AT_ONCE, WELL_AT_ONCE
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, Lost, Noted
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.sale.actions import lose
from tests.conftest import NOON, lead_of, make_dealer
from tests.dms.receiving import Dms
from tests.dms.telling import Told
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
Connect = Callable[..., Made]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def events(dms: Dms) -> list[str]:
    return [json.loads(body)["type"] for body in dms.bodies]


def lost(lead: Lead, at: datetime = NOON) -> None:
    with transaction.atomic():
        lose(locked(lead.pk), None, "price", at)


def test_what_happens_to_a_lead_is_told_signed_and_in_its_order(
    northside: Organisation, rosa: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    made = connect(dms.url)
    told.now = datetime.now(UTC)
    began = told.now - HOUR
    lead = lead_of(northside, now=began)
    with transaction.atomic():
        record(locked(lead.pk), Accepted(at=began + MINUTE, by=rosa.pk))
        record(locked(lead.pk), Noted(at=began + MINUTE, by=rosa.pk, text="not for the DMS"))
        record(locked(lead.pk), Lost(at=began + 2 * MINUTE, by=rosa.pk, reason="price"))
    told.all()
    said = [Webhook(made.secret).verify(body, headers) for headers, body in dms.got]
    assert [one["type"] for one in said] == ["lead.received", "lead.accepted", "lead.lost"]
    first, second, third = (one["data"] for one in said)
    assert first["lead"]["number"] == lead.pk
    assert first["lead"]["customer"]["full_name"] == "Mr Okafor"
    assert first["lead"]["cars"][0]["model"] == "Kona"
    assert [one["lead"]["state"] for one in (first, second, third)] == ["received", "accepted", "lost"], (
        "each says how it was then"
    )
    assert first["lead"]["owner"] is None
    assert second["by"] == second["lead"]["owner"] == {"number": rosa.pk, "name": "Rosa", "email": rosa.email}
    assert (third["reason"], third["lead"]["lost_reason"]) == ("price", "price")
    assert datetime.fromisoformat(said[0]["timestamp"]) == began.replace(
        microsecond=began.microsecond // 1000 * 1000
    )
    assert len({headers["webhook-id"] for headers, _ in dms.got}) == 3
    assert dms.got[0][0]["content-type"] == "application/json"
    assert set(DmsDelivery.objects.values_list("status", flat=True)) == {"taken"}
    assert list(DmsTry.objects.values_list("code", "answer")) == [(200, "thanks")] * 3


def test_a_fact_that_is_not_kept_is_not_told(northside: Organisation, dms: Dms, connect: Connect) -> None:
    connect(dms.url)
    with transaction.atomic():
        lead_of(northside)
        assert DmsDelivery.objects.exists()
        transaction.set_rollback(True)
    assert not DmsDelivery.objects.exists()


def test_another_dealers_leads_and_what_nobody_chose_are_not_told(
    northside: Organisation, southside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url, events=["lead.lost"])
    lead_of(southside)
    lead = lead_of(northside)
    lost(lead)
    told.all()
    assert events(dms) == ["lead.lost"]


def test_it_is_tried_again_with_growing_gaps_then_paused_and_goes_on_where_it_was(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = connect(dms.url).receiver
    dms.code = 503
    lead_of(northside)
    tries = []
    for _ in range(20):
        told.all()
        one = DmsDelivery.objects.get()
        receiver.refresh_from_db()
        tries.append(told.now)
        if receiver.paused_at:
            break
        assert one.next_at
        told.now = max(one.next_at, receiver.rest_until or one.next_at)
    assert len(dms.got) == len(tries) == 10
    assert tries[1] - tries[0] == timedelta(seconds=5)
    assert timedelta(days=3) < tries[-1] - tries[0] < timedelta(days=4)
    assert receiver.was_paused_by_us
    assert one.status == "waiting", "nothing is lost"
    told.at(told.now + 30 * DAY).all()
    assert len(dms.got) == 10
    later = lead_of(northside, phone="+31612345679", email=None)
    dms.code = 200
    go_on(receiver, told.now)
    told.all()
    assert [json.loads(body)["data"]["lead"]["number"] for body in dms.bodies[10:]] == [one.lead_id, later.pk]
    assert dms.bodies[10] == dms.bodies[0], "the same bytes at each try"
    assert dms.got[10][0]["webhook-id"] == dms.got[0][0]["webhook-id"]
    receiver.refresh_from_db()
    assert (receiver.failures, receiver.failing_since, receiver.because) == (0, None, None)


def test_one_event_that_is_refused_is_given_up_while_others_are_taken(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    refused = lead_of(northside)
    dms.code = 400
    told.all()
    for nth in range(12):
        other = lead_of(northside, phone=f"+3161234570{nth % 10}", now=NOON + nth * MINUTE)
        DmsReceiver.objects.update(rest_until=None)
        DmsDelivery.objects.filter(lead=refused, status="waiting").update(next_at=told.now + HOUR)
        dms.code = 200
        told.all()
        assert DmsDelivery.objects.get(lead=other).status == "taken"
        dms.code = 400
        told.at(told.now + HOUR).all()
    assert DmsDelivery.objects.get(lead=refused).status == "failed"
    assert DmsReceiver.objects.get().paused_at is None


def test_a_later_event_of_a_lead_waits_for_the_earlier_and_other_leads_dont(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    stuck, other = lead_of(northside), lead_of(northside, phone="+31612345679", email=None)
    lost(stuck)
    DmsDelivery.objects.filter(lead=stuck, event="lead.received").update(next_at=NOON + HOUR)
    told.all()
    assert [json.loads(body)["data"]["lead"]["number"] for body in dms.bodies] == [other.pk]
    told.at(NOON + HOUR).all()
    assert events(dms) == ["lead.received", "lead.received", "lead.lost"]


def test_silent_systems_hold_up_nobody_else(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    """More of them than are told at once, twice over."""
    dms.may_answer.clear()
    for nth in range(2 * FAILING_AT_ONCE):
        dealer = make_dealer(f"Silent {nth}")
        receiver = connect(dms.url, dealer=dealer).receiver
        DmsReceiver.objects.filter(pk=receiver.pk).update(failures=1)
        lead_of(dealer)
    told.step()
    assert eventually(lambda: len(dms.got) == FAILING_AT_ONCE, 60)
    told.step()
    assert len(told.telling._busy) == FAILING_AT_ONCE < WELL_AT_ONCE
    well = connect(dms.url, events=["lead.lost"]).receiver
    lost(lead_of(northside))
    told.step()
    assert well.pk in {one.receiver for one, _ in told.telling._busy.values()}
    dms.may_answer.set()
    told.all()
    # On a slow machine some have waited too long for their answer.
    told.at(NOON + HOUR).all()
    assert DmsDelivery.objects.exclude(status="taken").count() == 0


def test_one_event_at_a_time_for_each(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    dms.may_answer.clear()
    lead_of(northside)
    lead_of(northside, phone="+31612345679", email=None)
    told.step()
    assert dms.asked.wait(60)
    told.step()
    assert len(told.telling._busy) == 1
    dms.may_answer.set()
    told.all()
    told.at(NOON + HOUR).all()
    assert len({headers["webhook-id"] for headers, _ in dms.got}) == 2


def test_a_redirect_is_not_followed_and_a_long_answer_is_cut(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    dms.code, dms.location = 307, "http://127.0.0.1:1/elsewhere"
    lead_of(northside)
    told.all()
    assert DmsTry.objects.get().code == 307
    dms.code, dms.location, dms.says = 200, "", b"x\x00<b>" * 500_000
    told.at(NOON + HOUR).all()
    newest = DmsTry.objects.order_by("-pk")[0]
    assert (newest.code, len(newest.answer)) == (200, 500)
    assert DmsDelivery.objects.get().status == "taken"


def test_a_private_address_is_refused_also_behind_a_name(
    northside: Organisation, dms: Dms, told: Told, connect: Connect, settings: Any
) -> None:
    """What was allowed when it was typed, and leads to a private network when it is asked."""
    receiver = connect(dms.url).receiver
    settings.OUTGOING_ALLOW = []
    lead_of(northside)
    told.all()
    receiver.refresh_from_db()
    assert receiver.was_paused_by_us
    assert "private network" in str(receiver.paused_because)
    assert dms.got == []


def test_a_pause_keeps_everything_and_a_test_says_nothing_of_a_customer(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = connect(dms.url).receiver
    assert isinstance(send_test(receiver, NOON), DmsDelivery)
    told.all()
    assert json.loads(dms.bodies[0]) == {
        "type": "test", "timestamp": "2026-11-23T11:00:00.000Z",
        "data": {"dealer": {"number": northside.pk, "name": "Northside"}},
    }  # fmt: skip
    pause(receiver, NOON)
    lead_of(northside)
    told.all()
    assert len(dms.got) == 1
    assert isinstance(send_test(receiver, NOON), Refused)
    go_on(receiver, NOON)
    told.all()
    assert events(dms) == ["test", "lead.received"]


def test_again_for_one_and_for_everything_since_also_what_was_never_told(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    before = lead_of(northside, now=NOON - 2 * HOUR)
    receiver = connect(dms.url).receiver
    lead_of(northside, phone="+31612345679", email=None)
    told.all()
    assert send_again(DmsDelivery.objects.select_related("receiver").get(), NOON)
    told.all()
    assert [headers["webhook-id"] for headers, _ in dms.got] == [dms.got[0][0]["webhook-id"]] * 2
    assert tell_again(receiver, NOON - HOUR, NOON + MINUTE) == 1
    assert tell_again(receiver, NOON - 3 * HOUR, NOON + MINUTE) == 2
    told.at(NOON + MINUTE).all()
    again = [json.loads(body)["data"]["lead"]["number"] for body in dms.bodies[2:]]
    assert again[0] == before.pk, "in the order it happened"
    assert len(again) == 2
    assert isinstance(tell_again(receiver, NOON - 91 * DAY, NOON), Refused)
    assert isinstance(tell_again(receiver, NOON + DAY, NOON), Refused)


def test_two_secrets_sign_for_a_day(northside: Organisation, dms: Dms, told: Told, connect: Connect) -> None:
    old = connect(dms.url)
    new = renew_secret(old.receiver, datetime.now(UTC))
    assert isinstance(new, Made)
    told.now = datetime.now(UTC)
    lead_of(northside, now=told.now)
    told.all()
    headers, body = dms.got[0]
    assert Webhook(old.secret).verify(body, headers) == Webhook(new.secret).verify(body, headers)
    told.now += DAY + MINUTE
    lead_of(northside, phone="+31612345679", email=None, now=told.now)
    told.all()
    assert len(dms.got[1][0]["webhook-signature"].split()) == 1


def test_whom_the_dealer_deletes_the_log_forgets_and_the_dms_is_asked_to(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    lead = lead_of(northside)
    dms.says = b"Hello Mr Okafor"
    told.all()
    lead.customer.erased_at = NOON + HOUR
    lead.customer.save(update_fields=["erased_at"])
    assert DmsDelivery.objects.get(event="lead.received").body is None
    assert DmsTry.objects.get().answer == ""
    told.at(NOON + HOUR).all()
    assert json.loads(dms.bodies[1]) == {
        "type": "customer.deleted", "timestamp": "2026-11-23T12:00:00.000Z",
        "data": {"lead": {"number": lead.pk, "dealer": {"number": northside.pk, "name": "Northside"}}},
    }  # fmt: skip


def test_the_log_is_kept_for_a_month(northside: Organisation, dms: Dms, told: Told, connect: Connect) -> None:
    receiver = connect(dms.url).receiver
    lead_of(northside)
    told.all()
    DmsDelivery.objects.update(settled_at=NOON)
    assert throw_away_old(NOON + KEPT) == 0
    lead_of(northside, phone="+31612345679", email=None)
    assert throw_away_old(NOON + KEPT + MINUTE) == 1
    assert [one.status for one in DmsDelivery.objects.all()] == ["waiting"]
    change_events(receiver, "CarDesk", ["lead.sold"])
    lead_of(northside, phone="+31612345678", email=None, now=NOON + HOUR)
    assert DmsDelivery.objects.count() == 1
    remove(receiver)
    assert not DmsReceiver.objects.exists()


def test_however_much_is_too_old_is_thrown_away(
    northside: Organisation, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = connect(dms.url).receiver
    DmsDelivery.objects.bulk_create(
        DmsDelivery(
            dealer=northside, receiver=receiver, event="test", number=uuid4(), at=NOON, status="taken",
            settled_at=NOON,
        )
        for _ in range(THROWN_AWAY + 1)
    )  # fmt: skip
    told.at(NOON + KEPT + MINUTE)
    told.step()
    assert DmsDelivery.objects.count() == 1
    told.step()
    assert not DmsDelivery.objects.exists()


def test_calls_are_told_with_their_outcome(
    northside: Organisation, rosa: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url, events=["lead.called"])
    lead = lead_of(northside)
    with transaction.atomic():
        start_attempt(locked(lead.pk), rosa.pk, NOON)
        end_attempt(locked(lead.pk), rosa.pk, "no_answer", NOON + MINUTE)
    told.at(NOON + MINUTE).all()
    (said,) = (json.loads(body)["data"] for body in dms.bodies)
    assert (said["outcome"], said["by"]["name"], said["lead"]["attempts"]) == ("no_answer", "Rosa", 1)
    assert said["corrected"] is False


def test_what_a_call_was_is_told_once_more(
    northside: Organisation, rosa: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url, events=["lead.called"])
    lead = locked(lead_of(northside).pk)
    record(lead, Attempted(at=NOON, by=rosa.pk, key="attempt:1", line="asterisk"))
    record(lead, AttemptEnded(at=NOON + MINUTE, by=rosa.pk, key="attempt:1", outcome="conversation"))
    correct_outcome(lead, rosa.pk, "voicemail", NOON + 2 * MINUTE)
    told.at(NOON + 2 * MINUTE).all()
    said = [json.loads(body)["data"] for body in dms.bodies]
    assert [(one["outcome"], one["corrected"], one["lead"]["state"]) for one in said] == [
        ("conversation", False, "conversation"), ("voicemail", True, "attempted"),
    ]  # fmt: skip

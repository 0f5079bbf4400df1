"""Texts over Twilio: out by its REST API, back by signed webhooks, STOP, quiet hours; and the question after a call."""

import asyncio
import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from django.db import transaction
from twilio.request_validator import RequestValidator

from leadbell.allowance import Allowance
from leadbell.conversation.actions import end_attempt, promise_quote
from leadbell.conversation.carriers import carrier_for
from leadbell.conversation.models import DeadAddress, Incoming, Message, MessageSetup, StaffMail
from leadbell.conversation.receiving import keep_told, read_some
from leadbell.conversation.shelves import thread_of
from leadbell.conversation.writing import Draft, write
from leadbell.desk.outside import texting
from leadbell.followup.automations import run_automations
from leadbell.followup.messenger import Messenger
from leadbell.followup.texts import colleague, stranger
from leadbell.lead.facts import (
    Answered,
    Attempted,
    CallBackAgreed,
    Connected,
    Lost,
    OptedOut,
    Quoted,
    Replied,
    Undelivered,
)
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Handle, Lead
from leadbell.refused import Refused
from leadbell.ring.actions import take
from leadbell.ring.models import PhoneLine, PhoneRules
from tests.conftest import NOON, DeskClient, lead_of, make_source

pytestmark = pytest.mark.django_db
ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "the token of Northside"
PUBLIC = "https://leads.northside.example"
OURS, THEIRS = "+31612300000", "+31612345678"
MINUTE = timedelta(minutes=1)


class Texts:
    """Twilio's Messages resource on loopback, as its OpenAPI document describes it."""

    def __init__(self):
        self.asked, self.refuses, self.hangs_up = [], None, False

    async def make(self, request):
        form = dict(await request.post())
        self.asked.append((request.headers["Authorization"], form))
        if self.hangs_up:
            request.transport.abort()
        if self.refuses and self.refuses < 1000:
            return web.Response(status=self.refuses)
        if self.refuses:
            return web.json_response(
                {"code": self.refuses, "message": f"no {form['To']}", "status": 400}, status=400
            )
        return web.json_response({"sid": "SM" + "a" * 32, "status": "queued"}, status=201)


@pytest.fixture
def twilio(settings):
    texts, ready, known = Texts(), threading.Event(), {}

    async def serve():
        app = web.Application()
        app.router.add_post(f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", texts.make)
        runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        known["port"], known["stop"], known["loop"] = (
            runner.addresses[0][1],
            asyncio.Event(),
            asyncio.get_running_loop(),
        )
        ready.set()
        await known["stop"].wait()
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=[serve()], daemon=True)
    thread.start()
    assert ready.wait(10)
    settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, settings.PUBLIC_URL = ACCOUNT, TOKEN, PUBLIC
    settings.TWILIO_URL = f"http://127.0.0.1:{known['port']}"
    texts.settings = settings
    yield texts
    known["loop"].call_soon_threadsafe(known["stop"].set)
    thread.join(10)


@pytest.fixture(autouse=True)
def _strangers_anew(monkeypatch):
    monkeypatch.setattr(texting, "_STRANGERS", Allowance(60))


@pytest.fixture
def lead(northside, rosa, twilio):
    MessageSetup.objects.create(dealer=northside, sms_number=OURS, changed_at=NOON)
    PhoneLine.objects.create(dealer=northside, kind="twilio", created_at=NOON)
    lead = lead_of(northside, now=NOON - timedelta(days=30))
    Handle.objects.create(dealer=northside, kind="phone", value=THEIRS, customer=lead.customer)
    return lead


def write_text(lead, person, now=NOON, **about):
    draft = Draft(**{"carrier": "sms", "to": THEIRS, "text": "See you at ten. Rosa", "key": "t1"} | about)
    with transaction.atomic():
        return write(locked(lead.pk), person.pk, draft, now)


def run(twilio, now=NOON):
    where = SimpleNamespace(TWILIO_ACCOUNT=ACCOUNT, TWILIO_TOKEN=TOKEN, TWILIO_URL=twilio.settings.TWILIO_URL)
    messenger = Messenger(lambda: now, lambda name: carrier_for(name, where))
    try:
        messenger.step()
        messenger.finish(10)
    finally:
        messenger.close()


def tells(path, token=TOKEN, account=ACCOUNT, **said):
    form = {"AccountSid": account, **said}
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    return DeskClient().post(path, form, headers={"X-Twilio-Signature": signature})


def comes(text, sid="SM1", caller=THEIRS, called=OURS, **more):
    answer = tells("/messages/twilio/", From=caller, To=called, Body=text, MessageSid=sid, **more)
    read_some(datetime.now(UTC), stranger, colleague)
    return answer


def facts(lead, kind):
    return len(read_history(lead).of(kind))


def test_a_text_goes_out_with_how_to_stop_it(lead, rosa, twilio):
    message = write_text(lead, rosa)
    run(twilio)
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("sent", "SM" + "a" * 32)
    ((basic, form),) = twilio.asked
    assert basic.startswith("Basic ")
    assert (form["To"], form["From"]) == (THEIRS, OURS)
    assert form["Body"] == "See you at ten. Rosa\nSend STOP to stop."
    assert form["StatusCallback"] == f"{PUBLIC}/messages/twilio/{lead.dealer_id}/{message.pk}/"


@pytest.mark.parametrize(
    ("status", "code", "becomes"),
    [
        ("delivered", "", "delivered"),
        ("undelivered", "30003", "bounced"),
        ("failed", "30005", "bounced"),
        ("failed", "21217", "bounced"),
        ("sent", "", "sent"),
    ],
)
def test_what_becomes_of_it_is_told(lead, rosa, twilio, status, code, becomes):
    message = write_text(lead, rosa)
    run(twilio)
    path = f"/messages/twilio/{lead.dealer_id}/{message.pk}/"
    for _ in range(2):
        assert (
            tells(path, MessageSid="SM" + "a" * 32, MessageStatus=status, ErrorCode=code).status_code == 204
        )
        read_some(NOON + MINUTE, stranger, colleague)
    message.refresh_from_db()
    assert message.status == becomes
    assert DeadAddress.objects.exists() is (code in ("30005", "21217"))
    assert facts(lead, Undelivered) == (becomes == "bounced")


def test_what_is_unsure_is_known_when_it_is_told(lead, rosa, twilio):
    twilio.hangs_up = True
    message = write_text(lead, rosa)
    run(twilio)
    message.refresh_from_db()
    assert message.status == "unsure"
    tells(f"/messages/twilio/{lead.dealer_id}/{message.pk}/", MessageSid="SM7", MessageStatus="delivered")
    read_some(NOON + MINUTE, stranger, colleague)
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("delivered", "SM7")
    assert len(twilio.asked) == 1


def test_when_twilio_cant_be_reached_nothing_was_sent_and_it_is_tried_again(lead, rosa, twilio):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        twilio.settings.TWILIO_URL = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        message = write_text(lead, rosa)
        run(twilio)
    message.refresh_from_db()
    assert (message.status, message.because["text"]) == ("queued", "Twilio can't be reached")
    assert message.send_at == NOON + MINUTE


def test_what_twilio_says_is_a_sentence_that_can_be_translated(lead, rosa, twilio):
    twilio.refuses = 21614
    message = write_text(lead, rosa)
    run(twilio)
    message.refresh_from_db()
    assert message.because == {
        "text": "Twilio says (%(code)s): the number can't get texts",
        "values": {"code": 21614},
    }


@pytest.mark.parametrize(
    ("code", "status", "dead"),
    [(21614, "failed", True), (21408, "failed", False), (20429, "queued", False), (429, "queued", False)],
)
def test_what_twilio_refuses_is_said_in_words(lead, rosa, twilio, code, status, dead):
    twilio.refuses = code
    message = write_text(lead, rosa)
    run(twilio)
    message.refresh_from_db()
    assert message.status == status
    assert DeadAddress.objects.exists() is dead
    assert THEIRS not in str(message.because), "Twilio's own words hold the number"


def test_who_has_stopped_texts_at_twilio_is_left_alone(lead, rosa, twilio):
    twilio.refuses = 21610
    write_text(lead, rosa)
    run(twilio)
    assert facts(lead, OptedOut) == 1


def test_nobody_is_woken_by_a_text(lead, rosa, twilio):
    night = NOON + timedelta(hours=11)
    refused = write_text(lead, rosa, night)
    assert isinstance(refused, Refused)
    assert "quiet hours" in str(refused.because)
    message = write_text(lead, rosa)
    run(twilio, night)
    message.refresh_from_db()
    assert (message.status, twilio.asked) == ("queued", [])
    assert message.send_at > night


def test_a_text_waits_while_the_dealers_own_quiet_hours_last(lead, rosa, twilio):
    message = write_text(lead, rosa)
    PhoneRules.objects.create(dealer=lead.dealer, quiet_from=9 * 60, quiet_until=20 * 60)
    run(twilio)
    message.refresh_from_db()
    assert (message.status, twilio.asked) == ("queued", [])
    assert message.send_at.astimezone(ZoneInfo(lead.dealer.zone)).hour == 20
    assert "quiet hours" in message.because["text"]


def test_an_answer_is_kept_before_it_is_taken_and_told_once(lead):
    assert comes("Yes please").status_code == 200
    comes("Yes please")
    assert facts(lead, Replied) == 1
    assert [one.text for one in thread_of(lead)] == ["Yes please"]


@pytest.mark.parametrize("word", ["STOP", " stop. ", "СТОП", "Afmelden"])
def test_stop_is_honoured(lead, rosa, word):
    comes(word)
    assert (facts(lead, OptedOut), facts(lead, Replied)) == (1, 0)
    assert isinstance(write_text(lead, rosa), Refused)


def test_a_strangers_text_is_a_new_lead(lead, northside):
    make_source(northside)
    comes("Do you have a red one?", caller="+31687654321")
    new = Lead.objects.exclude(pk=lead.pk).get()
    assert (new.channel, new.message) == ("sms", "Do you have a red one?")
    assert Incoming.objects.get().status == "read"


def test_without_a_channel_it_is_kept_aside(lead):
    comes("Hello?", caller="+31687654321")
    assert Incoming.objects.get().status == "aside"


@pytest.mark.parametrize(
    "how", [{"token": "another"}, {"account": "AC" + "f" * 32}], ids=["another token", "another account"]
)
@pytest.mark.parametrize("path", ["/messages/twilio/", "/messages/twilio/1/1/"])
def test_what_isnt_signed_by_us_does_nothing(lead, path, how):
    assert (
        tells(
            path, From=THEIRS, To=OURS, Body="STOP", MessageSid="SM1", MessageStatus="failed", **how
        ).status_code
        == 403
    )
    assert not Incoming.objects.exists()


def test_whoever_guesses_is_slowed_down(lead):
    answers = {tells("/messages/twilio/", token="another", MessageSid="x").status_code for _ in range(200)}
    assert answers == {403, 429}


def test_what_is_too_large_is_refused(lead):
    assert tells("/messages/twilio/", Body="x" * 70_000, MessageSid="x").status_code == 413


def test_another_dealers_message_is_not_reached(lead, rosa, southside, twilio):
    message = write_text(lead, rosa)
    run(twilio)
    tells(
        f"/messages/twilio/{southside.pk}/{message.pk}/", MessageSid="SM" + "a" * 32, MessageStatus="failed"
    )
    read_some(NOON, stranger, colleague)
    message.refresh_from_db()
    assert message.status == "sent"


# -- after a call: what was agreed? --


@pytest.fixture
def talked(lead, rosa):
    rosa.phone = "+31611111111"
    rosa.save()
    talk(lead, rosa)
    return lead


def talk(lead, person, now=NOON, key="attempt:1"):
    """A minute on the line, without a screen."""
    with transaction.atomic():
        here = locked(lead.pk)
        take(here, person.pk, now)
        record(here, Attempted(at=now, by=person.pk, key=key, line="twilio"), key=key)
        record(here, Connected(at=now, by=person.pk, key=key))
        end_attempt(here, person.pk, "conversation", now + MINUTE)


def test_of_a_lead_without_a_car_the_question_says_where_it_came_from(talked, twilio):
    Lead.objects.filter(pk=talked.pk).update(cars=[])
    assert run_automations(NOON + MINUTE) == 1
    run(twilio, NOON + MINUTE)
    ((_, form),) = twilio.asked
    assert form["Body"].startswith("Mr Okafor, Website: what was agreed?")


def test_who_has_no_screen_is_asked_by_text_and_answers_with_a_number(talked, rosa, twilio):
    assert run_automations(NOON + MINUTE) == 1
    assert run_automations(NOON + MINUTE) == 0
    run(twilio, NOON + MINUTE)
    ((_, form),) = twilio.asked
    assert form["To"] == rosa.phone
    assert "Answer 1 quote" in form["Body"]
    assert "STOP" not in form["Body"]
    assert thread_of(talked) == [], "it is no message to the customer"
    Message.objects.update(created_at=datetime.now(UTC))
    comes("1", caller=rosa.phone)
    assert facts(talked, Quoted) == 1
    assert facts(talked, Replied) == 0


@pytest.fixture
def asked(talked):
    run_automations(NOON + MINUTE)
    Message.objects.update(created_at=datetime.now(UTC))
    return talked


@pytest.mark.parametrize(("text", "fact"), [("1", Quoted), (" 2. ", CallBackAgreed), ("3!\n", Lost)])
def test_a_number_and_nothing_else_says_what_was_agreed(asked, rosa, text, fact):
    comes(text, caller=rosa.phone)
    assert facts(asked, fact) == 1
    assert Incoming.objects.get().status == "read"


@pytest.mark.parametrize("text", ["3 pm he comes by", "2 cars", "100% interested", "12", "He comes by", ""])
def test_another_answer_of_a_colleague_is_kept_aside_and_no_lead(asked, rosa, northside, text):
    make_source(northside)
    before = len(read_history(asked).facts)
    comes(text, caller=rosa.phone)
    assert len(read_history(asked).facts) == before
    assert list(Lead.objects.all()) == [asked]
    kept = Incoming.objects.get()
    assert (kept.status, kept.lead) == ("aside", asked.pk)
    assert "something else" in str(kept.because)


def test_a_colleague_who_isnt_understood_is_told_so_once(asked, rosa, twilio):
    for number, text in enumerate(("He comes by", "At ten", "I mean ten", "2")):
        comes(text, sid=f"SM{number}", caller=rosa.phone)
    questions = Message.objects.filter(way="ask", address=rosa.phone).order_by("pk")
    assert ["understood" in one.text for one in questions] == [False, True]
    assert facts(asked, CallBackAgreed) == 1


def test_who_took_a_customers_call_is_asked_too(lead, rosa):
    rosa.phone = "+31611111111"
    rosa.save()
    with transaction.atomic():
        here = locked(lead.pk)
        record(here, Answered(at=NOON, by=rosa.pk, key="call:1", line="twilio"), key="call:1")
        record(here, Connected(at=NOON, by=rosa.pk, key="call:1"))
        end_attempt(here, rosa.pk, "conversation", NOON + MINUTE)
    assert run_automations(NOON + MINUTE) == 1
    assert Message.objects.get(way="ask").address == rosa.phone


# -- without a number for texts: by e-mail --


MAILS = {"mail_on": True, "sender": "sales@northside.example", "host": "127.0.0.1"}


@pytest.mark.parametrize(("ours", "hers"), [("", "+31611111111"), (OURS, "")])
def test_who_cant_be_texted_is_asked_by_mail_with_the_lead_behind_a_link(talked, rosa, ours, hers):
    MessageSetup.objects.update(**MAILS, sms_number=ours)
    rosa.phone = hers
    rosa.save()
    assert run_automations(NOON + MINUTE) == 1
    assert run_automations(NOON + 2 * MINUTE) == 0
    mail = StaffMail.objects.get()
    assert (mail.address, mail.subject) == (rosa.email, "Hyundai Kona 2026: what was agreed?")
    assert f"{PUBLIC}/leads/{talked.pk}/" in mail.text
    assert "Okafor" not in mail.subject + mail.text + mail.html
    assert not Message.objects.exists()


def test_who_has_a_screen_open_gets_no_mail_either(talked, rosa):
    MessageSetup.objects.update(**MAILS, sms_number="")
    rosa.seen_at = NOON + MINUTE
    rosa.save()
    assert run_automations(NOON + MINUTE) == 0
    assert not StaffMail.objects.exists()


def test_where_nothing_can_be_sent_nobody_is_asked(talked):
    MessageSetup.objects.update(sms_number="")
    assert run_automations(NOON + MINUTE) == 0
    assert not StaffMail.objects.exists()


# -- several questions to one salesperson --


@pytest.fixture
def several(talked, rosa):
    """Rosa has talked with Okafor, Vos and Lind, five minutes each, and hasn't answered yet."""
    leads = [talked]
    assert run_automations(NOON + MINUTE) == 1
    for count, name in enumerate(("Mrs Vos", "Mr Lind"), 1):
        lead = lead_of(talked.dealer, name, NOON, f"+3161234568{count}", f"customer{count}@example.org")
        talk(lead, rosa, NOON + count * 5 * MINUTE)
        assert run_automations(NOON + (count * 5 + 1) * MINUTE) == 1
        leads.append(lead)
    return leads


def answers(rosa, *texts, minutes=20):
    """What Rosa writes, and what she is told."""
    known = Message.objects.filter(way="ask").order_by("pk").last()
    for count, text in enumerate(texts):
        now = NOON + (minutes + count) * MINUTE
        said = {"From": rosa.phone, "To": OURS, "Body": text, "MessageSid": f"SM{now}"}
        keep_told(rosa.organisation_id, "text", f"SM{now}", said, now)
        read_some(now, stranger, colleague)
    return [one.text for one in Message.objects.filter(way="ask", pk__gt=known.pk).order_by("pk")]


def said_of(*leads):
    """What was written down of each."""
    agreed = (Quoted, CallBackAgreed, Lost)
    return [[type(fact) for fact in read_history(lead).of(*agreed)] for lead in leads]


def test_while_one_question_is_open_the_next_says_a_letter(several):
    first, second, third = Message.objects.filter(way="ask").order_by("pk")
    assert "Answer 1 quote, 2 call" in first.text
    assert "Mrs Vos, Hyundai Kona 2026: what was agreed? Answer B1 quote, B2 call back" in second.text
    assert "Answer C1 quote" in third.text


def test_an_answer_that_may_mean_two_leads_goes_to_none(several, rosa):
    (told,) = answers(rosa, "1", "3")
    assert said_of(*several) == [[], [], []]
    kona = "Hyundai Kona 2026"
    assert (
        f"A Mr Okafor, {kona}; B Mrs Vos, {kona}; C Mr Lind, {kona}. Answer with the letter, such as A1"
        in told
    )
    assert [one.status for one in Incoming.objects.all()] == ["aside", "aside"]


def test_with_its_letter_each_answer_finds_its_lead(several, rosa):
    assert answers(rosa, "c3", "А 1.", "B2") == [], "a Cyrillic А is an A"
    assert said_of(*several) == [[Quoted], [CallBackAgreed], [Lost]]


def test_the_last_open_question_needs_no_letter(several, rosa):
    assert answers(rosa, "B1", "A3", "2") == []
    assert said_of(*several) == [[Lost], [Quoted], [CallBackAgreed]]


def test_of_two_questions_one_is_said_on_the_screen_and_a_number_answers_the_other(talked, rosa):
    run_automations(NOON + MINUTE)
    vos = lead_of(talked.dealer, "Mrs Vos", NOON, "+31612345681", "vos@example.org")
    talk(vos, rosa, NOON + 5 * MINUTE)
    run_automations(NOON + 6 * MINUTE)
    with transaction.atomic():
        promise_quote(locked(vos.pk), rosa.pk, NOON + 7 * MINUTE)
    assert answers(rosa, "3") == []
    assert said_of(talked, vos) == [[Lost], [Quoted]]


def test_an_answered_question_takes_no_other_answer(talked, rosa):
    run_automations(NOON + MINUTE)
    (told,) = answers(rosa, "1", "3", "3")
    assert said_of(talked) == [[Quoted]]
    assert f"noted already. To change it: {PUBLIC}/leads/{talked.pk}/" in told


def test_who_corrects_an_answer_doesnt_answer_the_next_question(talked, rosa):
    run_automations(NOON + MINUTE)
    answers(rosa, "1", minutes=2)
    vos = lead_of(talked.dealer, "Mrs Vos", NOON, "+31612345681", "vos@example.org")
    talk(vos, rosa, NOON + 5 * MINUTE)
    run_automations(NOON + 6 * MINUTE)
    assert len(answers(rosa, "A3")) == 1
    assert said_of(talked, vos) == [[Quoted], []]


def test_the_customers_answer_closes_no_question(talked, rosa):
    run_automations(NOON + MINUTE)
    with transaction.atomic():
        record(locked(talked.pk), Replied(at=NOON + 2 * MINUTE, carrier="email"))
    assert answers(rosa, "1") == []
    assert said_of(talked) == [[Quoted]]


def test_a_second_talk_with_the_same_customer_is_one_question_more_and_one_lead(talked, rosa):
    run_automations(NOON + MINUTE)
    talk(talked, rosa, NOON + 5 * MINUTE, "attempt:2")
    assert run_automations(NOON + 6 * MINUTE) == 1
    assert answers(rosa, "2") == []
    assert said_of(talked) == [[CallBackAgreed]]


def test_a_colleagues_text_out_of_the_blue_is_no_lead(lead, rosa, northside):
    make_source(northside)
    rosa.phone = "+31611111111"
    rosa.save()
    comes("Is the Kona sold?", caller=rosa.phone)
    assert Lead.objects.count() == 1
    assert Incoming.objects.get().status == "aside"


def test_who_has_a_screen_open_is_not_asked(talked, rosa):
    rosa.seen_at = NOON + MINUTE
    rosa.save()
    assert run_automations(NOON + MINUTE) == 0


def test_a_call_tapped_on_the_desk_is_not_asked_about(lead, rosa):
    rosa.phone = "+31611111111"
    rosa.save()
    with transaction.atomic():
        here = locked(lead.pk)
        take(here, rosa.pk, NOON)
        record(here, Attempted(at=NOON, by=rosa.pk, key="attempt:1"), key="attempt:1")
        end_attempt(here, rosa.pk, "conversation", NOON + MINUTE, NOON)
    assert run_automations(NOON + MINUTE) == 0


DOCUMENT = (
    Path(__file__).resolve().parents[2]
    / "node_modules/@twilio/cli-core/src/services/twilio-api/twilio_api_v2010.json"
)


@pytest.mark.skipif(
    not DOCUMENT.exists(),
    reason=f"TWILIO'S API IS NOT CHECKED: `make dev` brings what is missing: {DOCUMENT}",
)
def test_our_request_is_one_that_twilio_describes(lead, rosa, twilio):
    write_text(lead, rosa)
    run(twilio)
    ((_, form),) = twilio.asked
    document = json.loads(DOCUMENT.read_text())
    post = document["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["post"]
    schema = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert set(schema.get("required", ())) <= form.keys() <= schema["properties"].keys()
    states = document["components"]["schemas"]["message_enum_status"]["enum"]
    assert {"sent", "delivered", "undelivered", "failed"} <= set(states)
    assert "201" in post["responses"]

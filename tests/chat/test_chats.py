"""A chat from its first line to its end: it rings, is answered or becomes an online lead; nothing of it is lost."""

import hashlib
import json
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from leadbell.appointment.actions import book
from leadbell.chat.models import Chat, ChatLine, ChatSite
from leadbell.chat.rules import GONE, QUIET, token_hash
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.intake.actions import type_in
from leadbell.intake.models import Envelope, Inquiry
from leadbell.intake.sources import source_for_chat
from leadbell.lead.facts import AskedAgain, ChatAnswered, ChatEnded, ChatUnanswered, Rang, Replied, Wrote
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Handle, Lead
from leadbell.metrics.now.ledger import ledger
from leadbell.sale.actions import lose
from leadbell.visits.models import Site, VisitorJoin
from tests.conftest import lead_of, make_person
from tests.desk.noon import make_it_noon
from tests.visits.test_sites import make_site, make_visitor

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)
#: Pages look at the real clock: so do these chats, at a dealer for whom it is noon.
BEGAN = datetime.now(UTC)


class Visitor:
    """A visitor of a website whose chat is on, at the door: only what the mouth's role may do."""

    def __init__(self, site: Site, browser: str | None = None) -> None:
        self.site, self.token, self.browser = site, secrets.token_hex(32), browser

    @property
    def hash(self) -> bytes:
        found = token_hash(self.token)
        assert found
        return found

    def ask(self, function: str, *values: object) -> Any:
        holes = ", ".join(["%s"] * (len(values) + 2))
        with connection.cursor() as cursor:
            cursor.execute("set role leadbell_mouth")
            try:
                cursor.execute(
                    f"select leadbell_chat_{function}({holes})", [self.site.pk, self.hash, *values]
                )
                return cursor.fetchone()[0]
            finally:
                cursor.execute("reset role")

    def begin(self, text: str, now: datetime, key: str = "a" * 32) -> None:
        number = self.ask(
            "begin", uuid.uuid4(), self.browser, "nl", "/cars/kona", "Hyundai Kona", key, text, "We ring somebody.", now
        )  # fmt: skip
        assert number
        run_due(now)

    def say(self, text: str, now: datetime, key: str = "") -> str:
        answer: str = self.ask("said", key or uuid.uuid4().hex, text, 500, now)
        run_due(now)
        return answer

    def hear(self, now: datetime, after: int = 0) -> dict[str, Any]:
        news = self.ask("heard", after, now)
        return dict(json.loads(news) if isinstance(news, str) else news)

    def leave_contact(self, now: datetime, name: str = "Mr Okafor", phone: str = "+31612345678") -> None:
        assert self.ask("contact", uuid.uuid4(), name, phone, "", now)
        run_due(now)

    @property
    def chat(self) -> Chat:
        return Chat.objects.get(token_hash=self.hash)

    @property
    def lead(self) -> Lead:
        lead = self.chat.lead
        assert lead
        return Lead.objects.get(pk=lead.pk)


def open_chat(dealer: Organisation, greets: bool = False) -> Site:
    make_it_noon(dealer)
    site = make_site(dealer)
    ChatSite.objects.create(
        dealer=dealer, site=site.pk, source=source_for_chat(dealer, site.name, BEGAN).pk, is_on=True, greets=greets,
        changed_at=BEGAN,
    )  # fmt: skip
    return site


@pytest.fixture
def site(northside: Organisation) -> Site:
    return open_chat(northside)


@pytest.fixture
def at_work(rosa: Person, samir: Person) -> None:
    Person.objects.update(seen_at=BEGAN)


@pytest.fixture
def visitor(site: Site, at_work: None) -> Visitor:
    return Visitor(site)


def facts(lead: Lead) -> list[str]:
    return [type(fact).__name__ for fact in read_history(lead).facts]


def answers(client: Any, lead: Lead, text: str) -> int:
    return int(client.post(f"/leads/{lead.pk}/chat/lines/", {"text": text}).status_code)


def test_a_first_line_rings_and_the_answer_is_a_touch(visitor, rosa, signed_in):
    visitor.begin("Is the blue one in stock?", BEGAN)
    lead = visitor.lead
    assert (lead.origin, lead.channel, lead.message) == ("chat", "chat", "Is the blue one in stock?")
    assert lead.ringing
    assert lead.customer.phone is None
    assert answers(signed_in(rosa), lead, "It is, would you like to see it?") == 303
    lead = visitor.lead
    assert lead.owner_id == rosa.pk
    history = read_history(lead)
    [answered] = history.of(ChatAnswered)
    assert answered.by == rosa.pk
    assert history.standing.touches == 1
    assert history.standing.chatting == rosa.pk
    said = visitor.hear(BEGAN + 9 * SECOND)
    assert [(one["who"], one["name"], one["text"]) for one in said["lines"]] == [
        ("customer", "", "Is the blue one in stock?"), ("person", "Rosa", "It is, would you like to see it?"),
    ]  # fmt: skip
    assert said["answered"]


def test_a_turn_is_one_touch_and_one_reply_however_many_lines(visitor, rosa, signed_in):
    visitor.begin("Hello?", BEGAN)
    client = signed_in(rosa)
    for text in ("Good afternoon", "How can I help?"):
        answers(client, visitor.lead, text)
    for text in ("I look for", "a Kona"):
        visitor.ask("said", uuid.uuid4().hex, text, 500, datetime.now(UTC))
    run_due(datetime.now(UTC))
    for text in ("We have two", "One is blue"):
        answers(client, visitor.lead, text)
    history = read_history(visitor.lead)
    assert (len(history.of(ChatAnswered)), len(history.of(Replied)), len(history.of(Wrote))) == (1, 1, 1)
    assert all(fact.by == rosa.pk for fact in history.of(Wrote))
    assert history.standing.automated == 0


def test_nobody_answers_in_thirty_seconds(visitor, northside):
    visitor.begin("Hello?", BEGAN)
    visitor.say("Is anybody there?", BEGAN + 10 * SECOND)
    run_due(BEGAN + 29 * SECOND)
    assert "ChatUnanswered" not in facts(visitor.lead)
    run_due(BEGAN + 30 * SECOND)
    [unanswered] = read_history(visitor.lead).of(ChatUnanswered)
    assert unanswered.patience_s == 30
    lead = visitor.lead
    assert (lead.origin, lead.standing.origin, lead.message) == (
        "online",
        "online",
        "Hello?\nIs anybody there?",
    )
    assert visitor.hear(BEGAN + 31 * SECOND)["unanswered"]
    visitor.leave_contact(BEGAN + 60 * SECOND)
    lead = visitor.lead
    assert (str(lead.customer), lead.customer.phone) == ("Mr Okafor", "+31612345678")
    assert lead.standing.by_phone
    assert lead.message == "Hello?\nIs anybody there?"
    assert Lead.objects.count() == 1
    balanced(northside)


def balanced(dealer: Organisation) -> None:
    days = [day for day in ledger([dealer.pk]) if day.received]
    assert days
    assert all(day.balanced for day in days)


def test_who_leaves_without_a_word_is_kept_as_what_it_was(visitor, northside, rosa, signed_in):
    visitor.begin("Hello?", BEGAN)
    run_due(BEGAN + GONE + SECOND)
    lead = visitor.lead
    assert lead.is_open
    assert read_history(lead).of(ChatEnded)[0].how == "quiet"
    assert visitor.say("Still there?", BEGAN + GONE + 2 * SECOND) == "over"
    page = signed_in(rosa).get(f"/leads/{lead.pk}/").content.decode()
    assert "nobody answered" in page
    assert "Hello?" in page
    balanced(northside)
    assert not Envelope.objects.filter(status="quarantined").exists()


def test_somebody_known_is_recognised_by_the_number_they_leave(visitor, northside):
    known = known_by_number(northside)
    lose(locked(known.pk), None, "no_answer_45_days", BEGAN - timedelta(days=1))
    visitor.begin("Hello?", BEGAN)
    visitor.leave_contact(BEGAN + 5 * SECOND)
    assert visitor.lead.customer_id == known.customer_id
    assert visitor.lead.pk != known.pk
    again = Inquiry.objects.get(lead=visitor.lead, outcome="joined")
    assert again.source_id == Inquiry.objects.get(lead=visitor.lead, outcome="opened").source_id


def known_by_number(northside, **about):
    known = lead_of(northside, "Mr Okafor", now=BEGAN - timedelta(days=2), **about)
    Handle.objects.create(dealer=northside, kind="phone", value="+31612345678", customer=known.customer)
    return known


def test_whom_a_chat_rang_that_went_on_elsewhere_is_free_for_the_next_lead_of_the_batch(visitor, northside):
    known_by_number(northside)
    visitor.begin("Hello?", BEGAN)
    first, at = visitor.lead, BEGAN + 5 * SECOND
    assert visitor.ask("contact", uuid.uuid4(), "Mr Okafor", "+31612345678", "", at)
    typed = {"name": "Mrs Visser", "phone": "0612345679"}
    type_in(source_for_chat(northside, "Walk-in", BEGAN), typed, 0, at + SECOND / 2)
    run_due(at + SECOND)
    first.refresh_from_db()
    new, known = Lead.objects.order_by("-pk")[0], visitor.lead
    assert (first.lost_reason, len(new.ringing), len(known.ringing)) == ("merged", 1, 1)
    [rang] = read_history(new).of(Rang)
    busy = {one.person for one in rang.excluded if "being rung for another lead" in str(one.because[0])}
    assert busy == set(known.ringing)


def test_a_chat_of_a_known_customer_goes_on_in_their_open_lead(visitor, northside, samir, signed_in):
    known = known_by_number(northside)
    visitor.begin("Is the blue one in stock?", BEGAN)
    first = visitor.lead
    visitor.leave_contact(BEGAN + 5 * SECOND)
    assert visitor.lead == known
    assert [lead.pk for lead in Lead.objects.filter(customer=known.customer, closed_at=None)] == [known.pk]
    first.refresh_from_db()
    assert (first.state, first.lost_reason, first.message, first.ringing) == ("lost", "merged", "", [])
    [again] = read_history(known).of(AskedAgain)
    assert (again.channel, again.because.text) == ("chat", "a chat of a known customer, in their open lead")
    assert "Is the blue one in stock?" in Lead.objects.get(pk=known.pk).message
    assert answers(signed_in(samir), visitor.lead, "It is.") == 303
    assert visitor.hear(BEGAN + 9 * SECOND)["answered"]
    page = signed_in(samir).get(f"/leads/{first.pk}/").content.decode()
    assert "Went on in the customer’s open lead" in page
    assert signed_in(samir).post(f"/leads/{first.pk}/reopening/").status_code in (303, 409)
    assert not Lead.objects.get(pk=first.pk).is_open
    # Whatever comes later of this chat is known to be theirs.
    visitor.leave_contact(BEGAN + 20 * SECOND)
    assert visitor.lead == known
    [today] = [page for page in ledger([northside.pk]) if page.day > known.received_on]
    assert today.balanced
    assert (today.received, today.duplicate, today.lost, today.open) == (3, 3, 0, 0)
    # Erased, nothing of it is left in the lead it began as.
    assert visitor.ask("erased")
    assert "blue" not in str(list(Inquiry.objects.values_list("understood")))
    assert not any(b"blue" in bytes(body) for body in Envelope.objects.values_list("body", flat=True))


def test_a_lead_that_has_come_further_is_not_ended_for_a_number(visitor, northside, rosa):
    known = known_by_number(northside)
    visitor.begin("Hello?", BEGAN)
    with transaction.atomic():
        book(locked(visitor.lead.pk), rosa.pk, BEGAN + timedelta(days=1), BEGAN)
    first = visitor.lead
    visitor.leave_contact(BEGAN + 5 * SECOND)
    assert visitor.lead == first
    assert first.is_open
    assert visitor.lead.customer_id == known.customer_id


def test_a_number_in_the_chat_is_found(visitor):
    visitor.begin("Call me on +31 6 12 34 56 78 please", BEGAN)
    assert visitor.lead.customer.phone == "+31612345678"


def test_the_first_to_answer_has_it(visitor, rosa, samir, signed_in):
    visitor.begin("Hello?", BEGAN)
    assert signed_in(samir).post(f"/leads/{visitor.lead.pk}/chat/acceptance/").status_code == 303
    late = signed_in(rosa).post(
        f"/leads/{visitor.lead.pk}/chat/lines/", {"text": "Me too"}, headers={"HX-Request": "true"}
    )
    assert late.status_code == 409
    assert "Samir was first." in late.content.decode()
    assert [line.text for line in ChatLine.objects.all()] == ["Hello?"]
    assert answers(signed_in(samir), visitor.lead, "Hello!") == 303
    assert visitor.chat.answered_by_id == samir.pk


def test_passed_on_to_a_colleague_who_goes_on_writing(visitor, rosa, samir, signed_in):
    visitor.begin("Hello?", BEGAN)
    answers(signed_in(rosa), visitor.lead, "Hello!")
    signed_in(rosa).post(f"/leads/{visitor.lead.pk}/owner/", {"to": samir.pk, "because": "workload"})
    assert answers(signed_in(samir), visitor.lead, "Samir here") == 303
    assert [one["name"] for one in visitor.hear(BEGAN)["lines"]] == ["", "Rosa", "Samir"]
    refused = signed_in(rosa).post(
        f"/leads/{visitor.lead.pk}/chat/lines/", {"text": "x"}, headers={"HX-Request": "true"}
    )
    assert refused.status_code == 409


def test_a_customer_who_waits_in_the_chat_lets_it_ring_again(visitor, rosa, signed_in):
    visitor.begin("Hello?", BEGAN)
    answers(signed_in(rosa), visitor.lead, "Hello!")
    now = datetime.now(UTC)
    before = len(read_history(visitor.lead).of(Rang))
    visitor.say("And the price?", now + SECOND)
    run_due(now + 50 * SECOND)
    assert len(read_history(visitor.lead).of(Rang)) == before
    run_due(now + 62 * SECOND)
    assert len(read_history(visitor.lead).of(Rang)) > before


def test_it_ends_when_nobody_writes_any_more(visitor, rosa, signed_in):
    visitor.begin("Hello?", BEGAN)
    answers(signed_in(rosa), visitor.lead, "Hello!")
    now = datetime.now(UTC)
    run_due(now + QUIET - SECOND)
    assert visitor.chat.ended_at is None
    run_due(now + QUIET + SECOND)
    [ended] = read_history(visitor.lead).of(ChatEnded)
    assert (ended.how, ended.theirs, ended.ours) == ("quiet", 1, 1)
    assert visitor.lead.standing.chatting is None


def test_an_automatic_greeting_is_marked_and_never_counts(northside, at_work):
    visitor = Visitor(open_chat(northside, greets=True))
    visitor.begin("Hello?", BEGAN)
    assert [(one["who"], one["text"]) for one in visitor.hear(BEGAN)["lines"]] == [
        ("customer", "Hello?"), ("automation", "We ring somebody."),
    ]  # fmt: skip
    run_due(BEGAN + GONE + SECOND)
    standing = visitor.lead.standing
    assert (standing.touches, standing.automated, standing.worked_at) == (0, 1, None)
    assert "ChatUnanswered" in facts(visitor.lead)


def test_a_line_sent_twice_is_one_line_and_a_chat_begun_twice_is_one_chat(visitor):
    for _ in range(2):
        visitor.begin("Hello?", BEGAN)
    for _ in range(2):
        assert visitor.say("Anybody?", BEGAN + SECOND, key="b" * 32) == "kept"
    assert [line.text for line in ChatLine.objects.order_by("id")] == ["Hello?", "Anybody?"]
    assert Lead.objects.count() == Envelope.objects.count() == 1


def test_a_guessed_token_or_another_website_opens_nothing(visitor, southside):
    visitor.begin("Hello?", BEGAN)
    stranger = Visitor(visitor.site)
    assert stranger.ask("heard", 0, BEGAN) is None
    assert stranger.ask("said", "c" * 32, "x", 500, BEGAN) is None
    assert stranger.ask("left", BEGAN) is False
    assert stranger.ask("erased") is False
    assert stranger.ask("contact", uuid.uuid4(), "x", "+31612345678", "", BEGAN) is None
    elsewhere = Visitor(open_chat(southside))
    elsewhere.token = visitor.token
    assert elsewhere.ask("heard", 0, BEGAN) is None
    assert elsewhere.ask("erased") is False
    assert ChatLine.objects.count() == 1


def test_a_chat_that_is_switched_off_begins_nothing(visitor):
    ChatSite.objects.update(is_on=False)
    assert visitor.ask("begin", uuid.uuid4(), None, "nl", "/", "", "a" * 32, "Hello?", "", BEGAN) is None
    assert not Chat.objects.exists()


def test_a_visitor_who_chats_becomes_a_person(northside, site, at_work):
    browser = make_visitor(site)
    visitor = Visitor(site, browser.uid.hex)
    visitor.begin("Hello?", BEGAN)
    join = VisitorJoin.objects.get()
    assert (join.how, join.lead_id, join.evidence) == (
        "chat",
        visitor.lead.pk,
        {"envelope": str(visitor.chat.envelope)},
    )


@pytest.mark.parametrize("by", ["token", "browser"])
def test_erased_on_request(northside, site, at_work, rosa, signed_in, by):
    browser = make_visitor(site)
    visitor = Visitor(site, browser.uid.hex)
    visitor.begin("My secret question", BEGAN)
    answers(signed_in(rosa), visitor.lead, "My secret answer")
    visitor.leave_contact(BEGAN + SECOND)
    if by == "token":
        assert visitor.ask("erased")
    else:
        with connection.cursor() as cursor:
            cursor.execute("select leadbell_visitor_erased(%s, %s)", [site.pk, browser.uid])
            assert cursor.fetchone() == (True,)
    run_due(BEGAN + 2 * SECOND)
    assert not ChatLine.objects.exists()
    assert visitor.lead.message == ""
    assert not any(b"secret" in bytes(one.body) for one in Envelope.objects.all())
    assert not any("secret" in json.dumps(one.understood) for one in Inquiry.objects.all())
    page = signed_in(rosa).get(f"/leads/{visitor.lead.pk}/").content.decode()
    assert "secret" not in page
    assert "had this chat erased" in page


def test_script_in_a_chat_is_only_text(visitor, rosa, signed_in):
    visitor.begin("<script>alert(1)</script><img src=x onerror=alert(2)>", BEGAN)
    client = signed_in(rosa)
    for path in (f"/leads/{visitor.lead.pk}/", "/desk/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in client.get(f"/leads/{visitor.lead.pk}/").content.decode()


def test_another_dealers_people_find_no_chat(visitor, lena, rosa, signed_in):
    visitor.begin("Hello?", BEGAN)
    for path in ("acceptance", "lines", "ending"):
        assert (
            signed_in(lena).post(f"/leads/{visitor.lead.pk}/chat/{path}/", {"text": "x"}).status_code == 404
        )
    from leadbell.lead.doors import through_the_door

    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        with through_the_door(lena):
            assert not Chat.objects.exists()
            assert not ChatLine.objects.exists()
            assert not ChatSite.objects.exists()
        cursor.execute("reset role")


def test_a_manager_switches_the_chat_on_and_off(northside, ines, rosa, southside, signed_in):
    site = make_site(northside)
    path = f"/dealers/{northside.pk}/sites/{site.pk}/chat/"
    assert signed_in(ines).post(path, {"chat": "on", "patience_s": "30"}).status_code == 303
    chosen = ChatSite.objects.get()
    assert (chosen.is_on, chosen.greets, chosen.patience_s) == (True, False, 30)
    assert "within 30 seconds" in signed_in(ines).get(f"/dealers/{northside.pk}/sites/").content.decode()
    assert signed_in(ines).post(path, {"chat": "on", "patience_s": "9999"}).status_code == 303
    assert signed_in(ines).post(path, {"chat": "on", "patience_s": "9" * 5000}).status_code == 303
    assert "patience" in signed_in(ines).get(f"/dealers/{northside.pk}/sites/").content.decode()
    signed_in(ines).post(path, {"chat": "off", "patience_s": "45"})
    chosen.refresh_from_db()
    assert (chosen.is_on, chosen.patience_s) == (False, 45)
    assert signed_in(rosa).post(path, {"chat": "on"}).status_code == 403
    assert signed_in(make_person("Olaf", southside, "manager")).post(path, {"chat": "on"}).status_code == 404


def test_the_mouth_reads_no_chat(visitor):
    visitor.begin("Hello?", BEGAN)
    with connection.cursor() as cursor:
        for table in ("leadbell_chat", "leadbell_chatline"):
            cursor.execute(
                "select has_table_privilege('leadbell_mouth', %s, 'select, insert, update, delete')", [table]
            )
            assert cursor.fetchone() == (False,)


def test_the_token_itself_is_kept_nowhere(visitor):
    visitor.begin("Hello?", BEGAN)
    assert bytes(visitor.chat.token_hash) == hashlib.sha256(visitor.token.encode()).digest()

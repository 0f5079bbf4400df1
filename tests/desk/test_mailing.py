"""Dealer, Messages: the account, answers, texts, automations, the dealer's own words; and who may see it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, connection
from django.test.utils import CaptureQueriesContext

from leadbell.conversation.mailboxes import asked_tests
from leadbell.conversation.mailboxes import tested as told
from leadbell.conversation.models import MessageSecret, MessageSetup, MessageTemplate, Signature
from leadbell.conversation.ports import NotNow, Sent
from leadbell.conversation.receiving import keep_fetched
from leadbell.words import say
from tests.conftest import lead_of
from tests.conversation.mail import MailServer, Taken, set_up_mail
from tests.conversation.test_sending import run

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ACCOUNT = {"sender": "sales@northside.example", "host": "smtp.northside.example", "port": "587", "security": "starttls",
           "login": "sales", "password": "open sesame", "mail_on": "1"}  # fmt: skip
PATHS = ("account/", "replies/", "texts/", "automations/", "test/", "template/")


@pytest.fixture
def here(northside):
    return f"/dealers/{northside.pk}/messages/"


def test_an_account_is_kept_and_its_password_never_shown(signed_in, ines, northside, here):
    desk = signed_in(ines)
    assert desk.post(f"{here}account/", ACCOUNT).status_code == 303
    setup = MessageSetup.objects.get(dealer=northside)
    assert (setup.mails, setup.sender, setup.port) == (True, "sales@northside.example", 587)
    assert MessageSecret.objects.get(dealer=northside).password == "open sesame"
    assert "sesame" not in desk.get(here).content.decode()
    desk.post(f"{here}account/", ACCOUNT | {"password": "", "port": "465", "security": "tls"})
    assert MessageSecret.objects.get(dealer=northside).password == "open sesame"
    assert MessageSetup.objects.get(dealer=northside).port == 465


@pytest.mark.parametrize("role", ["leadbell_app", "leadbell_mouth"])
def test_the_web_cant_read_a_password(northside, role):
    MessageSecret.objects.create(dealer=northside, password="open sesame")
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{northside.pk}}}"])
        cursor.execute(f"set local role {role}")
        with pytest.raises(ProgrammingError, match="permission denied"):
            cursor.execute("select password from leadbell_messagesecret")


@pytest.mark.parametrize(
    ("about", "because"),
    [
        ({"sender": "nobody"}, "no e-mail address"),
        ({"sender": "a@b.example\r\nBcc: x@y.example"}, "no e-mail address"),
        ({"host": "smtp example"}, "Name the mail server"),
        ({"port": "0"}, "port"),
        ({"port": "70000"}, "port"),
        ({"security": "none"}, "Without encryption"),
        ({"security": "perhaps"}, "encrypted"),
    ],
)
def test_what_cant_work_is_refused_in_words(signed_in, ines, here, about, because):
    answer = signed_in(ines).post(f"{here}account/", ACCOUNT | about)
    assert answer.status_code == 409
    assert because in answer.content.decode()
    assert not MessageSetup.objects.exists()


def test_answers_come_out_of_a_mailbox(signed_in, ines, northside, here):
    said = {"replies": "mailbox", "imap_host": "imap.northside.example", "imap_port": "993", "imap_security": "tls",
            "imap_login": "sales", "imap_password": "open sesame"}  # fmt: skip
    assert signed_in(ines).post(f"{here}replies/", said | {"imap_host": ""}).status_code == 409
    assert signed_in(ines).post(f"{here}replies/", said).status_code == 303
    MessageSetup.objects.update(imap_validity=5, imap_uid=9)
    signed_in(ines).post(f"{here}replies/", said)
    assert MessageSetup.objects.get().imap_uid == 9
    signed_in(ines).post(f"{here}replies/", said | {"imap_login": "other", "imap_password": "sesame"})
    assert MessageSetup.objects.get().imap_uid == 0, "another mailbox is read from its own beginning"


def test_a_number_belongs_to_one_dealer(signed_in, ines, here, southside):
    MessageSetup.objects.create(dealer=southside, sms_number="+31612300000", changed_at=datetime.now(UTC))
    desk = signed_in(ines)
    assert (
        "in use at another dealer"
        in desk.post(f"{here}texts/", {"sms_number": "+316 123 00000"}).content.decode()
    )
    assert "with its country" in desk.post(f"{here}texts/", {"sms_number": "0612345678"}).content.decode()
    assert desk.post(f"{here}texts/", {"sms_number": "+31 6 12345678"}).status_code == 303


def test_automation_is_off_until_somebody_wants_it(signed_in, ines, northside, here):
    desk = signed_in(ines)
    desk.post(f"{here}texts/", {"sms_number": ""})
    assert MessageSetup.objects.get().automations == []
    desk.post(f"{here}automations/", {"automation": ["remind", "everything"]})
    assert MessageSetup.objects.get().automations == ["remind"]
    desk.post(f"{here}automations/", {})
    assert MessageSetup.objects.get().automations == []


def test_a_dealers_own_words_begin_its_messages(signed_in, ines, rosa, northside, here):
    MessageSetup.objects.create(
        dealer=northside, mail_on=True, sender="s@n.example", host="h", changed_at=datetime.now(UTC)
    )
    words = {
        "name": "answer",
        "carrier": "email",
        "language": "en",
        "subject": "Hi {name}",
        "text": "Hello {name}!\n{signature}",
    }
    assert signed_in(ines).post(f"{here}template/", words | {"text": "Hi {nmae}"}).status_code == 409
    assert signed_in(ines).post(f"{here}template/", words | {"name": "spam"}).status_code == 409
    assert signed_in(ines).post(f"{here}template/", words).status_code == 303
    signed_in(rosa).post("/me/signature/text/", {"text": "Rosa, at your service"})
    lead = lead_of(northside, now=datetime.now(UTC))
    seen = signed_in(rosa).get(f"/leads/{lead.pk}/messages/").content.decode()
    assert "Hello Mr Okafor!\nRosa, at your service" in seen
    signed_in(ines).post(f"{here}template/", words | {"text": ""})
    assert not MessageTemplate.objects.exists()
    signed_in(rosa).post("/me/signature/text/", {"text": ""})
    assert not Signature.objects.exists()


def test_a_test_tells_whether_it_works(signed_in, ines, northside, here):
    desk = signed_in(ines)
    assert desk.post(f"{here}test/").status_code == 409
    taken = Taken()
    server = MailServer(taken)
    server.start()
    try:
        set_up_mail(northside, server.port)
        assert desk.post(f"{here}test/").status_code == 303
        run(datetime.now(UTC))
    finally:
        server.stop()
    assert [recipients for _, recipients, _ in taken.letters] == [[ines.email]]
    assert "was taken by the mail server" in desk.get(here, headers=HTMX).content.decode()


def test_a_test_that_fails_says_why_and_one_that_was_lost_says_so(signed_in, ines, northside, here):
    setup = set_up_mail(northside, 25)
    desk, now = signed_in(ines), datetime.now(UTC)
    desk.post(f"{here}test/")
    ((taken, _, _),) = asked_tests(now, 5, ())
    assert asked_tests(now, 5, ()) == [], "it is sent once"
    told(taken.pk, NotNow(say("the mail server doesn't answer")), now)
    assert "doesn&#x27;t answer" in desk.get(here).content.decode()
    MessageSetup.objects.filter(pk=setup.pk).update(test_status="going", test_at=now - timedelta(minutes=3))
    assert "Nobody knows" in desk.get(here).content.decode()
    told(taken.pk, Sent(), now)
    assert MessageSetup.objects.get().test_status == "sent"


@pytest.mark.parametrize("path", PATHS)
def test_only_its_own_managers_may_change_it(signed_in, rosa, lena, here, path):
    assert signed_in(rosa).post(here + path, ACCOUNT).status_code == 403
    assert signed_in(lena).post(here + path, ACCOUNT).status_code in (403, 404)
    assert not MessageSetup.objects.exists()


def test_another_dealers_manager_finds_nothing(signed_in, southside, here):
    from tests.conftest import make_person

    stranger = signed_in(make_person("Otto", southside, "manager"))
    assert stranger.get(here).status_code == 404
    for path in PATHS:
        assert stranger.post(here + path, ACCOUNT).status_code == 404
    assert not MessageSetup.objects.exists()


def test_a_manager_sees_how_many_mails_no_program_could_read(signed_in, ines, northside, here):
    desk = signed_in(ines)
    assert "couldn’t be read" not in desk.get(here).content.decode()
    keep_fetched(set_up_mail(northside, 1), 7, 12, [b"From: " + b"(" * 3000 + b"\n\nx"], datetime.now(UTC))
    assert "1 message that arrived couldn’t be read" in desk.get(here).content.decode()


def field(page, name):
    """What stands in an input."""
    (found,) = re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)
    return found


def test_a_mistake_in_one_form_leaves_the_others_as_they_are(signed_in, ines, here):
    desk = signed_in(ines)
    desk.post(f"{here}account/", ACCOUNT)
    desk.post(f"{here}texts/", {"sms_number": "+31612345678"})
    seen = desk.post(f"{here}texts/", {"sms_number": "0612"}).content.decode()
    assert (field(seen, "sms_number"), field(seen, "host")) == ("0612", "smtp.northside.example")
    seen = desk.post(f"{here}account/", ACCOUNT | {"port": "0", "login": "typed"}).content.decode()
    assert (field(seen, "login"), field(seen, "sms_number")) == ("typed", "+31612345678")
    assert "sesame" not in seen
    unknown = {"name": "answer", "carrier": "email", "language": "en", "subject": "Hi", "text": "{nmae}"}
    assert field(desk.post(f"{here}template/", unknown).content.decode(), "host") == "smtp.northside.example"
    desk.post(f"{here}account/", ACCOUNT | {"mail_on": ""})
    refused = desk.post(f"{here}test/")
    assert refused.status_code == 409
    assert field(refused.content.decode(), "sender") == "sales@northside.example"


@pytest.mark.parametrize("about", [{"host": "mail.elsewhere.example"}, {"login": "somebody"}])
def test_a_stored_password_goes_to_no_other_server(signed_in, ines, northside, here, about):
    desk = signed_in(ines)
    desk.post(f"{here}account/", ACCOUNT)
    refused = desk.post(f"{here}account/", ACCOUNT | about | {"password": ""})
    assert refused.status_code == 409
    assert "Type the password too" in refused.content.decode()
    assert MessageSetup.objects.get().host == "smtp.northside.example"
    assert desk.post(f"{here}account/", ACCOUNT | about | {"password": "another"}).status_code == 303
    mailbox = {"replies": "mailbox", "imap_host": "imap.northside.example", "imap_port": "993", "imap_security": "tls",
               "imap_login": "sales"}  # fmt: skip
    desk.post(f"{here}replies/", mailbox | {"imap_password": "open sesame"})
    assert desk.post(f"{here}replies/", mailbox).status_code == 303
    moved = mailbox | {f"imap_{name}": value for name, value in about.items()}
    assert "Type the password too" in desk.post(f"{here}replies/", moved).content.decode()
    assert MessageSecret.objects.get(dealer=northside).imap_password == "open sesame"


def test_a_stored_password_waits_for_no_way_round(signed_in, ines, here):
    """Neither without a user for a moment, nor with answers unseen meanwhile."""
    desk = signed_in(ines)
    desk.post(f"{here}account/", ACCOUNT)
    desk.post(f"{here}account/", ACCOUNT | {"login": "", "password": "", "host": "mail.elsewhere.example"})
    stranger = ACCOUNT | {"host": "mail.elsewhere.example", "password": ""}
    assert desk.post(f"{here}account/", stranger).status_code == 409
    mailbox = {"replies": "mailbox", "imap_host": "imap.northside.example", "imap_port": "993", "imap_security": "tls",
               "imap_login": "sales"}  # fmt: skip
    desk.post(f"{here}replies/", mailbox | {"imap_password": "open sesame"})
    moved = mailbox | {"imap_host": "imap.elsewhere.example"}
    assert desk.post(f"{here}replies/", moved | {"replies": "unseen"}).status_code == 409
    assert desk.post(f"{here}replies/", moved).status_code == 409


@pytest.mark.parametrize(
    ("form", "about"),
    [
        ("account", {"host": "a" * 300}),
        ("account", {"sender": "a@" + "b" * 300 + ".example"}),
        ("account", {"login": "a" * 300}),
        ("account", {"login": "sa\0les"}),
        ("account", {"password": "a" * 201}),
        ("account", {"password": "open\0sesame"}),
        ("account", {"mail_on": "", "sender": "", "host": "a" * 300}),
        ("account", {"mail_on": "", "sender": "sa\0les@northside.example"}),
        ("replies", {"replies": "unseen", "imap_host": "a" * 300}),
        ("replies", {"replies": "unseen", "imap_login": "sa\0les"}),
        ("texts", {"sms_number": "+316\0"}),
        ("template", {"name": "answer", "carrier": "email", "language": "en", "subject": "Hi", "text": "\0"}),
    ],
)
def test_what_cant_be_stored_is_refused_in_words(signed_in, ines, here, form, about):
    desk = signed_in(ines)
    refused = desk.post(f"{here}{form}/", (ACCOUNT if form == "account" else {}) | about)
    assert refused.status_code == 409
    assert 'role="alert"' in refused.content.decode()


def test_saving_writes_what_was_chosen_and_waits_for_whoever_writes_now(signed_in, ines, here):
    desk = signed_in(ines)
    desk.post(f"{here}account/", ACCOUNT)
    for form, about in (
        ("texts", {"sms_number": "+31612345678"}),
        ("automations", {}),
        ("account", ACCOUNT),
        ("test", {}),
    ):
        with CaptureQueriesContext(connection) as asked:
            desk.post(f"{here}{form}/", about)
        said = [query["sql"] for query in asked if '"leadbell_messagesetup"' in query["sql"]]
        (written,) = [sql for sql in said if sql.startswith("UPDATE")]
        assert '"imap_uid"' not in written, "the messenger's own column"
        assert any("FOR UPDATE" in sql for sql in said[: said.index(written)])

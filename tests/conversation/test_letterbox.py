"""What came back is recognised: answers, machines, bounces of five kinds of mail server, and hostile mail."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadbell.conversation.letterbox import LARGEST, Mail, Unreadable, read_mail
from leadbell.lead.thread import Thread, thread_in, thread_named, thread_of_address
from tests.conversation import samples

THREAD = Thread(3, 4711)


def test_an_answer_is_read_without_what_it_answers():
    mail = read_mail(samples.answer(THREAD))
    assert (mail.kind, mail.text, mail.sender) == ("answer", "Yes, Saturday please.", samples.TO)
    assert thread_in(mail.names) == THREAD


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ja graag!\n\nOp ma 23 nov. 2026 om 12:00 schreef Rosa <sales@northside.example>:\n> oud", "Ja graag!"),
        ("Да, удобно.\n\nпн, 23 нояб. 2026 г. в 12:00, Rosa <sales@northside.example> пишет:\n> старое", "Да, удобно."),
        ("Fine.\n\n-----Original Message-----\nFrom: Rosa\nold", "Fine."),
        ("Fine.\n\n________________________________\nFrom: Rosa <a@b.example>\nSent: Monday\n\nold", "Fine."),
        ("Prima\n\nVan: Rosa\nVerzonden: maandag\n\noud", "Prima"),
        ("> only\n> quotes", "> only\n> quotes"),
        ("I wrote: come at ten.\nOkafor", "I wrote: come at ten.\nOkafor"),
    ],
)  # fmt: skip
def test_what_is_quoted_is_left_out(text, said):
    raw = f"From: {samples.TO}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode()
    assert read_mail(raw).text == said


def test_a_page_alone_is_read_as_text():
    head = b"From: a@b.example\nContent-Type: text/html\n\n<style>x{}</style>"
    raw = head + b"<p>Yes<br>please</p><script>no()</script><blockquote>old</blockquote>"
    assert read_mail(raw).text == "Yes\nplease"


@pytest.mark.parametrize("sign", samples.AUTOMATIC.values(), ids=samples.AUTOMATIC)
def test_a_machine_is_recognised(sign):
    assert read_mail(samples.answer(THREAD, "I am away until Monday.", **sign)).kind == "automatic"


@pytest.mark.parametrize(
    "sign", [{"Auto_Submitted": "no"}, {"Precedence": "first-class"}, {"Subject": "The automatic gearbox"}]
)
def test_a_person_is_no_machine(sign):
    assert read_mail(samples.answer(THREAD, **sign)).kind == "answer"


@pytest.mark.parametrize(
    ("raw", "kind", "dead", "reason"),
    [
        (samples.postfix(THREAD), "bounce", True, "User unknown"),
        (samples.postfix(THREAD, "5.2.2"), "bounce", False, "Over quota"),
        (samples.postfix(THREAD, "4.4.1", "delayed"), "delayed", False, "timed out"),
        (samples.exchange(THREAD), "bounce", True, "RecipientNotFound"),
        (samples.exim(THREAD), "bounce", True, "550 no such user here"),
        (samples.qmail(THREAD), "bounce", True, "550 5.1.1 unknown user"),
    ],
    ids=["postfix", "postfix: full", "postfix: delayed", "exchange", "exim", "qmail"],
)
def test_a_bounce_says_whom_it_didnt_reach_and_why(raw, kind, dead, reason):
    mail = read_mail(raw)
    assert (mail.kind, mail.dead, mail.recipient) == (kind, dead, samples.TO)
    assert reason in mail.reason
    assert thread_in(mail.returned) == THREAD


def test_a_receipt_is_no_bounce():
    assert read_mail(samples.postfix(THREAD, action="delivered")).kind == "automatic"


def test_what_came_along_is_named():
    raw = (
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n--b\n"
        b'Content-Type: image/png\nContent-Disposition: attachment; filename="my car.png"\n\nx\n--b--\n'
    )
    mail = read_mail(raw)
    assert mail.text == "hello"
    assert mail.files == ("my car.png",)


HOSTILE = {
    "ten megabytes": b"From: a@b.example\n\n" + b"x" * 10_000_000,
    "a million lines": b"From: a@b.example\n\n" + b">\n" * 1_000_000,
    "parts within parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)
    ),
    "messages within messages": b"Content-Type: message/rfc822\n\n" * 5000,
    "a head without end": b"References: " + b"<a@b> " * 200_000,
    "headers only": b"A: b\n" * 100_000,
    "names of threads": b"References: " + b"1-1-aaaaaaaaaaaaaaaa " * 100_000 + b"\n\nx",
    "wrote: and wrote:": b"From: a@b.example\n\n" + b"On 1 wrote\n" * 10_000 + b"wrote: " * 50_000,
    "no charset": b"Content-Type: text/plain; charset=\xff\xfe\n\nhello",
    "not base64": b"Content-Transfer-Encoding: base64\n\n\x00\xff\n",
    "nothing": b"",
    "zeros": b"\0" * 100_000,
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_hostile_mail_takes_no_time_and_does_no_harm(raw):
    began = time.process_time()
    mail = read_mail(raw)
    thread_in(mail.names)
    assert time.process_time() - began < 3
    assert len(mail.text) <= 20_000
    assert "\0" not in mail.text + mail.subject + mail.sender


@given(st.binary(max_size=500))
def test_no_bytes_break_it(raw):
    mail = read_mail(raw[:LARGEST])
    assert isinstance(mail, Unreadable) or len(mail.subject) <= 250


#: What breaks the standard library's parsers, or gets through them as what no database takes.
BREAKERS = (
    b"<![if", b"<!DOCTYPE [<!", b"&#xd800;", b"=?utf-8?b?\xff?=", b"=?utf-16?b?2AA=?=", b"Subject: =?utf-7?q?+2AA-?=\n",
    b"From: " + b"(" * 3000 + b"\n", b'From: "<@[\n', b"filename*0*=a%\xff''b", b"filename*=utf-16'x'%d8%00", b"+2AA-",
    b"charset=utf-7", b"charset=utf-16", b"charset=rot13", b"charset=hex", b"charset=idna", b"charset*=x''utf%ff",
    b"boundary=\"\"", b"Content-Transfer-Encoding: uuencode\n", b"Content-Type: text/html\n", b"\0", b"\n\n",
    b"Content-Type: multipart/mixed; boundary=b\n\n--b\n", b"\xed\xa0\x80", b"message/delivery-status",
)  # fmt: skip
REAL = [samples.answer(THREAD), samples.postfix(THREAD), samples.exchange(THREAD), samples.exim(THREAD)]
changes = st.lists(st.tuples(st.floats(0, 1), st.sampled_from(BREAKERS), st.integers(0, 20)), max_size=6)


def stored(mail):
    return (
        mail.sender,
        mail.subject,
        mail.text,
        mail.message_id,
        mail.names,
        mail.recipient,
        mail.reason,
        *mail.files,
    )


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(REAL), changes)
def test_no_damage_to_a_mail_breaks_it_and_everything_read_can_be_stored(raw, damages):
    for where, piece, lost in damages:
        at = int(where * len(raw))
        raw = raw[:at] + piece + raw[at + lost :]
    mail = read_mail(raw)
    for text in stored(mail) if isinstance(mail, Mail) else ():
        assert "\0" not in text.encode().decode()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"From: a@b.example\nContent-Type: text/html\n\n<p>Yes<![if<p>no", "Yes"),
        (b"From: a@b.example\nContent-Type: text/plain; charset=utf-7\n\nYes +2AA-", "Yes ?"),
        (b"From: a@b.example\nContent-Type: text/plain; charset=rot13\n\nYes", "Yes"),
    ],
)
def test_what_stands_before_the_damage_is_read(raw, said):
    assert read_mail(raw).text == said


def test_what_no_parser_gets_through_is_said_to_be_unreadable():
    mail = read_mail(samples.answer(THREAD, From="(" * 3000))
    assert isinstance(mail, Unreadable)
    assert mail.fault == "RecursionError"
    assert thread_in(mail.names) == THREAD


@given(st.integers(1, (1 << 63) - 1), st.integers(1, (1 << 63) - 1))
def test_a_threads_name_survives_addresses_and_small_letters(dealer, lead):
    thread = Thread(dealer, lead)
    address = thread.reply_address("leads.example")
    assert len(address.split("@")[0]) <= 64
    assert thread_of_address(address.upper()) == thread == thread_named(thread.name)
    assert thread_in(f"<x@y> <0a1b.{thread.name}@z>") == thread


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_nobody_makes_up_a_thread(dealer, lead):
    proof = Thread(dealer, lead).name.rsplit("-", 1)[1]
    assert thread_named(Thread(dealer, lead + 1).name.rsplit("-", 1)[0] + "-" + proof) is None

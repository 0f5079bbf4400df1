"""Mails that came back, as mail servers and mail programs write them; the words and the people are ours."""

from leadbell.lead.thread import Thread

TO = "okafor@example.org"


def answer(thread: Thread, text: str = "Yes, Saturday please.", **head: str) -> bytes:
    """Gmail's answer, with our mail under it."""
    fields = {
        "From": f"Mr Okafor <{TO}>", "To": thread.reply_address("leads.localhost"), "Subject": "Re: Your Kona",
        "Message-ID": "<answer-1@mail.example.org>", "In-Reply-To": f"<ab.{thread.name}@northside.example>",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in head.items()}  # fmt: skip
    top = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    wrote = "On Mon, Nov 23, 2026 at 12:00 PM Rosa <sales@northside.example>\r\nwrote:"
    below = f"\r\n\r\n{wrote}\r\n\r\n> Dear Mr Okafor,\r\n> call 020\r\n"
    return f"{top}\r\n{text}{below}".encode()


def _report(
    thread: Thread, sender: str, text: str, status: str, original: str = "message/rfc822", extra: str = ""
) -> bytes:
    return f"""Return-Path: <>\r
From: {sender}\r
To: sales@northside.example\r
Subject: Undelivered Mail Returned to Sender\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
{extra}Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"\r
Message-ID: <dsn-1@mx.example.org>\r
\r
--=_b\r
Content-Type: text/plain\r
\r
{text}\r
--=_b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.northside.example\r
\r
{status}\r
\r
--=_b\r
Content-Type: {original}\r
\r
From: Rosa <sales@northside.example>\r
To: {TO}\r
Message-ID: <0a1b.{thread.name}@northside.example>\r
Subject: Your Kona\r
\r
Dear Mr Okafor\r
--=_b--\r
""".encode()


def postfix(thread: Thread, code: str = "5.1.1", action: str = "failed") -> bytes:
    said = {"5.1.1": f"550 5.1.1 <{TO}>: Recipient address rejected: User unknown", "5.2.2": "552 5.2.2 Over quota",
            "4.4.1": "connect to mx.example.org[192.0.2.1]:25: Connection timed out"}[code]  # fmt: skip
    status = f"Final-Recipient: rfc822; {TO}\r\nAction: {action}\r\nStatus: {code}\r\nDiagnostic-Code: smtp; {said}"
    return _report(thread, "MAILER-DAEMON@mx.northside.example (Mail Delivery System)",
                   "I'm sorry to have to inform you that your message could not be delivered.", status)  # fmt: skip


def exchange(thread: Thread) -> bytes:
    """Exchange Online: with the headers only."""
    said = "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found"
    status = f"Final-Recipient: rfc822;{TO}\r\nAction: failed\r\nStatus: 5.1.10\r\nDiagnostic-Code: {said}"
    return _report(
        thread,
        "postmaster@northside.example",
        "Your message couldn't be delivered.",
        status,
        "text/rfc822-headers",
    )


def exim(thread: Thread) -> bytes:
    """Exim of old: no report, a header of its own and the message below."""
    return f"""Return-path: <>\r
X-Failed-Recipients: {TO}\r
Auto-Submitted: auto-replied\r
From: Mail Delivery System <Mailer-Daemon@mx.northside.example>\r
To: sales@northside.example\r
Subject: Mail delivery failed: returning message to sender\r
Message-Id: <E1abc@mx.northside.example>\r
\r
This message was created automatically by mail delivery software.\r
\r
A message that you sent could not be delivered to one or more of its recipients.\r
\r
  {TO}\r
    host mx.example.org [192.0.2.1]\r
    SMTP error from remote mail server after RCPT TO:<{TO}>:\r
    550 no such user here\r
\r
------ This is a copy of the message, including all the headers. ------\r
\r
Message-Id: <0a1b.{thread.name}@northside.example>\r
To: {TO}\r
\r
Dear Mr Okafor\r
""".encode()


def qmail(thread: Thread) -> bytes:
    return f"""Return-Path: <>\r
From: MAILER-DAEMON@mx.northside.example\r
To: sales@northside.example\r
Subject: failure notice\r
Message-ID: <q1@mx.northside.example>\r
\r
Hi. This is the qmail-send program at mx.northside.example.\r
I'm afraid I wasn't able to deliver your message to the following addresses.\r
\r
<{TO}>:\r
192.0.2.1 does not like recipient.\r
Remote host said: 550 5.1.1 unknown user\r
\r
--- Below this line is a copy of the message.\r
\r
Message-ID: <0a1b.{thread.name}@northside.example>\r
\r
Dear Mr Okafor\r
""".encode()


#: What says that a machine wrote it.
AUTOMATIC: dict[str, dict[str, str]] = {
    "RFC 3834": {"Auto-Submitted": "auto-replied"},
    "Exchange": {
        "Auto_Submitted": "auto-generated",
        "X_Auto_Response_Suppress": "All",
        "Subject": "Automatic reply: Your Kona",
    },
    "old Exchange": {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
    "vacation": {"Precedence": "bulk"},
    "cPanel": {"X_Autorespond": "Your Kona"},
    "a list": {"List_Id": "<cars.example.org>"},
    "nobody to bounce to": {"Return_Path": "<>"},
    "only its subject": {"Subject": "Automatisch antwoord: afwezig tot maandag"},
    "only its Russian subject": {"Subject": "=?utf-8?b?0JDQstGC0L7QvtGC0LLQtdGC?="},
    "nobody's address": {"From": "noreply@example.org"},
}

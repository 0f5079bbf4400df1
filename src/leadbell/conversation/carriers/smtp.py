"""E-mail by SMTP (RFC 5321): one connection per letter, and nothing is said twice that may have been heard."""

import re
import smtplib
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from leadbell.conversation.ports import Account, Letter, Never, NotNow, Outcome, Perhaps, Sent
from leadbell.words import Words, say

#: Patience with a server at each step; RFC 5321 asks for minutes, of which a salesperson has none.
TIMEOUT_S = 30
#: These enhanced codes (RFC 3463) say that the address itself is wrong.
_DEAD = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1|4\.4)\b")
_LOGIN = (530, 534, 535, 538)
_END = b".\r\n"
_WHOLE = "List-Unsubscribe"


class _Wire(EmailPolicy):
    """As mail goes over the wire; an address longer than a line stays whole, since nobody decodes it there."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == _WHOLE:
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


WIRE = _Wire(linesep="\r\n")


class _NoAddress(ValueError):
    """It is more or less than one address."""


class Smtp:
    """A Carrier over the dealer's own mail server."""

    def send(self, account: Account, letter: Letter) -> Outcome:
        try:
            _address("", account.sender)
        except _NoAddress:
            return NotNow(say("nobody can write from the sender's address"), ours=True)
        try:
            raw = as_mime(account, letter, datetime.now(UTC))
        except _NoAddress:
            return Never(say("the address can't be written to"), dead=True)
        except Exception:  # whatever the standard library finds wrong with it: nothing was sent
            return Never(say("no letter can be made of it: write it anew"))
        try:
            server = _connect(account)
        except smtplib.SMTPAuthenticationError as error:
            return NotNow(_refused(error.smtp_code, error.smtp_error), ours=True)
        except smtplib.SMTPResponseException as error:
            return NotNow(_refused(error.smtp_code, error.smtp_error), ours=True)
        except ssl.SSLError:
            return NotNow(say("the mail server's certificate or encryption doesn't fit"), ours=True)
        except smtplib.SMTPNotSupportedError:
            return NotNow(say("the mail server knows no encryption, or no user and password"), ours=True)
        except (OSError, smtplib.SMTPException):
            return NotNow(say("the mail server doesn't answer"), ours=True)
        except (
            Exception
        ):  # UnicodeError and its like: signs that nobody can say in SMTP, or answers that are none
            return NotNow(
                say("the mail server can't be talked to with this name, user and password"), ours=True
            )
        try:
            return _hand_over(server, account, letter, raw)
        finally:
            server.close()


def _connect(account: Account) -> smtplib.SMTP:
    context = ssl.create_default_context()
    where = (account.host, account.port)
    server: smtplib.SMTP
    if account.security == "tls":
        server = smtplib.SMTP_SSL(*where, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(*where, timeout=TIMEOUT_S)
    try:
        server.ehlo_or_helo_if_needed()
        if account.security == "starttls":
            server.starttls(context=context)
            server.ehlo()
        if account.login:
            server.login(account.login, account.password)
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, account: Account, letter: Letter, raw: bytes) -> Outcome:
    """Until the last line everything may be repeated; from then on only the server's answer tells."""
    last_line_sent = False
    try:
        options = () if letter.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        for code, said in (
            server.mail(letter.return_path or account.sender, options),
            server.rcpt(letter.to),
            server.docmd("DATA"),
        ):
            if code not in (250, 251, 354):
                return _answered(code, said)
        server.send(_dotted(raw))
        last_line_sent = True
        server.send(_END)
        code, said = server.getreply()
    except smtplib.SMTPNotSupportedError:
        return Never(say("the mail server can't send to an address with such signs"))
    except (smtplib.SMTPException, OSError, ValueError):
        if last_line_sent:
            return Perhaps(say("the connection broke while it was being sent"))
        return NotNow(say("the mail server hung up"), ours=True)
    if code != 250:
        return _answered(code, said)
    with suppress(smtplib.SMTPException, OSError, ValueError):  # it has the letter already
        server.docmd("QUIT")
    return Sent()


def _answered(code: int, said: bytes) -> Outcome:
    because = _refused(code, said)
    if code < 0:
        return NotNow(say("the mail server hung up"), ours=True)
    if 400 <= code < 500:
        return NotNow(because)
    if code in _LOGIN:
        return NotNow(because, ours=True)
    return Never(because, dead=_DEAD.search(_one_line(said)) is not None)


def _refused(code: int, said: bytes | str) -> Words:
    return say("the mail server says: %(said)s", said=f"{code} {_one_line(said)}"[:200])


def _one_line(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _dotted(raw: bytes) -> bytes:
    """With CRLF at each line's end and the dots of RFC 5321, 4.5.2."""
    text = re.sub(rb"\r\n|\r|\n", b"\r\n", raw)
    text = re.sub(rb"(?m)^\.", b"..", text)
    return text if text.endswith(b"\r\n") else text + b"\r\n"


def as_mime(account: Account, letter: Letter, now: datetime) -> bytes:
    """The letter as RFC 5322 has it. Raises _NoAddress where it goes to none."""
    mail = EmailMessage(policy=WIRE.clone(utf8=not letter.to.isascii()))
    mail["Date"] = format_datetime(now)
    mail["From"] = _address(letter.from_name, account.sender)
    mail["To"] = _address(letter.to_name, letter.to)
    mail["Subject"] = _one_line(letter.subject)
    mail["Message-ID"] = letter.message_id
    if letter.references:
        mail["In-Reply-To"] = letter.references[-1]
        mail["References"] = " ".join(letter.references)
    if letter.reply_to:
        mail["Reply-To"] = _address(letter.from_name, letter.reply_to)
    if letter.opt_out_url:
        mail[_WHOLE] = f"<{letter.opt_out_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.automatic:
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(letter.text)
    if letter.html:
        mail.add_alternative(letter.html, subtype="html")
    if letter.calendar:
        mail.add_attachment(
            letter.calendar.encode(), maintype="text", subtype="calendar", filename="appointment.ics",
            params={"method": _method(letter.calendar), "charset": "utf-8"},
        )  # fmt: skip
    return mail.as_bytes()


def _method(calendar: str) -> str:
    """What the calendar asks its reader to do (RFC 6047): the header has to say the same."""
    found = re.search(r"(?m)^METHOD:(PUBLISH|REQUEST|CANCEL)\r?$", calendar)
    return found[1] if found else "PUBLISH"


def _address(name: str, address: str) -> Address:
    """Raises _NoAddress where it would be more or less than one address."""
    name = _one_line(name)[:120]
    if _one_line(address) != address or not re.fullmatch(r"[^\s<>@,;:\"]+@[^\s<>@,;:\"]+", address):
        raise _NoAddress
    local, _, domain = address.rpartition("@")
    try:
        return Address(display_name=name, username=local, domain=domain.encode("idna").decode())
    except Exception:  # a label that no domain has, or what the parser of addresses trips over
        raise _NoAddress from None

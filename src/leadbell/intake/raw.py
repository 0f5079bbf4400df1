"""A delivery as it arrived, made readable for a person: as text only, and never more than fits a screen."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from leadbell.intake.channels.delivery import Delivery, decode
from leadbell.intake.inquiry import one_line

#: Characters of one part that are shown; the whole stays in the envelope.
SHOWN = 40_000
MOST_PARTS = 20
_HEADERS = ("From", "To", "Subject", "Date", "Reply-To")
_TEXTUAL = (
    "text/",
    "application/xml",
    "application/json",
    "application/x-adf",
    "application/x-www-form-urlencoded",
)


@dataclass(frozen=True, slots=True)
class Part:
    """`text` is None for what is no text; `size` is in bytes, `cut` where not all of it is shown."""

    title: str
    text: str | None
    size: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    parts: tuple[Part, ...]
    headers: tuple[tuple[str, str], ...] = ()


def readable(body: bytes, content_type: str, transport: str, country: str) -> Raw:
    """The delivery as text; of an e-mail the headers that matter, then its parts. Bad input never raises."""
    if transport == "smtp" or content_type.partition(";")[0].strip().lower() == "message/rfc822":
        # The standard library's parser raises almost anything for mail that is bad enough: then it is text.
        with suppress(Exception):
            return _mail(BytesParser(EmailMessage, policy=policy.default).parsebytes(body), country)
    return Raw((_part(content_type, body, Delivery(body, content_type, country).text),))


#: So much of a delivery is read for its line in a list.
HEAD_BYTES = 4_000
LONGEST_LINE = 140


def in_a_line(head: bytes, content_type: str, transport: str, country: str) -> str:
    """By what somebody recognises a delivery in a list: a mail's subject and sender, else how it begins."""
    if transport == "smtp":
        with suppress(Exception):
            mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(head, headersonly=True)
            said = [one_line(str(mail[name])) for name in ("Subject", "From") if mail[name]]
            if said:
                return " · ".join(said)[:LONGEST_LINE]
    return one_line(Delivery(head, content_type, country).text)[:LONGEST_LINE]


def _mail(mail: EmailMessage, country: str) -> Raw:
    headers = tuple((name, one_line(str(mail[name]))[:500]) for name in _HEADERS if mail[name])
    return Raw(tuple(_parts(mail, country)), headers)


def _parts(mail: EmailMessage, country: str) -> Iterator[Part]:
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            continue
        if number >= MOST_PARTS:
            return
        content = part.get_payload(decode=True)
        body = content if isinstance(content, bytes) else b""
        name = one_line(part.get_filename() or "")[:200]
        title = f"{name} ({part.get_content_type()})" if name else part.get_content_type()
        textual = part.get_content_type().startswith(_TEXTUAL) or name.lower().endswith(
            (".xml", ".adf", ".txt")
        )
        text = decode(body, part.get_content_charset(), country) if textual else None
        yield _part(title, body, text)


def _part(title: str, body: bytes, text: str | None) -> Part:
    if text is None:
        return Part(title, None, len(body))
    shown = text.replace("\r\n", "\n").replace("\0", "␀")
    return Part(title, shown[:SHOWN], len(body), cut=len(shown) > SHOWN)

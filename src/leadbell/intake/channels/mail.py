"""Mail: ADF in the body or an attachment, else what a web form or a person wrote."""

import codecs
import email
import email.policy
import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.header import decode_header
from email.message import Message
from itertools import islice

from leadbell.intake.channels import adf, json_lead, xml_lead
from leadbell.intake.channels.delivery import Delivery, decode
from leadbell.intake.channels.draft import Draft, email_addresses
from leadbell.intake.channels.labels import listed
from leadbell.intake.channels.markup import comments_in, text_of_html
from leadbell.intake.channels.settling import CUT, inquiry, look_in_the_text, settle
from leadbell.intake.channels.text import read_lines
from leadbell.intake.inquiry import Inquiry, Refused, one_line
from leadbell.words import say

AUTOMATIC = Refused(say("an automatic reply or a report about undelivered mail, not a lead"))
NEWSLETTER = Refused(say("a mailing to many people, not a lead"))

#: Attachments may be large; what a lead says stands before that.
LARGEST = 1_048_576
_MOST_PARTS = 100
_MOST_BOUNDARIES = 40
_MOST_EDGES = 1_000
_MOST_LINES = 20_000
_LONGEST_HEAD = 65_536
_LONGEST_HEADER = 2_000

_HEADER = re.compile(r"([A-Za-z][A-Za-z-]{1,40}):")
_OURS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "resent-to")
_MAIL_HEADERS = listed(
    """from to subject date message-id mime-version received return-path delivered-to reply-to sender cc content-type
    content-transfer-encoding x-mailer dkim-signature x-original-to"""
)
_ONLY_IN_MAIL = listed(
    "message-id mime-version received return-path delivered-to content-type dkim-signature x-mailer"
)
_CHARSETS = re.compile(
    r"(?:us-?ascii|ascii|iso-?8859|latin|windows-|cp\d|koi8|mac|gb|big5|euc|shift|sjis|iso-?2022|utf-?(?:8|16|32)|tis|hz)",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"no[._-]?reply|do[._-]?not[._-]?reply|niet[._-]?(?:be)?antwoorden|keine[._-]?antwort|nicht[._-]?antworten|mailer-daemon"
    r"|postmaster|bounce|notif(?:y|ication|icatie)|^(?:leads?|wordpress|system|automated|robot|webform|webformulier|"
    r"website|formulier|formular|forms?|alerts?|service|support|newsletter|nieuwsbrief|mailing|www-data|apache|nobody|root)$",
    re.IGNORECASE,
)
_PORTALS = re.compile(
    r"(?:^|[.])(?:autoscout24|marktplaats|2dehands|mobile|autotrack|gaspedaal|viabovag|autotrader|cargurus|cars|carvana|"
    r"edmunds|kbb|truecar|autoweek|autowereld|occasions|willhaben|leboncoin|lacentrale|avito|auto|drom|am|kolesa|"
    r"otomoto|facebookmail|facebook|heycar|carwow|autobytel|dealersocket|motortrak|gocar|autohero|kleinanzeigen)"
    r"\.(?:nl|be|de|com|eu|at|ch|fr|it|ru|co\.uk|pl|kz|io)$",
    re.IGNORECASE,
)
_EVERYBODYS = listed(
    """gmail.com googlemail.com hotmail.com hotmail.nl outlook.com live.com live.nl yahoo.com icloud.com me.com gmx.de
    gmx.net web.de t-online.de freenet.de mail.ru yandex.ru ya.ru bk.ru list.ru inbox.ru rambler.ru ziggo.nl kpnmail.nl
    planet.nl xs4all.nl home.nl hetnet.nl telenet.be skynet.be proton.me protonmail.com aol.com msn.com"""
)
_PARTS_HEADERS = re.compile(
    rb"^content-(?:type|transfer-encoding):[^\n]*\n(?:[ \t][^\n]*\n)*", re.IGNORECASE | re.MULTILINE
)
_NOT_TEXT = ("image/", "audio/", "video/", "font/", "application/pdf", "application/zip")
_UNQUOTED = re.compile(r"^>.*\n?", re.MULTILINE)
#: What mail programs write above the mail that is answered, in one line or two.
_WROTE = re.compile(r"\b(?:wrote|schreef|schrieb|écrit|пишет|писала?)\b[^\n:]{0,120}:[ \t]*$", re.MULTILINE)
_ON = re.compile(r"(?:On|Op|Am|Le|В)\b|\D{0,12}\d")
_COPIED = re.compile(
    r"^-{3,} ?(?:Original Message|Oorspronkelijk bericht|Ursprüngliche Nachricht|Исходное сообщение) ?-{3,}",
    re.MULTILINE | re.IGNORECASE,
)
_CALLED_BY = re.compile(
    r"(?:oproep|gebeld|anruf|call|звонок)\s+(?:door|van|from|by|von|от|с)\W{0,3}(?:nummer|number|номера?)?\W{0,3}"
    r"(\+?\d[\d ().-]{5,20}\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a mail. `kind` is its media type as declared."""

    kind: str
    text: str


def recognises(delivery: Delivery) -> bool:
    """Declared as mail, or beginning with the headers of one."""
    if delivery.media_type == "message/rfc822":
        return True
    names = set()
    for line in delivery.start.splitlines()[:60]:
        if not line.strip():
            break
        if found := _HEADER.match(line):
            names.add(found[1].lower())
    return bool(names & _ONLY_IN_MAIL) and len(names & _MAIL_HEADERS) >= 3


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    mail = _Mail(delivery)
    return mail.read_adf() or mail.read_data() or mail.read_words()


class _Mail:
    """A parsed mail, with what its headers say. Nothing in it, however broken, raises."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.message = _parsed(delivery.body[:LARGEST])
        self.parts = list(_parts(self.message, delivery.country))
        ours = [address for name in _OURS for address in email_addresses(self.header(name))]
        self.ours = {address.casefold() for address in ours}
        self.our_domains = {_domain(address) for address in ours} - _EVERYBODYS
        self.subject = self.header("subject")
        self.number = one_line(self.header("message-id")).strip("<> ")

    def header(self, name: str) -> str:
        values = self.message.get_all(name, [])[:5]
        return ", ".join(_decoded(str(value)[:_LONGEST_HEADER], self.delivery.country) for value in values)

    def is_others(self, address: str) -> bool:
        """Our own address, a portal's or a robot's."""
        local, _, domain = address.casefold().rpartition("@")
        return (
            address.casefold() in self.ours
            or any(ours == domain or ours.endswith("." + domain) for ours in self.our_domains)
            or _NOBODY.search(local) is not None
            or _PORTALS.search(domain) is not None
        )

    def senders(self) -> list[tuple[str, str]]:
        """Name and address of who may be the customer: Reply-To, then From."""
        found = []
        for header in ("reply-to", "from"):
            text = self.header(header)
            for address in email_addresses(text):
                if not self.is_others(address):
                    found.append((_name_before(text, address), address))
        return found

    def draft(self) -> Draft:
        draft = Draft("mail", self.delivery)
        draft.is_others = self.is_others
        if len(self.delivery.body) > LARGEST:
            draft.warn(CUT)
        return draft

    def read_adf(self) -> list[Inquiry] | None:
        """ADF in the body or any attachment wins over everything that stands around it."""
        for part in self.parts:
            for text in (part.text, *comments_in(part.text)):
                if adf.holds_adf(text):
                    found = adf.read_text(text, self.delivery, "mail")
                    if not isinstance(found, Refused):
                        return self._complete(found)
        return None

    def read_data(self) -> list[Inquiry] | None:
        """XML in an HTML comment (AutoScout24's missed calls), or attached JSON or XML."""
        for part in self.parts:
            found: list[Inquiry] | Refused | None = None
            if part.kind.endswith(("/json", "/xml")) or part.text.lstrip()[:1] in ("{", "["):
                found = self._read_data(part.text)
            else:
                for comment in comments_in(part.text):
                    if re.search(r"<[a-zA-Z][^<>]*>[^<>]*</", comment):
                        found = self._read_data(comment)
                    if found and not isinstance(found, Refused):
                        break
            if found and not isinstance(found, Refused):
                return self._complete([self._with_subject(inquiry) for inquiry in found])
        return None

    def _read_data(self, text: str) -> list[Inquiry] | Refused | None:
        text = text.strip()
        if text.startswith(("{", "[")):
            value = Delivery(text.encode("utf-8", "replace")).json
            return json_lead.read_value(value, self.delivery, "mail")
        if text.startswith("<"):
            return xml_lead.read_text(text, self.delivery, "mail")
        return None

    def read_words(self) -> list[Inquiry] | Refused:
        """What a form or a person wrote; the sender's address only where the text names no other."""
        draft = self._labelled()
        labelled = draft.is_reachable()
        if not labelled and (refused := self._sent_to_many()):
            return refused
        senders = self.senders()
        if not labelled:
            draft.trusts_numbers_in_text = bool(senders)
            look_in_the_text(draft)
            self._look_for_a_caller(draft)
        if senders and not draft.emails:
            name, address = senders[0]
            draft.email(address)
            if name and not {"first", "last", "full"} & set(draft.names) and "@" not in name:
                draft.name("full", name)
        if self.subject:
            draft.notes.insert(0, ("Subject", one_line(self.subject)[:500]))
        draft.sent_by(self._portal(draft))
        draft.asked(self.header("date"))
        draft.numbered(self.number)
        return settle([draft])

    def _labelled(self) -> Draft:
        """The plain text where its labels say whom to contact, else the page, else whatever there is."""
        draft = None
        for kind in ("text/plain", "text/html"):
            parts = [part for part in self.parts if _as(part, kind)]
            texts = [text_of_html(part.text) if _is_html(part) else part.text for part in parts]
            if texts:
                read = read_lines(self._without_quotes("\n".join(texts)), self.draft)
                if read.is_reachable():
                    return read
                draft = draft if draft and draft.told else read
        return draft or self.draft()

    def _without_quotes(self, text: str) -> str:
        """A customer's answer without our own mail under it, whose telephone is ours; a forwarded mail whole."""
        if not self.senders():
            return text
        answer = _UNQUOTED.sub("", text[: _end_of_answer(text)])
        return answer if answer.strip() else text

    def _look_for_a_caller(self, draft: Draft) -> None:
        for text in (self.subject, *draft.told, *(note for _, note in draft.notes)):
            for found in _CALLED_BY.findall(text)[:3]:
                draft.phone(found)

    def _sent_to_many(self) -> Refused | None:
        automatic = self.header("auto-submitted").strip().lower()
        sender = next(email_addresses(self.header("from")), "").casefold()
        if (
            self.message.get_content_type() == "multipart/report"
            or automatic.startswith("auto-replied")
            or self.header("x-autoreply")
            or self.header("x-autorespond")
            or sender.startswith(("mailer-daemon", "postmaster"))
        ):
            return AUTOMATIC
        if self.header("list-id") or self.header("precedence").strip().lower() in ("bulk", "list", "junk"):
            return NEWSLETTER
        return NEWSLETTER if self.header("list-unsubscribe") and not self.senders() else None

    def _portal(self, draft: Draft) -> str:
        """Who sent it on, where that is not the customer."""
        sender = self.header("from")
        address = next(email_addresses(sender), "")
        if not address or address in draft.emails:
            return ""
        return _name_before(sender, address) or _domain(address)

    def _with_subject(self, inquiry: Inquiry) -> Inquiry:
        subject = f"Subject: {one_line(self.subject)[:500]}" if self.subject.strip() else ""
        return replace(inquiry, message="\n\n".join(filter(None, (inquiry.message, subject))) or None)

    def _complete(self, inquiries: list[Inquiry]) -> list[Inquiry]:
        """The mail's date, sender and, for a single lead, number, where the lead has none of its own."""
        draft = self.draft()
        draft.asked(self.header("date"))
        draft.sent_by(self._portal(draft))
        if len(inquiries) == 1:
            draft.numbered(self.number)
        mail = inquiry(draft)
        return [
            replace(
                inquiry,
                requested_at=inquiry.requested_at or mail.requested_at,
                source_id=inquiry.source_id or mail.source_id,
                provider=inquiry.provider or mail.provider,
            )
            for inquiry in inquiries
        ]


def _parsed(body: bytes) -> Message:
    """The mail's tree; one with more lines, headers or parts than any mail needs is cut, or read as one part.

    The standard library takes time for lines times depth, and a stack frame for every message within a message.
    """
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", _MOST_LINES)[:_MOST_LINES]
    head, _, rest = b"\n".join(lines).partition(b"\n\n")
    if len(head) > _LONGEST_HEAD:
        head = head[:_LONGEST_HEAD].rpartition(b"\n")[0]
    seen = rest.lower()
    if (
        seen.count(b"boundary") > _MOST_BOUNDARIES
        or seen.count(b"message/rfc822") > _MOST_BOUNDARIES
        or seen.count(b"\n--") > _MOST_EDGES
    ):
        head = _PARTS_HEADERS.sub(b"", head + b"\n").rstrip(b"\n")
    return email.message_from_bytes(head + b"\n\n" + rest, policy=email.policy.compat32)


def _parts(message: Message, country: str) -> Iterator[Part]:
    for count, part in enumerate(message.walk()):
        if count >= _MOST_PARTS:
            return
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if kind.startswith(_NOT_TEXT):
            continue
        payload = _payload(part)
        text = _text(payload, part, country)
        if text and (kind.startswith("text/") or "<" in text or text.lstrip()[:1] in ("{", "[")):
            yield Part(kind, text)


def _payload(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError):  # the standard library on broken encodings
        payload = None
    return payload if isinstance(payload, bytes) else b""


def _text(payload: bytes, part: Message, country: str) -> str:
    try:
        charset = part.get_content_charset() or ""
    except (ValueError, LookupError, TypeError, AttributeError):  # the standard library on broken parameters
        charset = ""
    if b"\0" in payload[:2000] and not charset.startswith("utf-"):
        wide = payload[:2] in (b"\xff\xfe", b"\xfe\xff") or b"<\0" in payload[:50]
        return decode(payload, None, country) if wide else ""
    return decoded(payload, charset, country)


def decoded(payload: bytes, charset: str, country: str) -> str:
    """Bytes in the charset a mail declares, where that is one; else by their look."""
    charset = charset.strip().removeprefix("charset=").strip("\"'")
    if _CHARSETS.match(charset) and not re.fullmatch(r"(?:us-?ascii|ascii|utf-?8)", charset, re.IGNORECASE):
        try:
            return payload.decode(codecs.lookup(charset).name)
        except (LookupError, UnicodeError):
            pass
    return decode(payload, charset if charset else _in_the_page(payload), country)


def _in_the_page(payload: bytes) -> str | None:
    found = re.search(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{3,20})", payload[:2000])
    return found[1].decode() if found else None


def _decoded(value: str, country: str) -> str:
    """A header in plain text: encoded words undone, raw bytes read by their look."""
    try:
        pieces = decode_header(value)
    except (ValueError, LookupError, TypeError, AttributeError, email.errors.MessageError):
        pieces = [(value, None)]
    texts = []
    for piece, charset in pieces:
        raw = piece if isinstance(piece, bytes) else piece.encode("utf-8", "surrogateescape")
        texts.append(decoded(raw, charset or "", country))
    return one_line("".join(texts))


def _end_of_answer(text: str) -> int:
    """Where the copy of the mail begins that this one answers."""
    copied = _COPIED.search(text)
    end = copied.start() if copied else len(text)
    for wrote in islice(_WROTE.finditer(text, 0, end), 20):
        start = text.rfind("\n", 0, wrote.start()) + 1
        for line in (start, text.rfind("\n", 0, max(start - 1, 0)) + 1):
            if _ON.match(text, line):
                return line
    return end


def _name_before(header: str, address: str) -> str:
    """The name that stands before an address; `"Okafor, Emeka" <…>` is Emeka Okafor."""
    before = header.partition(address)[0].strip(" <(")
    if before.endswith('"') and before.count('"') >= 2:
        name = before.rstrip('"').rpartition('"')[2]
        last, comma, first = name.partition(", ")
        return f"{first} {last}" if comma and "," not in first else name
    return before.rpartition(",")[2].strip(" \"'")


def _domain(address: str) -> str:
    return address.casefold().rpartition("@")[2]


def _is_html(part: Part) -> bool:
    return part.kind == "text/html" or part.text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))


def _as(part: Part, kind: str) -> bool:
    return _is_html(part) if kind == "text/html" else part.kind.startswith("text/") and not _is_html(part)

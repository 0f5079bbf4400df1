"""What a mail that came back is: an answer, a machine's, or our own returned. Nothing in it, however broken, raises.

The standard library's parsers raise what no list ends: AssertionError, TypeError, LookupError, RecursionError.
"""

import email
import email.policy
import re
from contextlib import suppress
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Literal

Kind = Literal["answer", "automatic", "bounce", "delayed"]

#: What a person says stands before that; of what is larger the rest is not looked at.
LARGEST = 1_048_576
LONGEST_TEXT = 20_000
_MOST_PARTS, _MOST_BOUNDARIES, _MOST_EDGES, _MOST_LINES, _LONGEST_HEAD = 50, 40, 1_000, 20_000, 65_536
_MOST_FILES = 20

_MACHINES = re.compile(
    r"^(?:mailer-daemon|postmaster|mail-daemon|no-?reply|do-?not-?reply|bounces?|noreply)\b", re.I
)
_AWAY = re.compile(
    r"^\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response)|out of (?:the )?office|autosvar|automatisch antwoord|afwezig"
    r"|afwezigheid|abwesenheit|automatische antwort|автоответ|автоматический ответ|вне офиса)\b",
    re.IGNORECASE,
)
_SUPPRESSES = re.compile(r"\b(?:all|oof|autoreply)\b", re.IGNORECASE)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"[^\s<>@;,:\"()]{1,64}@[^\s<>@;,:\"()]{1,253}")
#: These say that the address itself is wrong (RFC 3463).
_DEAD = re.compile(r"^5\.(?:1\.(?:0|1|2|3|6|10)|2\.1|4\.4)$")
_UNKNOWN_USER = re.compile(
    r"user unknown|unknown user|no such user|no mailbox|does ?n[o']t exist|not exist|recipient rejected"
    r"|unknown recipient|unrouteable|host not found|mailbox unavailable|account (?:is )?disabled",
    re.IGNORECASE,
)
_WROTE = re.compile(r"\b(?:wrote|schreef|schrieb|écrit|пишет|писала?)\b[^\n:]{0,120}:[ \t]*$", re.MULTILINE)
_COPIED = re.compile(
    r"^(?:-{3,} ?(?:Original Message|Oorspronkelijk bericht|Ursprüngliche Nachricht|Исходное сообщение) ?-{3,}"
    r"|_{20,}|(?:From|Van|Von|От): .+$)",
    re.MULTILINE | re.IGNORECASE,
)
_ON = re.compile(r"(?:On|Op|Am|Le|В)\b|\D{0,12}\d")


@dataclass(frozen=True, slots=True)
class Mail:
    """What it says and what it is. `names` and `returned` hold what may name one of our threads or messages."""

    kind: Kind
    sender: str
    subject: str
    text: str
    message_id: str
    names: str
    files: tuple[str, ...] = ()
    #: Of a bounce: the headers of ours that it returns, whom it didn't reach, and why.
    returned: str = ""
    recipient: str = ""
    reason: str = ""
    dead: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A mail that no parser gets through. `names` is what it holds as it came: one of our threads may be in it."""

    names: str
    #: The name of what was raised: it holds none of the mail's words.
    fault: str


def read_mail(raw: bytes) -> Mail | Unreadable:
    """Any bytes; what can't be understood is an answer with whatever text there is."""
    try:
        return _read(raw)
    except Exception as error:
        return Unreadable(raw[:_LONGEST_HEAD].decode("latin-1"), type(error).__name__)


def _read(raw: bytes) -> Mail:
    tree = _parsed(raw[:LARGEST])
    head = {
        name: _header(tree, name) for name in ("from", "subject", "message-id", "references", "in-reply-to")
    }
    sender = next((a.lower() for _, a in getaddresses([head["from"]]) if _ADDRESS.fullmatch(a)), "")
    text, files = _words(tree)
    names = f"{head['references']} {head['in-reply-to']}"
    known = Mail(
        "answer", sender, head["subject"][:250], _answered(text)[:LONGEST_TEXT], head["message-id"].strip()[:300],
        names, files,
    )  # fmt: skip
    if report := _report(tree, raw, sender, text):
        return Mail(
            report.kind, sender, known.subject, text[:LONGEST_TEXT], known.message_id, names, files,
            report.returned, report.recipient, report.reason, report.dead,
        )  # fmt: skip
    return known if not _is_automatic(tree, sender, known.subject) else _as_automatic(known)


def _as_automatic(mail: Mail) -> Mail:
    return Mail("automatic", mail.sender, mail.subject, mail.text, mail.message_id, mail.names, mail.files)


def _is_automatic(tree: Message, sender: str, subject: str) -> bool:
    """RFC 3834, and what Exchange, Gmail, sieve and the old ones write instead."""
    submitted = _header(tree, "auto-submitted").split(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(_header(tree, name) for name in ("x-autoreply", "x-autorespond", "x-mail-autoreply", "x-autoreply-from",
                                            "list-id", "list-unsubscribe", "feedback-id")):  # fmt: skip
        return True
    if _SUPPRESSES.search(_header(tree, "x-auto-response-suppress")):
        return True
    if _header(tree, "precedence").strip().lower() in ("auto_reply", "bulk", "junk", "list"):
        return True
    if _header(tree, "return-path").strip() == "<>" or _MACHINES.match(sender):
        return True
    return _AWAY.match(subject) is not None


@dataclass(frozen=True, slots=True)
class _Report:
    kind: Kind
    returned: str
    recipient: str
    reason: str
    dead: bool


def _report(tree: Message, raw: bytes, sender: str, text: str) -> _Report | None:
    """A delivery report (RFC 3464), or what mail servers wrote before there was one."""
    reported = (
        tree.get_content_type() == "multipart/report"
        and "delivery-status" in str(tree.get("content-type")).lower()
    )
    failed = _header(tree, "x-failed-recipients")
    old = sender.startswith(("mailer-daemon", "mail-daemon", "postmaster")) and not _header(
        tree, "in-reply-to"
    )
    if not (reported or failed or old):
        return None
    fields = _delivery_status(tree) if reported else {}
    action = fields.get("action", "failed").lower()
    if action in ("delivered", "relayed", "expanded"):
        return _Report("automatic", "", "", "", False)
    said = " ".join((fields.get("diagnostic-code", "") or _why(text)).split())[:200]
    code = _STATUS.search(fields.get("status", "")) or _STATUS.search(said)
    status = code[1] if code else ""
    named = _ADDRESS.search(fields.get("final-recipient", "") or failed or _after_the_first_line(text))
    gone = action != "delayed" and not status.startswith(("2.", "4."))
    dead = gone and (bool(_DEAD.match(status)) or _UNKNOWN_USER.search(said) is not None)
    returned = raw[:LARGEST].decode("latin-1")
    kind: Kind = "delayed" if action == "delayed" or (reported and status.startswith("4.") and not failed
                                                     and action != "failed") else "bounce"  # fmt: skip
    return _Report(kind, returned, named[0].lower() if named else "", said or status, dead)


def _delivery_status(tree: Message) -> dict[str, str]:
    """The fields of the first recipient."""
    for count, part in enumerate(tree.walk()):
        if count > _MOST_PARTS:
            break
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            found: dict[str, str] = {}
            for block in blocks[:5] if isinstance(blocks, list) else ():
                if isinstance(block, Message):
                    for name in ("action", "status", "final-recipient", "diagnostic-code"):
                        found.setdefault(name, _header(block, name)) if _header(block, name) else None
            return found
    return {}


def _why(text: str) -> str:
    """The line of an old bounce that gives the reason: the one with a code, else what it says of the user."""
    for pattern in (re.compile(r"\b[45]\d\d[ -][45]?\.?"), _UNKNOWN_USER):
        for line in text.splitlines()[:200]:
            if pattern.search(line):
                return line.strip()
    return ""


def _after_the_first_line(text: str) -> str:
    """Where qmail and its like name whom they couldn't reach; the server names itself above."""
    return text.partition("\n")[2]


def _parsed(raw: bytes) -> Message:
    """The mail's tree; with more lines, headers or parts than any mail needs, its head alone and one text."""
    lines = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n", _MOST_LINES)[:_MOST_LINES]
    head, _, rest = b"\n".join(lines).partition(b"\n\n")
    if len(head) > _LONGEST_HEAD:
        head = head[:_LONGEST_HEAD].rpartition(b"\n")[0]
    seen = rest.lower()
    deep = seen.count(b"boundary") > _MOST_BOUNDARIES or seen.count(b"message/rfc822") > _MOST_BOUNDARIES
    if deep or seen.count(b"\n--") > _MOST_EDGES:
        head = re.sub(
            rb"(?im)^content-(?:type|transfer-encoding):.*\n?(?:[ \t].*\n?)*", b"", head + b"\n"
        ).rstrip(b"\n")
    return email.message_from_bytes(head + b"\n\n" + rest, policy=email.policy.compat32)


def _words(tree: Message) -> tuple[str, tuple[str, ...]]:
    """The plain text, else the page's; and the names of what came along."""
    plain, page, files = "", "", []
    for count, part in enumerate(tree.walk()):
        if count > _MOST_PARTS:
            break
        if part.is_multipart():
            continue
        name = _file_name(part)
        if name or part.get_content_disposition() == "attachment":
            files.append(" ".join(name.split())[:120] or "?")
        elif part.get_content_type() == "text/html":
            page = page or _text(part)
        elif part.get_content_maintype() == "text":
            plain = plain or _text(part)
    return (plain.strip() or _Page.text_of(page)), tuple(files[:_MOST_FILES])


def _file_name(part: Message) -> str:
    try:
        return _decoded(str(part.get_filename() or ""))
    except Exception:
        return "?"


def _text(part: Message) -> str:
    try:
        payload = part.get_payload(decode=True)
        charset = part.get_content_charset() or "utf-8"
    except Exception:
        return ""
    body = payload if isinstance(payload, bytes) else b""
    try:
        text = body.decode(charset, "replace")
    except Exception:  # codecs that make no text, or have never been heard of
        text = body.decode("utf-8", "replace")
    return _storable(text.replace("\r\n", "\n"))


class _Page(HTMLParser):
    """The words of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._hidden += tag in ("script", "style", "head", "blockquote")
        if tag in ("br", "p", "div", "tr", "li"):
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= self._hidden > 0 and tag in ("script", "style", "head", "blockquote")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)

    @staticmethod
    def text_of(page: str) -> str:
        reader = _Page()
        with suppress(AssertionError, ValueError):  # what stands before the broken mark is read
            reader.feed(page[:LARGEST])
        lines = (" ".join(line.split()) for line in "".join(reader.pieces).split("\n"))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _answered(text: str) -> str:
    """The answer without our own mail under it; all of it where nothing else is left."""
    copied = _COPIED.search(text)
    end = copied.start() if copied else len(text)
    for count, wrote in enumerate(_WROTE.finditer(text, 0, end)):
        start = text.rfind("\n", 0, wrote.start()) + 1
        before = text.rfind("\n", 0, max(start - 1, 0)) + 1
        cut = next((at for at in (start, before) if _ON.match(text, at)), None)
        if cut is not None:
            end = cut
            break
        if count > 20:
            break
    answer = re.sub(r"(?m)^>.*\n?", "", text[:end]).strip()
    return answer or text.strip()


def _header(tree: Message, name: str) -> str:
    try:
        return _decoded(", ".join(str(value)[:4_000] for value in tree.get_all(name, [])[:5]))
    except Exception:
        return ""


def _decoded(value: str) -> str:
    try:
        pieces = decode_header(value)
        texts = [p.decode(c or "utf-8", "replace") if isinstance(p, bytes) else p for p, c in pieces]
        return " ".join(_storable("".join(texts)).split())
    except Exception:
        return " ".join(_storable(value).split())


def _storable(text: str) -> str:
    """Without zeros and halves of characters (lone surrogates), which no database takes."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()

"""Lines such as `Telefoon: 06-…`: what web forms send as mail, and what is posted as plain text."""

import re
from collections.abc import Callable, Sequence

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.draft import Draft, email_addresses
from leadbell.intake.channels.filing import put
from leadbell.intake.channels.labels import Meaning, meaning
from leadbell.intake.channels.settling import settle
from leadbell.intake.inquiry import Inquiry, Refused

_MOST_LINES = 1_500
_LONGEST_LINE = 2_000
_LONGEST_LOOSE_TEXT = 4_000
_MOST_WORDS = 6

_LABELLED = re.compile(
    r"[\s>*•·–|-]{0,10}(?P<label>[^:=\t|：]{2,60}?)[*_ ]{0,4}(?:\s?[:=：][*_]{0,2}|\t|\s\|\s?|\s[–-]\s)(?P<value>.*)"
)
_ALONE = re.compile(r"[\s>*•·#–|-]{0,10}(?P<label>[^:=\t|：]{2,40}?)[*_ :：]{0,4}\s*")
_RULE = re.compile(r"[\s>*=_–-]{3,}")
_SIGNATURE = re.compile(r"\s*--\s?")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "ftp"})
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")

_WAYS_TO_CONTACT = frozenset({"email", "phone", "mobile", "home", "work"})
_WHO = _WAYS_TO_CONTACT | {"first", "last", "full", "street", "postal", "city", "address", "company"}
_HEADINGS = {
    "customer": "customer", "full": "customer", "vehicles": "vehicle", "car": "vehicle", "tradeins": "trade",
    "trade": "trade", "vendor": "vendor",
}  # fmt: skip


def recognises(delivery: Delivery) -> bool:
    """Any text: what stands in it decides whether it is a lead."""
    return len(_UNPRINTABLE.findall(delivery.start)) * 20 <= len(delivery.start)


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    return settle([read_lines(delivery.text, lambda: Draft("text", delivery))])


def read_lines(text: str, new_draft: Callable[[], Draft]) -> Draft:
    """File every labelled line; the rest is the customer's message, or a note where one is labelled.

    Under a heading such as "Dealer" nothing is the customer's, up to the next heading; or, where that leaves
    nobody to contact, up to the next empty line.
    """
    lines = [line[:_LONGEST_LINE].rstrip() for line in text[: _MOST_LINES * 200].splitlines()[:_MOST_LINES]]
    draft = new_draft()
    if not is_a_form(lines):
        draft.tell("\n".join(lines))
        return draft
    for empty_line_ends_heading in (False, True):
        draft = new_draft()
        reading = _Reading(draft, empty_line_ends_heading)
        for line in lines:
            reading.read(line)
        reading.finish()
        if draft.is_reachable():
            break
    return draft


def is_a_form(lines: Sequence[str]) -> bool:
    """Whether the labels say who wants something: one way to contact, or two lines that we know."""
    known = 0
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        found = _LABELLED.match(line) or (_ALONE.fullmatch(line) if following.strip() else None)
        what = meaning(found["label"]) if found else None
        if what and what.part in _WAYS_TO_CONTACT:
            return True
        known += what is not None and (what.part == "full" or what.part not in _HEADINGS)
        if known >= 2:
            return True
    return False


class _Reading:
    def __init__(self, draft: Draft, empty_line_ends_heading: bool) -> None:
        self.draft = draft
        self.empty_line_ends_heading = empty_line_ends_heading
        self.under: str | None = None
        self.message: list[str] | None = None
        self.awaited = ""
        self.loose: list[str] = []
        self.theirs: set[str] = set()
        before = draft.is_others
        draft.is_others = lambda address: before(address) or address.casefold() in self.theirs

    def read(self, line: str) -> None:
        if not line.strip():
            self._read_empty()
        elif _SIGNATURE.fullmatch(line):
            self._end_message()
            self.under = "vendor"
        elif found := _LABELLED.fullmatch(line):
            self._read_labelled(found["label"].strip(), found["value"].strip(" \t:=*_"), line)
        elif not _RULE.fullmatch(line):
            self._read_unlabelled(line)

    def finish(self) -> None:
        self._end_message()
        text = "\n".join(self.loose)[:_LONGEST_LOOSE_TEXT].strip()
        if self.draft.told:
            self.draft.note("", text)
        else:
            self.draft.tell(text)

    def _read_empty(self) -> None:
        if self.message is not None:
            self.message.append("")
        elif self.empty_line_ends_heading and self.under == "vendor":
            self.under = None

    def _read_labelled(self, label: str, value: str, line: str) -> None:
        what = None if label.lower() in _SCHEMES else meaning(label)
        if what is None:
            self._read_unknown(label, value, line)
            return
        self._end_message()
        self.awaited = ""
        if what.part == "message":
            self.message = [value]
        elif value:
            self._put(label, what, value)
        else:
            self._read_heading(what)
            self.awaited = label

    def _read_unknown(self, label: str, value: str, line: str) -> None:
        if self.message is not None:
            self.message.append(line)
        elif self.awaited:
            self._read_unlabelled(line)
        elif value and self.under != "vendor" and _is_a_label(label):
            put(self.draft, label, value, self.under)
        else:
            self.loose.append(line)

    def _read_unlabelled(self, line: str) -> None:
        alone = _ALONE.fullmatch(line)
        what = meaning(alone["label"]) if alone else None
        if self.message is not None and not (what and what.part in _HEADINGS and what.part != "full"):
            self.message.append(line)
        elif self.awaited and not (what and what.part in _WHO):
            label, self.awaited = self.awaited, ""
            self._put(label, meaning(label), line.strip())
        elif what and alone and (what.part in _HEADINGS or what.part in _WHO or what.part == "message"):
            self._end_message()
            self._read_heading(what)
            if what.part == "message":
                self.message = []
            else:
                self.awaited = alone["label"]
        else:
            self.loose.append(line)

    def _read_heading(self, what: Meaning) -> None:
        if what.part in _HEADINGS:
            self.under = _HEADINGS[what.part]

    def _put(self, label: str, what: Meaning | None, value: str) -> None:
        if what and what.part in ("customer", "vehicles", "tradeins"):
            self.loose.append(f"{label}: {value}")
            return
        if self.under == "vendor" or (what and (what.part == "vendor" or what.about == "vendor")):
            self.theirs.update(address.casefold() for address in email_addresses(value))
            return
        if self.under in ("vehicle", "trade") and what and what.part in _WHO - {"full"}:
            self.under = None
        put(self.draft, label, value, self.under)

    def _end_message(self) -> None:
        if self.message is not None:
            self.draft.tell("\n".join(self.message))
            self.message = None


def _is_a_label(text: str) -> bool:
    """Few words, and no scheme of an address on the web."""
    return len(text.split()) <= _MOST_WORDS and text.lower() not in _SCHEMES

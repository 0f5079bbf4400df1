"""What a label says its value is: a sender's fields, boxes and labelled lines filed into a draft."""

import re
from datetime import timedelta

from leadbell.intake.channels.cars import INTERESTS, PARTS, STATUSES, Car, names_a_car
from leadbell.intake.channels.draft import LONGEST_VALUE, Draft, email_addresses
from leadbell.intake.channels.labels import CONSENTS, Meaning, folded, listed, meaning, readable
from leadbell.intake.channels.markup import plain
from leadbell.intake.inquiry import LONGEST_MESSAGE, one_line
from leadbell.intake.phones import digits
from leadbell.lead.law import Kind, Said

_LONGEST_LINE = 500
#: A line of free text that has a label.
_LABELLED = re.compile(r"^[ \t>*•·–-]{0,8}([^:=\n]{2,60}?)[ \t]*[:=][ \t]*([^\n]{1,200})", re.MULTILINE)
_YES = listed(
    "yes y true 1 on ok accept accepted agree agreed allowed checked consented given granted optin optedin subscribe "
    "subscribed ja j wel akkoord toegestaan aangevinkt einverstanden zugestimmt akzeptiert da да согласен согласна"
)
_NO = listed(
    "no n false 0 off denied declined disallowed refused unchecked optout optedout unsubscribe unsubscribed none "
    "nee geen niet nein nicht abgelehnt net нет несогласен несогласна"
)
_YES_BEGINS = (
    *("iagree", "iaccept", "iconsent", "yesi", "yes,i", "igive", "ikgaakkoord", "ikgeeftoestemming", "jaik"),
    *("ichstimme", "ichbineinverstanden", "jaich", "ясоглас", "дая", "даюсогласие"),
)
_KINDS: dict[str, Kind] = {"may_contact": "contact", "may_record": "recording"}


def put(draft: Draft, label: str, text: str, about: str | None = None) -> None:
    """File a value under what its label means; `about` is whose part of the lead it stands in."""
    what = meaning(label)
    if what and what.part in CONSENTS:
        consent(draft, what.part, label, text)
        return
    about = (what.about if what else None) or about
    if what and what.part == "provider":
        draft.sent_by(text)
    elif what and what.part == "campaign":
        draft.in_campaign(text)
    elif what and what.part == "visitor":
        draft.visitor = one_line(text)[:40]
    elif what and what.part == "vendor":
        draft.name_dealer(label, text)
    elif what and what.part == "nothing":
        return
    elif about in ("vehicle", "trade"):
        _put_car(draft.wanted() if about == "vehicle" else draft.traded(), label, what, text)
    else:
        _put(draft, label, what, text, about)


def put_car(car: Car, label: str, text: str) -> None:
    _put_car(car, label, meaning(label), text)


def consent(draft: Draft, part: str, label: str, text: str) -> None:
    """A box that was ticked or not, `part` of CONSENTS. A no stands over a yes of the same kind; what is neither
    is a note, and so is a missing yes to being contacted: who asks something may be answered."""
    text = one_line(plain(text[:LONGEST_VALUE]))
    if not text:
        return
    answer = folded(text)
    given = True if answer in _YES or answer.startswith(_YES_BEGINS) else False if answer in _NO else None
    kind = _KINDS.get(part, "marketing")
    if given is None or (kind == "contact" and not given):
        draft.note(readable(label), text)
        return
    given = given is not (part == "no_market")
    known = draft.consents.get(kind)
    if known is None or (known.given and not given):
        draft.consents[kind] = Said(kind, given, f"{readable(label)}: {text}"[:_LONGEST_LINE])


def mention(draft: Draft, text: str) -> None:
    """Lines of free text that tell of the customer's own car or consent, which some senders put nowhere else."""
    for found in _LABELLED.finditer(text[: 2 * LONGEST_MESSAGE]):
        what = meaning(found[1])
        if what and what.part in CONSENTS and found[2].strip().casefold() in _YES | _NO:
            consent(draft, what.part, found[1], found[2])
        if not what or "trade" not in (what.about, what.part):
            continue
        if what.part in PARTS:
            draft.traded().put(what.part, found[2])
        elif what.part == "trade" and names_a_car(found[2]):
            draft.traded().put("car", found[2])


def _put_car(car: Car, label: str, what: Meaning | None, text: str) -> None:
    word = folded(label)
    if what and what.part in PARTS:
        car.put(what.part, text)
    elif (what and what.part == "trade") or word in ("name", "title", "naam", "titel", "название"):
        car.put("car", text)
    elif word in ("status", "type", "category") and folded(text) in STATUSES:
        car.put("condition", text)
    elif not what or what.part != "nothing":
        car.note(readable(label), text)


def _put(draft: Draft, label: str, what: Meaning | None, text: str, about: str | None) -> None:
    part = what.part if what else ""
    if part in ("first", "middle", "last", "company"):
        draft.name(part, text)
    elif part in ("full", "customer"):
        _put_name(draft, text)
    elif part == "email":
        draft.email(text)
    elif part in ("phone", "mobile", "home", "work", "fax"):
        _put_phone(draft, part, text)
    elif part in ("street", "housenumber", "postal", "city", "region", "country", "address"):
        draft.place(part, text)
    elif part == "interest" and folded(text) not in INTERESTS:
        draft.note(readable(label), text)
    elif part in PARTS:
        draft.wanted().put(part, text)
    elif part == "message":
        draft.tell(text)
    elif part in ("asked_at", "date"):
        _put_date(draft, label, text, certain=part == "asked_at")
    elif part == "source_id" or (part == "id" and about is None):
        draft.may_be_numbered(text, loose=part == "id")
    elif part != "id":
        if part == "trade" and names_a_car(text):
            draft.traded().put("car", text)
        draft.note(readable(label), text)


def _put_name(draft: Draft, text: str) -> None:
    """A name, or what stands in a From line: a name and an address; or a number, where that is all."""
    text = text[:LONGEST_VALUE]
    address = next(email_addresses(text), None)
    if address:
        draft.email(address)
        text = text.partition(address)[0].removesuffix("mailto:")
    text = text.strip(" <(\"'[")
    if digits(text) >= 6:
        draft.phone(text)
    else:
        draft.name("full", text)


def _put_phone(draft: Draft, part: str, text: str) -> None:
    text = text[:LONGEST_VALUE]
    for address in list(email_addresses(text)):
        draft.email(address)
        text = text.replace(address, " ")
    draft.phone(text, None if part == "phone" else part)


def _put_date(draft: Draft, label: str, text: str, certain: bool) -> None:
    """A date without more may be when the customer wants to come: then it is a note."""
    moment = draft.moment(text)
    seen = draft.delivery.received_at
    if moment and (certain or seen is None or moment <= seen + timedelta(days=1)):
        draft.asked(text)
    if not certain or not moment:
        draft.note(readable(label), text)

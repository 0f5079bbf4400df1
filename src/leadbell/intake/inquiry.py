"""What a sender meant, whatever the format it came in: the one shape behind all channels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from leadbell.lead.law import Said
from leadbell.words import Words

LONGEST_NAME = 200
LONGEST_MESSAGE = 20_000
MOST_WAYS_TO_CONTACT = 10
MOST_VEHICLES = 20
MOST_INQUIRIES = 20


@dataclass(frozen=True, slots=True)
class Phone:
    """`number` is E.164, or None where nobody can dial what was written; `raw` is what was written.

    `kind` is mobile, home, work, voice, fax or pager, or None where the sender does not say.
    """

    number: str | None
    raw: str
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """`address` is one readable line. `full_name` is made of the parts where only parts were sent."""

    first_name: str | None = None
    last_name: str | None = None
    full_name: str | None = None
    emails: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Vehicle:
    """`interest` is buy, lease, sell, trade-in or test-drive; `status` is new or used; both in ADF's words."""

    interest: str | None = None
    status: str | None = None
    year: int | None = None
    make: str | None = None
    model: str | None = None
    trim: str | None = None
    vin: str | None = None
    stock: str | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One prospect. `requested_at` is aware; `source_id` is the sender's own number for the lead.

    `warnings` are fixed English sentences without values, so that a screen can translate them.
    """

    channel: str
    requested_at: datetime | None = None
    customer: Customer = Customer()
    vehicles: tuple[Vehicle, ...] = ()
    message: str | None = None
    provider: str | None = None
    source_id: str | None = None
    warnings: tuple[str, ...] = ()
    #: What the customer allowed or forbade, each kind once.
    consents: tuple[Said, ...] = ()
    #: Our script's id of the browser that sent it (the field `leadbell_visitor`), as it was sent.
    visitor: str | None = None
    #: The dealer whom the sender or the customer named, as it was written; only an importer asks.
    dealer: str | None = None
    #: The campaign that brought the customer, as the sender calls it.
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Not a lead; the reason is one that a salesperson understands."""

    because: Words


@lru_cache(maxsize=64)
def understood(inquiry: Inquiry) -> dict[str, Any]:
    """As `as_json`, worked out once for an inquiry that is asked several times; not to be changed."""
    return as_json(inquiry)


def as_json(inquiry: Inquiry) -> dict[str, Any]:
    """The inquiry as plain JSON values; `requested_at` is ISO-8601 with its offset."""
    asked = inquiry.requested_at
    plain: dict[str, Any] = msgspec.to_builtins(inquiry, builtin_types=(datetime,))
    plain["requested_at"] = asked.isoformat() if asked else None
    return plain


def from_json(stored: Mapping[str, Any]) -> Inquiry:
    """The inquiry that `as_json` wrote; lists become tuples again."""
    who = stored["customer"]
    asked = stored["requested_at"]
    return Inquiry(
        channel=stored["channel"],
        requested_at=datetime.fromisoformat(asked) if asked else None,
        customer=Customer(
            first_name=who["first_name"],
            last_name=who["last_name"],
            full_name=who["full_name"],
            emails=tuple(who["emails"]),
            phones=tuple(Phone(**phone) for phone in who["phones"]),
            address=who["address"],
        ),
        vehicles=tuple(Vehicle(**vehicle) for vehicle in stored["vehicles"]),
        message=stored["message"],
        provider=stored["provider"],
        source_id=stored["source_id"],
        warnings=tuple(stored["warnings"]),
        consents=tuple(Said(*said) for said in stored.get("consents") or ()),
        visitor=stored.get("visitor"),
        dealer=stored.get("dealer"),
        campaign=stored.get("campaign"),
    )


#: NUL and its like, halves of surrogate pairs (PostgreSQL stores neither), marks that turn text around on screen.
_UNSTORABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_SPACES = re.compile(r"\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def one_line(text: str) -> str:
    """The text as one line that can be stored and shown."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _SPACES.sub(" ", _UNSTORABLE.sub("", text)).strip()


def paragraphs(text: str) -> str:
    """The text with its lines kept, blanks squeezed, and nothing that can't be stored or shown."""
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    text = _UNSTORABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (line.strip() for line in _BLANKS.sub(" ", text).split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()

"""What a delivery says: whole for the desk, and in microseconds for the door."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo

import msgspec

from leadbell.intake.channels import CHANNELS, Channel, holds_adf
from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.labels import meaning
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.words import say

LARGEST = 1_048_576

EMPTY = Refused(say("the message is empty"))
TOO_LARGE = Refused(say("this is more than 1 MB"))
A_PAGE = Refused(say("this is an HTML page, not a lead"))
UNKNOWN = Refused(say("this is in no format that we can read"))
UNREADABLE = Refused(say("this could not be read; please look at it yourself"))


@dataclass(frozen=True, slots=True)
class Accepted:
    """`read` will find at least one inquiry with a way to contact somebody."""


@dataclass(frozen=True, slots=True)
class Unsure:
    """Only `read` can tell."""


ACCEPTED = Accepted()
UNSURE = Unsure()

_FILES = {
    b"%PDF": "PDF", b"PK\x03\x04": "ZIP", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture", b"GIF8": "picture",
    b"\x1f\x8b": "compressed", b"\xd0\xcf\x11\xe0": "Office", b"BZh": "compressed", b"7z\xbc\xaf": "compressed",
}  # fmt: skip
_PAGE = re.compile(
    r"(?:<\?xml[^<>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)

#: The door looks no further than this: longer deliveries are rare enough to be read.
_MOST_AT_THE_DOOR = 65_536
_MOST_FIELDS_AT_THE_DOOR = 100

# What the door takes for certain is less than what the channels find: plain ASCII, nothing that needs mending.
_MAILBOX = rb"[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,60}[A-Za-z0-9])?@(?:[A-Za-z0-9-]{1,40}\.){1,4}[A-Za-z]{2,24}"
_DIALLED = rb"[+(]{0,2}\d(?:[ ()./-]{0,3}\d){5,14}"
_ADF_ROOT = re.compile(rb"<adf[\s>]")
_CUSTOMER = re.compile(rb"<customer(?:\s[^<>]*)?>")
_WAY_IN_ADF = re.compile(
    rb"<(?:phone(?:\s[^<>]*)?>\s*" + _DIALLED + rb"|email(?:\s[^<>]*)?>\s*" + _MAILBOX + rb")\s*<"
)
_WHOLE_MAILBOX = re.compile(_MAILBOX.decode(), re.ASCII)
_WHOLE_NUMBER = re.compile(_DIALLED.decode(), re.ASCII)
_WAYS = {"email": _WHOLE_MAILBOX, **dict.fromkeys(("phone", "mobile", "home", "work"), _WHOLE_NUMBER)}
_FORM_WAYS = {
    **dict.fromkeys((b"email", b"e-mail", b"email_address", b"emailadres", b"your-email"), _WHOLE_MAILBOX),
    **dict.fromkeys(
        (b"phone", b"phone_number", b"telephone", b"tel", b"mobile", b"your-phone"), _WHOLE_NUMBER
    ),
    **dict.fromkeys((b"telefoon", b"telefoonnummer", b"telefon", b"your-tel"), _WHOLE_NUMBER),
}
_CUSTOMERS = ("customer", "contact", "person", "klant", "kunde")
_NOT_PLAIN_JSON = frozenset({"entry", "data", "field_data", "leadgen_id", "user_column_data"})


def read(
    body: bytes,
    content_type: str | None,
    country: str = "NL",
    zone: ZoneInfo | None = None,
    received_at: datetime | None = None,
) -> list[Inquiry] | Refused:
    """The inquiries in the body, one for each prospect. Never raises, whatever the bytes.

    `country` (ISO 3166) and `zone` are the dealer's, for telephone numbers and dates without a zone.
    """
    delivery = Delivery(body, content_type, country, zone, received_at)
    try:
        refused = _refused_at_sight(delivery)
        if refused:
            return refused
        channel = _channel(delivery)
        return channel.read(delivery) if channel else UNKNOWN
    except Exception:  # a promise to the door: what we failed to foresee is put before a person, not lost
        return UNREADABLE


def recognise(body: bytes, content_type: str | None) -> str | None:
    """The name of the channel that reads this, or None."""
    delivery = Delivery(body, content_type)
    if _refused_at_sight(delivery):
        return None
    channel = _channel(delivery)
    return channel.name if channel else None


def _channel(delivery: Delivery) -> Channel | None:
    return next((channel for channel in CHANNELS if channel.recognises(delivery)), None)


def _refused_at_sight(delivery: Delivery) -> Refused | None:
    body = delivery.body
    if len(body) > LARGEST and not CHANNELS[0].recognises(delivery):
        return TOO_LARGE
    if not body[:10_000].strip(b"\0 \t\r\n\xef\xbb\xbf") and not body.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return EMPTY
    for start, kind in _FILES.items():
        if body.startswith(start):
            return Refused(say("this is a file (%(kind)s), not a lead", kind=kind))
    if (
        _PAGE.match(delivery.start)
        and delivery.media_type != "message/rfc822"
        and not holds_adf(delivery.text)
    ):
        return A_PAGE
    return None


def door_check(body: bytes, content_type: str | None) -> Accepted | Refused | Unsure:
    """The quick answer while the sender waits; whatever it says for certain, `read` says too."""
    declared = (content_type or "").lstrip().lower()
    if len(body) > _MOST_AT_THE_DOOR or b"\0" in body or declared.startswith(("multipart/", "message/")):
        return _refused_at_sight(Delivery(body, content_type)) or UNSURE
    first = body[:1]
    if first == b"<" and _names_contact_in_adf(body):
        return ACCEPTED
    if first == b"{":
        return ACCEPTED if _names_contact_in_json(body) else UNSURE
    if first.isalpha() and declared.startswith("application/x-www-form-urlencoded"):
        return ACCEPTED if _names_contact_in_a_form(body) else UNSURE
    return _refused_at_sight(Delivery(body, content_type)) or UNSURE


def _names_contact_in_adf(body: bytes) -> bool:
    """Within the first <customer>, and before any vendor or provider; comments, CDATA and quoting are no certainty."""
    customer = _CUSTOMER.search(body)
    if not customer or b"<!--" in body or b"\n>" in body:
        return False
    before = body[: customer.end()].lower()
    if b"<![cdata[" in before:
        return False
    after = body[customer.end() :].lower()
    ends = [
        end
        for end in (after.find(b"</customer"), after.find(b"<vendor"), after.find(b"<provider"))
        if end >= 0
    ]
    end = customer.end() + min(ends, default=len(after))
    return _ADF_ROOT.search(before) is not None and _WAY_IN_ADF.search(body, customer.end(), end) is not None


def _names_contact_in_json(body: bytes) -> bool:
    """At the top, or in the object that is called customer, contact or the like."""
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return False
    if len(values) > _MOST_FIELDS_AT_THE_DOOR or not _NOT_PLAIN_JSON.isdisjoint(values):
        return False
    if _names_contact(values):
        return True
    inner = [values[key] for key in _CUSTOMERS if isinstance(values.get(key), dict)]
    return any(
        len(who) <= _MOST_FIELDS_AT_THE_DOOR and "field" not in who and _names_contact(who) for who in inner
    )


def _names_contact(values: Mapping[str, Any]) -> bool:
    for key, value in values.items():
        if isinstance(value, str):
            what = meaning(key)
            if what and not what.about and (way := _WAYS.get(what.part)) and way.fullmatch(value):
                return True
    return False


def _names_contact_in_a_form(body: bytes) -> bool:
    if body.count(b"&") >= _MOST_FIELDS_AT_THE_DOOR or b"<" in body or b"&lt;" in body or b"\n" in body:
        return False
    for field in body.split(b"&"):
        key, _, value = field.partition(b"=")
        way = _FORM_WAYS.get(key.lower())
        if way and way.fullmatch(unquote_plus(value.decode("ascii", "replace"))):
            return True
    return False

"""One delivery as it came off the wire, decoded once for all channels that look at it."""

import json
import re
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

#: The character set that old programs of a country write without saying so.
_LEGACY = dict.fromkeys(("RU", "BY", "KZ", "UA", "BG", "RS", "MK", "KG"), "cp1251") | dict.fromkeys(
    ("PL", "CZ", "SK", "HU", "RO", "SI", "HR"), "cp1250"
)
#: Only these are believed when a sender declares them: they leave ASCII as it is.
_BELIEVED = re.compile(
    r"(?:iso-?8859-?\d\d?|latin-?\d|(?:windows-|cp)125\d|koi8-[ru]|mac-?(?:roman|cyrillic))", re.I
)
_DECLARED = re.compile(rb"""(?:encoding|charset)\s*=\s*\W{0,3}([A-Za-z0-9_-]{3,20})""")

NOT_JSON = object()


class Delivery:
    """The bytes, what their sender called them, and where and when they arrived."""

    def __init__(
        self,
        body: bytes,
        content_type: str | None = None,
        country: str = "NL",
        zone: ZoneInfo | None = None,
        received_at: datetime | None = None,
    ) -> None:
        self.body = body
        self.content_type = content_type or ""
        self.media_type = self.content_type.partition(";")[0].strip().lower()
        self.country = country.upper()
        self.zone = zone or ZoneInfo("UTC")
        self.received_at = received_at

    @cached_property
    def text(self) -> str:
        """The body as text, whatever character set it is really in."""
        return decode(self.body, self._declared, self.country)

    @cached_property
    def start(self) -> str:
        """The first characters that are not blank."""
        return decode(self.body[:8000], self._declared, self.country).lstrip("\ufeff \t\r\n")[:2000]

    @property
    def _declared(self) -> str | None:
        found = _DECLARED.search(self.content_type.encode("ascii", "ignore")) or _DECLARED.search(
            self.body, 0, 1000
        )
        return found[1].decode() if found else None

    @cached_property
    def json(self) -> Any:
        """The body as JSON values, or NOT_JSON. Whole numbers keep all their digits."""
        if not self.start.startswith(("{", "[")):
            return NOT_JSON
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            pass
        try:
            return json.loads(self.text.lstrip("\ufeff \t\r\n"), strict=False)
        except (ValueError, RecursionError):
            return NOT_JSON


def decode(body: bytes, declared: str | None, country: str) -> str:
    """Bytes as text: by its mark, by its look, as UTF-8, as declared, or as the country's old programs write."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    if b"\0" in body[:200] and (wide := _wide(body)):
        return body.decode(wide, "replace")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        if broken.reason == "unexpected end of data":  # cut off inside a character
            return body.decode("utf-8-sig", "ignore")
    if declared and _BELIEVED.fullmatch(declared):
        try:
            return body.decode(declared, "replace")
        except LookupError:
            pass
    return body.decode(_LEGACY.get(country, "cp1252"), "replace")


def _wide(body: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of Latin text is zero."""
    head = body[:200]
    if head[1::2].count(0) * 3 > len(head):
        return "utf-16-le"
    if head[0::2].count(0) * 3 > len(head):
        return "utf-16-be"
    return None

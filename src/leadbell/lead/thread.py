"""The signed name of a lead's thread of messages, as it stands in reply addresses, Message-IDs and opt-out links.

It is lower case, so that a mail server may fold it; it opens nothing but this one thread, and never expires.
"""

import base64
import hmac
import re
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

_SALT = "leadbell.lead.thread"
_NAME = re.compile(r"(?<![0-9a-z])([0-9a-z]{1,13})-([0-9a-z]{1,13})-([a-z2-7]{16})(?![0-9a-z])")
_LOCAL = "reply+"
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
#: A header with more names than this is nobody's answer.
_MOST_LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Thread:
    """Whose words with whom: a dealer's with the customer of a lead."""

    dealer: int
    lead: int

    @property
    def name(self) -> str:
        """`3-15-…`: dealer and lead in base 36, and what proves that they were written here."""
        return f"{_base36(self.dealer)}-{_base36(self.lead)}-{_proof(self.dealer, self.lead)}"

    def reply_address(self, domain: str) -> str:
        return f"{_LOCAL}{self.name}@{domain}"


def thread_named(name: str) -> Thread | None:
    """None where it was not signed here."""
    found = _NAME.fullmatch(name.strip().lower())
    return _checked(found) if found else None


def thread_of_address(address: str) -> Thread | None:
    """The thread of `reply+…@anything`; None for every other address."""
    local = address.rpartition("@")[0] or address
    return thread_named(local[len(_LOCAL) :]) if local.lower().startswith(_LOCAL) else None


def thread_in(headers: str) -> Thread | None:
    """The first thread of ours that References, In-Reply-To or a returned message names."""
    for count, found in enumerate(_NAME.finditer(headers.lower())):
        if count >= _MOST_LOOKED_AT:
            return None
        if thread := _checked(found):
            return thread
    return None


def _checked(found: re.Match[str]) -> Thread | None:
    dealer, lead = int(found[1], 36), int(found[2], 36)
    if max(dealer, lead) >= 1 << 63 or not hmac.compare_digest(_proof(dealer, lead), found[3]):
        return None
    return Thread(dealer, lead)


def _proof(dealer: int, lead: int) -> str:
    digest = salted_hmac(_SALT, f"{dealer}:{lead}", algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode().lower()


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
        if not number:
            return digits

"""The signed number under which a lead goes out to a dealer's DMS or CRM: whoever sends it back is recognised."""

import base64
import hmac
import re
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

#: The number of no lead: a test of a connection goes out under it.
TEST_LEAD = 0
_SALT = "leadbell.lead.reference"
_WRITTEN = re.compile(
    r"(?<![0-9a-z])leadbell-(\d{1,18})-(\d{1,18})-([a-z2-7]{16})(?![0-9a-z])", re.IGNORECASE
)
#: A delivery with more of them is nobody's answer.
_MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True)
class Reference:
    """A lead of a dealer, as other systems know it."""

    dealer: int
    lead: int

    @property
    def name(self) -> str:
        """`leadbell-3-41-…`: dealer and lead, and what proves that it was written here."""
        return f"leadbell-{self.dealer}-{self.lead}-{_proof(self.dealer, self.lead)}"


def references_in(text: str) -> frozenset[Reference]:
    """Every lead of ours that the text names; what was not signed here is none."""
    found = set()
    for count, one in enumerate(_WRITTEN.finditer(text)):
        if count >= _MOST_LOOKED_AT:
            break
        about = Reference(int(one[1]), int(one[2]))
        if hmac.compare_digest(_proof(about.dealer, about.lead), one[3].lower()):
            found.add(about)
    return frozenset(found)


def _proof(dealer: int, lead: int) -> str:
    digest = salted_hmac(_SALT, f"{dealer}:{lead}", algorithm="sha256").digest()
    return base64.b32encode(digest[:10]).decode().lower()

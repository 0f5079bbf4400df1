"""Links in our messages that tell who follows them: signed, and over after a time."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.signing import BadSignature, Signer

PARAMETER = "leadbell"
GOOD_FOR = timedelta(days=30)
#: In place of a lead: the browser of one of the dealer's own people.
OWN = 0
_SALT = "leadbell.visits.link"


@dataclass(frozen=True, slots=True)
class Link:
    """Whose link it is; `evidence` is JSON."""

    lead: int
    evidence: str


def link_for(address: str, dealer: int, lead: int, now: datetime) -> str:
    """The address with a parameter by which the lead's customer is recognised, for GOOD_FOR, by this dealer only."""
    made = Signer(salt=_SALT).sign_object([dealer, lead, int(now.timestamp())], compress=False)
    parts = urlsplit(address)
    query = [(name, value) for name, value in parse_qsl(parts.query, True) if name != PARAMETER]
    return urlunsplit(parts._replace(query=urlencode([*query, (PARAMETER, made)])))


def own_link_for(address: str, dealer: int, now: datetime) -> str:
    """The address with a parameter that marks the browser that opens it as the dealer's own: no customer's visit."""
    return link_for(address, dealer, OWN, now)


def read_link(said: str, dealer: int, now: datetime) -> Link | None:
    """None where it was not made here, for another dealer, or too long ago."""
    try:
        for_dealer, lead, made = Signer(salt=_SALT).unsign_object(said)
    except (BadSignature, ValueError, TypeError):
        return None
    age = now.timestamp() - made
    if for_dealer != dealer or not 0 <= age <= GOOD_FOR.total_seconds():
        return None
    return Link(lead, json.dumps({"link": made}))

"""Which numbers may be dialled for a dealer; what is refused is written down, without the number."""

from collections.abc import Collection

import structlog

from leadbell.dealers.models import Organisation
from leadbell.lead.law import may_dial
from leadbell.refused import Refused

log = structlog.get_logger("leadbell.calls")


def may_ring(number: str, dealer: Organisation, countries: Collection[str]) -> Refused | None:
    """Whether this number (E.164) may be dialled now that somebody wants it; `countries` besides the dealer's own."""
    refused = may_dial(number, dealer.country, countries)
    if refused is not None:
        because = refused.because.text % refused.because.values
        log.warning("a number was refused, and nothing dialled", dealer=dealer.pk, because=because)
    return refused

"""What was agreed, said with a key by a salesperson who has no screen open."""

from datetime import datetime, timedelta

from django.db import transaction

from leadbell.conversation.actions import agree_call_back, promise_quote
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.ring.calls import lead_of
from leadbell.ring.ports import Heard
from leadbell.sale.actions import lose


@transaction.atomic
def keyed(news: Heard) -> None:
    """A quote, a call back tomorrow at this time (when the dealer is open), or no interest; other keys say nothing."""
    number = lead_of(news.key)
    if number is None or news.person is None:
        return
    agreed_by_key(locked(number), news.person, news.digit, news.at)


def agreed_by_key(lead: Lead, person: int, key: str, now: datetime) -> bool:
    """What the key says was agreed is written down; False for a key that says nothing."""
    match key:
        case "1":
            promise_quote(lead, person, now)
        case "2":
            tomorrow = lead.dealer.opening_hours.shift_into_hours(now + timedelta(days=1))
            agree_call_back(lead, person, tomorrow, now)
        case "3":
            lose(lead, person, "no_interest", now)
        case _:
            return False
    return True

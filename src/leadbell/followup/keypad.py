"""What was agreed, said with a key by a salesperson who has no screen open."""

from datetime import timedelta

from django.db import transaction

from leadbell.conversation.actions import agree_call_back, promise_quote
from leadbell.lead.journal import locked
from leadbell.ring.calls import lead_of
from leadbell.ring.ports import Heard
from leadbell.sale.actions import lose


@transaction.atomic
def keyed(news: Heard) -> None:
    """A quote, a call back tomorrow at this time (when the dealer is open), or no interest; other keys say nothing."""
    number = lead_of(news.key)
    if number is None or news.person is None:
        return
    lead = locked(number)
    match news.digit:
        case "1":
            promise_quote(lead, news.person, news.at)
        case "2":
            tomorrow = lead.dealer.opening_hours.shift_into_hours(news.at + timedelta(days=1))
            agree_call_back(lead, news.person, tomorrow, news.at)
        case "3":
            lose(lead, news.person, "no_interest", news.at)

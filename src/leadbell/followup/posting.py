"""A stored message becomes a letter: the words, the way to opt out, and links by which the customer is recognised."""

import re
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from leadbell.conversation.models import Message, MessageSetup
from leadbell.conversation.ports import Letter
from leadbell.conversation.wording import foot, page, plain
from leadbell.lead.thread import Thread
from leadbell.visits.links import link_for
from leadbell.visits.shelves import origins_of

#: A customer's program may have named its mail by anything.
_REFERENCE = re.compile(r"<[!-;=?-~]{3,290}>")


def letter_of(message: Message, now: datetime) -> Letter:
    """The message as its carrier sends it; `message` with its dealer, lead and customer."""
    lead, dealer = message.lead, message.dealer
    thread = Thread(message.dealer_id, message.lead_id)
    url = opt_out_url(thread)
    below = foot("email" if message.carrier == "email" else "sms", message.language, dealer.name, url)
    signed = signed_for(thread, now)
    writer = message.by.name if message.by else ""
    if message.carrier == "sms":
        # Twilio refuses an address it can't call.
        public = settings.PUBLIC_URL.startswith("https://")
        status = f"{settings.PUBLIC_URL}/messages/twilio/{message.dealer_id}/{message.pk}/" if public else ""
        text = message.text if message.way == "ask" else f"{plain(message.text, signed)}\n{below}"
        return Letter(message.key, message.address, text, status_url=status)
    setup = MessageSetup.objects.filter(dealer=message.dealer_id).first()
    ours = thread.reply_address(settings.MAIL_DOMAIN)
    return Letter(
        key=message.key, to=message.address, to_name=lead.customer.full_name,
        from_name=f"{writer} · {dealer.name}" if writer else dealer.name, subject=message.subject,
        text=f"{plain(message.text, signed)}\n\n-- \n{below}\n", html=page(message.text, below, url, signed),
        message_id=message.message_id, references=tuple(_REFERENCE.findall(message.references)),
        reply_to=ours if setup and setup.replies == MessageSetup.Replies.OURS else "",
        return_path=ours if setup and setup.bounces_here else "", opt_out_url=url, calendar=message.calendar,
        automatic=message.by_id is None,
    )  # fmt: skip


def opt_out_url(thread: Thread) -> str:
    return f"{settings.PUBLIC_URL}/o/{thread.name}/"


def signed_for(thread: Thread, now: datetime) -> Callable[[str], str]:
    """Links to the dealer's own websites tell who follows them; others stay as they are."""
    origins = frozenset(origins_of(thread.dealer))

    def signed(url: str) -> str:
        try:
            parts = urlsplit(url)
        except ValueError:  # `http://[`: it leads nowhere, and is sent as it was written
            return url
        ours = f"{parts.scheme}://{parts.netloc}".lower() in origins
        return link_for(url, thread.dealer, thread.lead, now) if ours else url

    return signed

"""The carriers there are. Nobody else names one."""

from functools import lru_cache
from typing import Any

from leadbell.conversation.ports import Carrier, CarrierName, Mailbox


@lru_cache(maxsize=1)
def _email() -> Carrier:
    from leadbell.conversation.carriers.smtp import Smtp

    return Smtp()


def carrier_for(name: CarrierName, settings: Any) -> Carrier | None:
    """The carrier of this name; None where it is not set up here."""
    if name == "email":
        return _email()
    if settings.TWILIO_ACCOUNT and settings.TWILIO_TOKEN:
        from leadbell.conversation.carriers.twilio import Twilio

        return Twilio(settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, settings.TWILIO_URL)
    return None


def mailbox() -> Mailbox:
    """What reads a dealer's own mailbox."""
    from leadbell.conversation.carriers.imap import Imap

    return Imap()

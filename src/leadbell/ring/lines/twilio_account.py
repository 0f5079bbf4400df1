"""The Twilio account, as a call sees it: what goes wrong is a leg that failed."""

from leadbell import twilio_rest
from leadbell.ring.ports import How, LegFailed, Unsure
from leadbell.twilio_rest import TIMEOUT_S, Form

__all__ = ["TIMEOUT_S", "Account", "Form", "Gone", "NotOurs", "Refuses", "Unsure"]


class Refuses(LegFailed, twilio_rest.Failed):
    """Twilio refuses it; `code` says why."""


class Gone(LegFailed):
    """What was asked for no longer exists, or its call is over."""


class NotReached(Unsure):
    """Nobody was there to hear it: it surely wasn't done."""

    how: How = "failed"


class NotOurs(LegFailed):
    """The account or its token is refused."""


class Account(twilio_rest.Account):
    """One Twilio account. What goes wrong is a LegFailed whose words hold neither secrets nor numbers."""

    failures = twilio_rest.Failures(Refuses, Gone, Unsure, NotOurs, NotReached)

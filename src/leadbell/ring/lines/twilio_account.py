"""The Twilio account, as a call sees it: what goes wrong is a leg that failed."""

from leadbell import twilio_rest
from leadbell.ring.ports import LegFailed
from leadbell.twilio_rest import TIMEOUT_S, Form

__all__ = ["TIMEOUT_S", "Account", "Form", "Gone", "NotOurs", "Unsure"]


class Gone(LegFailed):
    """What was asked for no longer exists, or its call is over."""


class Unsure(LegFailed):
    """No answer, or none that says anything: it may have been done nevertheless."""


class NotOurs(LegFailed):
    """The account or its token is refused."""


class Account(twilio_rest.Account):
    """One Twilio account. What goes wrong is a LegFailed whose words hold neither secrets nor numbers."""

    failures = twilio_rest.Failures(LegFailed, Gone, Unsure, NotOurs, not_reached=Unsure)

"""What a carrier promises: one letter goes out, and what became of it is a value, never an exception."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from leadbell.words import Words

CarrierName = Literal["email", "sms"]
Security = Literal["starttls", "tls", "none"]


def carrier_named(said: str) -> CarrierName:
    """What a form calls `sms`, else e-mail."""
    return "sms" if said == "sms" else "email"


@dataclass(frozen=True, slots=True)
class Account:
    """Where a dealer's messages go out. Its secrets are never shown."""

    sender: str
    host: str = ""
    port: int = 0
    security: Security = "starttls"
    login: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, ready to go: everything a carrier needs and nothing it has to look up."""

    key: str
    to: str
    text: str
    to_name: str = ""
    from_name: str = ""
    subject: str = ""
    html: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    reply_to: str = ""
    #: Where undeliverable mail comes back to; empty: to the sender.
    return_path: str = ""
    #: One click opts out (RFC 8058).
    opt_out_url: str = ""
    calendar: str = ""
    #: Nobody pressed "Send": other machines are told, so that none answers.
    automatic: bool = False
    #: Where the carrier tells what becomes of it.
    status_url: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """The carrier has taken it over; `provider_id` is its own name for it."""

    provider_id: str = ""


@dataclass(frozen=True, slots=True)
class NotNow:
    """Surely not sent; worth another try. `ours`: the account fails, not this letter."""

    because: Words
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Never:
    """Surely not sent, and no other try helps. `dead`: this address doesn't work at all."""

    because: Words
    dead: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Perhaps:
    """The connection broke when it may have been sent: it is not repeated by itself."""

    because: Words


Outcome = Sent | NotNow | Never | Perhaps


class Carrier(Protocol):
    """Takes letters to customers."""

    def send(self, account: Account, letter: Letter) -> Outcome:
        """Send it once. Blocks for seconds; called outside transactions, in a thread."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came to a mailbox, raw and oldest first, and how far it has been read."""

    validity: int
    uid: int
    mails: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class MailboxAway:
    """Nothing could be read, in words."""

    because: Words


class Mailbox(Protocol):
    """Reads what came back to a dealer's own mailbox."""

    def fetch(
        self, account: Account, validity: int, uid: int, seen_at: datetime | None
    ) -> Fetched | MailboxAway:
        """What came after `uid`. Blocks for seconds; called outside transactions, in a thread."""
        ...

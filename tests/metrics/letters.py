"""What letters to our own people are tried with: a round of the messenger, and what the mail server got."""

from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from types import SimpleNamespace

from leadbell.conversation.carriers import carrier_for
from leadbell.dealers.models import Person
from leadbell.followup.messenger import Messenger
from tests.conversation.mail import Taken


def run(now: datetime) -> None:
    """One round of the messenger, to its end."""
    messenger = Messenger(lambda: now, lambda name: carrier_for(name, SimpleNamespace()))
    try:
        messenger.step()
        messenger.finish(10)
    finally:
        messenger.close()


def sent_to(
    person: Person, taken: Taken, write_due: Callable[[datetime], int], now: datetime
) -> EmailMessage:
    """The one letter that is due, as the mail server took it."""
    assert write_due(now) == 1
    run(now)
    ((_, recipients, mail),) = taken.letters
    assert recipients == [person.email]
    return mail


def parts(mail: EmailMessage) -> list[str]:
    """Its text and its page."""
    return [mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html")]

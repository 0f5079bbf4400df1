"""A real SMTP server on loopback (aiosmtpd), with moods: what dealers' mail servers do."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from django.utils import timezone

from leadbell.conversation.models import MessageSecret, MessageSetup
from leadbell.dealers.models import Organisation


class Taken:
    """What the server took, and what it answers instead of 250."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, list[str], EmailMessage]] = []
        self.to_recipient = "250 OK"
        self.to_message = "250 OK"
        #: Takes the message and then hangs up without an answer.
        self.hangs_up = False

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.to_message.startswith("250"):
            message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
            assert isinstance(message, EmailMessage)
            self.letters.append((envelope.mail_from, envelope.rcpt_tos, message))
        if self.hangs_up:
            server.transport.abort()
        return self.to_message


class MailServer(Controller):
    """On any free port."""

    def __init__(self, taken: Taken, **about: Any) -> None:
        super().__init__(taken, hostname="127.0.0.1", port=0, ready_timeout=20, **about)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def set_up_mail(dealer: Organisation, port: int, **about: Any) -> MessageSetup:
    """E-mail over this port of the machine, without encryption."""
    MessageSecret.objects.get_or_create(dealer=dealer, defaults={"password": ""})
    known = {"mail_on": True, "sender": "sales@northside.example", "host": "127.0.0.1", "port": port,
             "security": "none", "changed_at": timezone.now()} | about  # fmt: skip
    setup, _ = MessageSetup.objects.update_or_create(dealer=dealer, defaults=known)
    return setup

"""Messages with customers, what arrived before it was read, and how a dealer sends and receives."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class MessageSetup(models.Model):
    """How a dealer's messages go out and come back. Its passwords are in MessageSecret."""

    class Security(models.TextChoices):
        STARTTLS = "starttls", _("STARTTLS")
        TLS = "tls", _("TLS from the first byte")
        NONE = "none", _("not encrypted (a server on this machine only)")

    class Replies(models.TextChoices):
        MAILBOX = "mailbox", _("to our mailbox, which is read by IMAP")
        OURS = "ours", _("straight to Leadbell’s own mail address")
        UNSEEN = "unseen", _("to our mailbox, and Leadbell doesn’t see them")

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    #: E-mail goes out while this is on and `sender` and `host` are known.
    mail_on = models.BooleanField(default=False)
    sender = models.CharField(max_length=254, blank=True, default="")
    host = models.CharField(max_length=253, blank=True, default="")
    port = models.IntegerField(default=587)
    security = models.CharField(max_length=8, choices=Security, default=Security.STARTTLS)
    login = models.CharField(max_length=254, blank=True, default="")
    replies = models.CharField(max_length=7, choices=Replies, default=Replies.UNSEEN)
    #: Undeliverable mail comes back to Leadbell's own address; not every provider lets it.
    bounces_here = models.BooleanField(default=False)
    imap_host = models.CharField(max_length=253, blank=True, default="")
    imap_port = models.IntegerField(default=993)
    imap_security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    imap_login = models.CharField(max_length=254, blank=True, default="")
    #: How far the mailbox was read: UIDVALIDITY, and the last UID.
    imap_validity = models.BigIntegerField(default=0)
    imap_uid = models.BigIntegerField(default=0)
    imap_at = models.DateTimeField(null=True, blank=True)
    imap_looked_at = models.DateTimeField(null=True, blank=True)
    imap_because = models.JSONField(null=True, blank=True)
    #: When mail last went out, and why it doesn't, in words.
    mail_at = models.DateTimeField(null=True, blank=True)
    mail_because = models.JSONField(null=True, blank=True)
    #: The last test: whom to send it to, when it was asked for, and what came of it (`asked`, `sent`, `failed`).
    test_to = models.CharField(max_length=254, blank=True, default="")
    test_at = models.DateTimeField(null=True, blank=True)
    test_status = models.CharField(max_length=6, blank=True, default="")
    test_because = models.JSONField(null=True, blank=True)
    #: The dealer's number for texts, E.164; empty sends none.
    sms_number = models.CharField(max_length=20, blank=True, default="")
    #: What may be sent without anybody pressing "Send".
    automations = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    changed_at = models.DateTimeField()

    @property
    def mails(self) -> bool:
        return bool(self.mail_on and self.sender and self.host)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["sms_number"], name="one_dealer_per_sms_number", condition=~Q(sms_number="")
            ),
        )


class MessageSecret(models.Model):
    """Passwords of the mail account: the web may write them and never read them."""

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    password = models.CharField(max_length=200, blank=True, default="")
    imap_password = models.CharField(max_length=200, blank=True, default="")


class Message(models.Model):
    """One message, out or in. Who wrote it never changes: without a person it is automation, or the customer's."""

    class Way(models.TextChoices):
        OUT = "out"
        IN = "in"
        #: To the salesperson: what was agreed?
        ASK = "ask"

    class Carrier(models.TextChoices):
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("text message")

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting to be sent")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("not sent")
        BOUNCED = "bounced", _("came back")
        UNSURE = "unsure", _("perhaps sent")
        RECEIVED = "received", _("received")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="messages", db_index=False)
    way = models.CharField(max_length=3, choices=Way)
    carrier = models.CharField(max_length=5, choices=Carrier)
    #: Names it for ever: what is asked for twice is one message.
    key = models.CharField(max_length=64)
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    #: Which automation sent it; of what came in: an automatic reply.
    automation = models.CharField(max_length=20, blank=True, default="")
    status = models.CharField(max_length=9, choices=Status)
    #: Whom it goes to, or came from: an e-mail address or a number (E.164).
    address = models.CharField(max_length=320)
    #: Of a question to a salesperson: the letter that its answers may begin with.
    subject = models.CharField(max_length=250, blank=True, default="")
    text = models.TextField()
    #: An invitation that goes along (iCalendar), or the names of what came along.
    calendar = models.TextField(blank=True, default="")
    files = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    language = models.CharField(max_length=5, blank=True, default="")
    message_id = models.CharField(max_length=300, blank=True, default="")
    references = models.TextField(blank=True, default="")
    #: The carrier's own name for it.
    provider_id = models.CharField(max_length=100, blank=True, default="")
    created_at = models.DateTimeField()
    #: When it is tried (again); None: not by itself.
    send_at = models.DateTimeField(null=True, blank=True)
    tries = models.SmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    because = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["lead", "created_at"], name="message_of_lead"),
            models.Index(fields=["send_at"], name="message_due", condition=Q(status="queued")),
            models.Index(fields=["id"], name="message_under_way", condition=Q(status="sending")),
            models.Index(
                fields=["dealer", "message_id"], name="message_by_its_id", condition=~Q(message_id="")
            ),
        )
        constraints = (models.UniqueConstraint(fields=["lead", "key"], name="one_message_per_key"),)


class Incoming(models.Model):
    """What arrived, as it arrived, committed before anybody is told so; read afterwards."""

    class Status(models.TextChoices):
        UNREAD = "unread", _("unread")
        READ = "read", _("read")
        ASIDE = "aside", _("nobody’s answer")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    carrier = models.CharField(max_length=5, choices=Message.Carrier)
    #: `mail`, or what Twilio tells: `text`, `status`.
    kind = models.CharField(max_length=6)
    #: The same thing told twice is kept once.
    key = models.CharField(max_length=200)
    #: The lead whose reply address it came to.
    lead = models.BigIntegerField(null=True, blank=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    status = models.CharField(max_length=6, choices=Status, default=Status.UNREAD, db_default="unread")
    because = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["received_at"], name="incoming_unread", condition=Q(status="unread")),
        )
        constraints = (
            models.UniqueConstraint(fields=["dealer", "carrier", "key"], name="one_incoming_per_key"),
        )


class MessageTemplate(models.Model):
    """A dealer's own words in place of the default ones."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=20)
    carrier = models.CharField(max_length=5, choices=Message.Carrier)
    language = models.CharField(max_length=5)
    subject = models.CharField(max_length=250, blank=True, default="")
    text = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["dealer", "name", "carrier", "language"], name="one_template_of_a_name"
            ),
        )


class Signature(models.Model):
    """What stands under a salesperson's messages, in their own words."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="+")
    text = models.CharField(max_length=500)


class DeadAddress(models.Model):
    """An address that doesn't work, and why; nothing is sent there until somebody says otherwise."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    carrier = models.CharField(max_length=5, choices=Message.Carrier)
    address = models.CharField(max_length=320)
    since = models.DateTimeField()
    because = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["dealer", "carrier", "address"], name="one_dead_address"),
        )


class StaffMail(models.Model):
    """An e-mail to one of our own people: asked for, or about something they look after. No customer is in it; the web
    sees only what became of it."""

    #: Whose account it goes out by.
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    #: Names it for ever: `week:2026-11-16` is written once.
    key = models.CharField(max_length=40)
    status = models.CharField(max_length=9, choices=Message.Status)
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=250)
    text = models.TextField()
    html = models.TextField()
    opt_out_url = models.CharField(max_length=300)
    message_id = models.CharField(max_length=300)
    created_at = models.DateTimeField()
    #: When it is tried (again); None: not by itself.
    send_at = models.DateTimeField(null=True, blank=True)
    tries = models.SmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    because = models.JSONField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["send_at"], name="staff_mail_due", condition=Q(status="queued")),)
        constraints = (models.UniqueConstraint(fields=["person", "key"], name="one_staff_mail_per_key"),)

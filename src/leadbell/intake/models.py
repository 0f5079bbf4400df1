"""What arrived, as it arrived: the raw input is committed before anybody is told it was accepted.

A foreign key has no index of its own where another one begins with it, or nobody asks by it.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead


class Source(models.Model):
    """Where a dealer's leads come from: one unguessable key per dealer and source, carrying the origin."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    origin = models.CharField(max_length=12, choices=Lead.Origin)
    key = models.CharField(max_length=40, unique=True)
    #: What the platform signs or repeats: Meta's app secret, Google's key. Empty: not checked.
    secret = models.CharField(max_length=120, blank=True, default="")
    #: Meta's access token for the page whose leads these are; the mouth may not see it. Empty: none is fetched.
    access_token = models.CharField(max_length=1000, blank=True, default="", db_default="")
    #: `site`: forms our script catches on the dealer's pages; `crm`: what the dealer's own CRM sends on to us.
    #: The same lead by two ways is one lead, and the two are compared.
    way = models.CharField(max_length=4, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["id"], name="source_fetches", condition=~Q(access_token="")),)

    def __str__(self) -> str:
        return self.name


class Envelope(models.Model):
    """One delivery, raw. It ends as read (its inquiries say what became of it), duplicate or quarantined."""

    class Status(models.TextChoices):
        ACCEPTED = "accepted", _("accepted")
        READ = "read", _("read")
        DUPLICATE = "duplicate", _("duplicate")
        QUARANTINED = "quarantined", _("quarantined")

    id = models.UUIDField(primary_key=True)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    received_at = models.DateTimeField()
    #: http, smtp or hand (typed in on the Inbox screen).
    transport = models.CharField(max_length=5)
    content_type = models.CharField(max_length=200, blank=True, default="")
    body = models.BinaryField()
    sha256 = models.BinaryField(max_length=32)
    idempotency_key = models.CharField(max_length=200, null=True, blank=True)
    status = models.CharField(max_length=11, choices=Status, default=Status.ACCEPTED)
    #: Words as JSON: why it was quarantined, or is a duplicate.
    reason = models.JSONField(null=True, blank=True)
    #: Prospects found in it; 1 until it is read.
    items = models.IntegerField(default=1)
    #: Corrected by hand on the Inbox screen, or (`released_by` is empty) fetched from where the body points: read in
    #: place of `body`, which stays as it arrived.
    corrected = models.BinaryField(null=True, blank=True)
    released_by = models.BigIntegerField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    #: When its answers are fetched (again), and how often that was tried.
    fetch_at = models.DateTimeField(null=True, blank=True)
    fetch_tries = models.SmallIntegerField(default=0, db_default=0)

    class Meta:
        indexes = (
            models.Index(fields=["received_at"], name="envelope_unread", condition=Q(status="accepted")),
            models.Index(fields=["dealer", "-received_at"], name="envelope_newest"),
            models.Index(
                fields=["dealer", "-received_at"],
                name="envelope_quarantined",
                condition=Q(status="quarantined"),
            ),
            models.Index(fields=["source", "sha256"], name="envelope_same_bytes"),
            models.Index(
                fields=["source"],
                name="envelope_waiting",
                condition=Q(status="quarantined", dismissed_at__isnull=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["source", "idempotency_key", "sha256"], name="one_envelope_per_delivery",
                condition=Q(idempotency_key__isnull=False),
            ),
        )  # fmt: skip

    @property
    def is_corrected_by_hand(self) -> bool:
        """Whether a person, not a fetch, wrote what is read in place of `body`."""
        return self.corrected is not None and self.released_at is not None and self.released_by is not None


class Inquiry(models.Model):
    """One prospect of an envelope as it was understood, and what became of it."""

    class Outcome(models.TextChoices):
        OPENED = "opened", _("new lead")
        JOINED = "joined", _("same customer asked again")
        DUPLICATE = "duplicate", _("same delivery again")

    envelope = models.ForeignKey(Envelope, models.PROTECT, related_name="inquiries", db_index=False)
    place = models.IntegerField()
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="inquiries", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome)
    because = models.JSONField(null=True, blank=True)
    #: The sender's own id of the lead.
    sender_id = models.CharField(max_length=200, blank=True, default="")
    understood = models.JSONField()
    received_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(
                fields=["source", "sender_id"], name="inquiry_of_sender", condition=~Q(sender_id="")
            ),
            models.Index(fields=["lead", "id"], name="inquiry_of_lead"),
        )
        constraints = (
            models.UniqueConstraint(fields=["envelope", "place"], name="one_inquiry_per_prospect"),
        )


class CaughtForms(models.Model):
    """The catching of forms on one website, which is named by its number: it lives in another room."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.BigIntegerField(unique=True)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    is_on = models.BooleanField(default=False)
    #: Which forms, as a CSS selector; empty: all that hold a phone number or an e-mail address.
    selector = models.CharField(max_length=200, blank=True, default="")
    #: {"name" | "phone" | "email" | "message": CSS selector}, where guessing isn't enough.
    fields = models.JSONField(default=dict, blank=True)
    changed_at = models.DateTimeField()


class SettledGap(models.Model):
    """A person looked at a lead that came by one way and not by the other, and said what it is."""

    class How(models.TextChoices):
        KNOWN = "known", _("known: it is in the CRM")
        SENT_ON = "sent_on", _("sent on by hand")
        FALSE_ALARM = "false_alarm", _("no lead at all")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    #: What it did not come by: `crm`, or `ways`, any other.
    missing = models.CharField(max_length=4)
    how = models.CharField(max_length=11, choices=How)
    by = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["lead", "missing"], name="one_word_per_gap"),)

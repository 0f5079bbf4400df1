"""The systems that a dealer lets know, and what each was told: every event, and every try to deliver it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead


class DmsReceiver(models.Model):
    """A DMS or CRM of the dealer's. Where it lies is in DmsPlace, what we sign with in DmsKey."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", _("webhook")
        ADF_HTTP = "adf_http", _("ADF by HTTP")
        ADF_MAIL = "adf_mail", _("ADF by e-mail")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    #: Of its address what may be shown: the server's name.
    host = models.CharField(max_length=253)
    #: {kind of fact: event}, of the events it is told; the database looks here when a fact is written.
    kinds = models.JSONField(default=dict)
    #: Since when a person, or its own failing, keeps everything waiting; and why, in words.
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.JSONField(null=True, blank=True)
    #: How often in a row it failed, since when, why, and until when it is left in peace.
    failures = models.IntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    because = models.JSONField(null=True, blank=True)
    rest_until = models.DateTimeField(null=True, blank=True)
    last_taken_at = models.DateTimeField(null=True, blank=True)
    #: Managers get an e-mail when it takes nothing any more; since when they know of the outage that goes on.
    mails = models.BooleanField(default=True, db_default=True)
    outage_told_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["dealer"], name="dms_receiver_of"),)

    def __str__(self) -> str:
        return self.name

    @property
    def events(self) -> list[str]:
        """What it is told."""
        return list(dict.fromkeys(self.kinds.values()))

    @property
    def was_paused_by_us(self) -> bool:
        return self.paused_at is not None and self.paused_because is not None


class DmsPlace(models.Model):
    """A receiver's address, user and password: the web may write them and never read them."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    receiver = models.OneToOneField(DmsReceiver, models.CASCADE, related_name="place")
    address = models.CharField(max_length=2000)
    login = models.CharField(max_length=254, blank=True, default="")
    password = models.CharField(max_length=500, blank=True, default="")


class DmsKey(models.Model):
    """A signing secret, valid `until` then; written by the web, which shows it once and can't read it again."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(DmsReceiver, models.CASCADE, related_name="keys")
    secret = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)


class DmsDelivery(models.Model):
    """One event for one receiver; written with the fact it tells of, in the same transaction."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("on its way")
        TAKEN = "taken", _("taken")
        FAILED = "failed", _("given up")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    receiver = models.ForeignKey(DmsReceiver, models.CASCADE, related_name="deliveries", db_index=False)
    #: None for a test.
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    #: The fact's number; None where it tells of none.
    fact = models.BigIntegerField(null=True, blank=True)
    event = models.CharField(max_length=24)
    #: Names the event for ever, however often it is sent.
    number = models.UUIDField()
    at = models.DateTimeField()
    #: What is sent: composed at the first try, the same at each. Taken away with its customer.
    body = models.TextField(null=True, blank=True)
    status = models.CharField(max_length=7, choices=Status, db_default="waiting", default=Status.WAITING)
    tries = models.IntegerField(db_default=0, default=0)
    first_tried_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["receiver", "at", "id"], name="dms_delivery_waiting", condition=Q(status="waiting")
            ),
            models.Index(fields=["receiver", "-id"], name="dms_delivery_newest"),
            models.Index(
                fields=["receiver", "-id"], name="dms_delivery_given_up", condition=Q(status="failed")
            ),
            models.Index(fields=["lead"], name="dms_delivery_of_lead"),
            models.Index(
                fields=["settled_at"], name="dms_delivery_old", condition=Q(settled_at__isnull=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["receiver", "fact"], name="one_delivery_per_fact", condition=Q(fact__isnull=False)
            ),
        )

    @property
    def last_try(self) -> "DmsTry | None":
        return max(self.attempts.all(), key=lambda one: one.pk, default=None)

    @property
    def message_id(self) -> str:
        return f"msg_{self.number.hex}"


class DmsTry(models.Model):
    """One try to deliver: what was answered, how fast, or why nothing was."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    delivery = models.ForeignKey(DmsDelivery, models.CASCADE, related_name="attempts")
    at = models.DateTimeField()
    took_ms = models.IntegerField()
    #: The HTTP status; None where nothing was answered, and for e-mail.
    code = models.SmallIntegerField(null=True, blank=True)
    because = models.JSONField(null=True, blank=True)
    #: How the answer begins.
    answer = models.CharField(max_length=500, blank=True, default="")

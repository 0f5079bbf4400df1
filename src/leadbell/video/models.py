"""Videos that salespeople record for one customer."""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class Video(models.Model):
    """One video; it lies on the recordings' shelf in the pieces it came in."""

    class Status(models.TextChoices):
        COMING = "coming", _("being uploaded")
        KEPT = "kept", _("saved")
        DELETED = "deleted", _("deleted")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="videos")
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=7, choices=Status, default=Status.COMING)
    #: `webm` or `mp4`, as its first bytes say.
    kind = models.CharField(max_length=4, blank=True, default="")
    #: Bytes of each piece, in order.
    sizes = ArrayField(models.IntegerField(), default=list)
    length_ms = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    #: Nobody can see it any more from then on, and it is taken off the shelf.
    delete_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    watched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["delete_at"], name="video_due", condition=Q(delete_at__isnull=False)),
        )

    @property
    def bytes(self) -> int:
        return sum(self.sizes)

    def piece(self, nth: int) -> str:
        """Where a piece lies: `2026/11/<number>-003.video`. The name says nothing about anybody."""
        return f"{self.created_at:%Y/%m}/{self.pk.hex}-{nth:03}.video"

    def can_be_seen(self, now: datetime) -> bool:
        return self.status == self.Status.KEPT and self.delete_at is not None and self.delete_at > now

"""What a dealer wants to be told about customers who come back, and what was told."""

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead
from leadbell.unlost.rules import CAP, QUIET_DAYS, SOLD_QUIET_DAYS

ON_EVERY_PAGE = timedelta(minutes=10)


class UnlostChoice(models.Model):
    """The dealer's own choices; without a row the defaults hold."""

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+", primary_key=True)
    enabled = models.BooleanField(default=True)
    #: Without a human's work for so many days an open lead is treated as lost.
    quiet_days = models.SmallIntegerField(default=QUIET_DAYS)
    #: So many alerts a person gets on one day; the rest wait in the list.
    cap = models.SmallIntegerField(default=CAP)
    #: Who bought is left alone for so many days.
    sold_quiet_days = models.SmallIntegerField(default=SOLD_QUIET_DAYS)


class Alert(models.Model):
    """Somebody was told that a lead's customer is on the website: once per lead and visit."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    #: The number of the `KnownVisit`, which may be gone.
    visit = models.BigIntegerField()
    people = ArrayField(models.BigIntegerField())
    at = models.DateTimeField()
    #: Why it counts as lost, and why these people: words.
    because = models.JSONField(default=list)
    #: Put aside by hand; what was worked on is off the Desk by itself.
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["dealer", "-at"], name="alert_newest"),)
        constraints = (
            models.UniqueConstraint(fields=["lead", "visit"], name="one_alert_per_lead_and_visit"),
        )

    @property
    def until(self) -> datetime:
        """So long every page shows it, not only the Desk."""
        return self.at + ON_EVERY_PAGE

"""What an importer agreed with its dealers, its leads on their way, and to whom each was offered."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation
from leadbell.network.rules import ANSWER_MINUTES, MOST_DEALERS


class NetworkPlan(models.Model):
    """An importer's own choices; without a row the defaults hold."""

    importer = models.OneToOneField(Organisation, models.PROTECT, related_name="+", primary_key=True)
    #: Minutes of the dealer's opening time to accept or answer.
    answer_minutes = models.SmallIntegerField(default=ANSWER_MINUTES)
    most_dealers = models.SmallIntegerField(default=MOST_DEALERS)
    #: {beginning of a postcode: [latitude, longitude]}
    places = models.JSONField(default=dict, blank=True)


class Agreement(models.Model):
    """What holds between an importer and one of its dealers."""

    importer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    takes_leads = models.BooleanField(default=True)
    #: Beginnings of postcodes.
    postcodes = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    share = models.IntegerField(default=1)
    most_a_day = models.IntegerField(null=True, blank=True)
    #: The dealer's word, not the importer's: whether the importer sees who a customer is that it sent, and what is
    #: said to them.
    shows_customers = models.BooleanField(default=False)
    #: How many leads it got by this importer so far.
    given = models.BigIntegerField(default=0)


class Passing(models.Model):
    """One prospect that an importer received, on its way to a dealer."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a dealer")
        OFFERED = "offered", _("offered to a dealer")
        TAKEN = "taken", _("taken by a dealer")
        RETURNED = "returned", _("back at the importer")
        CLOSED = "closed", _("closed by the importer")

    importer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    envelope = models.UUIDField()
    place = models.IntegerField()
    source = models.BigIntegerField()
    source_name = models.CharField(max_length=120)
    origin = models.CharField(max_length=12)
    sender_id = models.CharField(max_length=200, blank=True, default="")
    #: The inquiry as JSON, until a dealer has taken it: from then on the customer is the dealer's, not ours.
    inquiry = models.JSONField(null=True)
    brand = models.CharField(max_length=60, blank=True, default="")
    car = models.CharField(max_length=120, blank=True, default="")
    received_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State)
    #: Words: why the last step was taken.
    because = models.JSONField(default=list)
    #: Whom a person at the importer chose; given to them next, whatever the rules say.
    chosen = models.BigIntegerField(null=True)
    #: Who has it now, or had it last, and their lead.
    dealer = models.ForeignKey(Organisation, models.PROTECT, null=True, related_name="+", db_index=False)
    lead = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField()
    closed_by = models.BigIntegerField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["importer", "-received_at"], name="passing_newest"),
            models.Index(fields=["changed_at"], name="passing_waiting", condition=Q(state="waiting")),
        )
        constraints = (
            models.UniqueConstraint(fields=["envelope", "place"], name="one_passing_per_prospect"),
            models.UniqueConstraint(
                fields=["source", "sender_id"], name="one_passing_per_sender_id", condition=~Q(sender_id="")
            ),
        )


class Offer(models.Model):
    """A dealer was given an importer's lead, until `until`; both sides see this clock."""

    class Outcome(models.TextChoices):
        OPEN = "", _("not answered yet")
        TAKEN = "taken", _("taken")
        EXPIRED = "expired", _("not answered in time")
        REFUSED = "refused", _("given back")

    passing = models.ForeignKey(Passing, models.PROTECT, related_name="offers")
    importer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.BigIntegerField()
    at = models.DateTimeField()
    until = models.DateTimeField()
    because = models.JSONField(default=list)
    outcome = models.CharField(max_length=7, choices=Outcome, blank=True, default="")
    outcome_at = models.DateTimeField(null=True)
    #: The dealer gave it back, and why; the clockwork passes it on.
    refused_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True, default="")
    #: Settling it failed: not looked at again before then.
    again_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["until"], name="offer_open", condition=Q(outcome="")),
            models.Index(fields=["lead"], name="offer_of_lead"),
            models.Index(fields=["importer", "dealer", "-at"], name="offer_newest"),
        )

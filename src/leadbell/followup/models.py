"""A dealer's own playbooks (an origin without a row follows the defaults of `followup.playbook`), and its days."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class PlaybookRow(models.Model):
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    origin = models.CharField(max_length=12, choices=Lead.Origin)
    body = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "leadbell_playbook"
        constraints = (models.UniqueConstraint(fields=["dealer", "origin"], name="one_playbook_per_origin"),)


class DayPlan(models.Model):
    """How a dealer wants its days planned, when that is done next, and what the newest plan came to."""

    class Absent(models.TextChoices):
        COLLEAGUES = "colleagues", _("colleagues with room left make them")
        WAITS = "waits", _("they wait for whose customer it is")

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    #: Follow-ups per person in a full day; None: by the minutes (`dayplan.MINUTES_EACH`).
    per_day = models.SmallIntegerField(null=True, blank=True)
    absent = models.CharField(max_length=10, choices=Absent, default=Absent.COLLEAGUES)
    look_at = models.DateTimeField()
    day = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "leadbell_dayplan"


class Placement(models.Model):
    """A due follow-up in the plan of one day: whose it is, or that it didn't fit. Past days stay as they ended.

    Whether it was made is never written here: the lead's facts say so.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    fits = models.BooleanField()
    nth = models.IntegerField()
    of = models.IntegerField()
    #: Words, the strongest reason first.
    because = models.JSONField(default=list)

    class Meta:
        db_table = "leadbell_placement"
        constraints = (models.UniqueConstraint(fields=["lead", "day"], name="one_placement_per_day"),)
        indexes = (models.Index(fields=["dealer", "day"], name="placement_of_day"),)

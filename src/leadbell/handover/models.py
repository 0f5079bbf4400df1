"""What dealers have their BDC say."""

from django.db import models

from leadbell.dealers.models import Organisation, Person


class DealerScript(models.Model):
    """One version of a dealer's own script. Append-only: answers name the version they were asked by."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    #: `handover.scripts.ScriptName`.
    name = models.CharField(max_length=12)
    version = models.SmallIntegerField()
    #: `handover.texts.Text` as JSON; null: back to ours.
    text = models.JSONField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["dealer", "name", "version"], name="one_script_per_version"),
        )

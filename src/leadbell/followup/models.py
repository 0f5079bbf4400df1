"""A dealer's own playbooks; an origin without a row follows the defaults of `followup.playbook`."""

from django.db import models

from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead


class PlaybookRow(models.Model):
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    origin = models.CharField(max_length=12, choices=Lead.Origin)
    body = models.JSONField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "leadbell_playbook"
        constraints = (models.UniqueConstraint(fields=["dealer", "origin"], name="one_playbook_per_origin"),)

"""The leads' rows in the database, and which leads changed since theirs were made."""

from django.db import models

from leadbell.dealers.models import Organisation


class LeadRow(models.Model):
    """One row per lead with the columns of lead_facts.sql, which the migration adds in SQL; kept by `keeping`."""

    lead = models.BigIntegerField(primary_key=True)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    #: The version of the SQL; another one makes the row again.
    made_with = models.TextField()


class LeadChange(models.Model):
    """Noted by the journal in a fact's own transaction."""

    lead_id = models.BigIntegerField()
    dealer = models.ForeignKey(
        Organisation, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )


class FiguresNumber(models.Model):
    """Grows with every change of the dealer's rows, in the same transaction: a trigger sees to it."""

    dealer = models.OneToOneField(Organisation, models.CASCADE, related_name="+", primary_key=True)
    number = models.BigIntegerField()

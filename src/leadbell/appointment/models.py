"""A time agreed in the showroom."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class Appointment(models.Model):
    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        CONFIRMED = "confirmed", _("confirmed")
        SHOWN = "shown", _("was here")
        NO_SHOW = "no_show", _("no-show")
        CANCELLED = "cancelled", _("cancelled")

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="appointments")
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    salesperson = models.ForeignKey(Person, models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    minutes = models.IntegerField(default=60)
    what = models.CharField(max_length=200, blank=True, default="")
    status = models.CharField(max_length=9, choices=Status, default=Status.BOOKED)
    #: How often it was changed: calendars replace an .ics event by it.
    sequence = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["salesperson", "starts_at"], name="appointment_of"),)

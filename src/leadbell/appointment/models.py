"""A time agreed in the showroom, and when its people are busy elsewhere."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class Appointment(models.Model):
    """A constraint of the database keeps two that stand from overlapping for one person: `one_place_at_a_time`."""

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
    #: It overlapped another one before that became impossible, and is let be.
    doubled = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["salesperson", "starts_at"], name="appointment_of"),)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


class Diary(models.Model):
    """The address under which a person's appointments can be subscribed to; `number` is part of its secret."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="+")
    #: Grows with each new address: the one before opens nothing any more.
    number = models.IntegerField(default=0)
    on = models.BooleanField(default=True)
    made_at = models.DateTimeField()
    fetched_at = models.DateTimeField(null=True, blank=True)


class DiaryChoice(models.Model):
    """What a dealer lets into its people's calendars."""

    class Shows(models.TextChoices):
        TIMES = "times", _("the time and “Appointment”")
        CAR = "car", _("the car, too")
        NAME = "name", _("the car and the customer’s first name")

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    shows = models.CharField(max_length=5, choices=Shows, default=Shows.CAR)


class BusyCalendar(models.Model):
    """A calendar of a person's that we read, to know when they are busy. Where it lies is in BusyCalendarSecret."""

    class Kind(models.TextChoices):
        ICAL = "ical", _("iCalendar address")
        CALDAV = "caldav", _("CalDAV")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind)
    #: Of its address what may be shown: the server's name.
    host = models.CharField(max_length=253)
    #: What it had when it was last read: an ETag and a date, or CalDAV's tags.
    etag = models.CharField(max_length=500, blank=True, default="")
    modified = models.CharField(max_length=100, blank=True, default="")
    #: Last read whole; last answered, also "nothing new"; asked next.
    read_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField()
    tries = models.SmallIntegerField(default=0)
    #: Why it can't be read now, and what of it was left out, in words.
    because = models.JSONField(null=True, blank=True)
    left_out = models.JSONField(null=True, blank=True)
    times = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["next_at"], name="busy_calendar_due"),)


class BusyCalendarSecret(models.Model):
    """Its address and password: the web may write them and never read them."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    calendar = models.OneToOneField(BusyCalendar, models.CASCADE, related_name="secret")
    address = models.CharField(max_length=2000)
    login = models.CharField(max_length=254, blank=True, default="")
    password = models.CharField(max_length=500, blank=True, default="")


class Busy(models.Model):
    """A time at which a person has something else to do; what it is stays in their calendar."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    source = models.ForeignKey(BusyCalendar, models.CASCADE, related_name="+")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["person", "until_at"], name="busy_of"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(until_at__gt=models.F("from_at")), name="busy_ends_after_it_began"
            ),
        )

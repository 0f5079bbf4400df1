"""Who looks at a dealer's website. The beacons themselves are daily partitions of `leadbell_beacon`, made in SQL."""

import phonenumbers
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Customer, Lead
from leadbell.words import Words, say

_CALLED = say("They called %(number)s. This browser alone was shown that number, last at %(shown_at)s.").text


class Site(models.Model):
    """One website of a dealer. Its key is public: it opens nothing but the writing of beacons from its origins."""

    class Consent(models.TextChoices):
        ASK = "ask", _("recognise visitors who agreed")
        NEVER = "never", _("never recognise anybody: anonymous counts only")

    #: Beacons of each are in partitions of their own, so that what is over its time is dropped, not deleted.
    KEEP_DAYS = (30, 60, 90)

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=40, unique=True)
    origins = ArrayField(models.CharField(max_length=280), default=list)
    #: Addresses of car pages: `/cars/{make}/{model}/{stock}`.
    patterns = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    #: Addresses of pages about prices and about trading in a car: `/finance/*`.
    price_pages = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    trade_in_pages = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    #: Where pictures of cars come from beside the website's own addresses: `https://cdn.example`.
    picture_hosts = ArrayField(models.CharField(max_length=280), default=list, blank=True)
    #: Networks of the dealer's own people, `192.0.2.0/24`: what comes from there is no customer's visit.
    own_networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    keep_days = models.SmallIntegerField(default=60)
    consent = models.CharField(max_length=5, choices=Consent, default=Consent.ASK)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["dealer", "id"], name="site_of_dealer"),)

    def __str__(self) -> str:
        return self.name


class Visitor(models.Model):
    """One browser that agreed to be recognised. `customer` is whose it is now: the newest join that stands."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    #: The first-party id: 122 random bits, made in the browser after consent.
    uid = models.UUIDField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    #: One of the dealer's own people said so, with a link made for it: no customer's browser.
    own_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(
                fields=["customer"], name="visitor_of_customer", condition=Q(customer__isnull=False)
            ),
            models.Index(fields=["last_seen_at"], name="visitor_last_seen"),
        )
        constraints = (models.UniqueConstraint(fields=["uid", "site"], name="one_visitor_per_browser"),)


class VisitorJoin(models.Model):
    """A visitor became a person: how, with the evidence. Undone, never deleted, unless the visitor asks for it."""

    class How(models.TextChoices):
        FORM = "form", _("sent a form")
        CHAT = "chat", _("sent a chat")
        LINK = "link", _("followed a link in our message")
        CALL = "call", _("called the number shown to them")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    visitor = models.ForeignKey(Visitor, models.CASCADE, related_name="joins")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    how = models.CharField(max_length=4, choices=How)
    #: {"envelope": id} of a form or chat, {"link": when it was made}, {"number": E.164, "shown_at": when it last was}
    evidence = models.JSONField(default=dict)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    @property
    def says(self) -> Words | None:
        """The evidence of a call."""
        number, shown_at = self.evidence.get("number"), self.evidence.get("shown_at")
        if not number or not shown_at:
            return None
        written = phonenumbers.format_number(
            phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.INTERNATIONAL
        )
        return Words(_CALLED, {"number": written, "shown_at": shown_at})


class SiteCount(models.Model):
    """How many beacons of a site were kept or dropped on one UTC day, for which reason, and when the last came."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    #: `kept`, `anonymous` (page views of people we don't know), a `rules.Drop`, or of numbers of their own
    #: `number_given`, `number_empty` (none was left) and `number_refused` (too many from one address).
    what = models.CharField(max_length=20)
    beacons = models.BigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["site", "day", "what"], name="one_count_per_day"),)


class KnownVisit(models.Model):
    """One visit of a browser whose customer we know: written with its beacons, read again by the clockwork.

    What was looked at is summed up here, and goes with the visitor when they ask to be forgotten.
    """

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    #: Deleting the visitor deletes their visits, in the database itself.
    visitor = models.ForeignKey(
        Visitor, models.DO_NOTHING, related_name="visits", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", db_index=False)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()
    #: When it is to be summed up again; nothing where nothing new happened.
    due_at = models.DateTimeField(null=True, blank=True)
    summed_at = models.DateTimeField(null=True, blank=True)
    #: `sums.Sum` as JSON: pages, time, cars, signals.
    body = models.JSONField(default=dict)

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], name="visit_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["dealer", "-last_at"], name="visit_newest"),
            models.Index(fields=["customer", "-last_at"], name="visit_of_customer"),
        )
        constraints = (models.UniqueConstraint(fields=["visitor", "began_at"], name="one_visit_at_a_time"),)


class SiteCar(models.Model):
    """A car that a website shows, as its page last said; no word about who looked at it."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    #: `pages.Car.key`
    key = models.CharField(max_length=170)
    stock = models.CharField(max_length=80, blank=True)
    make = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=80, blank=True)
    price = models.IntegerField(null=True, blank=True)
    #: The address of its picture, on a host that the site allowed when it was told; empty where there is none.
    picture = models.CharField(max_length=500, blank=True)
    #: When somebody who agreed last looked at its page, a minute more or less.
    seen_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["dealer", "key"], name="car_of_dealer"),
            models.Index(fields=["site", "-seen_at"], name="car_last_seen"),
        )
        constraints = (models.UniqueConstraint(fields=["site", "key"], name="one_car_of_a_key"),)


class SitePulse(models.Model):
    """Page views of one minute in one part of a website, anonymous ones too; forgotten after two hours."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    minute = models.DateTimeField()
    part = models.CharField(max_length=40)
    views = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["site", "minute", "part"], name="one_pulse_a_minute"),)


class NumberPool(models.Model):
    """A website whose visitors are shown phone numbers of their own; `ring.TrackingNumber.site` says which."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.OneToOneField(Site, models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=False)
    #: The number that the website prints for everybody, E.164.
    printed = models.CharField(max_length=20)
    #: A CSS selector of places that hold the number in a way we wouldn't find; may be empty.
    selector = models.CharField(max_length=200, blank=True)
    #: How long a number stays on a page where nothing happens, and how long nobody else is shown it after that.
    lease_minutes = models.SmallIntegerField(default=30)
    rest_hours = models.SmallIntegerField(default=2)
    changed_at = models.DateTimeField()


class NumberLease(models.Model):
    """A number that was shown to one visitor alone. The database lets no two of one number overlap."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.ForeignKey(Site, models.PROTECT, related_name="+", db_index=False)
    #: The tracking number.
    number = models.BigIntegerField()
    #: The browser; nobody's after they took their consent back or were erased.
    visitor = models.UUIDField(null=True, blank=True)
    began_at = models.DateTimeField()
    #: When the visitor last did something on a page that shows it.
    shown_at = models.DateTimeField()
    #: Until then nobody else is shown it, and a call on it is this visitor's.
    held_until = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["site", "visitor"], name="lease_of_visitor"),)

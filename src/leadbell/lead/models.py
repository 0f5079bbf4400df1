"""The lead's tables: the append-only journal, the projection of it, and the customer behind it.

A foreign key has no index of its own where another one begins with it: each costs every lead a write.
"""

from functools import cached_property
from typing import Any

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.standing import Standing


class Customer(models.Model):
    """A person who asked one dealer something; another dealer's customer is somebody else."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    full_name = models.CharField(max_length=200, blank=True, default="")
    first_name = models.CharField(max_length=200, blank=True, default="")
    last_name = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(max_length=5, blank=True, default="")
    address = models.JSONField(null=True, blank=True)
    emails = ArrayField(models.CharField(max_length=320), default=list)
    #: [{"number": E.164 or null, "raw": …, "kind": …}], the one to dial first.
    phones = models.JSONField(default=list)
    #: Since when they want no contact, and no marketing: the newest consents say so, kept by `lead.consent`.
    opted_out_at = models.DateTimeField(null=True, blank=True)
    no_marketing_at = models.DateTimeField(null=True, blank=True)
    #: Since when nothing says any more who they were, and who had it deleted.
    erased_at = models.DateTimeField(null=True, blank=True)
    erased_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    created_at = models.DateTimeField()
    #: What a search begins with: the whole name and its last word, in small letters, ordered byte by byte.
    sought_name = models.GeneratedField(
        expression=Lower("full_name"),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    sought_word = models.GeneratedField(
        expression=Lower(models.Func("full_name", Value(" "), Value(-1), function="split_part")),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )

    class Meta:
        indexes = (
            models.Index(fields=["dealer", "sought_name"], name="customer_by_name"),
            models.Index(fields=["dealer", "sought_word"], name="customer_by_last_word"),
        )

    def __str__(self) -> str:
        return self.full_name or next(iter(self.emails), "") or self.raw_phone or gettext("no name")

    @property
    def phone(self) -> str | None:
        """The first number somebody can dial, E.164."""
        return next((p["number"] for p in self.phones if p.get("number")), None)

    @property
    def raw_phone(self) -> str:
        return next((p["raw"] for p in self.phones if p.get("raw")), "")

    @property
    def email(self) -> str | None:
        return next(iter(self.emails), None)


class Consent(models.Model):
    """A customer's yes or no, with its proof. Append-only; the newest of a kind counts."""

    class Kind(models.TextChoices):
        CONTACT = "contact", _("being contacted")
        MARKETING = "marketing", _("marketing")
        RECORDING = "recording", _("recording of calls")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents", db_index=False)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=9, choices=Kind)
    given = models.BooleanField()
    at = models.DateTimeField()
    #: Who noted it; nobody where it arrived with an inquiry.
    by = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    #: Of the lead it was said about.
    origin = models.CharField(max_length=12)
    #: {"words": what was ticked or said, "channel": …, "envelope": the delivery that holds it, "lead": number}
    proof = models.JSONField()

    class Meta:
        indexes = (models.Index(fields=["customer", "kind", "-id"], name="consent_newest"),)


class Handle(models.Model):
    """A phone number or e-mail address by which the dealer recognises a customer."""

    class Kind(models.TextChoices):
        PHONE = "phone"
        EMAIL = "email"

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    value = models.CharField(max_length=320)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="handles")

    class Meta:
        constraints = (
            # The value first: an importer asks which of its dealers know a customer.
            models.UniqueConstraint(fields=["value", "kind", "dealer"], name="one_customer_per_handle"),
        )


class Lead(models.Model):
    """Where a lead stands now: a projection of its facts, kept by the journal and by nobody else."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        RINGING = "ringing", _("ringing")
        ACCEPTED = "accepted", _("accepted")
        ATTEMPTED = "attempted", _("not reached yet")
        CONVERSATION = "conversation", _("in conversation")
        QUOTE = "quote", _("quote")
        APPOINTMENT = "appointment", _("appointment")
        CONFIRMED = "confirmed", _("confirmed")
        SHOWN = "shown", _("was here")
        SOLD = "sold", _("sold")
        LOST = "lost", _("lost")

    class Origin(models.TextChoices):
        ONLINE = "online", _("online")
        CALL = "call", _("call")
        CHAT = "chat", _("chat")
        WALK_IN = "walk_in", _("walk-in")
        DIRECT_MAIL = "direct_mail", _("direct mail")
        LOST_SALE = "lost_sale", _("lost sale")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="leads", db_index=False)
    origin = models.CharField(max_length=12, choices=Origin)
    channel = models.CharField(max_length=20)
    source = models.CharField(max_length=120)
    #: [{"interest", "status", "year", "make", "model", "trim", "vin", "stock"}]
    cars = models.JSONField(default=list)
    message = models.TextField(blank=True, default="")
    received_at = models.DateTimeField()
    #: The dealer's local day: the books are balanced by it.
    received_on = models.DateField()
    #: Received in opening hours: reference figures are for these leads [S0].
    in_hours = models.BooleanField()

    standing_json = models.JSONField(db_column="standing", default=dict)
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED)
    owner = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    ringing = ArrayField(models.BigIntegerField(), default=list, blank=True)
    ring_until = models.DateTimeField(null=True, blank=True)
    calling_by = models.BigIntegerField(null=True, blank=True)
    calling_since = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True, blank=True)
    first_attempt_reached = models.BooleanField(default=False)
    last_outcome = models.CharField(max_length=14, blank=True, default="")
    reached_at = models.DateTimeField(null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True)
    appointment_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    lost_reason = models.CharField(max_length=20, blank=True, default="")

    #: What the clockwork decided: what comes next, for whom, when and why. A hint, decided afresh on waking.
    next_kind = models.CharField(max_length=20, blank=True, default="")
    next_for = models.BigIntegerField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    next_because = models.JSONField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)
    #: What comes next is this day of the cadence: the day's plan may put it off.
    next_touch = models.SmallIntegerField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["wake_at"], name="lead_due", condition=Q(wake_at__isnull=False)),
            models.Index(fields=["dealer", "received_on"], name="lead_by_day"),
            models.Index(fields=["dealer", "-id"], name="lead_newest"),
            models.Index(
                fields=["owner", "next_at"], name="lead_of_owner", condition=Q(closed_at__isnull=True)
            ),
            models.Index(fields=["owner", "received_at"], name="lead_of_owner_by_time"),
            models.Index(
                fields=["dealer", "next_at"], name="lead_in_cadence", condition=Q(next_touch__isnull=False)
            ),
            models.Index(fields=["customer", "-id"], name="lead_of_customer"),
            models.Index(
                fields=["dealer", "ring_until"], name="lead_rings", condition=Q(ring_until__isnull=False)
            ),
            models.Index(fields=["dealer"], name="lead_is_called", condition=Q(calling_by__isnull=False)),
            models.Index(
                fields=["dealer"],
                name="lead_without_owner",
                condition=Q(closed_at__isnull=True, owner__isnull=True),
            ),
            models.Index(
                fields=["dealer", "appointment_at"],
                name="lead_appointments",
                condition=Q(appointment_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"lead {self.pk}"

    @cached_property
    def standing(self) -> Standing:
        return msgspec.convert(self.standing_json, Standing)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def wanted(self) -> dict[str, Any] | None:
        """The car the customer wants; a trade-in is not wanted."""
        return next((c for c in self.cars if c.get("interest") != "trade-in"), None)

    @property
    def car(self) -> str:
        """`Hyundai Kona Electric 2026`, or nothing."""
        c = self.wanted or {}
        return " ".join(str(c[k]) for k in ("make", "model", "trim", "year") if c.get(k))


class Fact(models.Model):
    """One thing that happened to a lead. Append-only: no role but the owner may change a row."""

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="facts", db_index=False)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    #: Recorded at most once per lead: `ring:3`, `attempt:…`.
    key = models.CharField(max_length=80, null=True, blank=True)
    by = models.BigIntegerField(null=True, blank=True)
    body = models.JSONField()

    class Meta:
        indexes = (
            models.Index(fields=["lead", "id"], name="fact_of_lead"),
            models.Index(fields=["dealer", "at"], name="fact_by_people", condition=Q(by__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["lead", "key"], name="once_per_lead", condition=Q(key__isnull=False)
            ),
        )


LOST_REASON_CHOICES = [
    ("bought_elsewhere", _("bought elsewhere")),
    ("no_interest", _("no longer interested")),
    ("price", _("price")),
    ("no_car", _("we don't have the car")),
    ("not_reachable", _("can't be reached")),
    ("not_a_customer", _("not a customer (spam, wrong number)")),
    ("no_answer_45_days", _("no answer in 45 days")),
    ("withdrawn", _("taken back by the importer")),
    ("merged", _("went on in the customer’s open lead")),
    ("other", _("other")),
]

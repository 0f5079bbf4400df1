"""What listeners said of conversations, and what was agreed with whom because of it.

A call is named by its number: rooms don't point at each other's tables.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead
from leadbell.review.rules import EACH, SECOND_OF


class ReviewChoice(models.Model):
    """How much a dealer listens to; without a row the defaults hold."""

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+", primary_key=True)
    #: Conversations per salesperson and week.
    each = models.SmallIntegerField(default=EACH)
    #: One in so many gets a second pair of ears; 0 is never.
    second_of = models.SmallIntegerField(default=SECOND_OF)


class Criterion(models.Model):
    """One thing the dealer wants to hear in a conversation. A changed one is a new row; the old one keeps its marks."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    place = models.SmallIntegerField(default=1)
    weight = models.SmallIntegerField(default=1)
    #: {"en": …, "nl": …, "ru": …}; at least one.
    texts = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["dealer", "place"], name="criterion_of"),)


class Review(models.Model):
    """What one person heard in one conversation. Append-only: a correction is the next version."""

    class Verdict(models.TextChoices):
        OPPORTUNITY = "opportunity", _("a real chance")
        VOICEMAIL = "voicemail", _("voicemail")
        WRONG_NUMBER = "wrong_number", _("wrong number")
        SERVICE = "service", _("service question")
        OTHER = "other", _("something else")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    call = models.UUIDField()
    attempt = models.CharField(max_length=80)
    #: Who talked with the customer, and when.
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    talked_at = models.DateTimeField()
    reviewer = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    version = models.SmallIntegerField()
    at = models.DateTimeField()
    verdict = models.CharField(max_length=12, choices=Verdict)
    asked = models.BooleanField(null=True, blank=True)
    made = models.BooleanField(null=True, blank=True)
    #: Somebody else had listened before: for agreement only.
    second = models.BooleanField(default=False)
    #: Drawn by lot: rates count these only, since what a rule names is no fair sample.
    drawn = models.BooleanField(default=False)
    #: [{"criterion": number, "weight": as it was, "met": true, false or null}, …]
    answers = models.JSONField(default=list)
    note = models.TextField(blank=True, default="")

    class Meta:
        indexes = (
            models.Index(fields=["lead"], name="review_of_lead"),
            models.Index(fields=["dealer", "-talked_at"], name="review_newest"),
        )
        constraints = (
            models.UniqueConstraint(fields=["call", "reviewer", "version"], name="one_review_per_version"),
        )


class Moment(models.Model):
    """A place in a conversation with a comment. A changed one is taken back and made anew."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    call = models.UUIDField()
    by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    #: Milliseconds from where the conversation begins.
    at_ms = models.IntegerField()
    text = models.TextField()
    made_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["call", "at_ms"], name="moment_of_call"),
            models.Index(fields=["lead"], name="moment_of_lead"),
        )

    @property
    def at_s(self) -> float:
        return self.at_ms / 1000


class CoachingAction(models.Model):
    """Something agreed with a salesperson until a day, and the figure it is to move."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    text = models.TextField()
    #: Name of a figure (`metrics.catalogue`), or nothing.
    figure = models.CharField(max_length=60, blank=True, default="")
    agreed_by = models.ForeignKey(Person, models.PROTECT, related_name="+", db_index=False)
    agreed_at = models.DateTimeField()
    due_on = models.DateField()
    closed_at = models.DateTimeField(null=True, blank=True)
    #: Done, or given up.
    is_done = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=["person", "-agreed_at"], name="action_of_person"),
            models.Index(fields=["dealer"], name="action_open", condition=Q(closed_at__isnull=True)),
        )


class HeardByMachine(models.Model):
    """Where a machine heard each side of a call speak; set aside by whoever knows better."""

    call = models.UUIDField(primary_key=True)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    engine = models.CharField(max_length=80)
    at = models.DateTimeField()
    #: `review.turns.Sums` as JSON; null where the sound couldn't be heard.
    sums = models.JSONField(null=True, blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = (models.Index(fields=["lead"], name="machine_of_lead"),)


class Transcript(models.Model):
    """What a machine wrote down of a call, piece by piece; shown once it is whole."""

    call = models.UUIDField(primary_key=True)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="+", db_index=False)
    talked_at = models.DateTimeField()
    engine = models.CharField(max_length=120)
    #: ISO 639-1, as the first piece was heard.
    language = models.CharField(max_length=3, blank=True, default="")
    #: Written down until here, in milliseconds of the recording; the next piece begins here.
    upto_ms = models.IntegerField(default=0)
    #: How often the next piece was begun.
    tries = models.SmallIntegerField(default=0)
    begun_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    #: It couldn't be written down, and isn't tried any more.
    gave_up_at = models.DateTimeField(null=True, blank=True)
    set_aside_at = models.DateTimeField(null=True, blank=True)
    set_aside_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = (models.Index(fields=["lead"], name="transcript_of_lead"),)


class Sentence(models.Model):
    """One sentence of a transcript, by the clock of the conversation. The database keeps its words for searching."""

    class Side(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        SALESPERSON = "salesperson", _("salesperson")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    call = models.UUIDField()
    side = models.CharField(max_length=11, choices=Side)
    start_ms = models.IntegerField()
    end_ms = models.IntegerField()
    language = models.CharField(max_length=3)
    text = models.TextField()
    #: The machine's words, where a person has corrected them.
    heard = models.TextField(blank=True, default="")
    corrected_at = models.DateTimeField(null=True, blank=True)
    corrected_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = (models.Index(fields=["call", "start_ms"], name="sentence_of_call"),)

    @property
    def start_s(self) -> float:
        return self.start_ms / 1000

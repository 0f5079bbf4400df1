"""Calls, the lines they go over, and what was recorded."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class PhoneLine(models.Model):
    """A line a dealer has chosen besides the desk, and how it is. The first one by `place` that is up rings."""

    class Kind(models.TextChoices):
        ASTERISK = "asterisk", _("Asterisk")
        TWILIO = "twilio", _("Twilio")
        SIP = "sip", _("SIP trunk (experimental)")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.SmallIntegerField(default=1)
    enabled = models.BooleanField(default=True)
    #: The dealer's own number, E.164: what customers and salespeople see.
    caller_id = models.CharField(max_length=20, blank=True, default="")
    #: The way out at the provider: the name of the trunk's endpoint; at Twilio the SIP domain, where there is one.
    trunk = models.CharField(max_length=60, blank=True, default="")
    #: Since when it is down, and why, in words.
    down_since = models.DateTimeField(null=True, blank=True)
    down_because = models.JSONField(null=True, blank=True)
    #: The switchboard has last seen it up then.
    seen_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["dealer", "kind"], name="one_line_of_a_kind"),)

    @property
    def has_extensions(self) -> bool:
        """Whether salespeople's own phones are registered here: at an exchange, or a SIP domain of Twilio's."""
        return self.kind == self.Kind.ASTERISK or (self.kind == self.Kind.TWILIO and bool(self.trunk))


class PhoneRules(models.Model):
    """What a dealer has decided about calls; a dealer without a row has the defaults of its country."""

    class Recording(models.TextChoices):
        OFF = "off", _("not recorded")
        ANNOUNCED = "announced", _("recorded, and both are told")
        SILENT = "silent", _("recorded without saying so")

    dealer = models.OneToOneField(Organisation, models.PROTECT, related_name="+")
    recording = models.CharField(max_length=10, choices=Recording, default=Recording.OFF)
    keep_days = models.SmallIntegerField(default=90)
    #: Countries (ISO 3166) whose numbers may be dialled besides the dealer's own.
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    #: What the voice says, per prompt and language: {"whisper": {"nl": "…"}}; missing ones have defaults.
    prompts = models.JSONField(default=dict, blank=True)
    #: The customer's clock, minutes after midnight: nobody is called from `quiet_from` until `quiet_until`.
    quiet_from = models.SmallIntegerField(default=21 * 60)
    quiet_until = models.SmallIntegerField(default=8 * 60)


class TrackingNumber(models.Model):
    """A number of the dealer that customers call; says which source they come from."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    number = models.CharField(max_length=20, unique=True, help_text="E.164")
    #: The intake source whose leads these calls are.
    source = models.BigIntegerField()
    name = models.CharField(max_length=120)
    #: The website that shows it to one visitor at a time; nothing where it is printed for everybody.
    site = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["dealer"], name="tracking_number_of"),
            models.Index(fields=["site"], name="numbers_of_site", condition=models.Q(site__isnull=False)),
        )


class Call(models.Model):
    """One call on a line that hears it, from the first phone that rings to the last word."""

    class Kind(models.TextChoices):
        LEAD = "lead", _("new lead")
        OUTBOUND = "outbound", _("from the screen")
        INBOUND = "inbound", _("customer called")
        TEST = "test", _("test")

    class Status(models.TextChoices):
        WANTED = "wanted", _("about to ring")
        RINGING = "ringing", _("ringing")
        DIALLING = "dialling", _("connecting the customer")
        CONNECTED = "connected", _("talking")
        OVER = "over", _("over")

    id = models.UUIDField(primary_key=True)
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(
        Lead, models.PROTECT, null=True, blank=True, related_name="calls", db_index=False
    )
    kind = models.CharField(max_length=8, choices=Kind)
    line = models.CharField(max_length=10)
    status = models.CharField(max_length=9, choices=Status, default=Status.WANTED)
    #: Whose phones ring, and until when.
    people = ArrayField(models.BigIntegerField(), default=list)
    ring_s = models.SmallIntegerField()
    #: Who took it, or asked for it.
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: The customer's number, E.164; empty where it is withheld or nobody has been dialled.
    number = models.CharField(max_length=20, blank=True, default="")
    #: The provider's name for the customer's leg, where the customer called.
    leg = models.CharField(max_length=100, blank=True, default="")
    #: The attempt it is in the journal.
    attempt = models.CharField(max_length=80, blank=True, default="")
    asked_at = models.DateTimeField()
    placed_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    dialled_at = models.DateTimeField(null=True, blank=True)
    connected_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    talk_ms = models.IntegerField(null=True, blank=True)
    #: How it ended: an Outcome of the journal, or `nobody`, `missed`, `line_down`, `refused`.
    outcome = models.CharField(max_length=14, blank=True, default="")
    because = models.JSONField(null=True, blank=True)
    #: [[milliseconds since `asked_at`, what was heard, person or null], …]
    steps = models.JSONField(default=list)

    class Meta:
        indexes = (
            models.Index(fields=["dealer", "-asked_at"], name="call_newest"),
            models.Index(fields=["lead", "-asked_at"], name="call_of_lead"),
            models.Index(fields=["dealer"], name="call_under_way", condition=~Q(status="over")),
        )


class Recording(models.Model):
    """The sound of a call: kept, missing, or deleted; never silently absent."""

    class Status(models.TextChoices):
        WANTED = "wanted", _("being saved")
        KEPT = "kept", _("saved")
        MISSING = "missing", _("missing")
        DELETED = "deleted", _("deleted")

    call = models.OneToOneField(Call, models.PROTECT, related_name="recording")
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    status = models.CharField(max_length=8, choices=Status, default=Status.WANTED)
    #: Its name in the store, `2026/11/<call>.flac`.
    stored_as = models.CharField(max_length=120, blank=True, default="")
    length_ms = models.IntegerField(null=True, blank=True)
    bytes = models.BigIntegerField(null=True, blank=True)
    #: Loudness for drawing, {"ms": per bar, "customer": [0–100, …], "salesperson": [0–100, …]}.
    waveform = models.JSONField(null=True, blank=True)
    #: [[from_ms, until_ms], …]: talked, but not recorded.
    gaps = models.JSONField(default=list)
    #: Why it is missing or was deleted, in words.
    because = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField()
    delete_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["delete_at"], name="recording_due", condition=Q(delete_at__isnull=False)),
            models.Index(fields=["created_at"], name="recording_wanted", condition=Q(status="wanted")),
        )


class Playback(models.Model):
    """Somebody listened, or read what was said."""

    recording = models.ForeignKey(Recording, models.PROTECT, related_name="playbacks")
    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    #: Of the transcript, not of the sound.
    read = models.BooleanField(default=False, db_default=False)

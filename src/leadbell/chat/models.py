"""Chats on a dealer's website, line by line. Site and source are named by number: they live in other rooms."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


class ChatSite(models.Model):
    """What a dealer chose for the chat on one website."""

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.BigIntegerField(unique=True)
    #: The channel whose leads these chats become, origin `chat`.
    source = models.BigIntegerField()
    is_on = models.BooleanField(default=False)
    #: A first line by the system, marked as such; off unless a manager wants it.
    greets = models.BooleanField(default=False)
    patience_s = models.SmallIntegerField(default=30)
    changed_at = models.DateTimeField()


class Chat(models.Model):
    """One chat. Its visitor holds the token, we keep its hash; its lead is there as soon as the envelope is read."""

    class Ended(models.TextChoices):
        VISITOR = "visitor", _("the visitor ended it")
        PERSON = "person", _("the salesperson ended it")
        QUIET = "quiet", _("nobody wrote any more")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    site = models.BigIntegerField()
    token_hash = models.BinaryField(max_length=32, unique=True)
    envelope = models.UUIDField(unique=True)
    lead = models.ForeignKey(Lead, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    #: The browser's id, where it agreed to be recognised.
    visitor = models.UUIDField(null=True, blank=True)
    language = models.CharField(max_length=2, blank=True, default="")
    page = models.CharField(max_length=300, blank=True, default="")
    title = models.CharField(max_length=300, blank=True, default="")
    patience_s = models.SmallIntegerField(default=30)
    began_at = models.DateTimeField()
    line_at = models.DateTimeField()
    #: When the visitor's browser last asked.
    heard_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    #: When the patience was over without an answer.
    unanswered_at = models.DateTimeField(null=True, blank=True)
    #: When the visitor said how to reach them.
    contact_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=7, choices=Ended, blank=True, default="")
    erased_at = models.DateTimeField(null=True, blank=True)
    #: The newest line that the journal knows of.
    told_line = models.BigIntegerField(default=0)
    is_told_ended = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(fields=["lead", "-id"], name="chat_of_lead"),
            models.Index(fields=["began_at"], name="chat_under_way", condition=Q(is_told_ended=False)),
            models.Index(fields=["dealer", "-began_at"], name="chat_newest"),
            models.Index(fields=["visitor"], name="chat_of_visitor", condition=Q(visitor__isnull=False)),
        )


class ChatLine(models.Model):
    """What somebody wrote, once."""

    class Who(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        PERSON = "person", _("salesperson")
        AUTOMATION = "automation", _("automation")

    dealer = models.ForeignKey(Organisation, models.PROTECT, related_name="+", db_index=False)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="lines", db_index=False)
    at = models.DateTimeField()
    who = models.CharField(max_length=10, choices=Who)
    person = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    text = models.TextField()
    key = models.CharField(max_length=32)

    class Meta:
        indexes = (models.Index(fields=["chat", "id"], name="line_of_chat"),)
        constraints = (models.UniqueConstraint(fields=["chat", "key"], name="one_line_per_key"),)

"""Who we serve: importers, groups and dealers, and the people who work there."""

from functools import lru_cache
from typing import Any, ClassVar

import msgspec
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.hours import OpeningHours


class Organisation(models.Model):
    """An importer, a dealer group or a dealer; a tree."""

    class Kind(models.TextChoices):
        IMPORTER = "importer", _("importer")
        GROUP = "group", _("dealer group")
        DEALER = "dealer", _("dealer")

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, help_text="ISO 3166, also the default region of phone numbers")
    subdivision = models.CharField(max_length=6, blank=True, default="", help_text="for its public holidays")
    zone = models.CharField(max_length=64)
    language = models.CharField(max_length=5, default="en")
    brands = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    #: `dealers.hours.OpeningHours` as JSON: week, extra closed days, extra open days.
    hours = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    @property
    def opening_hours(self) -> OpeningHours:
        """Worked out once per process for hours that didn't change; screens and clockwork share the days."""
        about = {
            "zone": self.zone,
            "country": self.country,
            "subdivision": self.subdivision,
            "language": self.language,
        }
        return _opening_hours(msgspec.json.encode(about | self.hours, order="sorted"))


@lru_cache(maxsize=2_000)
def _opening_hours(stored: bytes) -> OpeningHours:
    return OpeningHours.from_json(msgspec.json.decode(stored))


class People(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **about: Any) -> "Person":
        person = self.model(email=email.strip().lower(), **about)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email=(username or "").strip().lower())


class Person(AbstractBaseUser):
    """Somebody who signs in: salesperson, manager, BDC agent, who receives visitors, or the importer's people."""

    class Role(models.TextChoices):
        SALESPERSON = "salesperson", _("salesperson")
        MANAGER = "manager", _("sales manager")
        BDC = "bdc", _("BDC agent")
        RECEPTION = "reception", _("reception")
        IMPORTER = "importer", _("importer")

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=12, choices=Role)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="people")
    phone = models.CharField(max_length=20, blank=True, default="", help_text="E.164")
    #: Rung before `phone`: a name at the dealer's own exchange.
    extension = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="at the dealer's exchange"
    )
    #: Their phone is a window of their browser while it is open: rung instead of both, which ring while it is closed.
    in_browser = models.BooleanField(default=False, db_default=False)
    #: That window wrote when it connected and writes every minute after.
    browser_open_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=5, default="en", help_text="of the screens")
    speaks = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    brands = ArrayField(models.CharField(max_length=40), default=list, blank=True, help_text="empty: all")
    conditions = ArrayField(models.CharField(max_length=4), default=list, blank=True, help_text="new, used")
    #: `dealers.shifts.Shift` as JSON; empty follows the dealer's opening hours.
    shift = models.JSONField(default=dict, blank=True)
    on_shift = models.BooleanField(default=True, help_text="the switch in the corner of the screen")
    #: A desk is open: written by the screen's stream when it connects and every minute after.
    seen_at = models.DateTimeField(null=True, blank=True)
    #: Since when they want the weekly report by e-mail; None: they don't.
    weekly_from = models.DateTimeField(null=True, blank=True)
    #: The same for the monthly page.
    monthly_from = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects: ClassVar[People] = People()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    def __str__(self) -> str:
        return self.name

    @property
    def first_name(self) -> str:
        return self.name.split(" ", 1)[0]

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    @property
    def manages(self) -> bool:
        return self.role == self.Role.MANAGER

    @property
    def sells(self) -> bool:
        """Whether leads may be theirs."""
        return self.role not in NEVER_SELL


#: Who never has a lead: an importer sees figures, reception who is expected.
NEVER_SELL = (Person.Role.IMPORTER, Person.Role.RECEPTION)

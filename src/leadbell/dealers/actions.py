"""What people change about themselves, and managers about their dealer."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.holidays import holidays_known
from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.opening import new_password
from leadbell.dealers.shifts import Shift
from leadbell.dealers.week import WrongHours
from leadbell.refused import Refused
from leadbell.words import say


def switch_shift(person: Person, on: bool, dealers: Iterable[int]) -> None:
    """The switch in the corner: off shift means that nothing rings here. These dealers' screens hear it."""
    person.on_shift = on
    person.save(update_fields=["on_shift"])
    for dealer in dealers:
        announce(dealer, "shift", people=[person.pk])


def read_in(person: Person, language: str) -> None:
    """The language of this person's screens."""
    person.language = language
    person.save(update_fields=["language"])


@transaction.atomic
def ring_in_browser(person: Person, on: bool, dealers: Iterable[int]) -> None:
    """Whether their phone is a window of their browser, instead of their number or extension."""
    person.in_browser = on
    person.save(update_fields=["in_browser"])
    for dealer in dealers:
        announce(dealer, "lines", people=[person.pk])


#: How the exchange names phones in browsers: whoever had such an extension would be rung in somebody else's place.
_OF_BROWSERS = "browser-"
_CONDITIONS = ("new", "used")
_EXTENSION = re.compile(r"[A-Za-z0-9._-]{1,40}")
_ROLES_AT_A_DEALER = (Person.Role.SALESPERSON, Person.Role.BDC, Person.Role.RECEPTION, Person.Role.MANAGER)


@dataclass(frozen=True, slots=True)
class About:
    """What a manager writes down about somebody; everything may be changed later."""

    name: str
    email: str
    role: str = Person.Role.SALESPERSON
    phone: str = ""
    language: str = "en"
    speaks: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    extension: str = ""


@dataclass(frozen=True, slots=True)
class Welcome:
    """A person and the password that is shown this once."""

    person: Person
    password: str


@transaction.atomic
def add_person(dealer: Organisation, about: About, now: datetime) -> Welcome | Refused:
    """Somebody new, who can sign in at once."""
    if wrong := _is_wrong(dealer, about):
        return wrong
    person = Person(organisation=dealer, created_at=now)
    _write_down(person, dealer, about)
    password = new_password()
    person.set_password(password)
    person.save()
    announce(dealer.pk, "dealer")
    return Welcome(person, password)


@transaction.atomic
def change_person(person: Person, about: About) -> Person | Refused:
    """Write down anew who somebody is; their shift, password and leads stay as they are."""
    dealer = person.organisation
    if wrong := _is_wrong(dealer, about, person):
        return wrong
    if person.manages and about.role != Person.Role.MANAGER and _is_last_manager(person):
        return _LAST_MANAGER
    _write_down(person, dealer, about)
    person.save()
    announce(dealer.pk, "dealer", people=[person.pk])
    return person


@transaction.atomic
def give_new_password(person: Person) -> Welcome:
    """The old one stops working at once, and so does every screen signed in with it."""
    password = new_password()
    person.set_password(password)
    person.save(update_fields=["password"])
    return Welcome(person, password)


@transaction.atomic
def let_go(person: Person, by: Person) -> Person | Refused:
    """They can't sign in any more and nothing rings for them; their leads are handed over before."""
    if person == by:
        return Refused(say("You can't deactivate yourself: ask another manager."))
    if _is_last_manager(person):
        return _LAST_MANAGER
    person.is_active = person.on_shift = False
    person.save(update_fields=["is_active", "on_shift"])
    announce(person.organisation_id, "dealer", people=[person.pk])
    return person


@transaction.atomic
def take_back(person: Person) -> Person:
    """Somebody who was deactivated may sign in again, with the password they had."""
    person.is_active = True
    person.save(update_fields=["is_active"])
    announce(person.organisation_id, "dealer", people=[person.pk])
    return person


@transaction.atomic
def change_shift(person: Person, shift: Mapping[str, Any], now: datetime) -> Shift | Refused:
    """When somebody works: `{"week", "days_off"}` as `Shift.from_json` reads it."""
    try:
        read = Shift.from_json(shift, person.organisation.opening_hours)
    except WrongHours as wrong:
        return Refused(wrong.because)
    person.shift = read.as_json()
    person.save(update_fields=["shift"])
    announce(person.organisation_id, "shift", people=[person.pk])
    return read


@transaction.atomic
def change_hours(dealer: Organisation, hours: Mapping[str, Any], now: datetime) -> OpeningHours | Refused:
    """When the dealer is open from today on: week, extra closed and extra open days, and whose public holidays count.

    The week of until now is kept: what arrived then is measured by it."""
    about = {"zone": dealer.zone, "country": dealer.country, "language": dealer.language}
    try:
        read = OpeningHours.from_json(about | dict(hours))
    except WrongHours as wrong:
        return Refused(wrong.because)
    subdivision = read.subdivision or ""
    if subdivision and not holidays_known(dealer.country, subdivision):
        return Refused(say("No public holidays are known for the region “%(region)s”.", region=subdivision))
    until_now = dealer.opening_hours
    read = until_now.changed(read, until_now.local_day(now))
    stored = read.as_json()
    dealer.hours = {part: stored[part] for part in ("week", "closed_days", "open_days", "before")}
    dealer.subdivision = subdivision
    dealer.save(update_fields=["hours", "subdivision"])
    announce(dealer.pk, "dealer")
    return read


_LAST_MANAGER = Refused(say("The last sales manager stays: make somebody else a manager first."))


def _is_last_manager(person: Person) -> bool:
    """Somebody has to be able to change the dealer; a manager of the group above can, too."""
    if not person.manages or not person.is_active:
        return False
    others = Person.objects.filter(role=Person.Role.MANAGER, is_active=True).exclude(pk=person.pk)
    above = person.organisation.parent_id
    return not others.filter(organisation_id__in=[person.organisation_id, above]).exists()


def _is_wrong(dealer: Organisation, about: About, person: Person | None = None) -> Refused | None:
    if not about.name.strip():
        return Refused(say("A name is missing."))
    try:
        validate_email(about.email.strip())
    except ValidationError:
        return Refused(say("“%(email)s” is no e-mail address.", email=about.email.strip()))
    same = Person.objects.filter(email=about.email.strip().lower())
    if person is not None:
        same = same.exclude(pk=person.pk)
    if same.exists():
        return Refused(say("Somebody signs in with %(email)s already.", email=about.email.strip()))
    if about.role not in _ROLES_AT_A_DEALER:
        return Refused(
            say("Choose what this person does: salesperson, BDC agent, reception or sales manager.")
        )
    if about.phone.strip() and dialled(about.phone, dealer.country) is None:
        return Refused(say("Nobody can dial “%(phone)s”.", phone=about.phone.strip()))
    extension = about.extension.strip()
    if extension and not _EXTENSION.fullmatch(extension):
        return Refused(say("An extension has letters, digits, dots and dashes only."))
    if extension.lower().startswith(_OF_BROWSERS):
        return Refused(say("“%(name)s” is kept for phones in browsers: choose another name.", name=extension))
    return None


def _write_down(person: Person, dealer: Organisation, about: About) -> None:
    person.name, person.email, person.role = about.name.strip()[:120], about.email.strip().lower(), about.role
    person.phone, person.extension = dialled(about.phone, dealer.country) or "", about.extension.strip()
    person.language, person.speaks = about.language, list(dict.fromkeys(about.speaks))
    person.brands = [brand for brand in dict.fromkeys(about.brands) if brand]
    person.conditions = [one for one in _CONDITIONS if one in about.conditions]


def dialled(number: str, country: str) -> str | None:
    """The number as E.164, or None where nobody can dial it."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)

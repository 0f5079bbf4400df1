"""A new dealer, and people who start there."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.languages import get_official_languages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.week import WrongHours
from leadbell.trouble import Trouble

LANGUAGES = ("en", "nl", "ru")
#: The zone of a country with one; others have to say theirs.
ZONES = {
    "NL": "Europe/Amsterdam", "BE": "Europe/Brussels", "DE": "Europe/Berlin", "FR": "Europe/Paris",
    "GB": "Europe/London", "IE": "Europe/Dublin", "LU": "Europe/Luxembourg", "AT": "Europe/Vienna",
    "CH": "Europe/Zurich", "DK": "Europe/Copenhagen", "SE": "Europe/Stockholm", "NO": "Europe/Oslo",
    "FI": "Europe/Helsinki", "PL": "Europe/Warsaw", "CZ": "Europe/Prague", "ES": "Europe/Madrid",
    "PT": "Europe/Lisbon", "IT": "Europe/Rome", "GR": "Europe/Athens", "HU": "Europe/Budapest",
    "RO": "Europe/Bucharest", "BG": "Europe/Sofia", "EE": "Europe/Tallinn", "LV": "Europe/Riga",
    "LT": "Europe/Vilnius", "UA": "Europe/Kyiv", "TR": "Europe/Istanbul", "SK": "Europe/Bratislava",
    "SI": "Europe/Ljubljana", "HR": "Europe/Zagreb", "RU": "Europe/Moscow", "BY": "Europe/Minsk",
    "GE": "Asia/Tbilisi", "AM": "Asia/Yerevan", "IN": "Asia/Kolkata", "JP": "Asia/Tokyo",
    "ZA": "Africa/Johannesburg", "NZ": "Pacific/Auckland", "US": "America/New_York",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody who can sign in, with the password that is shown once."""

    dealer: Organisation
    person: Person
    password: str


def new_password() -> str:
    """Twenty characters that can be read aloud: no 0 and O, no 1 and l."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


@transaction.atomic
def open_dealer(
    name: str,
    country: str,
    manager: str,
    now: datetime,
    *,
    manager_name: str | None = None,
    zone: str | None = None,
    language: str | None = None,
    parent: Organisation | None = None,
) -> Opened:
    """Make a dealer with its sales manager. Raises Trouble for a country, zone or address nobody knows."""
    country, zone = place_of(country, zone)
    if not name.strip():
        raise Trouble("The dealer needs a name.")
    dealer = Organisation.objects.create(
        kind=Organisation.Kind.DEALER, name=name.strip()[:120], country=country, zone=zone, parent=parent,
        language=language or spoken_in(country), created_at=now,
    )  # fmt: skip
    return hire(
        dealer,
        manager_name or manager.split("@")[0].title(),
        manager,
        Person.Role.MANAGER,
        now,
        language=language,
    )


def place_of(country: str, zone: str | None) -> tuple[str, str]:
    """The country's two letters and the time zone; where a country has several, it has to be said. Raises Trouble."""
    country = country.strip().upper()
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise Trouble("There is no country %(country)s: use two letters, such as NL.", country=country)
    zone = zone or ZONES.get(country)
    if zone is None:
        raise Trouble("Say the time zone with --zone, such as Europe/Amsterdam.")
    try:
        OpeningHours(zone, country=country)
    except WrongHours as wrong:
        raise Trouble("%(wrong)s", wrong=str(wrong.because)) from None
    return country, zone


#: Who works where.
ROLES_AT = {
    Organisation.Kind.DEALER: ("salesperson", "manager", "bdc", "reception"),
    Organisation.Kind.GROUP: ("manager", "bdc"),
    Organisation.Kind.IMPORTER: ("importer",),
}


def hire(
    dealer: Organisation,
    name: str,
    email: str,
    role: str,
    now: datetime,
    language: str | None = None,
    **about: Any,
) -> Opened:
    """Add a person who can sign in. Raises Trouble for an address that is taken or isn't one."""
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Trouble("“%(email)s” is no e-mail address.", email=email) from None
    if role not in Person.Role.values:
        raise Trouble(
            "There is no role %(role)s: use salesperson, manager, bdc, reception or importer.", role=role
        )
    if role not in (able := ROLES_AT[Organisation.Kind(dealer.kind)]):
        raise Trouble(
            "Nobody is %(role)s at %(name)s: use %(roles)s.",
            role=role,
            name=dealer.name,
            roles=", ".join(able),
        )
    if Person.objects.filter(email=email).exists():
        raise Trouble("Somebody with the address %(email)s is there already.", email=email)
    language = language or dealer.language
    if language not in LANGUAGES:
        raise Trouble("The screens speak en, nl and ru, not %(language)s.", language=language)
    about["speaks"] = about.get("speaks") or sorted(
        {spoken_in(dealer.country, (*LANGUAGES, dealer.language)), language}
    )
    about["phone"] = _e164(about.get("phone") or "", dealer.country)
    password = new_password()
    person = Person.objects.create_user(
        email,
        password,
        name=name.strip()[:120],
        role=role,
        organisation=dealer,
        language=language,
        created_at=now,
        **about,
    )
    return Opened(dealer, person, password)


def find_dealer(asked: str | None) -> Organisation:
    """The dealer of this name or number; the only one where nothing is asked. Raises Trouble."""
    dealers = Organisation.objects.filter(kind=Organisation.Kind.DEALER)
    if asked:
        dealers = dealers.filter(pk=int(asked)) if asked.isdigit() else dealers.filter(name__iexact=asked)
    found = list(dealers.order_by("pk")[:2])
    if not found:
        raise Trouble("There is no such dealer; make one with `leadbell setup`.")
    if len(found) > 1:
        raise Trouble("There are several dealers: say which with --dealer NAME or its number.")
    return found[0]


def spoken_in(country: str, among: tuple[str, ...] = LANGUAGES) -> str:
    """The first official language of the country that our screens speak, else English."""
    try:
        official = get_official_languages(country, de_facto=True)
        return next((code[:2] for code in official if code[:2] in among and Locale.parse(code[:2])), "en")
    except (UnknownLocaleError, ValueError):
        return "en"


def _e164(phone: str, country: str) -> str:
    if not phone:
        return ""
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        raise Trouble("“%(phone)s” is no phone number.", phone=phone) from None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

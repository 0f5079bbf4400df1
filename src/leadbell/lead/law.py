"""Whom the law lets us call, when, and which numbers may be dialled: decided from values alone."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType as Type

from leadbell.dealers.hours import OpeningHours
from leadbell.lead.facts import Origin
from leadbell.refused import Refused
from leadbell.words import Words, say

#: Here the dealer's campaign took the initiative; from every other origin the customer did.
MARKETING: frozenset[Origin] = frozenset({"direct_mail", "lost_sale"})
#: Whoever asked so lately waits for the call, whatever their clock says.
JUST_ASKED = timedelta(minutes=30)
#: A call back is kept when it begins so near the agreed time.
NEAR_AGREED = timedelta(minutes=30)
#: Minutes after midnight on the customer's clock.
QUIET_FROM, QUIET_UNTIL = 21 * 60, 8 * 60
#: Zones that agree on no moment within this time never do.
_HORIZON = timedelta(days=14)
_SUNDAY = 6


Kind = Literal["contact", "marketing", "recording"]


class Said(NamedTuple):
    """A customer's yes or no, in their own words or those of the box that was ticked."""

    kind: Kind
    given: bool
    words: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a customer is left alone: quiet hours, and for marketing Sundays and public holidays too.

    `zones` are all the zones in which the customer may live: it is quiet while it is quiet in one of them.
    Where they leave no moment at all (a number of a whole continent), `home`, the dealer's, counts alone.
    Equal `from_m` and `until_m` are no quiet hours.
    """

    zones: tuple[str, ...]
    home: str
    from_m: int = QUIET_FROM
    until_m: int = QUIET_UNTIL
    days_off: bool = False
    #: ISO 3166, of the customer's number; its public holidays count.
    country: str | None = None


def is_marketing(origin: Origin, asked_at: datetime | None) -> bool:
    """Whether a call would be the dealer's idea. `asked_at`: when the customer last asked by themselves."""
    return origin in MARKETING and asked_at is None


def forbids(
    origin: Origin,
    asked_at: datetime | None = None,
    opted_out_at: datetime | None = None,
    no_marketing_at: datetime | None = None,
) -> Words | None:
    """Why the customer's own word forbids to contact them about this lead, at any hour.

    A word against everything holds until they ask again; one against marketing never forbids what they asked for.
    """
    if opted_out_at is not None and (asked_at is None or asked_at <= opted_out_at):
        return say("the customer doesn't want to be contacted")
    if (
        origin in MARKETING
        and no_marketing_at is not None
        and (asked_at is None or asked_at <= no_marketing_at)
    ):
        return say("the customer wants no marketing, and this lead is from a campaign")
    return None


def may_call(
    now: datetime,
    quiet: Quiet,
    *,
    origin: Origin,
    asked_at: datetime | None = None,
    agreed_at: datetime | None = None,
    opted_out_at: datetime | None = None,
    no_marketing_at: datetime | None = None,
) -> Refused | None:
    """Whether the customer may be called now; a refusal says until when.

    `asked_at`: when they last asked by themselves (a campaign's own lead is none); `agreed_at`: the call back.
    """
    if because := forbids(origin, asked_at, opted_out_at, no_marketing_at):
        return Refused(because)
    if is_expected(now, asked_at, agreed_at):
        return None
    because = why_quiet(now, quiet)
    return Refused(because) if because else None


def is_expected(now: datetime, asked_at: datetime | None, agreed_at: datetime | None) -> bool:
    """Whether the customer waits for a call now: asked a moment ago, or agreed to be called at this time."""
    if asked_at is not None and now - asked_at <= JUST_ASKED:
        return True
    return agreed_at is not None and abs(now - agreed_at) <= NEAR_AGREED


def callable_from(when: datetime, quiet: Quiet) -> datetime:
    """`when` itself, or the end of the quiet that it falls into (aware UTC)."""
    return _heard(when, quiet)[1]


def why_quiet(now: datetime, quiet: Quiet) -> Words | None:
    """Why nobody calls now and until when; None where it is not quiet."""
    reason, until = _heard(now, quiet)
    if reason is None:
        return None
    if reason.occasion:
        return say(
            "no marketing calls on a public holiday where the customer lives (%(occasion)s), until %(until_at)s",
            occasion=reason.occasion,
            until_at=until,
        )
    if reason.sunday:
        return say(
            "no marketing calls on a Sunday where the customer lives, until %(until_at)s", until_at=until
        )
    if until - now > timedelta(days=1):
        return say("quiet hours where the customer lives, until %(until_at)s", until_at=until)
    theirs = until.astimezone(_clock(reason.zone)).strftime("%H:%M")
    return say("quiet hours where the customer lives, until %(time)s their time", time=theirs)


@lru_cache(maxsize=10_000)
def zones_of(number: str | None, home: str) -> tuple[str, ...]:
    """The zones a number (E.164) may ring in; `home` where it doesn't say.

    A mobile of a country with several zones says only the country: a dealer of that country goes by its own clock.
    """
    parsed = _parsed(number or "")
    if parsed is None:
        return (home,)
    # The table of zones takes longer to load than a ring may.
    from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

    found = tuple(
        zone for zone in time_zones_for_number(parsed) if zone != UNKNOWN_TIMEZONE and _is_zone(zone)
    )
    if len(found) > 1 and home in found and not phonenumbers.is_number_geographical(parsed):
        return (home,)
    return found or (home,)


@lru_cache(maxsize=10_000)
def country_of(number: str | None) -> str | None:
    """ISO 3166, None for a number of no country."""
    parsed = _parsed(number or "")
    region = phonenumbers.region_code_for_number(parsed) if parsed else None
    return region if region and region != _NO_COUNTRY else None


_NO_COUNTRY = "001"
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_COSTS = {
    Type.PREMIUM_RATE: say("this number costs extra: it is not dialled"),
    Type.SHARED_COST: say("this number costs extra: it is not dialled"),
    Type.PERSONAL_NUMBER: say("a number that follows its owner may cost extra: it is not dialled"),
    Type.PAGER: say("nobody answers a pager: it is not dialled"),
    Type.UAN: say("a company number that may cost extra: it is not dialled"),
    Type.VOICEMAIL: say("nobody answers a voicemail number: it is not dialled"),
    Type.UNKNOWN: say("nobody knows what this number costs: it is not dialled"),
}
#: Company numbers that by law cost what any number of the country costs: 088 (ACM), 03 (Ofcom).
_ORDINARY = {"NL": "88", "GB": "3"}


def may_dial(number: str, home_country: str, allowed_countries: Collection[str] = ()) -> Refused | None:
    """Whether dialling costs what a call should; the reason never holds the number.

    `number` is E.164; countries are ISO 3166, the dealer's own and those its manager has allowed besides.
    """
    parsed = _parsed(number) if _E164.fullmatch(number) else None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        return Refused(say("this is no number that can be dialled"))
    country = phonenumbers.region_code_for_number(parsed)
    if country is None or country == _NO_COUNTRY:
        return Refused(say("a satellite or worldwide number costs extra: it is not dialled"))
    kind = phonenumbers.number_type(parsed)
    ordinary = kind == Type.UAN and str(parsed.national_number).startswith(_ORDINARY.get(country, "none"))
    if kind in _COSTS and not ordinary:
        return Refused(_COSTS[kind])
    if country != home_country.upper() and country not in {code.upper() for code in allowed_countries}:
        return Refused(
            say("a number in another country (%(country)s): a manager can allow it", country=country)
        )
    return None


class _Reason(NamedTuple):
    """Why it is quiet in one zone, and until when there."""

    zone: str
    until: datetime
    sunday: bool = False
    occasion: str = ""


def _heard(when: datetime, quiet: Quiet) -> tuple[_Reason | None, datetime]:
    """What is quiet at `when`, and the first moment from `when` on at which nothing is."""
    for zones in (quiet.zones, (quiet.home,)):
        first, at = None, when
        while at - when < _HORIZON:
            reason = next((r for zone in zones if (r := _quiet_in(zone, at, quiet))), None)
            if reason is None:
                return first, at
            first, at = first or reason, reason.until
    return None, when


def _quiet_in(zone: str, at: datetime, quiet: Quiet) -> _Reason | None:
    clock = _clock(zone)
    there = at.astimezone(clock)
    day, minute = there.date(), there.hour * 60 + there.minute
    if quiet.days_off:
        sunday, occasion = day.weekday() == _SUNDAY, _holiday(zone, quiet.country, day)
        if sunday or occasion:
            return _Reason(zone, _wall(clock, day + timedelta(days=1), 0, at), sunday, occasion)
    since, until = quiet.from_m, quiet.until_m
    if since <= until:
        return _Reason(zone, _wall(clock, day, until, at)) if since <= minute < until else None
    if minute >= since:
        return _Reason(zone, _wall(clock, day + timedelta(days=1), until, at))
    return _Reason(zone, _wall(clock, day, until, at)) if minute < until else None


def _wall(clock: ZoneInfo, day: date, minute: int, after: datetime) -> datetime:
    """The first moment after `after` at which the clock shows this time."""
    shown = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=clock)
    first = shown.astimezone(UTC)
    return first if first > after else shown.replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=4096)
def _holiday(zone: str, country: str | None, day: date) -> str:
    return (OpeningHours(zone, country=country).public_holiday(day) or "") if country else ""


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None


@lru_cache(maxsize=1024)
def _clock(zone: str) -> ZoneInfo:
    """Kept: ZoneInfo itself remembers only the last eight, and some numbers have forty."""
    return ZoneInfo(zone)


@lru_cache(maxsize=1024)
def _is_zone(name: str) -> bool:
    try:
        _clock(name)
    except (KeyError, ValueError, OSError):
        return False
    return True

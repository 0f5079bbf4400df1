"""Public holidays of countries and their subdivisions, by name."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache


def holidays_known(country: str, subdivision: str | None = None) -> bool:
    """Whether public holidays are known for this ISO 3166 country and, if given, this subdivision."""
    return _calendar(country, subdivision, None, 2000) is not None


@lru_cache(maxsize=4096)
def public_holidays(
    country: str, subdivision: str | None, language: str | None, year: int
) -> Mapping[date, str]:
    """A subdivision nobody knows gets the holidays of the whole country."""
    known = _calendar(country, subdivision, language, year)
    if known is None and subdivision is not None:
        known = _calendar(country, None, language, year)
    return known or {}


def _calendar(
    country: str, subdivision: str | None, language: str | None, year: int
) -> dict[date, str] | None:
    # Importing the package and its first calendar takes a third of a second.
    import holidays

    code = country.upper()
    if not re.fullmatch("[A-Z]{2}", code) or not hasattr(holidays, code):
        return None
    entity = getattr(holidays, code)
    try:
        # Left to itself the package takes the language from the environment of the process.
        spoken = _spoken(language, entity.supported_languages) or entity.default_language or "en_US"
        days = entity(years=year, subdiv=subdivision, language=spoken, expand=False)
    except NotImplementedError:
        # The package knows the country, and not this part of it.
        return None
    return {day: str(name) for day, name in days.items()}


def _spoken(language: str | None, supported: Sequence[str]) -> str | None:
    """The supported language that is, or begins with, the wanted one: "en" is "en_US" where that is all."""
    if language is None:
        return None
    wanted = language.replace("-", "_").casefold()
    tongue = wanted.split("_")[0]
    by_likeness = [s for s in supported if s.casefold() == wanted] + [
        s for s in supported if s.casefold().split("_")[0] == tongue
    ]
    return by_likeness[0] if by_likeness else None

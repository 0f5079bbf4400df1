"""The widget as it is served, and what it says: who is there, in the language of the page."""

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from leadbell.settings import LANGUAGES
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.chat.writer import Place

SOURCE = Path(__file__).parent.parent / "static" / "visits" / "chat.js"


@lru_cache(maxsize=1)
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8")


def widget(key: str) -> str:
    """The script for the website with this key."""
    return f"{_source().rstrip().removesuffix(';')}({json.dumps(key)});\n"


def language_of(page: str, dealer: str) -> str:
    """The page's language where we speak it, else the dealer's, else English."""
    spoken = {code for code, _name in LANGUAGES}
    return next((code for code in (page[:2].lower(), dealer) if code in spoken), "en")


def said_in(text: Words, page: str, dealer: str) -> str:
    import django
    from django.utils.translation import gettext, override

    django.setup()
    with override(language_of(page, dealer)):
        said = gettext(text.text)
    return said % text.values if text.values else said


def presence(place: "Place", staff: int, page_language: str, now: datetime) -> dict[str, object]:
    """`{"state": "here" | "away" | "closed", "says": {name: text}, …}`: never more than is true."""
    from leadbell.chat.texts import TEXTS
    from leadbell.dealers.hours import OpeningHours

    hours = OpeningHours.from_json(
        {"zone": place.zone, "country": place.country, "subdivision": place.subdivision, "language": place.language}
        | place.hours
    )  # fmt: skip
    is_open = hours.is_open(now)
    opening = None if is_open else hours.next_opening(now)
    language = language_of(page_language, place.language)
    says = {name: said_in(text, language, language) for name, text in TEXTS.items()}
    says["title"] = says["title"].replace("%(dealer)s", place.name)
    if opening:
        says["closed"] = says["closed_until"].replace(
            "%(opening)s", _moment(opening.astimezone(ZoneInfo(place.zone)), language)
        )
    state = "closed" if not is_open else "here" if staff else "away"
    return {"state": state, "language": language, "patience_s": place.patience_s, "says": says}


def _moment(local: datetime, language: str) -> str:
    from django.utils import formats
    from django.utils.translation import override

    with override(language):
        return str(formats.date_format(local, "l H:i"))

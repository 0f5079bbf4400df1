"""In which language a report speaks: an audit has no server, and no person whose language is known."""

import gettext
import locale
import os
from dataclasses import dataclass
from importlib.resources import files

from leadbell.trouble import Trouble
from leadbell.words import Words

LANGUAGES = ("en", "nl", "ru")


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader's language."""

    code: str

    def __call__(self, words: Words) -> str:
        found = gettext.translation("django", str(files("leadbell") / "locale"), [self.code], fallback=True)
        text = found.gettext(words.text) if words.text else ""
        return text % words.values if words.values else text


def reader(language: str) -> Reader:
    """By option, else by the machine's locale, else English. Raises Trouble for a language there is none of."""
    asked = language or (locale.getlocale()[0] or os.environ.get("LANG") or "en")[:2].lower()
    if asked not in LANGUAGES:
        if language:
            raise Trouble("There is no report in “%(language)s”: use en, nl or ru.", language=language)
        asked = "en"
    return Reader(asked)

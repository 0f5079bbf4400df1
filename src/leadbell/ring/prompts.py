"""What the voice on the phone says, per language; a dealer may write its own."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, gettext, ngettext, override

from leadbell.ring.ports import Prompt, Spoken
from leadbell.words import say

#: name → the sentence; a dealer's own may use the same %(values)s.
SENTENCES = {
    "whisper_lead": say("New lead: %(name)s, %(car)s, sent %(ago)s ago. Press 1 to call, 2 to pass on."),
    "whisper_again": say("%(name)s asked again: %(car)s, %(ago)s ago. Press 1 to call, 2 to pass on."),
    "whisper_late": say(
        "Nobody has called %(name)s yet: %(car)s, asked %(ago)s ago. Press 1 to call, 2 to pass on."
    ),
    "whisper_outbound": say("Your call to %(name)s. Press 1 to be connected."),
    "whisper_inbound": say("%(name)s is on the line. Press 1 to answer, 2 to pass on."),
    "whisper_test": say("This is Leadbell. Your phone rings. Press 1."),
    "keypad": say(
        "What was agreed? Press 1 for a quote, 2 to call back tomorrow, 3 for no interest. Or note it on your screen."
    ),
    "noted": say("Noted."),
    "tested": say("Thank you. Your key press was heard."),
    "announce": say("This call is recorded."),
    "voicemail": say("A voicemail answers. Leave a message, or hang up."),
    "no_answer": say("No answer. It is planned again."),
    "busy": say("The line is busy. It is planned again."),
    "unreachable": say("The number can't be reached."),
    "not_placed": say("The line could not place the call. Please try again, or use another phone."),
    "taken": say("Somebody else was first. Thank you."),
    "not_now": say("This customer can't be called now. Look at your screen."),
    "missed": say("Everybody is in conversation. We call you back as soon as we can."),
    "closed": say("We are closed now. We call you back as soon as we open."),
}
A_CUSTOMER, NO_CAR = say("a customer").text, say("no car named").text
LANGUAGES = frozenset(code for code, _ in settings.LANGUAGES)
#: Between two sentences.
_ENDS = re.compile(r"(?<=[.!?])\s+")
#: What can stand in a dealer's own sentence.
VALUES = {"name", "car", "ago"}


def sentence(
    own: Mapping[str, Any], name: str, language: str, otherwise: str = "en", /, **values: str
) -> Prompt:
    """The dealer's `own` sentence in this language, or ours; `own` is PhoneRules.prompts.

    In a language nobody has written it in, it is said in the language it has `otherwise`, never in a foreign voice.
    """
    language = next((one for one in (language, otherwise) if _is_written(own, name, one)), "en")
    ours = _translated(SENTENCES[name].text, language)
    values = {key: values.get(key, "") for key in VALUES}
    try:
        return _prompt((own.get(name) or {}).get(language) or ours, language, values)
    except (KeyError, ValueError, TypeError):  # a damaged row; what is stored was checked
        return _prompt(ours, language, values)


def _is_written(own: Mapping[str, Any], name: str, language: str) -> bool:
    return language in LANGUAGES or (isinstance(own.get(name), dict) and language in own[name])


def _prompt(text: str, language: str, values: Mapping[str, str]) -> Prompt:
    """Cut into sentences before the names are filled in, which may have full stops of their own."""
    return Prompt(text % values, language, tuple(one % values for one in _ENDS.split(text) if one))


def whisper(own: Mapping[str, Any], name: str, language: str, who: str, car: str, since: datetime) -> Spoken:
    """The sentence with how long ago the customer asked, counted when it is said."""

    def spoken(now: datetime) -> Prompt:
        about = {
            "name": who or _translated(A_CUSTOMER, language),
            "car": car or _translated(NO_CAR, language),
        }
        return sentence(
            own, name, language, **about, ago=_ago(round((now - since).total_seconds()), language)
        )

    return spoken


@lru_cache(maxsize=1000)
def _translated(text: str, language: str) -> str:
    """Changing the language takes ten times as long as putting the sentence together."""
    with override(language):
        return gettext(text)


@lru_cache(maxsize=1000)
def _ago(seconds: int, language: str) -> str:
    with override(language):
        return ago(seconds)


#: Seconds and minutes are feminine in Russian, and something happened *them* ago; a voice reads digits as masculine.
_ONES = {1: "одну", 2: "две"}
_TENS = ("", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят")


def _spoken(count: int) -> str:
    """A number of seconds or minutes below 90, in words where digits would be read wrongly."""
    if get_language() != "ru" or count % 10 not in _ONES or count in (11, 12):
        return str(count)
    return f"{_TENS[count // 10]} {_ONES[count % 10]}".strip()


def ago(seconds: float) -> str:
    """`8 seconds`, `3 minutes`, `2 hours`, in the language that is active."""
    whole = max(1, round(seconds))
    if whole < 90:
        return ngettext("%(count)s second", "%(count)s seconds", whole) % {"count": _spoken(whole)}
    minutes = round(whole / 60)
    if minutes < 90:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": _spoken(minutes)}
    hours = round(minutes / 60)
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}

"""Telephone numbers as people write them, made diallable."""

import re
from collections.abc import Iterator

import phonenumbers

from leadbell.intake.inquiry import Phone, one_line

LONGEST = 200
#: digits of an E.164 number (ITU-T E.164)
LONGEST_NUMBER = 15

KINDS = {
    "cell": "mobile", "cellphone": "mobile", "cellular": "mobile", "mobile": "mobile", "mobilephone": "mobile",
    "sms": "mobile", "text": "mobile", "whatsapp": "mobile", "gsm": "mobile", "mobiel": "mobile", "mobil": "mobile",
    "handy": "mobile", "мобильный": "mobile", "сотовый": "mobile",
    "home": "home", "evening": "home", "residence": "home", "thuis": "home", "prive": "home", "privé": "home",
    "privat": "home", "домашний": "home",
    "work": "work", "business": "work", "office": "work", "werk": "work", "zakelijk": "work", "arbeit": "work",
    "geschäftlich": "work", "dienstlich": "work", "рабочий": "work",
    "voice": "voice", "phone": "voice", "main": "voice", "landline": "voice",
    "fax": "fax", "факс": "fax", "pager": "pager",
}  # fmt: skip

_FREE_TEXT = re.compile(r"[^\W\d_]{3,}")
_EXTENSION = re.compile(
    r"[\s,;(]*(?:ext(?:ension)?|toestel|tst|durchwahl|доб(?:авочный)?|x|#)[\s.:]*\d{1,6}\)?\s*$",
    re.IGNORECASE,
)
_SPELLED_AS_A_WORD = re.compile(r"(?:\+?1[-. ])?\(?8\d\d\)?[-. ][A-Z\d-]{7,12}")
_SEVERAL = re.compile(r"[/,;|&]")
_NOT_A_DIGIT = re.compile(r"\D+")


def kind_of(word: str | None) -> str | None:
    """What a sender calls a telephone, in our words; None where it says nothing known."""
    return KINDS.get(word.strip().casefold()) if word else None


def read_phone(raw: str, country: str, kind: str | None = None, elsewhere: str | None = None) -> Phone:
    """The first number in the text. `country` and `elsewhere` (the customer's own) are ISO 3166 codes."""
    return read_phones(raw, country, kind, elsewhere)[0]


def read_phones(
    raw: str, country: str, kind: str | None = None, elsewhere: str | None = None
) -> tuple[Phone, ...]:
    """Every number in the text, or one Phone without a number where it holds none that can be dialled.

    Senders put free text here, and two numbers; each Phone keeps the whole text as its raw.
    """
    raw = one_line(raw)[:LONGEST]
    for region in (country, elsewhere):
        if region:
            numbers = tuple(dict.fromkeys(_numbers(raw, region.upper())))
            if numbers:
                return tuple(Phone(number, raw, kind) for number in numbers)
    return (Phone(None, raw, kind),)


def digits(text: str) -> int:
    """How many digits the text holds, in any script."""
    return len(_NOT_A_DIGIT.sub("", text))


def _numbers(raw: str, region: str) -> Iterator[str]:
    if digits(raw) < 4:
        return
    plain = _EXTENSION.sub("", raw)
    wordy = _FREE_TEXT.search(plain) and not _SPELLED_AS_A_WORD.fullmatch(plain)
    if not wordy:
        for spelling in _spellings(plain):
            number = _dialled(spelling, region)
            if number:
                yield number
                return
    if wordy or _SEVERAL.search(raw) or digits(raw) > LONGEST_NUMBER:
        for match in phonenumbers.PhoneNumberMatcher(raw, region):
            yield phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)


def _spellings(plain: str) -> Iterator[str]:
    """The text as it stands, then what people mean by it who left out or misplaced the plus."""
    yield plain
    bare = plain.lstrip("+( ")
    if bare.startswith("00"):
        yield "+" + bare[2:]
    elif bare.startswith("0"):
        yield bare
    elif digits(bare) >= 11:
        yield "+" + bare


def _dialled(spelling: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(spelling, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

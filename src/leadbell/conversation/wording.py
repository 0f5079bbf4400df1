"""The words of messages: templates in the customer's language, what is filled in, and what stands below each."""

import html
import re
from collections.abc import Callable, Mapping

from leadbell.conversation.ports import CarrierName
from leadbell.conversation.wording_defaults import DEFAULTS, Template
from leadbell.words import say

LANGUAGES = ("nl", "en", "ru")
#: What a template may name in braces.
VALUES = ("name", "car", "dealer", "salesperson", "phone", "appointment", "video", "signature")
#: Those a person chooses from, and those that are sent by themselves where a dealer switched them on.
PERSONAL = ("answer", "not_reached", "quote", "confirmation", "cancelled")
AUTOMATIONS = ("acknowledge", "remind", "introduce")
#: Automations that go by text where e-mail can't.
TEXTED = ("introduce",)
LONGEST_SUBJECT, LONGEST_MAIL, LONGEST_TEXT = 200, 20_000, 1_000

UNSTORABLE = say("There is a character in it that can’t be stored: type it again.")
#: NUL and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_VALUE = re.compile(r"\{([a-z_]{1,20})\}")
_LINK = re.compile(r"https?://[^\s<>\"']{3,2000}")
_AFTER_A_LINK = ".,;:!?)]}"


_FOOT = {
    "nl": "Wilt u geen berichten meer van {dealer}? {url}",
    "en": "Would you rather not hear from {dealer} again? {url}",
    "ru": "Не хотите больше получать сообщения от {dealer}? {url}",
}
_FOOT_OF_A_TEXT = {"nl": "Stuur STOP om te stoppen.", "en": "Send STOP to stop.", "ru": "СТОП — отписаться."}
_STOP = frozenset(
    (
        "stop",
        "stopall",
        "unsubscribe",
        "cancel",
        "end",
        "quit",
        "afmelden",
        "uitschrijven",
        "стоп",
        "отписаться",
    )
)


def is_unstorable(*texts: str) -> bool:
    """Whether the database would refuse one of them."""
    return any(_UNSTORABLE.search(text) for text in texts)


def template_of(name: str, carrier: CarrierName, language: str) -> Template | None:
    """The default words; English where a language has none. None where there is no such template."""
    found = DEFAULTS[carrier].get(name)
    return found.get(language, found["en"]) if found else None


def unknown_values(text: str) -> list[str]:
    """What stands in braces and means nothing."""
    return [name for name in dict.fromkeys(_VALUE.findall(text)) if name not in VALUES]


#: What stands for a value that nobody told, so that no sentence has a hole. In Russian a missing name leaves none.
_UNTOLD: Mapping[str, Mapping[str, str]] = {
    "nl": {"name": "klant", "car": "auto"},
    "en": {"name": "customer", "car": "car"},
    "ru": {"car": "автомобиль"},
}
_HOLE = "\x00"


def fill(text: str, values: Mapping[str, str], language: str = "") -> str:
    """The text with its values; lines and gaps that are empty because a value is, are closed.

    `language`: a name or a car that nobody told is *customer* or *car* in it.
    """
    untold = _UNTOLD.get(language, {})

    def value(found: re.Match[str]) -> str:
        said = values.get(found[1])
        return found[0] if said is None else said.strip() or untold.get(found[1]) or _HOLE

    filled = re.sub(r",?[ \t]*\x00(?=[ \t]*(?:[.,!?;\n]|$))", "", _VALUE.sub(value, text)).replace(_HOLE, "")
    filled = re.sub(r"[ \t]+(?=\n|$)", "", re.sub(r"(?<=\S)[ \t]{2,}", " ", filled))
    return re.sub(r"\n{5,}", "\n\n\n\n", filled).strip()


def foot(carrier: CarrierName, language: str, dealer: str, url: str) -> str:
    """What stands below every message: how to hear no more."""
    texts = _FOOT if carrier == "email" else _FOOT_OF_A_TEXT
    return texts.get(language, texts["en"]).replace("{dealer}", dealer).replace("{url}", url)


def says_stop(text: str) -> bool:
    """A text message that is nothing but the word that ends it."""
    return text.strip(" \t\r\n.!\"'").casefold() in _STOP


def plain(text: str, link: Callable[[str], str]) -> str:
    """The text with each of its links as `link` wants it."""
    return _LINK.sub(lambda found: _linked(found[0], lambda url: link(url)), text)


def page(text: str, foot_text: str, opt_out_url: str, link: Callable[[str], str]) -> str:
    """The same as simple HTML: paragraphs, and links that show what was written."""
    paragraphs = [_paragraph(part, link) for part in re.split(r"\n{2,}", text.strip()) if part.strip()]
    below = html.escape(foot_text)
    if opt_out_url:
        shown = html.escape(opt_out_url)
        below = below.replace(shown, f'<a href="{shown}">{shown}</a>')
    return (
        '<!doctype html><html><body style="font-family:sans-serif;font-size:15px;line-height:1.5">'
        + "".join(paragraphs)
        + f'<p style="color:#667085;font-size:12px">{below}</p></body></html>'
    )


def _paragraph(part: str, link: Callable[[str], str]) -> str:
    pieces, end = [], 0
    for found in _LINK.finditer(part):
        pieces.append(html.escape(part[end : found.start()]))
        pieces.append(
            _linked(
                found[0],
                lambda url: f'<a href="{html.escape(link(url))}">{html.escape(url)}</a>',
                html.escape,
            )
        )
        end = found.end()
    pieces.append(html.escape(part[end:]))
    return f"<p>{''.join(pieces).replace(chr(10), '<br>')}</p>"


def _linked(found: str, link: Callable[[str], str], rest: Callable[[str], str] = str) -> str:
    """A full stop after a link is none of it."""
    url = found.rstrip(_AFTER_A_LINK)
    return link(url) + rest(found[len(url) :])

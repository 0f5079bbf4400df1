"""What the words of a conversation suggest for its marks. Pure; a few plain phrases per language, no more.

A phrase says that something was said, never that it wasn't: so nothing here ever suggests “no”.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from leadbell.words import Words, say

Mark = Literal["opportunity", "voicemail", "wrong_number", "service", "asked", "made"]
Side = Literal["customer", "salesperson"]

#: An answer to the question comes within so long.
ANSWERS_WITHIN_MS = 30_000
#: A voicemail speaks at the start, and a wrong number is told there.
AT_THE_START_MS = 30_000


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence of a transcript."""

    number: int
    side: Side
    start_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What may be marked, because of this sentence."""

    mark: Mark
    line: Line

    @property
    def words(self) -> Words:
        return _SAYS[self.mark]

    @property
    def chooses(self) -> tuple[str, str]:
        """Name and value of the choice on the form."""
        return (self.mark, "yes") if self.mark in ("asked", "made") else ("verdict", self.mark)

    @property
    def start_s(self) -> float:
        return self.line.start_ms / 1000


_SAYS: Mapping[Mark, Words] = {
    "opportunity": say("might be a real chance: the customer speaks of buying"),
    "voicemail": say("might be a voicemail"),
    "wrong_number": say("might be a wrong number"),
    "service": say("might be a service question"),
    "asked": say("the appointment might be asked for here"),
    "made": say("the appointment might be made here"),
}
#: In this order they are shown, one of each.
_ORDER: tuple[Mark, ...] = ("voicemail", "wrong_number", "service", "opportunity", "asked", "made")


def _any(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})", re.IGNORECASE)


_VOICEMAIL = {
    "en": _any(r"leave (?:a|your) message", r"after the (?:tone|beep)", r"voice ?mail", r"not available (?:right now|at the moment)"),
    "nl": _any(r"na de (?:toon|piep|pieptoon)", r"voice ?mail", r"spreek (?:een|uw|je) (?:bericht|boodschap)", r"(?:een|uw) bericht in(?:spreken)?", r"niet bereikbaar"),
    "ru": _any(r"после (?:звукового )?сигнала", r"оставьте (?:свое |своё |ваше )?сообщение", r"абонент", r"голосов\w+ (?:почт|ящик)", r"автоответчик"),
}  # fmt: skip
_WRONG = {
    "en": _any(r"wrong number", r"you have the wrong (?:number|person)"),
    "nl": _any(r"verkeerd (?:verbonden|nummer)", r"verkeerde (?:nummer|persoon)"),
    "ru": _any(r"ошиблись (?:номером|номер)", r"не туда попали"),
}
_SERVICE = {
    "en": _any(r"(?:car|it) (?:is )?in for (?:a )?service", r"service appointment", r"book (?:a|my) service", r"warning light", r"\bmot\b", r"repair", r"new ty[rt]es"),
    "nl": _any(r"apk\b", r"onderhoudsbeurt", r"(?:kleine|grote) beurt", r"werkplaats", r"reparatie", r"storing", r"lampje", r"winterbanden"),
    "ru": _any(r"техобслуживани\w+", r"техосмотр\w*", r"на (?:то|ремонт)\b", r"ремонт\w*", r"замен\w+ (?:масла|резин\w+|шин\w*)"),
}  # fmt: skip
_BUYS = {
    "en": _any(r"is (?:it|the .{1,30}) still (?:available|for sale|in stock)", r"how much (?:is|does|would)", r"test drive", r"trade[ -]?in", r"trade (?:my|mine|it) in", r"delivery time", r"(?:finance|lease) (?:it|deal|per)", r"interested in (?:the|a|buying)"),
    "nl": _any(r"is (?:hij|die|de .{1,30}) nog (?:te koop|beschikbaar|op voorraad)", r"wat kost", r"proefrit", r"inruil\w*", r"levertijd", r"financier\w*", r"private lease", r"ge[ïi]nteresseerd in"),
    "ru": _any(r"(?:ещ[её] )?(?:в наличии|продаётся|продается)", r"сколько стоит", r"какая цена", r"тест[ -]?драйв\w*", r"trade[ -]?in|трейд[ -]?ин\w*", r"обменять", r"в (?:кредит|лизинг)", r"хочу купить"),
}  # fmt: skip
_ASKS = {
    "en": _any(r"would you like to (?:come|visit|drive)", r"when (?:would|does|could|can) (?:it suit|that suit|suit|you come)", r"(?:make|plan|book|schedule|set up) an appointment", r"come (?:and|to) (?:see|look|visit)", r"can you come (?:in|by|over)", r"would .{1,25} suit you"),
    "nl": _any(r"(?:wilt u|wil je|kunt u|kun je|komt u|kom je) .{0,25}(?:lang\w*|kijken|proefrijden)", r"wanneer (?:schikt|komt|kunt|kan|past)", r"afspraak (?:maken|inplannen|plannen|voor)", r"(?:een|uw) afspraak", r"schikt (?:het|u)", r"proefrit (?:maken|inplannen|plannen)"),
    "ru": _any(r"когда (?:вам )?(?:будет )?(?:удобн\w+|подойд[её]т|сможете)", r"(?:приезжайте|приходите|подъезжайте)", r"(?:сможете|хотите|могли бы) (?:\w+ )?(?:приехать|подъехать|прийти)", r"записать вас", r"договоримся о встрече", r"вам удобн\w+"),
}  # fmt: skip
_AGREES = {
    "en": _any(r"(?:that|this|it)(?:'s| is| would be) (?:fine|good|perfect|great|ok\w*)", r"(?:that|it) (?:works|suits)", r"see you (?:on|at|then|tomorrow|mon|tue|wed|thu|fri|sat|sun)", r"i(?:'ll| will) (?:put|book|note|write) you", r"you(?:'re| are) (?:booked|expected)", r"(?:we|i)(?:'ll| will)? expect you"),
    "nl": _any(r"tot (?:maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|morgen|dan|straks)", r"(?:dat|het) (?:is|lijkt me) (?:goed|prima|akkoord)", r"dat (?:schikt|komt goed uit|past)", r"ik (?:zet|noteer|schrijf|plan) (?:u|je|het|hem)", r"(?:staat|is) genoteerd", r"we verwachten u"),
    "ru": _any(r"до (?:понедельника|вторника|среды|четверга|пятницы|субботы|воскресенья|завтра|встречи)", r"(?:жд[её]м|жду) вас", r"(?:записал\w?|записываю) вас", r"договорились", r"(?:меня|мне) (?:устраивает|подходит|удобно)"),
}  # fmt: skip
_WHEN = {
    "en": _any(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day", r"tomorrow", r"tonight", r"o'?clock", r"\d{1,2}(?::\d\d)? ?(?:am|pm)\b", r"at (?:\d|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|noon|half)"),
    "nl": _any(r"(?:maan|dins|woens|donder|vrij|zater|zon)dag", r"morgen", r"vanmiddag", r"vanavond", r"\d{1,2}(?::\d\d)? uur", r"om (?:\d|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|half)"),
    "ru": _any(r"(?:понедельник|вторник|сред|четверг|пятниц|суббот|воскресень)\w*", r"завтра", r"сегодня", r"в (?:\d|час|два|три|четыре|пять|шесть|семь|восемь|девять|десять|одиннадцать|двенадцать)"),
}  # fmt: skip
LANGUAGES = frozenset(_ASKS)


def hints(lines: Iterable[Line], language: str) -> tuple[Hint, ...]:
    """One suggestion of each kind at most, with the sentence it is made of; none in a language without rules."""
    if language not in LANGUAGES:
        return ()
    whole = sorted(lines, key=lambda one: one.start_ms)
    theirs = [one for one in whole if one.side == "customer"]
    early = [one for one in theirs if one.start_ms <= AT_THE_START_MS]
    asked = _first([one for one in whole if one.side == "salesperson"], _ASKS[language])
    found: dict[Mark, Line | None] = {
        "voicemail": _first(early, _VOICEMAIL[language]),
        "wrong_number": _first(early, _WRONG[language]),
        "service": _first(theirs, _SERVICE[language]),
        "asked": asked,
        "made": None if asked is None else _made(whole, asked, language),
    }
    if found["voicemail"] is None and found["wrong_number"] is None and found["service"] is None:
        found["opportunity"] = _first(theirs, _BUYS[language]) or found["made"]
    return tuple(Hint(mark, line) for mark in _ORDER if (line := found.get(mark)))


def _first(lines: Iterable[Line], phrases: re.Pattern[str]) -> Line | None:
    return next((one for one in lines if phrases.search(one.text)), None)


def _made(lines: Sequence[Line], asked: Line, language: str) -> Line | None:
    """Somebody agrees within a while of the question, and a day or an hour is named meanwhile."""
    near = [one for one in lines if 0 <= one.start_ms - asked.start_ms <= ANSWERS_WITHIN_MS]
    if _first(near, _WHEN[language]) is None:
        return None
    return _first([one for one in near if one is not asked], _AGREES[language])

"""A dealer's own words for a script: sentences per language, which questions in which order, and questions of its own.

Pure. A question of ours stays the same question in other words; what it means in the figures doesn't change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import msgspec

from leadbell.handover.scripts import SCRIPTS, Kind, Question, Script
from leadbell.refused import Refused
from leadbell.words import Words, say

LANGUAGES = ("nl", "en", "ru")
#: What a sentence may name in braces.
VALUES = ("name", "car", "dealer", "agent")
MOST_SENTENCES, LONGEST_SENTENCE = 12, 300
MOST_QUESTIONS, LONGEST_QUESTION = 20, 160
FEWEST_CHOICES, MOST_CHOICES, LONGEST_CHOICE = 2, 8, 60
KINDS: Mapping[str, Kind] = {"yes_no": "yes_no", "choice": "choice", "number": "number"}
OWN = "own-"
#: Every question of ours, by its name; a dealer may ask each in any script.
OURS: Mapping[str, Question] = {one.name: one for script in SCRIPTS.values() for one in script.asks}


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question, with the dealer's words by language; none: ours. Only its own have a kind, and choices."""

    name: str
    words: dict[str, str] = {}
    kind: Kind | None = None
    #: Each by language.
    choices: tuple[dict[str, str], ...] = ()

    @property
    def is_own(self) -> bool:
        return self.kind is not None


class Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """One version of a dealer's script. A language without sentences has ours."""

    says: dict[str, tuple[str, ...]] = {}
    asks: tuple[Ask, ...] = ()


def ours(script: Script) -> Text:
    """Our script, as a dealer begins to change it."""
    return Text(asks=tuple(Ask(one.name) for one in script.asks))


def worded(script: Script, text: Text, language: str) -> Script:
    """Our script in the dealer's words; questions in the language of whoever reads them."""
    asks = [_question(one, language) for one in text.asks]
    return replace(
        script, says={**script.says, **text.says}, asks=tuple(one for one in asks if one is not None)
    )


def _question(ask: Ask, language: str) -> Question | None:
    if ask.kind is None:
        known = OURS.get(ask.name)
        own = ask.words.get(language, "")
        return replace(known, words=_as_it_is(own), own_words=own) if known and own else known
    words = in_language(ask.words, language)
    choices = tuple(
        (str(nth), _as_it_is(in_language(one, language))) for nth, one in enumerate(ask.choices, 1)
    )
    return Question(ask.name, ask.kind, _as_it_is(words), choices, own_words=words)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """In this language, else in English, else in any."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


def _as_it_is(text: str) -> Words:
    """Nobody translates what a dealer wrote."""
    return Words("%(text)s", {"text": text})


def next_name(texts: Iterable[Text]) -> str:
    """For a new question of the dealer's own: a name that no version has had."""
    numbers = [int(ask.name.removeprefix(OWN)) for text in texts for ask in text.asks if ask.is_own]
    return f"{OWN}{max(numbers, default=0) + 1}"


def refused(text: Text) -> Refused | None:
    """Why this can't be a script, in words; None: it can."""
    for sentences in text.says.values():
        if len(sentences) > MOST_SENTENCES or any(len(one) > LONGEST_SENTENCE for one in sentences):
            return Refused(
                say("A script has at most %(most)s sentences of %(longest)s letters.", most=MOST_SENTENCES,
                    longest=LONGEST_SENTENCE)
            )  # fmt: skip
        for one in sentences:
            if (wrong := _wrong_value(one)) is not None:
                return Refused(say("“%(said)s” is filled in with nothing: write {name}, {car}, {dealer} or {agent}.",
                                   said=wrong))  # fmt: skip
    if len(text.asks) > MOST_QUESTIONS:
        return Refused(say("More than %(most)s questions nobody answers.", most=MOST_QUESTIONS))
    return next((because for one in text.asks if (because := _refused_question(one))), None)


def _wrong_value(sentence: str) -> str | None:
    left = sentence
    for value in VALUES:
        left = left.replace(f"{{{value}}}", "")
    begin = min((at for sign in "{}" if (at := left.find(sign)) >= 0), default=-1)
    return None if begin < 0 else left[begin : begin + 20]


def _refused_question(ask: Ask) -> Refused | None:
    if any(len(one) > LONGEST_QUESTION for one in ask.words.values()):
        return Refused(say("A question has at most %(most)s letters.", most=LONGEST_QUESTION))
    if not ask.is_own:
        return None
    if not ask.words:
        return Refused(say("Write what is asked, in one language at least."))
    if ask.kind != "choice":
        return None
    if not FEWEST_CHOICES <= len(ask.choices) <= MOST_CHOICES:
        return Refused(say("“%(question)s”: between %(least)s and %(most)s answers to choose from, one a line.",
                           question=in_language(ask.words, ""), least=FEWEST_CHOICES, most=MOST_CHOICES))  # fmt: skip
    if any(set(one) != set(ask.choices[0]) for one in ask.choices):
        return Refused(say("“%(question)s”: the same number of answers in each language, or in one alone.",
                           question=in_language(ask.words, "")))  # fmt: skip
    if any(len(word) > LONGEST_CHOICE for one in ask.choices for word in one.values()):
        return Refused(say("An answer has at most %(most)s letters.", most=LONGEST_CHOICE))
    return None


def choices_of(lines: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], ...]:
    """Answers written one a line, per language, as choices; a language that lacks one lacks it there."""
    longest = max((len(found) for found in lines.values()), default=0)
    return tuple(
        {language: found[nth] for language, found in lines.items() if nth < len(found)}
        for nth in range(longest)
    )

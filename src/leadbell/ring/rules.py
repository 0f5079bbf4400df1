"""What may be recorded where, and what a dealer's own sentence may hold: decided from values alone."""

import re
from dataclasses import dataclass

from leadbell.words import Words, say

#: Everybody on the line has to agree: § 201 StGB, art. 179ter StGB, art. 226-1 Code pénal, art. 199 Código Penal.
_AGREE = frozenset({"DE", "CH", "FR", "PT"})
#: Whoever is recorded has to be told before: art. 13 GDPR, in the Union, the EEA and the United Kingdom; PIPEDA.
_TELL = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DK", "EE", "ES", "FI", "GB", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU",
    "LV", "MT", "NL", "NO", "PL", "RO", "SE", "SI", "SK", "CA",
})  # fmt: skip
#: In some states of the USA everybody on the line has to agree, and a customer may live in any of them.
_BY_STATE = frozenset({"US"})

_VALUE = re.compile(r"%\((\w*)\)s")


@dataclass(frozen=True, slots=True)
class RecordingLaw:
    """What a country's law says about recording a call, in one sentence for the manager."""

    says: Words
    may_be_silent: bool


def recording_law(country: str) -> RecordingLaw:
    """`country` is ISO 3166. Where we don't know, the manager has to find out; nothing is recorded by default."""
    code = country.upper()
    if code in _AGREE:
        return RecordingLaw(
            say(
                "Here (%(country)s) everybody on the line has to agree to be recorded: recording without telling is a "
                "crime. Announce it, and hang up or call without recording where the customer says no.",
                country=code,
            ),
            may_be_silent=False,
        )
    if code in _TELL:
        return RecordingLaw(
            say(
                "Here (%(country)s) recording without telling is not allowed: everybody on the line has to know it "
                "beforehand, and why. Announce it, or don’t record.",
                country=code,
            ),
            may_be_silent=False,
        )
    if code in _BY_STATE:
        return RecordingLaw(
            say(
                "In some states, California and Florida among them, everybody on the line has to agree, and a customer "
                "may live in any of them. Announce it, unless your lawyer says otherwise."
            ),
            may_be_silent=True,
        )
    return RecordingLaw(
        say(
            "We don’t know the law on recording here (%(country)s): ask before you record without telling.",
            country=code,
        ),
        may_be_silent=True,
    )


def wrong_in_sentence(text: str, values: frozenset[str]) -> Words | None:
    """Why a sentence can't be spoken: it names a value that nobody knows, or holds a `%` that stands for nothing."""
    for name in _VALUE.findall(text):
        if name not in values:
            known = ", ".join(f"%({value})s" for value in sorted(values))
            return say(
                "Nobody knows “%(wrong)s”: a sentence may hold %(known)s.", wrong=f"%({name})s", known=known
            )
    if "%" in _VALUE.sub("", text).replace("%%", ""):
        return say("A “%(sign)s” stands alone in the sentence: write “percent” instead.", sign="%")
    return None

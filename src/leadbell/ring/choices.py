"""What a manager decides about the phone: lines, rules, and the sentences that the voice says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import phonenumbers
from django.db import transaction
from django.utils.translation import override

from leadbell.announce import announce
from leadbell.dealers.actions import dialled
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.law import may_dial
from leadbell.refused import Refused
from leadbell.ring.models import PhoneLine, PhoneRules
from leadbell.ring.prompts import SENTENCES, VALUES, ago, sentence
from leadbell.ring.rules import RecordingLaw, recording_law, wrong_in_sentence
from leadbell.ring.wanted import forget_lines, may_be_dialled
from leadbell.words import Words, say

#: Longer sentences aren't listened to.
LONGEST_SENTENCE = 300
LONGEST_KEPT_DAYS = 3650
_TRUNK = re.compile(r"[A-Za-z0-9._-]{0,60}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class NoSuchLine(LookupError):
    """The dealer has no line of this kind."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The rules as the form says them; times are minutes after midnight on the customer's clock."""

    recording: str
    keep_days: int
    countries: tuple[str, ...]
    quiet_from: int
    quiet_until: int


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a person's phone rings: `number` is empty where it doesn't, `because` says why.

    `in_browser`: only while the window of their browser is closed, which rings instead.
    """

    person: Person
    number: str
    because: Words | None
    in_browser: bool = False


def keep_days_of(dealer: int) -> int:
    """How long this dealer keeps what was recorded."""
    chosen = PhoneRules.objects.filter(dealer=dealer).values_list("keep_days", flat=True).first()
    return PhoneRules().keep_days if chosen is None else chosen


@transaction.atomic
def add_line(
    dealer: Organisation, kind: str, caller_id: str, trunk: str, now: datetime
) -> PhoneLine | Refused:
    """A line besides the desk, tried after those that are there already."""
    if kind not in PhoneLine.Kind.values:
        return Refused(say("Choose what kind of line it is."))
    about = _about_line(dealer, caller_id, trunk)
    if isinstance(about, Refused):
        return about
    last = PhoneLine.objects.filter(dealer=dealer).order_by("-place").first()
    given = {
        "place": last.place + 1 if last else 1, "caller_id": about[0], "trunk": about[1], "created_at": now,
    }  # fmt: skip
    line, is_new = PhoneLine.objects.get_or_create(dealer=dealer, kind=kind, defaults=given)
    if not is_new:
        return Refused(say("This line is there already."))
    _lines_changed(dealer)
    return line


@transaction.atomic
def change_line(
    dealer: Organisation, kind: str, caller_id: str, trunk: str, enabled: bool
) -> PhoneLine | Refused:
    """Its number, its way out, and whether it rings. Raises NoSuchLine."""
    line = _line(dealer, kind)
    about = _about_line(dealer, caller_id, trunk)
    if isinstance(about, Refused):
        return about
    line.caller_id, line.trunk = about
    if enabled and not line.enabled:
        line.down_since, line.down_because, line.seen_at = None, None, None
    line.enabled = enabled
    line.save()
    _lines_changed(dealer)
    return line


@transaction.atomic
def move_line(dealer: Organisation, kind: str, where: Literal["up", "down"]) -> PhoneLine | Refused:
    """Try it before the one above it, or after the one below. Raises NoSuchLine."""
    line = _line(dealer, kind)
    rows = list(PhoneLine.objects.select_for_update().filter(dealer=dealer).order_by("place", "pk"))
    here = rows.index(line)
    there = here - 1 if where == "up" else here + 1
    if not 0 <= there < len(rows):
        return Refused(say("It can’t move further."))
    rows[here], rows[there] = rows[there], rows[here]
    for place, row in enumerate(rows, 1):
        PhoneLine.objects.filter(pk=row.pk).update(place=place)
    _lines_changed(dealer)
    return line


@transaction.atomic
def change_rules(dealer: Organisation, decided: Decided) -> PhoneRules | Refused:
    """What is recorded, for how long it is kept, which countries may be called, and when nobody is."""
    law = recording_law(dealer.country)
    if decided.recording not in PhoneRules.Recording.values:
        return Refused(say("Choose whether calls are recorded."))
    if decided.recording == PhoneRules.Recording.SILENT and not law.may_be_silent:
        return Refused(law.says)
    if not 1 <= decided.keep_days <= LONGEST_KEPT_DAYS:
        return Refused(say("Recordings are kept for 1 to %(most)s days.", most=LONGEST_KEPT_DAYS))
    unknown = [code for code in decided.countries if code not in phonenumbers.SUPPORTED_REGIONS]
    if unknown:
        return Refused(
            say("“%(code)s” is no country: write two letters, such as DE.", code=", ".join(unknown))
        )
    if not all(0 <= minutes < 24 * 60 for minutes in (decided.quiet_from, decided.quiet_until)):
        return Refused(say("Write quiet hours as times of day."))
    given = {
        "recording": decided.recording, "keep_days": decided.keep_days, "quiet_from": decided.quiet_from,
        "countries": [code for code in dict.fromkeys(decided.countries) if code != dealer.country],
        "quiet_until": decided.quiet_until,
    }  # fmt: skip
    rules, _is_new = PhoneRules.objects.update_or_create(dealer=dealer, defaults=given)
    announce(dealer.pk, "dealer")
    return rules


@transaction.atomic
def change_sentences(dealer: Organisation, language: str, texts: Mapping[str, str]) -> PhoneRules | Refused:
    """The dealer's own sentences in one language; an empty one goes back to ours."""
    read = read_sentences(language, texts)
    if isinstance(read, Refused):
        return read
    rules, _is_new = PhoneRules.objects.select_for_update().get_or_create(dealer=dealer)
    own = {name: dict(rules.prompts.get(name) or {}) for name in SENTENCES}
    for name, text in read.items():
        own[name].pop(language, None)
        if text:
            own[name][language] = text
    rules.prompts = {name: said for name, said in own.items() if said}
    rules.save(update_fields=["prompts"])
    announce(dealer.pk, "dealer")
    return rules


def read_sentences(language: str, texts: Mapping[str, str]) -> dict[str, str] | Refused:
    """The sentences by name, with single spaces; or which of them can't be spoken, and why."""
    if not _LANGUAGE.fullmatch(language):
        return Refused(say("Choose a language."))
    read = {}
    for name in SENTENCES:
        text = " ".join(texts.get(name, "").split())
        if len(text) > LONGEST_SENTENCE:
            return Refused(say("A sentence has at most %(most)s letters.", most=LONGEST_SENTENCE))
        if wrong := wrong_in_sentence(text, frozenset(VALUES)):
            return Refused(wrong)
        read[name] = text
    return read


def spoken(own: Mapping[str, object], name: str, language: str) -> str:
    """A sentence as it is heard, with the values of an example."""
    with override(language):
        since = ago(8)
    return sentence(own, name, language, name="Jan Jansen", car="Hyundai Kona", ago=since).text


def law_of(dealer: Organisation) -> RecordingLaw:
    return recording_law(dealer.country)


def kinds_to_add(dealer: Organisation) -> list[tuple[str, str]]:
    """The kinds of line that the dealer doesn't have yet."""
    there = set(PhoneLine.objects.filter(dealer=dealer).values_list("kind", flat=True))
    return [(code, str(label)) for code, label in PhoneLine.Kind.choices if code not in there]


def phones_of(dealer: Organisation, people: Sequence[Person]) -> list[Reached]:
    """Where each of these people is rung."""
    lines = list(PhoneLine.objects.filter(dealer=dealer, enabled=True))
    has_extensions = not lines or any(line.has_extensions for line in lines)
    reached = []
    for one in people:
        number, because = _own_phone(one, dealer, has_extensions)
        reached.append(Reached(one, number, because, one.in_browser))
    return reached


def _own_phone(person: Person, dealer: Organisation, has_extensions: bool) -> tuple[str, Words | None]:
    if person.extension and has_extensions:
        return person.extension, None
    if not person.phone:
        return "", say("no phone: only the screen rings")
    refused = may_be_dialled(person.phone, dealer)
    return ("", refused.because) if refused else (person.phone, None)


def _line(dealer: Organisation, kind: str) -> PhoneLine:
    line = PhoneLine.objects.select_for_update().filter(dealer=dealer, kind=kind).first()
    if line is None:
        raise NoSuchLine(kind)
    return line


def _about_line(dealer: Organisation, caller_id: str, trunk: str) -> tuple[str, str] | Refused:
    """Caller id as E.164 and the trunk's name, checked."""
    number = ""
    if caller_id.strip():
        number = dialled(caller_id.strip(), dealer.country) or ""
        if not number:
            return Refused(say("Nobody can dial “%(phone)s”.", phone=caller_id.strip()[:40]))
        # What a customer sees and calls back has to cost what a call costs, and be the dealer's own country's.
        if refused := may_dial(number, dealer.country):
            return refused
    if not _TRUNK.fullmatch(trunk.strip()):
        return Refused(say("A trunk’s name has letters, digits, dots and dashes only."))
    return number, trunk.strip()


def _lines_changed(dealer: Organisation) -> None:
    forget_lines()
    announce(dealer.pk, "lines")

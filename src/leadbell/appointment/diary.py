"""The secret address of a person's appointments: signed, so that the database holds no secret."""

import base64
import hmac
import re
from dataclasses import dataclass

from django.utils.crypto import salted_hmac

from leadbell.appointment.models import Diary, DiaryChoice
from leadbell.dealers.models import Person

_SALT = "leadbell.appointment.diary"
_NAME = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,8})-([a-z2-7]{32})")


@dataclass(frozen=True, slots=True)
class Named:
    """Whose diary, and the how manyeth of their addresses."""

    person: int
    number: int


def name_of(diary: Diary) -> str:
    """160 bits that nobody guesses, behind person and number."""
    return f"{diary.person_id}-{diary.number}-{_proof(diary.person_id, diary.number)}"


def named(name: str) -> Named | None:
    """None where it was not made here."""
    found = _NAME.fullmatch(name)
    if found is None or not hmac.compare_digest(_proof(int(found[1]), int(found[2])), found[3]):
        return None
    return Named(int(found[1]), int(found[2]))


def diary_at(name: Named) -> Diary | None:
    """Inside its person's door: the diary, if this still is its address and the person still works here."""
    return (
        Diary.objects.select_related("person__organisation", "dealer")
        .filter(person=name.person, number=name.number, on=True, person__is_active=True)
        .first()
    )


def diary_of_person(person: Person) -> Diary | None:
    return Diary.objects.filter(person=person, on=True).first()


def person_named(name: Named) -> Person | None:
    return Person.objects.select_related("organisation").filter(pk=name.person, is_active=True).first()


def shown_by(dealer: int) -> str:
    """What this dealer lets into diaries (DiaryChoice)."""
    choice = DiaryChoice.objects.filter(dealer=dealer).first()
    return choice.shows if choice else DiaryChoice.Shows.CAR


def _proof(person: int, number: int) -> str:
    digest = salted_hmac(_SALT, f"{person}:{number}", algorithm="sha256").digest()
    return base64.b32encode(digest[:20]).decode().lower()

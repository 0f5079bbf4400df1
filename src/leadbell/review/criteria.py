"""What a dealer wants to hear, and how much is listened to."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.refused import Refused
from leadbell.review.models import Criterion, ReviewChoice
from leadbell.review.rules import EACH, SECOND_OF
from leadbell.words import say

LANGUAGES = ("en", "nl", "ru")
LONGEST, MOST, HEAVIEST = 160, 15, 10
MOST_EACH, MOST_SECOND_OF = 20, 50


class NoSuchCriterion(LookupError):
    """The dealer has no such criterion."""


def criteria_of(dealer: int) -> list[Criterion]:
    """Those in use, in their order."""
    return list(Criterion.objects.filter(dealer=dealer, retired_at=None).order_by("place", "pk"))


def text_of(criterion: Criterion, language: str) -> str:
    """In this language, else in English, else in any."""
    texts: dict[str, str] = criterion.texts
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")


@transaction.atomic
def keep_criterion(
    dealer: Organisation, said: Mapping[str, str], by: Person, now: datetime, number: int | None = None
) -> Criterion | Refused:
    """A new one, or (`number`) another wording or weight of one: marks made with the old one stay with it.

    Raises NoSuchCriterion.
    """
    texts = {code: text for code in LANGUAGES if (text := said.get(f"text-{code}", "").strip()[:LONGEST])}
    weight = said.get("weight", "").strip()
    if not texts:
        return Refused(say("Write what is to be heard, in one language at least."))
    if not weight.isdecimal() or len(weight) > 2 or not 1 <= int(weight) <= HEAVIEST:
        return Refused(say("The weight is a whole number from 1 to %(most)s.", most=HEAVIEST))
    there = Criterion.objects.select_for_update().filter(dealer=dealer, retired_at=None)
    place = (there.order_by("-place").values_list("place", flat=True).first() or 0) + 1
    if number is not None:
        old = _criterion(dealer, number)
        if (old.texts, old.weight) == (texts, int(weight)):
            return old
        place, old.retired_at = old.place, now
        old.save(update_fields=["retired_at"])
    elif there.count() >= MOST:
        return Refused(say("More than %(most)s criteria nobody hears at once.", most=MOST))
    return Criterion.objects.create(
        dealer=dealer, place=place, weight=int(weight), texts=texts, made_at=now, made_by=by
    )


@transaction.atomic
def retire(dealer: Organisation, number: int, now: datetime) -> Criterion:
    """Not asked any more; the marks made with it stay. Raises NoSuchCriterion."""
    criterion = _criterion(dealer, number)
    criterion.retired_at = now
    criterion.save(update_fields=["retired_at"])
    return criterion


def _criterion(dealer: Organisation, number: int) -> Criterion:
    found = Criterion.objects.select_for_update().filter(dealer=dealer, pk=number, retired_at=None).first()
    if found is None:
        raise NoSuchCriterion(number)
    return found


def choice_of(dealer: int) -> tuple[int, int]:
    """Conversations per salesperson and week, and one in how many for a second pair of ears."""
    found = ReviewChoice.objects.filter(dealer=dealer).values_list("each", "second_of").first()
    return found or (EACH, SECOND_OF)


@transaction.atomic
def choose(dealer: Organisation, said: Mapping[str, str]) -> ReviewChoice | Refused:
    """From now on so much is listened to."""
    numbers = {}
    for name, most in (("each", MOST_EACH), ("second_of", MOST_SECOND_OF)):
        written = said.get(name, "").strip()
        if not written.isdecimal() or len(written) > 3 or int(written) > most:
            return Refused(say("Write whole numbers: between %(least)s and %(most)s.", least=0, most=most))
        numbers[name] = int(written)
    return ReviewChoice.objects.update_or_create(dealer=dealer, defaults=numbers)[0]

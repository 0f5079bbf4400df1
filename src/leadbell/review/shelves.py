"""What was heard, as screens show it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from leadbell.review.criteria import text_of
from leadbell.review.models import Criterion, Moment, Review
from leadbell.review.rules import Kappa, kappa, score

#: The newest reviews in a list.
MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A criterion in the reader's words, with what was answered last."""

    number: int
    text: str
    weight: int
    met: bool | None = None

    @property
    def name(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Heard:
    """All one reviewer has said of a call: the newest version, and those it corrects."""

    now: Review
    before: tuple[Review, ...]
    score: float | None
    asked: tuple[Asked, ...] = ()

    @property
    def percent(self) -> int | None:
        return None if self.score is None else round(100 * self.score)


def reviews_of(call: UUID, language: str = "en") -> list[Heard]:
    """Of each reviewer, in the order they listened; criteria in this language."""
    versions: dict[int, list[Review]] = {}
    for one in Review.objects.filter(call=call).select_related("reviewer").order_by("pk"):
        versions.setdefault(one.reviewer_id, []).append(one)
    asked = {answer["criterion"] for said in versions.values() for answer in said[-1].answers}
    criteria = list(Criterion.objects.filter(pk__in=asked).order_by("place", "pk"))
    return [
        Heard(
            said[-1], tuple(reversed(said[:-1])), score_of(said[-1]), _asked_in(said[-1], criteria, language)
        )
        for said in versions.values()
    ]


def score_of(review: Review) -> float | None:
    """Of the dealer's criteria, as they were weighed then."""
    return score((one["weight"], one["met"]) for one in review.answers)


def _asked_in(review: Review, criteria: Iterable[Criterion], language: str) -> tuple[Asked, ...]:
    """Those of the criteria that this review answers, in the words of then."""
    met = {one["criterion"]: one for one in review.answers}
    return tuple(
        Asked(one.pk, text_of(one, language), met[one.pk]["weight"], met[one.pk]["met"])
        for one in criteria if one.pk in met
    )  # fmt: skip


def moments_of(call: UUID) -> list[Moment]:
    """Those not taken back, in the order of the conversation; without words once the customer was deleted."""
    return list(
        Moment.objects.filter(call=call, taken_back_at=None)
        .exclude(text="")
        .select_related("by")
        .order_by("at_ms")
    )


def newest_reviews(dealers: Collection[int], person: int | None = None) -> list[Review]:
    """What was heard last, the newest version of each; of this person's conversations only, if one is given."""
    found = Review.objects.filter(dealer__in=list(dealers))
    if person is not None:
        found = found.filter(person=person)
    rows = found.select_related("person", "reviewer", "lead__customer").order_by("-pk")[: 4 * MOST_LISTED]
    return list(_newest(reversed(rows)).values())[::-1][:MOST_LISTED]


def counted(dealers: Collection[int], since: datetime, until: datetime) -> list[Review]:
    """The first listeners' newest versions about conversations of these days: what figures may be made of."""
    found = Review.objects.filter(
        dealer__in=list(dealers), talked_at__gte=since, talked_at__lt=until, second=False
    )
    return list(_newest(found.order_by("pk")).values())


def _newest(versions: Iterable[Review]) -> dict[tuple[UUID, int], Review]:
    newest: dict[tuple[UUID, int], Review] = {}
    for one in versions:
        newest.pop((one.call, one.reviewer_id), None)
        newest[one.call, one.reviewer_id] = one
    return newest


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two who listened to the same call agree: on what it was, and on whether the appointment was asked for."""

    verdict: Kappa
    asked: Kappa


def agreement(dealers: Collection[int], since: datetime) -> Agreement:
    """Over the calls of these days that two have listened to; the second's newest version beside the first's."""
    found = Review.objects.filter(dealer__in=list(dealers), talked_at__gte=since).order_by("pk")
    firsts: dict[UUID, Review] = {}
    seconds: dict[UUID, Review] = {}
    for one in _newest(found).values():
        (seconds if one.second else firsts).setdefault(one.call, one)
    both = [(firsts[call], seconds[call]) for call in sorted(seconds, key=str) if call in firsts]
    return Agreement(
        kappa([(first.verdict, second.verdict) for first, second in both]),
        kappa([(str(first.asked), str(second.asked)) for first, second in both]),
    )

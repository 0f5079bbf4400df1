"""What a machine wrote down of a call: kept piece by piece, shown when it is whole, corrected by people."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from leadbell.announce import announce
from leadbell.dealers.models import Person
from leadbell.lead.talk import Talk
from leadbell.refused import Refused
from leadbell.review.models import Sentence, Transcript
from leadbell.review.ports import Said
from leadbell.words import say

Side = Literal["customer", "salesperson"]
#: A piece at which the process ended so often is given up: its sound or the model is the reason.
MOST_TRIES = 4
LONGEST = 2_000


class NoSuchSentence(LookupError):
    """There is no such sentence in this conversation."""


@dataclass(frozen=True, slots=True)
class Piece:
    """From and until, in milliseconds of the recording; what was said is by the clock of the conversation."""

    from_ms: int
    until_ms: int
    language: str
    said: Sequence[tuple[Side, Said]]
    last: bool


def all_over() -> QuerySet[Transcript]:
    """The calls that are written down, or given up."""
    return Transcript.objects.filter(Q(done_at__isnull=False) | Q(gave_up_at__isnull=False))


def begun_of(calls: Collection[UUID]) -> set[UUID]:
    """Those of these calls of which anything is written down, or was tried."""
    return set(Transcript.objects.filter(call__in=list(calls)).values_list("call", flat=True))


@transaction.atomic
def begin_piece(talk: Talk, engine: str, now: datetime) -> Transcript:
    """Write down that the next piece is begun, before it is: whoever is killed at it too often gives it up."""
    row, _ = Transcript.objects.select_for_update().get_or_create(
        call=talk.number,
        defaults={
            "dealer_id": talk.dealer, "lead_id": talk.lead, "talked_at": talk.at, "engine": engine[:120],
            "begun_at": now,
        },
    )  # fmt: skip
    row.tries += 1
    if row.tries > MOST_TRIES and row.done_at is None:
        row.gave_up_at = now
    row.save(update_fields=["tries", "gave_up_at"])
    return row


@transaction.atomic
def give_up(call: UUID, now: datetime) -> None:
    """Its sound can't be read: nothing is shown of it, and it isn't tried again."""
    Transcript.objects.filter(call=call, done_at=None).update(gave_up_at=now)


@transaction.atomic
def stopped_at(call: UUID) -> None:
    """The process ended in good order: that was no failed try."""
    Transcript.objects.filter(call=call, tries__gt=0).update(tries=F("tries") - 1)


@transaction.atomic
def keep_piece(talk: Talk, piece: Piece, now: datetime) -> bool:
    """Append the piece; False where somebody else has written it, or the customer is gone meanwhile."""
    row = Transcript.objects.select_for_update().filter(call=talk.number).first()
    if row is None or row.upto_ms != piece.from_ms or row.done_at or row.gave_up_at:
        return False
    Sentence.objects.bulk_create(
        Sentence(
            dealer_id=talk.dealer, call=talk.number, side=side, start_ms=one.start_ms, end_ms=one.end_ms,
            language=piece.language[:3], text=one.text[:LONGEST],
        )
        for side, one in piece.said
    )  # fmt: skip
    row.upto_ms, row.tries, row.language = piece.until_ms, 0, row.language or piece.language[:3]
    row.done_at = now if piece.last else None
    row.save(update_fields=["upto_ms", "tries", "language", "done_at"])
    if piece.last:
        announce(talk.dealer, "review", talk.lead, [talk.person])
    return True


def transcript_of(call: UUID) -> tuple[Transcript, list[Sentence]] | None:
    """The whole of it, in order, unless somebody set it aside; None while it isn't whole."""
    row = Transcript.objects.filter(call=call, done_at__isnull=False, set_aside_at=None).first()
    if row is None:
        return None
    said = Sentence.objects.filter(call=call).select_related("corrected_by").order_by("start_ms", "pk")
    return row, list(said)


def is_written(call: UUID) -> bool:
    """Whether there is a transcript to show."""
    return Transcript.objects.filter(call=call, done_at__isnull=False, set_aside_at=None).exists()


@transaction.atomic
def correct(talk: Talk, number: int, text: str, by: Person, now: datetime) -> Sentence | Refused:
    """A person's words instead of the machine's, which are kept beside them. Raises NoSuchSentence."""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        return Refused(say("Write what was said, in at most %(most)s letters.", most=LONGEST))
    one = Sentence.objects.select_for_update().filter(call=talk.number, pk=number).first()
    if one is None or not is_written(talk.number):
        raise NoSuchSentence(number)
    if one.text == text:
        return one
    one.heard = one.heard or one.text
    one.text, one.corrected_at, one.corrected_by = text, now, by
    one.save(update_fields=["text", "heard", "corrected_at", "corrected_by"])
    return one


@transaction.atomic
def set_aside(talk: Talk, by: Person, now: datetime) -> Transcript | Refused:
    """All of it is wrong: nobody is shown it or finds it any more."""
    row = Transcript.objects.select_for_update().filter(call=talk.number, set_aside_at=None).first()
    if row is None or row.done_at is None:
        return Refused(say("There is nothing to set aside."))
    row.set_aside_at, row.set_aside_by = now, by
    row.save(update_fields=["set_aside_at", "set_aside_by"])
    return row

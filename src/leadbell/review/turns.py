"""Who spoke when, summed up: what a machine heard of a conversation. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from leadbell.review.ports import Span
from leadbell.words import Words, say

#: A breath is no end of a turn, and a cough no speech.
BREATH_MS, SHORTEST_MS = 600, 150
#: Whoever begins while the other speaks, and goes on for so long, interrupts; a "yes" meanwhile doesn't.
INTERRUPTS_MS = 1_000
#: An answer that comes later than this isn't one.
LATEST_ANSWER_MS = 10_000
#: What a voicemail sounds like: one announcement from the start, and nothing more from that side.
ANNOUNCES_WITHIN_MS, ANNOUNCES_MS, PAUSES_MS = 5_000, (3_000, 45_000), 2_000


@dataclass(frozen=True, slots=True)
class Sums:
    """Of one conversation; milliseconds where not said otherwise. Shares are of all speech, 0 to 1."""

    customer_ms: int
    salesperson_ms: int
    #: Nobody speaks.
    silence_ms: int
    longest_monologue_ms: int
    #: How often the salesperson began while the customer spoke, and went on.
    interruptions: int
    #: From the end of the customer's turn to the salesperson's answer; the middle one. None: there was no answer.
    answers_after_ms: int | None
    #: Sounds like a voicemail that the line took for a conversation.
    voicemail: bool

    @property
    def talk_ratio(self) -> float | None:
        """The salesperson's share of all speech."""
        whole = self.customer_ms + self.salesperson_ms
        return self.salesperson_ms / whole if whole else None


def turns(spans: Iterable[Span]) -> list[Span]:
    """Breaths closed, coughs left out."""
    joined: list[list[int]] = []
    for start, end in sorted(spans):
        if joined and start - joined[-1][1] <= BREATH_MS:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return [(start, end) for start, end in joined if end - start >= SHORTEST_MS]


def sums(customer: Sequence[Span], salesperson: Sequence[Span], length_ms: int) -> Sums:
    """What the spans of both sides come to."""
    theirs, ours = turns(customer), turns(salesperson)
    return Sums(
        customer_ms=_length(theirs),
        salesperson_ms=_length(ours),
        silence_ms=max(0, length_ms - _length(_together([*theirs, *ours]))),
        longest_monologue_ms=max((end - start for start, end in ours), default=0),
        interruptions=sum(_interrupts(span, theirs) for span in ours),
        answers_after_ms=_middle([ms for span in theirs if (ms := _answer(span, ours)) is not None]),
        voicemail=_is_voicemail(theirs),
    )


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def _together(spans: Iterable[Span]) -> list[Span]:
    """Each moment once, whoever speaks."""
    whole: list[Span] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


def _interrupts(span: Span, others: Iterable[Span]) -> bool:
    start, end = span
    return end - start >= INTERRUPTS_MS and any(
        first + INTERRUPTS_MS <= start < last - SHORTEST_MS for first, last in others
    )


def _answer(span: Span, answers: Iterable[Span]) -> int | None:
    """How long after this turn the other side began; 0 where they didn't wait for its end."""
    end = span[1]
    after = [start - end for start, until in answers if until > end]
    soonest = min(after, default=None)
    return None if soonest is None or soonest > LATEST_ANSWER_MS else max(0, soonest)


def _middle(values: list[int]) -> int | None:
    return sorted(values)[(len(values) - 1) // 2] if values else None


def _is_voicemail(theirs: Sequence[Span]) -> bool:
    if not theirs:
        return False
    start, end = theirs[0][0], theirs[-1][1]
    least, most = ANNOUNCES_MS
    in_one_go = all(after[0] - before[1] <= PAUSES_MS for before, after in pairwise(theirs))
    return in_one_go and start <= ANNOUNCES_WITHIN_MS and least <= end - start <= most


def says(heard: Sums) -> tuple[Words, ...]:
    """What is worth a second look, as suggestions."""
    found = []
    if heard.voicemail:
        found.append(say("might be a voicemail: one announcement at the start, and nothing after it"))
    if (
        heard.talk_ratio is not None
        and heard.talk_ratio > 0.7
        and heard.customer_ms + heard.salesperson_ms > 30_000
    ):
        found.append(say("the salesperson speaks most of the time"))
    return tuple(found)

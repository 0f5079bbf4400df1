"""What was recorded, as screens show it, and who may hear it."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Person
from leadbell.lead.models import Lead
from leadbell.ring.calling import NOT_TAKEN, ends, is_untaken
from leadbell.ring.models import Call, Playback, Recording
from leadbell.words import Words

#: A waveform is drawn with so many bars, on a phone two pixels each.
DRAWN_BARS = 160
#: Hundredths of the whole: on a phone as long as "not recorded".
WIDE_ENOUGH = 26
#: The listeners shown to managers.
MOST_LISTENERS = 10
ALL_RECORDINGS = frozenset({Person.Role.MANAGER, Person.Role.BDC})


class NoSuchRecording(LookupError):
    """There is no recording of this call here. Somebody else's answers exactly the same."""


@dataclass(frozen=True, slots=True)
class Track:
    """The bars of one speaker on the clock of the conversation, 0–100; None where nothing was recorded."""

    who: str
    bars: tuple[int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """One listening, or reading of what was said."""

    name: str
    at: datetime
    read: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A part of the conversation that wasn't recorded, of one or of both, in seconds and in hundredths of the whole."""

    start_s: float
    end_s: float
    left: float
    width: float

    @property
    def middle(self) -> float:
        return round(self.left + self.width / 2, 2)

    @property
    def is_wide(self) -> bool:
        """The words fit in, on a phone as well."""
        return self.width >= WIDE_ENOUGH


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who is heard on a track, by name as far as it is known; `unheard`: when no sound came from them."""

    key: str
    role: str | Promise
    name: str
    unheard: tuple[Missing, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recording of a call for one reader; `may_listen` is theirs, `listeners` are for managers only."""

    key: str
    row: Recording
    call: Call
    may_listen: bool
    speakers: tuple[Speaker, Speaker]
    #: Those who listened last, and how often anybody did.
    listeners: tuple[Heard, ...] = ()
    listened: int = 0
    missing: tuple[Missing, ...] = ()

    @property
    def talked_s(self) -> float:
        """The whole conversation, what is missing included."""
        return _whole_ms(self.row) / 1000

    @property
    def missing_ms(self) -> list[list[int]]:
        gaps: list[list[int]] = self.row.gaps
        return gaps

    @property
    def who_may(self) -> str:
        return self.call.person.first_name if self.call.person else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A call of a lead, and its recording if it was to be recorded."""

    call: Call
    recording: Recorded | None
    #: Kept for a switchboard that never came.
    untaken: bool = False

    @property
    def talk_s(self) -> float | None:
        return None if self.call.talk_ms is None else self.call.talk_ms / 1000

    @property
    def ends(self) -> Words:
        """How it ended, as the list of calls says it."""
        return NOT_TAKEN if self.untaken else ends(self.call)


def may_listen(person: Person, call: Call) -> bool:
    """Managers and BDC agents of the dealer; of the salespeople who was in the call, has the lead now, or is to
    take it over."""
    if not person.sells:
        return False
    offered = call.lead.standing.contract if call.lead is not None else None
    has_the_lead = call.lead is not None and (
        call.lead.owner_id == person.pk or (offered is not None and offered.to == person.pk)
    )
    return person.role in ALL_RECORDINGS or call.person_id == person.pk or has_the_lead


def calls_of(lead: Lead, reader: Person, now: datetime | None = None) -> list[Shown]:
    """Every call of the lead, oldest first, as this reader may see it; three queries for any number of calls.

    With `now` known, a call that no switchboard takes is told from one that is about to ring.
    """
    calls = Call.objects.filter(lead=lead).exclude(kind=Call.Kind.TEST).order_by("asked_at")
    recordings = Recording.objects.all()
    if reader.manages:
        heard = Playback.objects.select_related("person").order_by("-at")
        recordings = recordings.prefetch_related(Prefetch("playbacks", heard))
    shown = []
    for call in calls.select_related("person", "lead__customer").prefetch_related(
        Prefetch("recording", recordings)
    ):
        row = getattr(call, "recording", None)
        untaken = now is not None and is_untaken(call, now)
        shown.append(Shown(call, _recorded(row, call, reader) if row else None, untaken))
    return shown


def recordings_of(lead: Lead, reader: Person) -> dict[str, Recorded]:
    """The lead's recordings by the key of their call."""
    return {one.recording.key: one.recording for one in calls_of(lead, reader) if one.recording}


def recording_of(dealers: Sequence[int], call: uuid.UUID) -> Recording:
    """With its call and the call's lead. Raises NoSuchRecording."""
    found = _recordings().filter(dealer__in=dealers, call=call).first()
    if found is None:
        raise NoSuchRecording(call)
    return found


def tracks_of(recording: Recording) -> tuple[Track, Track]:
    """Both speakers, the customer first, on the clock of the whole conversation."""
    waveform = recording.waveform or {"ms": 1, "customer": [], "salesperson": []}
    customer, salesperson = (
        Track(who, _drawn(waveform[who], waveform["ms"], recording, _unheard(recording, who)))
        for who in ("customer", "salesperson")
    )
    return customer, salesperson


def _recordings() -> QuerySet[Recording]:
    return Recording.objects.select_related("call__lead", "call__person")


def _recorded(row: Recording, call: Call, reader: Person) -> Recorded:
    heard = list(row.playbacks.all()) if reader.manages else []
    return Recorded(
        key=call.id.hex,
        row=row,
        call=call,
        may_listen=may_listen(reader, call),
        speakers=(
            Speaker(
                "customer",
                _("customer"),
                call.lead.customer.full_name if call.lead else "",
                _missing(row, _unheard(row, "customer")),
            ),
            Speaker(
                "salesperson",
                _("salesperson"),
                call.person.first_name if call.person else "",
                _missing(row, _unheard(row, "salesperson")),
            ),
        ),
        listened=sum(not one.read for one in heard),
        listeners=tuple(Heard(one.person.name, one.at, one.read) for one in heard[:MOST_LISTENERS]),
        missing=_missing(row, row.gaps),
    )


def _whole_ms(recording: Recording) -> int:
    gaps: list[list[int]] = recording.gaps
    return (recording.length_ms or 0) + sum(end - start for start, end in gaps)


def _unheard(recording: Recording, who: str) -> list[tuple[int, int]]:
    """When no sound came from this speaker, on the clock of the conversation: cut where nobody was recorded."""
    parts: list[tuple[int, int]] = [
        tuple(part) for part in (recording.waveform or {}).get("unheard", {}).get(who, ())
    ]
    for gap, until in recording.gaps:
        length = until - gap
        parts = [
            piece
            for start, end in parts
            for piece in (
                [(start, end)] if end <= gap
                else [(start + length, end + length)] if start >= gap
                else [(start, gap), (until, end + length)]
            )
        ]  # fmt: skip
    return parts


def _missing(recording: Recording, parts: Iterable[Sequence[int]]) -> tuple[Missing, ...]:
    whole = _whole_ms(recording) or 1
    return tuple(
        Missing(
            start / 1000, end / 1000, round(start / whole * 100, 2), round((end - start) / whole * 100, 2)
        )
        for start, end in parts
    )


def _drawn(
    bars: Sequence[int], bar_ms: float, recording: Recording, unheard: Sequence[Sequence[int]]
) -> tuple[int | None, ...]:
    """The loudest of the stored bars within each drawn one."""
    whole = _whole_ms(recording)
    if not bars or not whole:
        return ()
    step = whole / DRAWN_BARS
    drawn: list[int | None] = []
    for nth in range(DRAWN_BARS):
        middle = (nth + 0.5) * step
        if any(start <= middle < end for start, end in (*recording.gaps, *unheard)):
            drawn.append(None)
            continue
        before = sum(end - start for start, end in recording.gaps if end <= middle)
        first = int(max(0, nth * step - before) / bar_ms)
        last = int(max(0, (nth + 1) * step - before) / bar_ms)
        drawn.append(max(bars[first : max(last, first + 1)], default=bars[-1]))
    return tuple(drawn)

"""Recordings of the demo's newest conversations, what Ines and Noor heard in half of them; the rest waits.

Two are written down as a speech model would have: one with an appointment, one without.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from django.db import transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.demo.murmur import Turn, leave
from leadbell.demo.spoken import LANGUAGES, WRITTEN_BY, About, script
from leadbell.lead.facts import Booked, Verdict
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.lead.talk import Talk
from leadbell.review.actions import Answered, Marks, mark_moment, review, want_review
from leadbell.review.models import CoachingAction, Criterion
from leadbell.review.ports import Said
from leadbell.review.rules import LONG_TALK_MS, draw, last_weeks
from leadbell.review.transcripts import Piece, Side, begin_piece, keep_piece
from leadbell.ring.models import Call, PhoneRules, Recording
from leadbell.ring.recordings.saving import save
from leadbell.ring.recordings.store import the_store
from leadbell.video.models import Video

#: So many of everybody and complete week are recorded, besides a few long talks.
EACH, LONG_ONES, LONGEST_MS = 3, 3, 600_000
#: Of so many that Ines heard, Noor heard one as well.
SECOND_EARS = 3
WEEKS = 2
CRITERIA = (
    (3, {"en": "Asks for a day and a time", "nl": "Vraagt naar een dag en een tijd", "ru": "Предлагает день и время"}),
    (2, {"en": "Asks what matters to the customer", "nl": "Vraagt wat voor de klant telt",
        "ru": "Спрашивает, что важно клиенту"}),
    (1, {"en": "Says who they are and why they call", "nl": "Zegt wie hij is en waarom hij belt",
        "ru": "Называет себя и причину звонка"}),
    (1, {"en": "Understands a fright instead of fighting it (RDR)",
        "nl": "Begrijpt de schrik in plaats van die te bestrijden (RDR)",
        "ru": "Понимает испуг, а не спорит с ним (RDR)"}),
)  # fmt: skip
COMMENTS = (
    "Good: asks for Saturday right after the trade-in.",
    "Here the customer says “I’m only looking”. Understand it first, then ask.",
    "A long silence: the price is looked up while they wait.",
    "The question about the range is left unanswered.",
)
#: With whom, by whom, what, the figure it is to move, and until how many days from now.
AGREED = (
    ("rosa@northside.example", "ines@northside.example", "Call back at once, prepare afterwards",
        "called_within_2_minutes", 14),
    ("samir@northside.example", "ines@northside.example", "Ask for a day and a time in every conversation",
        "asked_for_appointment", 21),
    ("noor@meridian.example", "thijs@meridian.example", "Tell each customer who will receive them, by name",
        "fallout_rate", 14),
)  # fmt: skip
_VERDICTS: tuple[Verdict, ...] = ("opportunity",) * 6 + ("service", "service", "other", "voicemail")  # fmt: skip


def listen_back(now: datetime, seed: str) -> int:
    """Record the newest conversations of the visitor's dealer and review the older half; how many were recorded."""
    ines = Person.objects.filter(email="ines@northside.example").select_related("organisation").first()
    if ines is None:
        return 0
    dealer = ines.organisation
    if not Criterion.objects.filter(dealer=dealer).exists():
        _prepare(dealer, ines, now)
    talks = _talks(dealer, now)
    weeks = last_weeks(dealer.opening_hours.local_day(now), WEEKS)
    drawn = [one for week in weeks for one in draw(talks, week, EACH)]
    long_ones = [one for one in talks if one.talk_ms >= LONG_TALK_MS and one not in drawn][-LONG_ONES:]
    spoken = _spoken((*drawn, *long_ones))
    recorded = [one for one in (*drawn, *long_ones) if _record(one, now, seed, spoken.get(one.call))]
    noor = Person.objects.filter(email="noor@meridian.example").first()
    for place, one in enumerate(recorded[: len(recorded) // 2]):
        minutes = Random(f"{seed}:{one.call}:when").randrange(90, 400)
        _hear(one, ines, now - timedelta(minutes=minutes), Random(f"{seed}:{one.call}"))
        if noor is not None and place % SECOND_EARS == 0:
            # Mostly they hear the same.
            other = "again" if place % (4 * SECOND_EARS) == 0 else one.call
            _hear(one, noor, now - timedelta(minutes=minutes - 60), Random(f"{seed}:{other}"))
    if len(recorded) > 1:
        _complain(recorded[-1], ines, now)
    return len(recorded)


@transaction.atomic
def _prepare(dealer: Organisation, ines: Person, now: datetime) -> None:
    """What Ines wants to hear, and what she and the BDC's leader have agreed with whom."""
    PhoneRules.objects.update_or_create(dealer=dealer, defaults={"recording": PhoneRules.Recording.ANNOUNCED})
    since = now - timedelta(days=40)
    for place, (weight, texts) in enumerate(CRITERIA, 1):
        Criterion.objects.create(
            dealer=dealer, place=place, weight=weight, texts=texts, made_at=since, made_by=ines
        )
    for email, by, text, figure, days in AGREED:
        person = Person.objects.filter(email=email).select_related("organisation").first()
        agreed_by = Person.objects.filter(email=by).first()
        if person is not None and agreed_by is not None:
            CoachingAction.objects.create(
                dealer=person.organisation, person=person, text=text, figure=figure, agreed_by=agreed_by,
                agreed_at=now - timedelta(days=30), due_on=dealer.opening_hours.local_day(now) + timedelta(days=days),
            )  # fmt: skip


def _talks(dealer: Organisation, now: datetime) -> list[Talk]:
    """The conversations of late that aren't recorded yet, the oldest first."""
    calls = Call.objects.filter(
        dealer=dealer, outcome="conversation", talk_ms__gt=0, talk_ms__lt=LONGEST_MS, connected_at__isnull=False,
        asked_at__gt=now - timedelta(weeks=WEEKS + 1), recording=None,
    )  # fmt: skip
    hours = dealer.opening_hours
    return [
        Talk(
            call.pk.hex, call.attempt, dealer.pk, call.lead_id or 0, call.person_id or 0, call.connected_at,
            call.talk_ms or 0, hours.local_day(call.connected_at),
        )
        for call in calls.order_by("asked_at") if call.connected_at
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a talk."""

    language: str
    said: Sequence[tuple[Side, Said]]

    @property
    def turns(self) -> list[Turn]:
        return [(int(side == "salesperson"), one.start_ms, one.end_ms) for side, one in self.said]


def _spoken(talks: Sequence[Talk]) -> dict[str, Spoken]:
    """By call, for one talk with an appointment and one without: the shortest that hold it all."""
    found: dict[bool, tuple[Talk, Spoken]] = {}
    for talk in talks:
        about = _about(talk)
        if about is None or not (said := script(about, talk.talk_ms)):
            continue
        made = about.when is not None
        if made not in found or talk.talk_ms < found[made][0].talk_ms:
            found[made] = talk, Spoken(about.language, said)
    return {talk.call: spoken for talk, spoken in found.values()}


def _about(talk: Talk) -> About | None:
    """Who calls about which car; None in a language without a script, or about none."""
    lead = Lead.objects.select_related("customer", "dealer").get(pk=talk.lead)
    language, seller = lead.customer.language or "en", Person.objects.filter(pk=talk.person).first()
    car = lead.cars[0].get("model") if lead.cars else None
    if language not in LANGUAGES or not car or seller is None:
        return None
    when = _made(lead, talk)
    return About(language, seller.name.split()[0], car, _day(when, lead, language) if when else None)


_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
}


def _day(at: datetime, lead: Lead, language: str) -> str:
    """A day of the week and an hour, as people say them."""
    here = at.astimezone(ZoneInfo(lead.dealer.zone))
    day, clock = _DAYS[language][here.weekday()], f"{here:%H:%M}"
    return f"{day} om {clock} uur" if language == "nl" else f"{day} at {clock}"


def _record(talk: Talk, now: datetime, seed: str, spoken: Spoken | None) -> bool:
    """Leave a raw file as a line would, let it be saved as every other, and write down what is said in it."""
    Recording.objects.create(call_id=talk.number, dealer_id=talk.dealer, created_at=talk.at)
    rng, turns = Random(f"{seed}:{talk.call}"), spoken.turns if spoken else ()
    with tempfile.TemporaryDirectory() as folder:
        raw = leave(Path(folder) / f"{talk.call}.raw", talk.talk_ms, talk.at, rng, turns)
        kept = save(talk.call, raw, talk.talk_ms, talk.at, now).status == Recording.Status.KEPT
    if kept and spoken:
        begin_piece(talk, WRITTEN_BY, now)
        keep_piece(talk, Piece(0, talk.talk_ms, spoken.language, spoken.said, last=True), now)
    return kept


@transaction.atomic
def _hear(talk: Talk, who: Person, at: datetime, rng: Random) -> None:
    lead = locked(talk.lead)
    wake_at, made = lead.wake_at, _made(lead, talk) is not None
    verdict: Verdict = "opportunity" if made else rng.choice(_VERDICTS)
    asked = made or rng.random() < 0.6
    met: Sequence[bool | None] = (
        asked,
        rng.random() < 0.7,
        rng.random() < 0.9,
        rng.choice((None, None, True, False)),
    )
    criteria = Criterion.objects.filter(dealer=talk.dealer, retired_at=None).order_by("place")
    answers = tuple(Answered(one.pk, one.weight, said) for one, said in zip(criteria, met, strict=False))
    chance = verdict == "opportunity"
    marks = Marks(verdict, asked if chance else None, made if chance else None, answers if chance else ())
    review(lead, talk, who, marks, drawn=True, seen=0, now=at)
    if chance and talk.talk_ms > 40_000:
        mark_moment(lead, talk, who, rng.randrange(15_000, talk.talk_ms - 10_000), rng.choice(COMMENTS), at)
    Lead.objects.filter(pk=lead.pk).update(wake_at=wake_at)


def _made(lead: Lead, talk: Talk) -> datetime | None:
    """The appointment that was agreed on within the hour after the talk."""
    ended = talk.at + timedelta(milliseconds=talk.talk_ms)
    booked = [fact for fact in read_history(lead).facts if isinstance(fact, Booked)]
    return next((one.starts_at for one in booked if timedelta() <= one.at - ended < timedelta(hours=1)), None)


@transaction.atomic
def _complain(talk: Talk, ines: Person, now: datetime) -> None:
    lead = locked(talk.lead)
    wake_at = lead.wake_at
    want_review(lead, talk, ines, "complaint", "Says nobody listened to the question about the tow bar.", now)
    Lead.objects.filter(pk=lead.pk).update(wake_at=wake_at)


def forget() -> None:
    """Take the sound and the films of a demo that is begun anew out of the store."""
    store = the_store()
    for film in Video.objects.exclude(status=Video.Status.DELETED):
        for nth in range(len(film.sizes)):
            store.delete(film.piece(nth))
    for name in Recording.objects.exclude(stored_as="").values_list("stored_as", flat=True):
        store.delete(name)

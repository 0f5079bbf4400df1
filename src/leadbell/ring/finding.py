"""Find calls by who was in them, how they ended and when; with the figures of what was found."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadbell.dealers.models import Person
from leadbell.ring.calling import NOT_TAKEN, ends, is_untaken, what_happens
from leadbell.ring.models import Call, Recording
from leadbell.ring.shelves import may_listen
from leadbell.words import Words

ON_A_PAGE = 50
KINDS = tuple(Call.Kind.choices)
OUTCOMES: tuple[tuple[str, str | Promise], ...] = (
    ("conversation", _("conversation")), ("voicemail", _("voicemail")), ("no_answer", _("no answer")),
    ("busy", _("busy")), ("wrong_number", _("wrong number")), ("unreachable", _("can’t be reached")),
    ("not_placed", _("not placed by the line")),
    ("missed", _("missed")), ("nobody", _("nobody picked up")), ("refused", _("not connected")),
    ("line_down", _("the line failed")), ("unknown", _("not known")), ("tested", _("test heard")),
    ("under_way", _("under way")),
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE = re.compile(r"(\d{1,18})-([0-9a-f]{32})")
#: The customer was called: whether they were reached can be asked.
_TRIED = Q(kind__in=(Call.Kind.LEAD, Call.Kind.OUTBOUND), status=Call.Status.OVER, attempt__gt="") & ~Q(
    outcome="not_placed"
)
_CAME = Q(kind=Call.Kind.INBOUND, status=Call.Status.OVER)
_TALKED = Q(outcome="conversation")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`outcome` is one of OUTCOMES, `kind` one of KINDS, "" for all; `days` None: ever."""

    person: int | None = None
    outcome: str = ""
    kind: str = ""
    days: int | None = None
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A call in a list, as one reader may see it."""

    call: Call
    says: Words
    recording: Recording | None
    may_listen: bool
    #: Kept for a switchboard that never came.
    untaken: bool = False

    @property
    def talk_s(self) -> float | None:
        return None if self.call.talk_ms is None else self.call.talk_ms / 1000

    @property
    def is_incoming(self) -> bool:
        return self.call.kind == Call.Kind.INBOUND


@dataclass(frozen=True, slots=True)
class Totals:
    """Of everything found, in all but `tests` tests left out. Reached are those of `tried`, taken those of `came`."""

    calls: int
    tests: int
    tried: int
    reached: int
    came: int
    taken: int
    talked: int
    talk_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """Calls, the newest first; `before` asks for the next page, "" on the last one."""

    calls: tuple[Listed, ...]
    totals: Totals
    before: str


def find_calls(
    dealers: Sequence[int], reader: Person, wanted: Wanted, now: datetime, before: str = ""
) -> Found:
    """A salesperson finds their own calls, and those that rang at them and nobody took; others all of the dealers'."""
    calls = Call.objects.filter(dealer__in=dealers)
    if reader.role == Person.Role.SALESPERSON:
        calls = calls.filter(Q(person=reader) | Q(person=None, people__contains=[reader.pk]))
    if wanted.person is not None:
        calls = calls.filter(person=wanted.person)
    if wanted.outcome == "under_way":
        calls = calls.exclude(status=Call.Status.OVER)
    elif wanted.outcome:
        calls = calls.filter(outcome=wanted.outcome, status=Call.Status.OVER)
    if wanted.kind:
        calls = calls.filter(kind=wanted.kind)
    if wanted.days is not None:
        calls = calls.filter(asked_at__gt=now - timedelta(days=wanted.days))
    if wanted.recorded:
        calls = calls.filter(recording__status=Recording.Status.KEPT)
    rows = list(
        _after(calls, before)
        .select_related("lead__customer", "person", "recording", "dealer")
        .order_by("-asked_at", "-pk")[: ON_A_PAGE + 1]
    )
    page = rows[:ON_A_PAGE]
    names = _names(page)
    listed = tuple(_listed(call, names, reader, now) for call in page)
    return Found(listed, _totals(calls), _key(page[-1]) if len(rows) > ON_A_PAGE else "")


def _after(calls: QuerySet[Call], before: str) -> QuerySet[Call]:
    found = _BEFORE.fullmatch(before)
    if found is None:
        return calls
    try:
        at = _EPOCH + timedelta(microseconds=int(found[1]))
    except OverflowError:
        return calls
    return calls.filter(Q(asked_at__lt=at) | Q(asked_at=at, pk__lt=uuid.UUID(hex=found[2])))


def _key(call: Call) -> str:
    since = call.asked_at - _EPOCH
    return f"{since // timedelta(microseconds=1)}-{call.pk.hex}"


def _names(calls: Sequence[Call]) -> dict[int, str]:
    wanted = {person for call in calls if call.status != Call.Status.OVER for person in call.people}
    wanted |= {call.person_id for call in calls if call.person_id is not None}
    return {one.pk: one.first_name for one in Person.objects.filter(pk__in=wanted)} if wanted else {}


def _listed(call: Call, names: dict[int, str], reader: Person, now: datetime) -> Listed:
    over = call.status == Call.Status.OVER
    untaken = is_untaken(call, now)
    recording: Recording | None = getattr(call, "recording", None)
    says = ends(call) if over else NOT_TAKEN if untaken else what_happens(call, names, reader.pk)
    return Listed(call, says, recording, recording is not None and may_listen(reader, call), untaken)


def _totals(calls: QuerySet[Call]) -> Totals:
    of_customers = ~Q(kind=Call.Kind.TEST)
    talked = _TALKED & Q(talk_ms__isnull=False)
    counted = calls.aggregate(
        calls=Count("pk", filter=of_customers),
        tests=Count("pk", filter=Q(kind=Call.Kind.TEST)),
        tried=Count("pk", filter=_TRIED),
        reached=Count("pk", filter=_TRIED & _TALKED),
        came=Count("pk", filter=_CAME),
        taken=Count("pk", filter=_CAME & _TALKED),
        talked=Count("pk", filter=talked),
        talk_ms=Sum("talk_ms", filter=talked),
    )
    talk_ms = counted.pop("talk_ms") or 0
    return Totals(**counted, talk_s=talk_ms / 1000)

"""Calls as screens show them while they happen, and how the lines are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadbell.dealers.models import Person
from leadbell.dealers.presence import is_in_browser
from leadbell.lead.models import Lead
from leadbell.ring.models import Call, PhoneLine
from leadbell.ring.wanted import SEEN_WITHIN, may_hang_up
from leadbell.words import Words, say

#: How a call ended stands on the screen for so long.
JUST_OVER = timedelta(minutes=2)
#: A call that is said to be under way for longer has been lost sight of.
LONGEST = timedelta(hours=4)
LONGEST_WANTED = timedelta(seconds=30)
#: After its time a bell is heard only by who has picked up and thinks; later nobody's phone rings, whatever is written.
THINKS_AT_MOST = timedelta(seconds=45)
#: So long the line may take to tell how a call ended; then people may tell it.
HEARD_WITHIN = timedelta(minutes=1)
TEST_SHOWN = timedelta(minutes=15)
MOST = 40

Tone = Literal["ring", "talk", "over"]

ENDS: Mapping[str, Words] = {
    "conversation": say("conversation"),
    "voicemail": say("a voicemail answered"),
    "no_answer": say("no answer"),
    "busy": say("busy"),
    "unreachable": say("the number can’t be reached"),
    "not_placed": say("the line could not place the call"),
    "wrong_number": say("wrong number"),
    "unknown": say("how it ended is not known"),
    "nobody": say("nobody picked up"),
    "missed": say("nobody took the customer’s call"),
    "line_down": say("the line failed"),
    "refused": say("not connected"),
    "tested": say("the key press was heard"),
}
NOT_TAKEN = say("no switchboard took it: does it run?")
#: What is heard of a call, as a list says it; a step that isn't named here is shown as it is.
STEPS: Mapping[str, str | Promise] = {
    "rings": gettext_lazy("the phone rings"),
    "picked_up": gettext_lazy("picked up"),
    "accepted": gettext_lazy("pressed 1"),
    "declined": gettext_lazy("passed on"),
    "phone_busy": gettext_lazy("the phone is busy"),
    "phone_silent": gettext_lazy("the phone was not answered"),
    "phone_unreachable": gettext_lazy("the phone can’t be reached"),
    "nobody": gettext_lazy("nobody picked up"),
    "line_down": gettext_lazy("the line failed"),
    "dialled": gettext_lazy("the customer is dialled"),
    "customer_rings": gettext_lazy("it rings at the customer"),
    "connected": gettext_lazy("connected"),
    "voicemail": gettext_lazy("a voicemail answers"),
    "no_answer": gettext_lazy("no answer"),
    "busy": gettext_lazy("busy"),
    "unreachable": gettext_lazy("the number can’t be reached"),
    "not_placed": gettext_lazy("the line could not place the call"),
    "ended": gettext_lazy("hung up"),
    "lost_track": gettext_lazy("lost sight of"),
    "gone": gettext_lazy("the customer hung up"),
    "keyed": gettext_lazy("a key said what was agreed"),
    "hung_up": gettext_lazy("hung up at the screen"),
}
_GAVE_UP = frozenset({"declined", "phone_busy", "phone_silent", "phone_unreachable"})


@dataclass(frozen=True, slots=True)
class LineState:
    """A line of a dealer, or the desk (without `row`), and how it is."""

    name: str | Promise
    is_up: bool
    says: Words
    row: PhoneLine | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """A call and what happens in it now; the clock runs from `since`."""

    call: Call
    says: Words
    since: datetime
    tone: Tone
    #: Nobody heard how it ended though it is over: people may tell it.
    untold: bool = False
    #: The reader may hang up for both.
    may_end: bool = False

    @property
    def rings(self) -> bool:
        return self.tone == "ring"

    @property
    def talk_s(self) -> float | None:
        return None if self.call.talk_ms is None else self.call.talk_ms / 1000

    @property
    def is_over(self) -> bool:
        return self.call.status == Call.Status.OVER

    @property
    def was_dialled(self) -> bool:
        """It is over, and its customer was called or spoken to: they can be called back."""
        return self.is_over and self.call.lead is not None and self.call.attempt != ""


@dataclass(frozen=True, slots=True)
class Step:
    """Something heard of a call, in milliseconds since it was wanted."""

    ms: int
    what: str | Promise
    who: str


@dataclass(frozen=True, slots=True)
class Test:
    """Somebody's newest test call, step by step."""

    live: Live
    steps: tuple[Step, ...]
    #: It may still ring: another one would be busy.
    goes_on: bool


def lines_of(dealer: int, now: datetime) -> list[LineState]:
    """The dealer's lines in the order in which they are tried, the desk last."""
    rows = PhoneLine.objects.filter(dealer=dealer).order_by("place", "pk")
    return [*(_state(row, now) for row in rows), LineState(_("Desk"), True, say("up: the screens ring"))]


def _state(row: PhoneLine, now: datetime) -> LineState:
    name = PhoneLine.Kind(row.kind).label
    if not row.enabled:
        return LineState(name, False, say("switched off"), row)
    if row.down_since is not None:
        because = row.down_because or {}
        why: str = because.get("text", "")
        told = _(why) % because.get("values", {}) if why else "–"
        says = say("down since %(down_at)s because %(because)s", down_at=row.down_since, because=told)
        return LineState(name, False, says, row)
    if row.seen_at is None:
        return LineState(name, False, say("the switchboard has not been seen yet"), row)
    if row.seen_at <= now - SEEN_WITHIN:
        says = say("the switchboard has not been seen since %(seen_at)s", seen_at=row.seen_at)
        return LineState(name, False, says, row)
    return LineState(name, True, say("up"), row)


def rung_by_line(person: Person, dealers: Iterable[int], now: datetime) -> frozenset[int]:
    """The dealers at which a line would ring this person's own phone now, or the window that is their phone."""
    in_browser = is_in_browser(person, now)
    if not (person.phone or person.extension or in_browser):
        return frozenset()
    up = PhoneLine.objects.filter(
        dealer__in=list(dealers), enabled=True, down_since=None, seen_at__gt=now - SEEN_WITHIN
    )
    return frozenset(
        line.dealer_id
        for line in up
        if person.phone
        or (person.extension and line.has_extensions)
        or (in_browser and line.kind == PhoneLine.Kind.ASTERISK)
    )


def under_way(dealers: Sequence[int], now: datetime, reader: Person | None = None) -> list[Live]:
    """Every call of these dealers that is not over, the oldest first; `reader` may end some."""
    calls = list(_seen(now).filter(_not_over(now), dealer__in=dealers).order_by("asked_at")[:MOST])
    return _live(calls, now, None, reader)


def calls_at(person: Person, dealers: Sequence[int], now: datetime) -> list[Live]:
    """The calls that ring at this person, that they have taken, or that have just ended; the newest first."""
    # Of a ring that is over only who pressed 1 in vain is told, and why.
    told = ~Q(status=Call.Status.OVER) | Q(outcome="refused")
    theirs = Q(person=person) | (Q(person=None, people__contains=[person.pk]) & told)
    calls = _seen(now).filter(theirs, _lately(now), dealer__in=dealers).exclude(kind=Call.Kind.TEST)
    return _live(list(calls.order_by("-asked_at")[:MOST]), now, person.pk, person)


def calls_about(lead: Lead, reader: Person, now: datetime) -> list[Live]:
    """The calls of a lead that are under way or have just ended, the newest first."""
    calls = _seen(now).filter(_lately(now), lead=lead)
    return _live(list(calls.order_by("-asked_at")[:MOST]), now, reader.pk, reader)


def test_of(person: Person, dealer: int, now: datetime) -> Test | None:
    """The test call this person asked for in the last quarter of an hour."""
    calls = _seen(now).filter(
        dealer=dealer, kind=Call.Kind.TEST, person=person, asked_at__gt=now - TEST_SHOWN
    )
    call = calls.order_by("-asked_at").first()
    if call is None:
        return None
    (live,) = _live([call], now, person.pk, person)
    waits = timedelta(seconds=call.ring_s) + LONGEST_WANTED
    goes_on = call.status != Call.Status.OVER and call.asked_at > now - waits
    if not goes_on and call.status == Call.Status.WANTED:
        live = replace(live, says=NOT_TAKEN)
    steps = [Step(0, _("wanted"), "")]
    if call.placed_at is not None:
        steps.append(Step(_ms(call, call.placed_at), _("the switchboard took it"), ""))
    steps += [Step(ms, STEPS.get(what, what), "") for ms, what, _person in call.steps]
    return Test(live, tuple(steps), goes_on)


def what_happens(call: Call, names: Mapping[int, str], reader: int | None = None) -> Words:
    """The sentence for a card: whose phone rings, who is being connected, who talks; how it ended."""
    customer = _customer(call)
    match call.status:
        case Call.Status.WANTED:
            return _of_phones(call, names, reader, tuple(call.people), about_to=True)
        case Call.Status.RINGING:
            return _of_phones(call, names, reader, _still_rung(call), about_to=False)
        case Call.Status.DIALLING if _heard(call, "customer_rings"):
            return say("it rings at %(customer)s", customer=customer)
        case Call.Status.DIALLING:
            return say("connecting %(customer)s …", customer=customer)
        case Call.Status.CONNECTED if call.outcome == "voicemail":
            return say("a voicemail answers: leave a message, or hang up")
        case Call.Status.CONNECTED if call.person_id == reader:
            return say("you talk with %(customer)s", customer=customer)
        case Call.Status.CONNECTED:
            return say(
                "%(name)s talks with %(customer)s", name=_name(call.person_id, names), customer=customer
            )
    return ends(call)


def is_untaken(call: Call, now: datetime) -> bool:
    """It is kept for a switchboard that doesn't come: nothing rings any more."""
    return call.status == Call.Status.WANTED and call.asked_at <= now - LONGEST_WANTED


def ends(call: Call) -> Words:
    """How a call ended; why stands in `call.because`."""
    if call.outcome == "nobody" and call.kind in (Call.Kind.OUTBOUND, Call.Kind.TEST):
        return say("the phone was not picked up")
    return ENDS.get(call.outcome, ENDS["unknown"])


def _of_phones(
    call: Call, names: Mapping[int, str], reader: int | None, rung: Sequence[int], about_to: bool
) -> Words:
    picked = _picked_up(call)
    if picked is not None:
        if picked[0] == reader:
            return say("you have picked up: press 1")
        return say("%(name)s has picked up", name=_name(picked[0], names))
    if about_to:
        if reader in rung:
            return say("your phone is about to ring")
        return say("about to ring: %(names)s", names=", ".join(_name(one, names) for one in rung))
    if reader in rung:
        return say("your phone rings: pick it up and press 1")
    if len(rung) == 1:
        return say("%(name)s’s phone rings", name=_name(rung[0], names))
    if not rung:
        return say("no phone rings any more")
    return say("phones ring: %(names)s", names=", ".join(_name(one, names) for one in rung))


def _live(
    calls: Sequence[Call], now: datetime, reader: int | None, ending: Person | None = None
) -> list[Live]:
    """`reader` is spoken to as "you", `ending` may hang up."""
    calls = [call for call in calls if _is_news(call, now)]
    wanted = {person for call in calls for person in (*call.people, call.person_id or 0)}
    names = _names(wanted) if wanted else {}
    return [
        Live(
            call, what_happens(call, names, reader), _since(call), _tone(call), _is_untold(call, now),
            ending is not None and may_hang_up(call, ending),
        )
        for call in calls
    ]  # fmt: skip


def _is_news(call: Call, now: datetime) -> bool:
    """An older call that is over is shown only while the journal still waits for its end."""
    if call.status != Call.Status.OVER or (call.ended_at or call.asked_at) > now - JUST_OVER:
        return True
    return call.kind == Call.Kind.TEST or _is_waited_for(call)


def _is_waited_for(call: Call) -> bool:
    return call.lead is not None and call.attempt != "" and call.lead.standing.calling == call.attempt


def _tone(call: Call) -> Tone:
    if call.status == Call.Status.OVER:
        return "over"
    return "ring" if call.status in (Call.Status.WANTED, Call.Status.RINGING) else "talk"


def _since(call: Call) -> datetime:
    match call.status:
        case Call.Status.CONNECTED:
            return call.connected_at or call.asked_at
        case Call.Status.DIALLING:
            return call.dialled_at or call.accepted_at or call.asked_at
        case Call.Status.OVER:
            return call.ended_at or call.asked_at
    picked = _picked_up(call)
    return picked[1] if picked is not None else call.placed_at or call.asked_at


def _is_untold(call: Call, now: datetime) -> bool:
    """It is over, but the journal still says that somebody calls, and for longer than the line may take."""
    if call.status != Call.Status.OVER or call.lead is None or not _is_waited_for(call):
        return False
    begun = call.lead.calling_since
    return begun is not None and begun < now - HEARD_WITHIN


def _picked_up(call: Call) -> tuple[int, datetime] | None:
    """Who has picked up last and not passed on, and when."""
    gone = {person for _ms, what, person in call.steps if what in _GAVE_UP}
    for ms, what, person in reversed(call.steps):
        if what == "picked_up" and person not in gone and person is not None:
            return person, call.asked_at + timedelta(milliseconds=ms)
    return None


def _still_rung(call: Call) -> tuple[int, ...]:
    gone = {person for _ms, what, person in call.steps if what in _GAVE_UP}
    return tuple(person for person in call.people if person not in gone)


def _heard(call: Call, what: str) -> bool:
    return any(step[1] == what for step in call.steps)


def _ms(call: Call, at: datetime) -> int:
    return round((at - call.asked_at).total_seconds() * 1000)


def _customer(call: Call) -> str:
    return (str(call.lead.customer) if call.lead else "") or _("the customer")


def _name(person: int | None, names: Mapping[int, str]) -> str:
    return names.get(person or 0, "") or _("somebody of the group")


def _names(people: Iterable[int]) -> dict[int, str]:
    return {one.pk: one.first_name for one in Person.objects.filter(pk__in=set(people)).only("pk", "name")}


def _seen(now: datetime) -> QuerySet[Call]:
    """Those of the last hours: an index answers it, however many there were before."""
    return Call.objects.select_related("lead__customer", "person").filter(asked_at__gt=now - LONGEST)


def _not_over(now: datetime) -> Q:
    """What hasn't rung by its time waits for a switchboard that is away: nothing rings."""
    rings = Q(status=Call.Status.WANTED, asked_at__gt=now - LONGEST_WANTED)
    its_time = ExpressionWrapper(F("ring_s") * Value(timedelta(seconds=1)), DurationField())
    since = ExpressionWrapper(Value(now - THINKS_AT_MOST, DateTimeField()) - its_time, DateTimeField())
    rings |= Q(status=Call.Status.RINGING, asked_at__gt=since)
    talks = Q(status__in=(Call.Status.DIALLING, Call.Status.CONNECTED))
    return ~Q(status=Call.Status.OVER) & (rings | talks)


def _lately(now: datetime) -> Q:
    """Under way, or over a moment ago, or over while the journal still says that somebody calls."""
    unheard = Q(lead__calling_by=F("person"))
    over = Q(status=Call.Status.OVER) & (Q(ended_at__gt=now - JUST_OVER) | unheard)
    return _not_over(now) | over

"""What happened to a lead, told: one sentence per fact, with who did it and why."""

from collections.abc import Callable, Sequence

from leadbell.desk.story.calls import TELLERS as CALLS
from leadbell.desk.story.handover import TELLERS as BETWEEN_BDC_AND_SALESPERSON
from leadbell.desk.story.line import Line, Names, length, name_of
from leadbell.desk.story.messages import TELLERS as MESSAGES
from leadbell.desk.story.review import TELLERS as HEARD_AGAIN
from leadbell.lead.facts import (
    Accepted,
    AnyFact,
    Arrived,
    AskedAgain,
    Assigned,
    Booked,
    CallBackAgreed,
    Cancelled,
    Confirmed,
    Lost,
    Moved,
    NoShow,
    Noted,
    NothingAgreed,
    Opened,
    OptedOut,
    PassedOn,
    Quoted,
    Rang,
    Reopened,
    SeenAgain,
    Shown,
    Sold,
)
from leadbell.lead.history import History, after
from leadbell.lead.standing import Standing
from leadbell.words import Words, say


def story(history: History, names: Names) -> tuple[Line, ...]:
    """All facts, oldest first. `names` has the people's names by number; who is missing is "somebody"."""
    lines, before = [], Standing()
    for fact in history.facts:
        lines.append(tell(fact, names, before))
        before = after(before, fact)
    return tuple(lines)


def people_in(history: History) -> frozenset[int]:
    """The numbers of everybody the story names."""
    found: set[int] = set()
    for fact in history.facts:
        found |= {
            getattr(fact, role)
            for role in ("by", "to", "person", "reviewer", "introduces", "corrected_by")
            if getattr(fact, role, None) is not None
        }
        if isinstance(fact, Rang):
            found |= {*fact.people, *(one.person for one in (*fact.ranked, *fact.excluded))}
        elif isinstance(fact, SeenAgain):
            found |= {*fact.told}
    return frozenset(found)


def tell(fact: AnyFact, names: Names, before: Standing) -> Line:
    """The fact as a line; `before` is where the lead stood until then."""
    return _TELLERS[type(fact)](fact, names, before)


#: What a delivery is written in, by the name of the reader that understood it.
FORMATS = {
    "adf": say("ADF"), "json": say("JSON"), "form": say("web form"), "chat": say("chat on the website"),
    "meta": say("Meta lead form"),
    "google": say("Google lead form"), "mail": say("e-mail"), "email": say("e-mail"), "hand": say("typed in by hand"),
}  # fmt: skip


def _arrived(fact: Arrived, names: Names, before: Standing) -> Line:
    how = FORMATS.get(fact.channel)
    reachable = () if fact.by_phone else (say("no phone number"),)
    campaign = say("campaign “%(campaign)s”", campaign=fact.campaign) if fact.campaign else None
    why = tuple(reason for reason in (how, campaign, fact.because) if reason)
    return Line(
        fact.at, "mail-down", "system", say("Arrived from %(source)s", source=fact.source), (*why, *reachable)
    )


def _asked_again(fact: AskedAgain, names: Names, before: Standing) -> Line:
    sentence = say("Asked again, from %(source)s", source=fact.source)
    return Line(fact.at, "mail-plus", "system", sentence, _one(fact.because), "good")


def _rang(fact: Rang, names: Names, before: Standing) -> Line:
    if not fact.people:
        nobody = say("Nobody could be rung")
        return Line(fact.at, "phone-off", "system", nobody, fact.because, "bad", excluded=fact.excluded)
    people = _list(fact.people, names)
    match fact.how:
        case "best":
            sentence = say("Rang %(people)s", people=people)
        case "all":
            sentence = say("Rang everybody on shift: %(people)s", people=people)
        case "manager":
            sentence = say("Rang the manager: %(people)s", people=people)
        case "owner":
            sentence = say("Rang its owner: %(people)s", people=people)
    first = before.received_at if not before.ring_count else None
    took = _moment((fact.at - first).total_seconds()) if first else None
    waited = say("%(time)s after arrival", time=took) if took else None
    for_long = say("for %(seconds)s s", seconds=fact.ring_s)
    why = tuple(reason for reason in (waited, for_long, *fact.because) if reason)
    return Line(fact.at, "phone-ringing", "system", sentence, why, ranked=fact.ranked, excluded=fact.excluded)


def _accepted(fact: Accepted, names: Names, before: Standing) -> Line:
    name = name_of(fact.by, names)
    if before.contract is not None and fact.by == before.contract.to:
        sentence = say("%(name)s accepted the handover", name=name)
        why = (say("handed over by %(agent)s", agent=name_of(before.contract.by, names)),)
        return Line(fact.at, "check", "human", sentence, why, "good")
    return Line(fact.at, "check", "human", say("%(name)s accepted", name=name))


def _passed_on(fact: PassedOn, names: Names, before: Standing) -> Line:
    if fact.because is not None:
        sentence = say("On to the next: not %(name)s", name=name_of(fact.by, names))
        return Line(fact.at, "arrow-forward-up", "system", sentence, (fact.because,))
    return Line(
        fact.at, "arrow-forward-up", "human", say("%(name)s passed it on", name=name_of(fact.by, names))
    )


def _assigned(fact: Assigned, names: Names, before: Standing) -> Line:
    to = name_of(fact.to, names)
    if fact.by is None:
        return Line(fact.at, "route", "system", say("Given to %(to)s", to=to), _one(fact.because))
    sentence = say("%(name)s gave it to %(to)s", name=name_of(fact.by, names), to=to)
    return Line(fact.at, "route", "human", sentence, _one(fact.because))


def _opened(fact: Opened, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s looked at it before calling", name=name_of(fact.by, names))
    return Line(fact.at, "eye", "human", sentence)


def _call_back(fact: CallBackAgreed, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s calls back: %(due_at)s", name=name_of(fact.by, names), due_at=fact.due_at)
    return Line(fact.at, "phone-calling", "human", sentence, text=fact.note)


def _nothing_agreed(fact: NothingAgreed, names: Names, before: Standing) -> Line:
    return Line(
        fact.at, "circle-minus", "human", say("%(name)s: nothing agreed yet", name=name_of(fact.by, names))
    )


def _quoted(fact: Quoted, names: Names, before: Standing) -> Line:
    return Line(
        fact.at,
        "file-text",
        "human",
        say("%(name)s promised a quote", name=name_of(fact.by, names)),
        tone="good",
    )


def _booked(fact: Booked, names: Names, before: Standing) -> Line:
    sentence = say("Appointment: %(starts_at)s", starts_at=fact.starts_at)
    why = (say("made by %(name)s", name=name_of(fact.by, names)),)
    return Line(fact.at, "calendar-check", "human", sentence, why, "good", fact.what)


def _moved(fact: Moved, names: Names, before: Standing) -> Line:
    sentence = say("Appointment moved to %(starts_at)s", starts_at=fact.starts_at)
    was = (say("was %(was_at)s", was_at=before.appointment_at),) if before.appointment_at else ()
    return Line(
        fact.at, "calendar-time", "human", sentence, (*was, say("by %(name)s", name=name_of(fact.by, names)))
    )


def _confirmed(fact: Confirmed, names: Names, before: Standing) -> Line:
    name = name_of(fact.by, names)
    sentence = {
        "phone": say("%(name)s confirmed by phone", name=name), "email": say("%(name)s confirmed by e-mail", name=name),
        "video": say("%(name)s confirmed by video mail", name=name),
    }[fact.how]  # fmt: skip
    return Line(fact.at, "video" if fact.how == "video" else "circle-check", "human", sentence, tone="good")


def _shown(fact: Shown, names: Names, before: Standing) -> Line:
    return Line(fact.at, "door-enter", "human", say("The customer came"), tone="good")


def _no_show(fact: NoShow, names: Names, before: Standing) -> Line:
    return Line(fact.at, "user-x", "human", say("The customer didn't come"), tone="bad")


def _cancelled(fact: Cancelled, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s cancelled the appointment", name=name_of(fact.by, names))
    return Line(fact.at, "calendar-x", "human", sentence, tone="bad")


def _noted(fact: Noted, names: Names, before: Standing) -> Line:
    return Line(fact.at, "note", "human", say("%(name)s noted", name=name_of(fact.by, names)), text=fact.text)


def _sold(fact: Sold, names: Names, before: Standing) -> Line:
    return Line(
        fact.at, "trophy", "human", say("Sold by %(name)s", name=name_of(fact.by, names)), tone="good"
    )


_LOST = {
    "bought_elsewhere": say("Lost: bought elsewhere"), "no_interest": say("Lost: no longer interested"),
    "price": say("Lost: the price"), "no_car": say("Lost: we don't have the car"),
    "not_reachable": say("Lost: can't be reached"), "not_a_customer": say("Not a customer (spam, wrong number)"),
    "no_answer_45_days": say("Lost: no answer in 45 days"),
    "withdrawn": say("Taken back by the importer"),
    "merged": say("Went on in the customer’s open lead"), "other": say("Lost"),
}  # fmt: skip


def _lost(fact: Lost, names: Names, before: Standing) -> Line:
    sentence = _LOST.get(fact.reason, _LOST["other"])
    if fact.by is None:
        return Line(fact.at, "clock-stop", "system", sentence, tone="bad", text=fact.note)
    why = (say("by %(name)s", name=name_of(fact.by, names)),)
    return Line(fact.at, "circle-x", "human", sentence, why, "bad", fact.note)


def _reopened(fact: Reopened, names: Names, before: Standing) -> Line:
    if fact.by is None:
        return Line(fact.at, "rotate", "system", say("Opened again"), _one(fact.because))
    return Line(
        fact.at,
        "rotate",
        "human",
        say("%(name)s opened it again", name=name_of(fact.by, names)),
        _one(fact.because),
    )


def _opted_out(fact: OptedOut, names: Names, before: Standing) -> Line:
    why = (say("noted by %(name)s", name=name_of(fact.by, names)),) if fact.by is not None else ()
    return Line(
        fact.at, "hand-stop", "human", say("The customer doesn't want to be contacted any more"), why, "bad"
    )


_SEEN_AGAIN = {
    "lost": say("Seen on the website again: opened again"),
    "quiet": say("Seen on the website, after nobody had worked on it"),
    "sold": say("Bought, and on the website again"),
}  # fmt: skip


def _seen_again(fact: SeenAgain, names: Names, before: Standing) -> Line:
    told = (say("%(people)s were told", people=_list(fact.told, names)),) if fact.told else ()
    if len(fact.told) == 1:
        told = (say("%(name)s was told", name=name_of(fact.told[0], names)),)
    if fact.by is not None:
        told = (say("%(name)s took it from the list", name=name_of(fact.by, names)),)
    return Line(fact.at, "world-share", "system", _SEEN_AGAIN[fact.was], (*fact.because, *told), "good")


_TELLERS: dict[type, Callable[..., Line]] = {
    Arrived: _arrived, AskedAgain: _asked_again, Rang: _rang, Accepted: _accepted, PassedOn: _passed_on,
    Assigned: _assigned, Opened: _opened, CallBackAgreed: _call_back, Quoted: _quoted, Booked: _booked, Moved: _moved,
    Confirmed: _confirmed, Shown: _shown, NoShow: _no_show, Cancelled: _cancelled, Noted: _noted, Sold: _sold,
    Lost: _lost, Reopened: _reopened, OptedOut: _opted_out, NothingAgreed: _nothing_agreed, SeenAgain: _seen_again,
    **CALLS,
    **MESSAGES,
    **BETWEEN_BDC_AND_SALESPERSON,
    **HEARD_AGAIN,
}  # fmt: skip


def _one(because: Words | None) -> tuple[Words, ...]:
    return (because,) if because else ()


def _list(people: Sequence[int], names: Names) -> str:
    return ", ".join(name_of(person, names) for person in people)


def _moment(seconds: float) -> str:
    """A ring takes tenths of a second: `0.2 s`; from ten seconds on as `length`."""
    if 0 <= seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else "< 0.1 s"
    return length(seconds)

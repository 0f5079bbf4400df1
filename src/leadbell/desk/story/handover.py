"""The story's part between BDC and salesperson: qualified, handed over, answered, and the first contact."""

from collections.abc import Callable

from leadbell.desk.story.line import Line, Names, name_of
from leadbell.lead.facts import (
    AnsweredBack,
    Answers,
    AskedBack,
    FirstContact,
    HandedOver,
    HandoverRefused,
    Qualified,
)
from leadbell.lead.standing import Standing
from leadbell.words import Words, say

_WHEN = {
    "weeks": say("buys within weeks"), "months": say("buys within three months"),
    "half_year": say("buys within half a year"), "later": say("buys later"),
}  # fmt: skip
_PAYS = {"cash": say("pays at once"), "finance": say("wants to finance"), "lease": say("wants to lease")}
_THEN = {
    "price": say("didn’t buy then: the price"), "car": say("didn’t buy then: not the right car"),
    "timing": say("didn’t buy then: too early"), "service": say("didn’t buy then: how they were helped"),
    "other": say("didn’t buy then"),
}  # fmt: skip
_YES_NO = {
    "trade_in": (say("has a trade-in"), say("no trade-in")),
    "test_drive": (say("wants a test drive"), say("no test drive")),
    "decides_alone": (say("decides alone"), say("decides together with somebody")),
    "still_looking": (say("still looking for a car"), say("not looking any more")),
    "knew_the_mailing": (say("knew the mailing"), say("didn’t know the mailing")),
}  # fmt: skip


def in_words(fact: Qualified) -> tuple[Words, ...]:
    """What the customer answered, one short sentence each; to a dealer's own words with these."""
    return (*_to_ours(fact.answers), *_to_own(fact))


def _to_own(fact: Qualified) -> list[Words]:
    """As it was asked then, however it is asked now."""
    found = []
    for name, question in fact.asked.items():
        said = fact.own[name] if name in fact.own else getattr(fact.answers, name, None)
        if said is True:
            found.append(say("“%(question)s” Yes.", question=question))
        elif said is False:
            found.append(say("“%(question)s” No.", question=question))
        elif name in fact.own:
            found.append(say("“%(question)s” %(said)s.", question=question, said=said))
    return found


def _to_ours(answers: Answers) -> list[Words]:
    found: list[Words] = []
    for name, (yes, no) in _YES_NO.items():
        if (said := getattr(answers, name)) is not None:
            found.append(yes if said else no)
    if answers.when is not None:
        found.insert(0, _WHEN[answers.when])
    if answers.payment is not None:
        found.append(_PAYS[answers.payment])
    if answers.budget is not None:
        found.append(say("budget %(budget)s", budget=answers.budget))
    if answers.why_not_then is not None:
        found.append(_THEN[answers.why_not_then])
    return found


def _qualified(fact: Qualified, names: Names, before: Standing) -> Line:
    name = name_of(fact.by, names)
    sentence = {
        "appointment": say("%(name)s qualified it: an appointment", name=name),
        "quote": say("%(name)s qualified it: a quote", name=name),
        "later": say("%(name)s spoke with them: not yet", name=name),
    }[fact.goal]
    return Line(fact.at, "headset", "human", sentence, in_words(fact), "good", fact.note)


def _handed_over(fact: HandedOver, names: Names, before: Standing) -> Line:
    to = name_of(fact.to, names)
    until = say("to be accepted by %(accept_at)s", accept_at=fact.accept_by)
    told = (say("the customer was told who receives them"),) if fact.told else ()
    because = (fact.because,) if fact.because else ()
    said = "\n".join(part for part in (fact.text, fact.note) if part)
    if fact.by is None:
        sentence = say("Handed on to %(to)s", to=to)
        return Line(fact.at, "arrow-forward-up", "system", sentence, (*because, until), "bad", said)
    sentence = say("%(name)s handed it over to %(to)s", name=name_of(fact.by, names), to=to)
    return Line(fact.at, "arrows-exchange", "human", sentence, (until, *told, *because), text=said)


def _asked_back(fact: AskedBack, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s asked back", name=name_of(fact.by, names))
    return Line(fact.at, "message-question", "human", sentence, text=fact.text)


def _answered_back(fact: AnsweredBack, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s answered", name=name_of(fact.by, names))
    why = (say("to be accepted by %(accept_at)s", accept_at=fact.accept_by),)
    return Line(fact.at, "message-reply", "human", sentence, why, text=fact.text)


def _refused(fact: HandoverRefused, names: Names, before: Standing) -> Line:
    sentence = say("%(name)s refused the handover", name=name_of(fact.by, names))
    return Line(fact.at, "hand-stop", "human", sentence, (fact.because,), "bad", fact.note)


#: Why somebody dropped off at the first contact, by the reason's name.
DROPPED = {
    "changed_mind": say("changed their mind"), "not_agreed": say("says nothing was agreed"),
    "no_time": say("no time now"), "bought_elsewhere": say("bought elsewhere"), "price": say("the price"),
    "other": say("another reason"),
}  # fmt: skip
_RDR = {
    "understood": say("a defensive response, met with understanding"),
    "gave_time": say("a defensive response, given time"),
    "argued": say("a defensive response, argued with"),
}


def _first_contact(fact: FirstContact, names: Names, before: Standing) -> Line:
    name = name_of(fact.by, names)
    rdr = ((_RDR[fact.answered] if fact.answered else say("a defensive response")),) if fact.rdr else ()
    match fact.went:
        case "kept":
            sentence = say("First contact with %(name)s: kept", name=name)
            return Line(fact.at, "heart-handshake", "human", sentence, rdr, "good", fact.note)
        case "moved":
            sentence = say("First contact with %(name)s: moved", name=name)
            return Line(fact.at, "calendar-time", "human", sentence, rdr, text=fact.note)
        case "dropped":
            sentence = say("First contact with %(name)s: dropped off", name=name)
            why = (DROPPED.get(fact.reason, DROPPED["other"]), *rdr)
            return Line(fact.at, "user-minus", "human", sentence, why, "bad", fact.note)


TELLERS: dict[type, Callable[..., Line]] = {
    Qualified: _qualified, HandedOver: _handed_over, AskedBack: _asked_back, AnsweredBack: _answered_back,
    HandoverRefused: _refused, FirstContact: _first_contact,
}  # fmt: skip

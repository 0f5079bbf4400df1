"""The sentences of listening back: who heard what in a conversation."""

from collections.abc import Callable, Mapping

from leadbell.desk.story.line import Line, Names, name_of
from leadbell.lead.facts import Reviewed, ReviewWanted
from leadbell.lead.standing import Standing
from leadbell.words import say

VERDICTS = {
    "opportunity": say("a real chance"), "voicemail": say("voicemail"), "wrong_number": say("wrong number"),
    "service": say("a service question"), "other": say("something else"),
}  # fmt: skip


def _review_wanted(fact: ReviewWanted, names: Names, before: Standing) -> Line:
    name = name_of(fact.person, names)
    sentence = {
        "complaint": say("%(name)s noted a complaint about a conversation", name=name),
        "learning": say("%(name)s wants a conversation listened to", name=name),
    }[fact.why]  # fmt: skip
    return Line(fact.at, "ear", "system", sentence, text=fact.note)


def _reviewed(fact: Reviewed, names: Names, before: Standing) -> Line:
    name = name_of(fact.reviewer, names)
    sentence = (
        say("%(name)s listened to a conversation, as a second pair of ears", name=name) if fact.second
        else say("%(name)s listened to a conversation", name=name)
    )  # fmt: skip
    asked = {True: say("asked for the appointment"), False: say("didn't ask for the appointment"), None: None}
    made = {True: say("appointment made"), False: say("no appointment made"), None: None}
    said = (VERDICTS[fact.verdict], asked[fact.asked], made[fact.made])
    return Line(fact.at, "headphones", "system", sentence, tuple(why for why in said if why))


TELLERS: Mapping[type, Callable[..., Line]] = {ReviewWanted: _review_wanted, Reviewed: _reviewed}

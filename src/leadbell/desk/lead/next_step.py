"""What comes next for a lead, as a sentence."""

from datetime import datetime

from leadbell.words import Words, say

_TASKS = {
    "call": say("%(name)s calls: %(due_at)s"),
    "write": say("%(name)s writes: %(due_at)s"),
    "confirm": say("%(name)s confirms the appointment: %(due_at)s"),
    "remind": say("%(name)s reminds them of the visit: %(due_at)s"),
    "accept": say("%(name)s accepts the handover: since %(due_at)s"),
    "answer": say("%(name)s answers what was asked back: since %(due_at)s"),
    "first_contact": say("%(name)s says how the first contact went: %(due_at)s"),
    "shown": say("%(name)s says whether the customer came: %(due_at)s"),
    "result": say("%(name)s says what came of it: %(due_at)s"),
    "outcome": say("%(name)s says how the call ended: %(due_at)s"),
}
_STATES = {
    "ring": say("It rings."),
    "wait": say("Nothing until %(until_at)s."),
    "rest": say("Nothing comes next by itself."),
    "": say("What comes next is being decided."),
}


def next_step(kind: str, name: str, at: datetime | None) -> Words:
    """`kind` as the clockwork writes it; `name` is the person it is for."""
    if kind in _TASKS and at is not None:
        return say(_TASKS[kind].text, name=name or "?", due_at=at)
    if kind == "wait" and at is None:
        return say("It waits.")
    sentence = _STATES.get(kind, _STATES[""])
    return say(sentence.text, until_at=at) if kind == "wait" else sentence

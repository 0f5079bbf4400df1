"""What was agreed? Asked of a salesperson by text after a call; which questions are open, and what answers one."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation

from leadbell.announce import wake_messenger
from leadbell.conversation.models import Incoming, Message
from leadbell.conversation.rules import has_said_what_was_agreed
from leadbell.dealers.models import Person
from leadbell.lead.journal import read_history
from leadbell.lead.models import Lead
from leadbell.words import Words, say

#: Who takes what a salesperson answered: the lead, the person, the number.
Colleague = Callable[[int, int, str, datetime], bool]

#: A salesperson answers a question within this time.
ANSWERED_WITHIN = timedelta(hours=12)
#: One of several questions goes by a letter that looks the same on a Latin and on a Cyrillic keyboard.
LETTERS = "ABCEHKMOPTX"
_AS_LATIN = str.maketrans("АВСЕНКМОРТХ", LETTERS)
_ANSWER = re.compile(rf"([{LETTERS}]?)\s*([123])\W*")


def asked_lately(dealer: int, number: str, now: datetime) -> list[Message]:
    """What was asked at this number and may still be answered, the oldest first."""
    lately = {"created_at__gt": now - ANSWERED_WITHIN, "created_at__lte": now}
    asked = Message.objects.filter(dealer=dealer, way="ask", address=number, key__startswith="ask-", **lately)
    return list(asked.select_related("lead__customer", "by").order_by("created_at", "pk"))


def is_open(question: Message) -> bool:
    return not has_said_what_was_agreed(read_history(question.lead), question.created_at)


def ask_what_was_agreed(lead: Lead, person: Person, key: str, now: datetime) -> bool:
    """By text; while other questions to them are open, its answers begin with a letter. False: none is left."""
    asked = asked_lately(lead.dealer_id, person.phone, now)
    others = [one for one in asked if one.lead_id != lead.pk and is_open(one)]
    letter = _free_letter(asked, others)
    if not letter:
        return False
    question = say(
        "%(name)s, %(car)s: what was agreed? Answer %(letter)s1 quote, %(letter)s2 call back tomorrow, "
        "%(letter)s3 no interest. Or: %(url)s",
        name=str(lead.customer), car=_about(lead), letter=letter if others else "", url=_url(lead),
    )  # fmt: skip
    _ask(lead, person, key, question, now, letter)
    return True


def _free_letter(asked: Sequence[Message], still_open: Sequence[Message]) -> str:
    """The one that was used the longest ago: who corrects an answer doesn't answer another question."""
    taken, used = {one.subject for one in still_open}, "".join(one.subject for one in asked)
    return min((letter for letter in LETTERS if letter not in taken), key=used.rfind, default="")


def answered(
    incoming: Incoming, questions: Sequence[Message], text: str, colleague: Colleague
) -> Words | None:
    """The answer is taken where only one lead can be meant; else why not, and the salesperson is told so."""
    still_open = [one for one in questions if is_open(one)]
    said = _ANSWER.fullmatch(text.strip().upper().translate(_AS_LATIN))
    meant = [one for one in still_open if said and said[1] in ("", one.subject)]
    question = (meant or still_open or questions)[-1]
    incoming.lead, by = question.lead_id, question.by_id or 0
    only = len({one.lead_id for one in meant}) == 1
    if said and only and colleague(question.lead_id, by, said[2], incoming.received_at):
        return None
    because, reply = _unclear(question, {one.lead_id: one for one in still_open})
    _tell(question, reply, incoming.received_at)
    return because


def _unclear(question: Message, still_open: dict[int, Message]) -> tuple[Words, Words]:
    """Why nothing was written down, and what the salesperson reads."""
    if not still_open:
        return say("what was agreed had been said already"), say(
            "What was agreed is noted already. To change it: %(url)s", url=_url(question.lead)
        )
    if len(still_open) > 1:
        listed = "; ".join(
            f"{one.subject} {one.lead.customer}, {_about(one.lead)}" for one in still_open.values()
        )
        return say("a salesperson said what was agreed, and not with whom"), say(
            "Which one? %(open)s. Answer with the letter, such as %(letter)s1: "
            "1 quote, 2 call back tomorrow, 3 no interest.",
            open=listed, letter=listed[0],
        )  # fmt: skip
    return say("a salesperson was asked what was agreed, and answered something else than 1, 2 or 3"), say(
        "That wasn't understood. %(car)s: answer 1 quote, 2 call back tomorrow, 3 no interest: %(url)s",
        car=_about(question.lead), url=_url(question.lead),
    )  # fmt: skip


def _tell(question: Message, words: Words, now: datetime) -> None:
    """Once per question, so that no machine is argued with."""
    key = f"again-{question.key}"[:64]
    told = Message.objects.filter(lead=question.lead_id, key=key).exists()
    if question.by is not None and question.by.is_active and not told:
        _ask(question.lead, question.by, key, words, now)


def _ask(lead: Lead, person: Person, key: str, words: Words, now: datetime, letter: str = "") -> None:
    """A text to a salesperson, in their language. It is no message to the customer."""
    with translation.override(person.language):
        text = translation.gettext(words.text) % words.values
    Message.objects.create(
        dealer_id=lead.dealer_id, lead=lead, way="ask", carrier="sms", key=key, by=person, automation="ask",
        status="queued", address=person.phone, subject=letter, text=text, language=person.language, created_at=now,
        send_at=now,
    )  # fmt: skip
    wake_messenger()


def _about(lead: Lead) -> str:
    return lead.car or lead.source


def _url(lead: Lead) -> str:
    return f"{settings.PUBLIC_URL}/leads/{lead.pk}/"

"""What people and the clockwork do in chats: answer, write, end; each fact with the line that made it."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Count, Q

from leadbell import statement
from leadbell.announce import announce, tell_chat
from leadbell.chat.models import Chat, ChatLine, ChatSite
from leadbell.chat.rules import LONGEST_LINE, MOST_LINES, PATIENCES_S, is_late, is_over, line
from leadbell.dealers.models import Organisation
from leadbell.lead.facts import ChatAnswered, ChatEnded, ChatUnanswered, Replied, Wrote
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import say

OVER = say("This chat is over: call or write to the customer instead.")


@transaction.atomic
def set_up(
    dealer: Organisation, site: int, source: int, said: Mapping[str, str], now: datetime
) -> ChatSite | Refused:
    """Switch the chat of a website on or off. It takes a few minutes until every visitor's browser knows."""
    patience = said.get("patience_s", "30").strip()
    if not patience.isdecimal() or len(patience) > 3 or int(patience) not in PATIENCES_S:
        return Refused(
            say("A visitor’s patience is between 3 seconds and 5 minutes; 30 seconds is what they have.")
        )
    chosen, _created = ChatSite.objects.update_or_create(
        dealer=dealer, site=site,
        defaults={
            "source": source, "is_on": said.get("chat") == "on", "greets": said.get("greets") == "on",
            "patience_s": int(patience), "changed_at": now,
        },
    )  # fmt: skip
    announce(dealer.pk, "dealer")
    return chosen


@transaction.atomic
def write(lead: Lead, person: int, text: str, now: datetime, key: str = "") -> Wrote | ChatAnswered | Refused:
    """A line by the lead's owner. The first one answers the chat; each turn after the customer's is a touch."""
    said = line(text)
    if not said:
        return Refused(say("Write something first."))
    if len(text.strip()) > LONGEST_LINE:
        return Refused(
            say("That is too long for one line: %(most)s letters are the most.", most=LONGEST_LINE)
        )
    if lead.owner_id != person:
        return Refused(say("Somebody else has this chat: take the lead over first."))
    chat = _locked(lead)
    if chat is None or chat.ended_at is not None:
        return Refused(OVER)
    key = key or uuid.uuid4().hex
    if chat.lines.filter(key=key).exists():
        return Wrote(at=now, by=person, carrier="chat")
    if chat.lines.count() >= MOST_LINES:
        return Refused(say("This chat has become too long: call or write to the customer instead."))
    last = chat.lines.exclude(who=ChatLine.Who.AUTOMATION).order_by("-id").first()
    written = chat.lines.create(
        dealer_id=chat.dealer_id, at=now, who=ChatLine.Who.PERSON, person_id=person, text=said, key=key
    )
    tell_them_replied(lead, chat, written.pk, now)
    chat.line_at = now
    outcome: Wrote | ChatAnswered
    if chat.answered_at is None:
        chat.answered_at, chat.answered_by_id = now, person
        waited_ms = max(0, int((now - chat.began_at).total_seconds() * 1000))
        outcome = record(
            lead, ChatAnswered(at=now, by=person, waited_ms=waited_ms), key=f"chat:{chat.pk}:answered"
        )
    else:
        outcome = Wrote(at=now, by=person, carrier="chat")
        if last is None or last.person_id != person:
            record(lead, outcome)
    chat.save(update_fields=["line_at", "answered_at", "answered_by", "told_line"])
    _tell(lead, chat)
    return outcome


@transaction.atomic
def end(lead: Lead, person: int, now: datetime) -> Chat | Refused:
    """Say goodbye: nobody can write in it any more."""
    if lead.owner_id != person:
        return Refused(say("Somebody else has this chat: take the lead over first."))
    chat = _locked(lead)
    if chat is None or chat.ended_at is not None:
        return Refused(OVER)
    _end(lead, chat, Chat.Ended.PERSON, now)
    return chat


def found_its_lead(envelope: uuid.UUID, lead: Lead) -> None:
    """An envelope of the chat that began with this one was read, in the transaction that opened or joined the lead."""
    for chat in Chat.objects.select_for_update(of=("self",)).filter(envelope=envelope).exclude(lead=lead):
        moves, chat.lead = chat.lead_id is not None, lead
        # Django's own save counts rows, which nobody knows while statements travel without waiting.
        Chat.objects.filter(pk=chat.pk).update(lead=chat.lead)
        if moves:
            _tell(lead, chat)


_NEWS = """
select c.id, c.lead_id from leadbell_chat c where not c.is_told_ended and c.lead_id is not null and (
    c.ended_at is not null
    or (c.answered_at is null and c.unanswered_at is null
        and c.began_at + make_interval(secs => c.patience_s) <= %(now)s)
    or c.line_at <= %(quiet)s or (c.answered_at is null and c.heard_at <= %(gone)s)
    or exists (select from leadbell_chatline n where n.chat_id = c.id and n.id > c.told_line and n.who = 'customer')
) order by c.began_at limit 100
"""


def with_news(now: datetime, quiet: datetime, gone: datetime) -> list[tuple[int, int]]:
    """(chat, lead) of the chats in which something happened that the journal doesn't know."""
    return [(row[0], row[1]) for row in statement.run(_NEWS, {"now": now, "quiet": quiet, "gone": gone})]


@transaction.atomic
def tell_the_journal(number: int, lead_number: int, now: datetime) -> None:
    """Note in the lead's journal what happened in this chat since: replies, impatience, its end."""
    lead = locked(lead_number)
    chat = Chat.objects.select_for_update(of=("self",)).get(pk=number)
    if chat.is_told_ended:
        return
    tell_them_replied(lead, chat, None, now)
    if (
        chat.answered_at is None
        and chat.unanswered_at is None
        and is_late(chat.began_at, chat.patience_s, now)
    ):
        chat.unanswered_at = now
        record(lead, ChatUnanswered(at=now, patience_s=chat.patience_s), key=f"chat:{chat.pk}:unanswered")
        if lead.origin == Lead.Origin.CHAT:
            lead.origin = Lead.Origin.ONLINE
            Lead.objects.filter(pk=lead.pk).update(origin=lead.origin)
        _tell(lead, chat)
    chat.save(update_fields=["told_line", "unanswered_at"])
    if chat.ended_at is not None:
        _end(lead, chat, Chat.Ended(chat.ended), now)
    elif is_over(chat.line_at, chat.heard_at, chat.answered_at is not None, now):
        _end(lead, chat, Chat.Ended.QUIET, now)


def tell_them_replied(lead: Lead, chat: Chat, until: int | None, now: datetime) -> None:
    """The customer's lines the journal doesn't know: one reply, or, before any answer, more of the message."""
    new = chat.lines.filter(id__gt=chat.told_line, who=ChatLine.Who.CUSTOMER).order_by("id")
    lines = list(new.filter(id__lt=until) if until else new)
    if not lines:
        return
    first = chat.told_line == 0
    chat.told_line = lines[-1].pk
    if chat.answered_at is not None:
        record(lead, Replied(at=min(now, lines[-1].at), carrier="chat"))
    elif not first or len(lines) > 1:
        asked = chat.lines.filter(who=ChatLine.Who.CUSTOMER, id__lte=chat.told_line).order_by("id")
        lead.message = "\n".join(asked.values_list("text", flat=True))[:4000]
        Lead.objects.filter(pk=lead.pk).update(message=lead.message)
        announce(lead.dealer_id, "changed", lead.pk, lead.ringing)


_HOW: dict[Chat.Ended, Literal["visitor", "person", "quiet"]] = {
    Chat.Ended.VISITOR: "visitor", Chat.Ended.PERSON: "person", Chat.Ended.QUIET: "quiet",
}  # fmt: skip


def _end(lead: Lead, chat: Chat, how: Chat.Ended, now: datetime) -> None:
    said = chat.lines.aggregate(
        theirs=Count("pk", filter=Q(who=ChatLine.Who.CUSTOMER)), ours=Count("pk", filter=Q(who=ChatLine.Who.PERSON)),
        automatic=Count("pk", filter=Q(who=ChatLine.Who.AUTOMATION)),
    )  # fmt: skip
    record(lead, ChatEnded(at=now, how=_HOW[how], **said), key=f"chat:{chat.pk}:ended")
    chat.ended_at, chat.ended, chat.is_told_ended = chat.ended_at or now, how, True
    chat.save(update_fields=["ended_at", "ended", "is_told_ended"])
    _tell(lead, chat)


def _locked(lead: Lead) -> Chat | None:
    """The lead's newest chat; its lead is locked already."""
    return Chat.objects.select_for_update(of=("self",)).filter(lead=lead).order_by("-id").first()


def _tell(lead: Lead, chat: Chat) -> None:
    """Let the screens that show it and the visitor's browser know."""
    people = {*lead.ringing, *([lead.owner_id] if lead.owner_id else [])}
    announce(lead.dealer_id, "chat", lead.pk, people)
    tell_chat(chat.pk)

"""What the screens show of chats: the one on a lead's page, those that ring, and what each website chose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leadbell.chat.models import Chat, ChatLine, ChatSite
from leadbell.dealers.models import Organisation, Person
from leadbell.lead.models import Lead


@dataclass(frozen=True, slots=True)
class ChatShown:
    """A chat and its lines, oldest first. `due_at`: until then an answer is in time [S0, rule 12]."""

    chat: Chat
    lines: Sequence[ChatLine]
    waited: timedelta | None

    @property
    def due_at(self) -> datetime:
        return self.chat.began_at + timedelta(seconds=self.chat.patience_s)

    @property
    def is_open(self) -> bool:
        return self.chat.ended_at is None

    @property
    def in_time(self) -> bool:
        return self.chat.answered_at is not None and self.chat.answered_at <= self.due_at

    @property
    def late_s(self) -> int:
        return self.chat.patience_s


def chats_of(lead: Lead) -> list[ChatShown]:
    """This lead's chats, the newest first."""
    chats = Chat.objects.filter(lead=lead).select_related("answered_by").order_by("-id")[:10]
    return [_shown(chat) for chat in chats]


def newest_chats(leads: Iterable[Lead]) -> dict[int, ChatShown]:
    """Of each lead that has one, the newest chat that is under way, without its lines."""
    numbers = [lead.pk for lead in leads]
    if not numbers:
        return {}
    chats = Chat.objects.filter(lead__in=numbers, ended_at=None).order_by("id")
    return {chat.lead_id: ChatShown(chat, (), _waited(chat)) for chat in chats if chat.lead_id is not None}


def open_chats_of(person: Person) -> list[ChatShown]:
    """The chats under way of this person's leads, the one that waits longest first, with their last line."""
    mine = Chat.objects.filter(lead__owner=person, ended_at=None, is_told_ended=False)
    chats = list(mine.select_related("lead__customer").order_by("line_at")[:10])
    if not chats:
        return []
    lines = ChatLine.objects.filter(chat__in=chats).exclude(who=ChatLine.Who.AUTOMATION)
    last = {one.chat_id: one for one in lines.order_by("chat", "-id").distinct("chat")}
    return [ChatShown(chat, [last[chat.pk]] if chat.pk in last else [], _waited(chat)) for chat in chats]


def chat_sites_of(dealer: Organisation) -> dict[int, ChatSite]:
    """What the dealer chose, by the number of the website."""
    return {one.site: one for one in ChatSite.objects.filter(dealer=dealer)}


def _shown(chat: Chat) -> ChatShown:
    lines = list(chat.lines.select_related("person").order_by("id"))
    return ChatShown(chat, lines, _waited(chat))


def _waited(chat: Chat) -> timedelta | None:
    return chat.answered_at - chat.began_at if chat.answered_at else None

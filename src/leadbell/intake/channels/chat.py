"""A chat of our own widget: its first question, and later how to reach who asked it; its number joins the two."""

from collections.abc import Mapping

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.draft import Draft
from leadbell.intake.channels.json_values import text_of
from leadbell.intake.channels.settling import inquiry, look_in_the_text
from leadbell.intake.inquiry import LONGEST_MESSAGE, Inquiry, Refused, paragraphs
from leadbell.words import say

MEDIA_TYPE = "application/vnd.leadbell.chat+json"
NO_CHAT = Refused(say("this is no chat"))


def recognises(delivery: Delivery) -> bool:
    return delivery.media_type == MEDIA_TYPE


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    """Who only chats can be reached in the chat: no phone number or e-mail address is asked for."""
    said = delivery.json
    if not isinstance(said, Mapping) or not text_of(said.get("chat")):
        return NO_CHAT
    draft = Draft("chat", delivery)
    draft.numbered(text_of(said.get("chat")))
    draft.visitor = text_of(said.get("leadbell_visitor"))[:40]
    draft.name("full", text_of(said.get("name")))
    if phone := text_of(said.get("phone")):
        draft.phone(phone)
    if email := text_of(said.get("email")):
        draft.email(email)
    # Written here and not taken from a page: what looks like markup are words too.
    draft.told.append(paragraphs(text_of(said.get("message"))[:LONGEST_MESSAGE]))
    if not draft.is_reachable():
        look_in_the_text(draft)
    return [inquiry(draft)]

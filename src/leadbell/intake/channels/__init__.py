"""The formats that arrive, in the order in which they are asked whether a delivery is theirs."""

from collections.abc import Callable
from typing import NamedTuple

from leadbell.intake.channels import adf, chat, form, google, json_lead, mail, meta, text, xml_lead
from leadbell.intake.channels.adf import holds_adf
from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.meta import NOT_FETCHED, Notice, notices
from leadbell.intake.inquiry import Inquiry, Refused

__all__ = ["CHANNELS", "NOT_FETCHED", "Channel", "Delivery", "Notice", "holds_adf", "notices"]


class Channel(NamedTuple):
    """A format: how it is recognised, and how its bytes become inquiries. Both are pure and never raise."""

    name: str
    recognises: Callable[[Delivery], bool]
    read: Callable[[Delivery], list[Inquiry] | Refused]


CHANNELS = (
    Channel("mail", mail.recognises, mail.read),
    Channel("adf", adf.recognises, adf.read),
    Channel("chat", chat.recognises, chat.read),
    Channel("meta", meta.recognises, meta.read),
    Channel("google", google.recognises, google.read),
    Channel("json", json_lead.recognises, json_lead.read),
    Channel("form", form.recognises, form.read),
    Channel("xml", xml_lead.recognises, xml_lead.read),
    Channel("text", text.recognises, text.read),
)

"""XML that is no ADF: read like JSON, by what its elements are called."""

import re
from itertools import islice
from typing import Any

from lxml import etree

from leadbell.intake.channels import json_lead
from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.markup import tree_of
from leadbell.intake.channels.settling import NO_WAY_TO_CONTACT
from leadbell.intake.inquiry import Inquiry, Refused

_DEEPEST = 8
_MOST_CHILDREN = 300
_START = re.compile(r"<(?:\?xml\b|[A-Za-z_А-Яа-я])", re.IGNORECASE)
_PROLOG = re.compile(r"<\?[^<>]{0,200}\?>\s*")


def recognises(delivery: Delivery) -> bool:
    return _START.match(delivery.start) is not None


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    return read_text(delivery.text, delivery, "xml")


def read_text(text: str, delivery: Delivery, channel: str) -> list[Inquiry] | Refused:
    root = tree_of(_PROLOG.sub("", text.lstrip("\ufeff \t\r\n"), count=3))
    if root is None:
        return NO_WAY_TO_CONTACT
    values = _values(root, 0)
    if not isinstance(values, dict):
        return NO_WAY_TO_CONTACT
    return json_lead.read_value(values, delivery, channel)


def _values(element: etree._Element, depth: int) -> dict[str, Any] | str:
    """Elements as a dict of texts, dicts and, where one name comes several times, lists."""
    values: dict[str, Any] = {str(name): text for name, text in list(element.items())[:20]}
    if not len(element):
        text = element.text or ""
        return {**values, "value": text} if values else text
    for child in islice(element, _MOST_CHILDREN):
        if not isinstance(child.tag, str) or depth >= _DEEPEST:
            continue
        name = child.tag.rpartition("}")[2].rpartition(":")[2]
        value = _values(child, depth + 1)
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values

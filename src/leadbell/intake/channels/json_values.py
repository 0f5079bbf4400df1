"""What one JSON value says: as text, as a pair of question and answer, as a way to contact."""

import math
from collections.abc import Mapping
from itertools import islice
from typing import Any

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.labels import meaning

NUMBERS = frozenset({"phone", "mobile", "home", "work", "fax"})
#: Longer JSON within JSON is left alone.
_LONGEST_INNER = 200_000

_PAIR_NAMES = (
    "name",
    "label",
    "key",
    "field",
    "question",
    "title",
    "column_name",
    "fieldname",
    "field_name",
    "id",
)
_PAIR_VALUES = ("value", "values", "answer", "text", "string_value", "response", "fieldvalue", "field_value")


def name_in(values: Mapping[str, Any]) -> str:
    for key in ("name", "title", "label", "value", "text", "naam"):
        if text := text_of(values.get(key)):
            return text
    return ""


def pair_in(values: Mapping[str, Any]) -> tuple[str, Any] | None:
    """`{"label": "E-mail", "value": "…"}`, in the spellings of form builders."""
    if typed := _typed(values):
        return typed
    value = next((values[key] for key in _PAIR_VALUES if key in values), None)
    if (
        value is None
        or isinstance(value, Mapping)
        or any(names_a_way_to_contact(key) for key in islice(values, 20))
    ):
        return None
    names = [values[key] for key in _PAIR_NAMES if isinstance(values.get(key), str)]
    known = next((name for name in names if meaning(name)), None)
    return (known or names[0], value) if names else None


def _typed(values: Mapping[str, Any]) -> tuple[str, Any] | None:
    """`{"type": "email", "email": "…", "field": {"ref": …}}`: the type says where the answer stands."""
    kind, field = values.get("type"), values.get("field")
    if not isinstance(kind, str) or not isinstance(field, Mapping) or kind not in values:
        return None
    label = text_of(field.get("title")) or text_of(field.get("ref"))
    return (kind if names_a_way_to_contact(kind) or not label else label, values[kind])


def holds_more(values: Mapping[str, Any]) -> bool:
    """Whether it is more than the name and number of a form or a campaign."""
    return any(
        names_a_way_to_contact(key) or isinstance(values[key], Mapping | list) for key in islice(values, 50)
    )


def names_a_way_to_contact(key: Any) -> bool:
    """Whether a key is the customer's e-mail address or telephone."""
    what = meaning(str(key))
    return what is not None and (what.part == "email" or what.part in NUMBERS)


def text_of(value: Any) -> str:
    """A JSON value as a person would write it; empty for null and for what has values inside."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if -(10**40) < value < 10**40 else ""
    if isinstance(value, float) and math.isfinite(value):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else str(value)
    return ""


def inner_json(text: str) -> Mapping[str, Any] | None:
    """The object in a text that holds JSON, as some relays send it."""
    if not text.lstrip().startswith("{") or len(text) > _LONGEST_INNER:
        return None
    value = Delivery(text.encode("utf-8", "replace")).json
    return value if isinstance(value, Mapping) else None

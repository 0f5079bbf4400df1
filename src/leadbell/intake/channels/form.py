"""A web form as a browser sends it, with the key names that plain JSON may have."""

import email
import email.policy
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from leadbell.intake.channels import json_lead
from leadbell.intake.channels.delivery import Delivery, decode
from leadbell.intake.inquiry import Inquiry, Refused

_MOST_FIELDS = 1_000
_LONGEST_VALUE = 200_000
_PLAIN = re.compile(r"[^\s=&<>{}]{1,200}=[^\s<>{}]*\s*\Z")
_PARTS = re.compile(
    r"--[^\r\n]{1,200}\r?\n(?:[\w-]+:[^\r\n]*\r?\n){0,5}?content-disposition:\s*form-data", re.IGNORECASE
)
_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;,]{1,200}))""", re.IGNORECASE)
_BRACKETED = re.compile(r"[^\[\]]+")


def recognises(delivery: Delivery) -> bool:
    """Declared as a form and of its shape, or so plainly of its shape that nobody had to say it."""
    if delivery.media_type == "multipart/form-data" or _PARTS.match(delivery.start):
        return True
    if delivery.media_type == "application/x-www-form-urlencoded":
        return (
            b"=" in delivery.body and delivery.start[:1] not in "<{[" and "\n" not in delivery.start.rstrip()
        )
    return _PLAIN.match(delivery.start) is not None


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    if delivery.media_type == "multipart/form-data" or delivery.start.startswith("--"):
        pairs = list(_parts(delivery))
    else:
        pairs = list(_pairs(delivery))
    return json_lead.read_value(_nested(pairs), delivery, "form")


def _pairs(delivery: Delivery) -> Iterator[tuple[str, str]]:
    for pair in delivery.body.strip().split(b"&", _MOST_FIELDS)[:_MOST_FIELDS]:
        key, _, value = pair.partition(b"=")
        yield _text(key, delivery), _text(value, delivery)


def _text(quoted: bytes, delivery: Delivery) -> str:
    return decode(
        unquote_to_bytes(quoted[:_LONGEST_VALUE].replace(b"+", b" ")), None, delivery.country
    ).lstrip("\ufeff")


def _parts(delivery: Delivery) -> Iterator[tuple[str, str]]:
    """The fields of multipart/form-data; of files, only text is read."""
    boundary = _BOUNDARY.search(delivery.content_type)
    mark = (boundary[1] or boundary[2]) if boundary else delivery.start.split("\n", 1)[0].strip()[2:]
    edge = b"--" + mark.encode("utf-8", "replace")
    for piece in delivery.body.split(edge, _MOST_FIELDS)[1:]:
        head, _, value = piece.lstrip(b"\r\n").replace(b"\r\n", b"\n").partition(b"\n\n")
        if piece.startswith(b"--"):
            return
        headers = email.message_from_bytes(head[:4000] + b"\n\n", policy=email.policy.compat32)
        name = headers.get_param("name", header="content-disposition")
        kind = headers.get_content_type()
        readable = kind.startswith("text/") or kind.endswith(("xml", "json", "octet-stream"))
        if isinstance(name, str) and name and readable:
            yield name, decode(value.rstrip(b"\n"), None, delivery.country)


def _nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """`customer[email]` and `customer.email` as a value inside another; the same key twice as a list."""
    values: dict[str, Any] = {}
    paths = [(_path(key), key, text) for key, text in pairs]
    for path, key, text in sorted(paths, key=lambda field: len(field[0]) > 1):
        inner = values
        for step in path[:-1]:
            deeper = inner.setdefault(step, {})
            if not isinstance(deeper, dict):
                _add(values, key, text)
                break
            inner = deeper
        else:
            _add(inner, path[-1], text)
    return values


def _path(key: str) -> list[str]:
    steps = key.split(".") if "[" not in key and key.count(".") in (1, 2) else _BRACKETED.findall(key)[:4]
    return [step.strip() for step in steps if step.strip()] or [""]


def _add(values: dict[str, Any], key: str, text: str) -> None:
    known = values.get(key)
    if known is None:
        values[key] = text
    elif isinstance(known, list):
        known.append(text)
    elif isinstance(known, str):
        values[key] = [known, text]

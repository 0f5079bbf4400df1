"""JSON that is broken: what can still be read of it."""

import re
from itertools import islice

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.draft import Draft
from leadbell.intake.channels.filing import put
from leadbell.intake.channels.labels import meaning, sounds_like_ours
from leadbell.words import say

BROKEN = str(say("the JSON was broken; look at the delivery as it came"))

_LONGEST = 200_000
_PAIR = re.compile(
    r"""["'](?P<key>[^"'\\:{}\[\]]{1,80})["']\s*:\s*(?:"(?P<text>(?:[^"\\]|\\.){0,20000})"|'(?P<single>[^'\\]{0,2000})'|(?P<number>-?\d{1,40}))"""
)
_OURS = re.compile(r"""["']([^"'\\:{}\[\]]{1,80})["']\s*:\s*\{[^{}]{0,5000}\}""")
_SIGN = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


def has_pairs(text: str) -> bool:
    """Whether some key and value stand in it."""
    return _PAIR.search(text) is not None


def salvage(delivery: Delivery) -> Draft:
    """Pairs of key and value out of text that is no JSON any more; what is the vendor's goes first."""
    text = delivery.text[:_LONGEST]
    text = _OURS.sub(lambda found: "" if _is_ours(found[1]) else found[0], text)
    draft = Draft("json", delivery)
    for found in islice(_PAIR.finditer(text), 500):
        value = found["text"] or found["single"] or found["number"] or ""
        put(draft, found["key"], _SIGN.sub(_unescaped, value))
    draft.warn(BROKEN)
    return draft


def _is_ours(label: str) -> bool:
    what = meaning(label)
    return sounds_like_ours(label) or bool(
        what and (what.part in ("vendor", "provider") or what.about == "vendor")
    )


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "", "f": ""}.get(found[2], found[2])

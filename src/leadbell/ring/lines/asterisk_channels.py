"""The channels we have at Asterisk: what is known of each, and what their names and numbers may be."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leadbell.ring.asterisk.files import APP, ARRIVED, RECORDED
from leadbell.ring.exchange import key_of
from leadbell.ring.lines.ari import Ari
from leadbell.ring.ports import TRUNK, How, Leg, LegFailed

OURS = re.compile(r"[\w.:-]{1,100}-(?:p\d+|customer)")
KEY = re.compile(r"[\w-]{1,100}")
_EXTENSION = re.compile(r"sip:([A-Za-z0-9][A-Za-z0-9_.-]{0,39})")
_NUMBER = re.compile(r"\+\d{3,15}")
CALLER = re.compile(r"\+?\d{2,15}")
_TRUNK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")

#: Why a channel that was never answered has ended (Q.850); anything else is `unreachable`. No circuit is free, the
#: network is out of order, congested or without resources: that is said of the way there, not of who was called.
BECAUSE: dict[int, How] = {
    17: "busy", 21: "rejected",
    0: "no_answer", 16: "no_answer", 18: "no_answer", 19: "no_answer", 26: "no_answer", 31: "no_answer",
    127: "no_answer",
    34: "failed", 38: "failed", 41: "failed", 42: "failed", 44: "failed", 47: "failed",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Channel:
    """A channel of ours while it lasts."""

    name: str
    key: str
    node: "NodeState"
    since: float
    #: Asked for, but not yet confirmed.
    pending: bool = False
    #: To be ended as soon as it is there.
    unwanted: bool = False
    detect: bool = False
    #: It knows where its recording would go.
    recordable: bool = False
    rang: bool = False
    answered: bool = False
    #: A customer who called, and whether they have not been answered.
    arrived: bool = False
    waits: bool = False
    #: The bridge it is in.
    joined: str = ""
    #: The bridge it was in goes, since the other one has hung up.
    leaving: asyncio.Task[None] | None = None
    saying: str = ""
    #: How often something was to be said or to stop: a sentence that is ready too late isn't said any more.
    turn: int = 0
    back: asyncio.Future[None] | None = None


@dataclass(slots=True, eq=False)
class NodeState:
    ari: Ari = field(init=False)
    legs: dict[str, Channel] = field(default_factory=dict)
    away_since: float | None = None
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    #: The endpoints that don't answer it, as far as was last seen.
    trunks_away: frozenset[str] = frozenset()
    #: Whether it has been up since we began.
    known: bool = False


def endpoint_of(leg: Leg) -> str:
    """What Asterisk dials; anything but an extension or a number in E.164 is refused."""
    if extension := _EXTENSION.fullmatch(leg.number):
        return f"PJSIP/{extension[1]}"
    trunk = trunk_of(leg)
    if not _NUMBER.fullmatch(leg.number) or not _TRUNK.fullmatch(trunk):
        raise LegFailed("neither an extension nor a number")
    return f"PJSIP/{leg.number}@{trunk}"


def trunk_of(leg: Leg) -> str:
    return leg.trunk or TRUNK


def called_number(args: Sequence[str]) -> str:
    """The number a customer called: the extension, or where a provider names us there, the one in the To header."""
    extension = args[1] if len(args) > 1 else ""
    return extension if CALLER.fullmatch(extension) else addressed_number(args) or extension


def addressed_number(args: Sequence[str]) -> str:
    """The number in the To header: the called one where a provider names its account as the extension."""
    found = re.search(r"sips?:(\+?\d{2,15})@", ",".join(args[3:]))
    return found[1] if found else ""


def is_ours(channel: dict[str, Any]) -> bool:
    if channel["name"].startswith(("Snoop/", "Announcer/", "Recorder/")):
        return False
    plan = channel.get("dialplan") or {}
    held = (f"{APP},{ARRIVED}", f"{APP},{RECORDED}")
    inside = plan.get("app_name") == "Stasis" and str(plan.get("app_data", "")).startswith(held)
    return bool(OURS.fullmatch(channel["id"])) or inside


def key_in(name: str) -> str:
    return name.rpartition("-")[0] if OURS.fullmatch(name) else key_of(name)


def sound_of(path: Path) -> str:
    """Asterisk finds the format by the ending that it adds itself."""
    return f"sound:{path.absolute().with_suffix('')}"

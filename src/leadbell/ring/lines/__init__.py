"""The lines there are. Nobody else names one."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from leadbell.ring.lines.desk import Desk
from leadbell.ring.ports import Engine, Telephone

if TYPE_CHECKING:
    from aiohttp import web

    from leadbell.ring.lines.ari import Node
    from leadbell.ring.lines.asterisk import Asterisk
    from leadbell.ring.lines.browsers import BrowserPhones
    from leadbell.ring.lines.sip import Sip
    from leadbell.ring.lines.twilio import Twilio

#: In the data folder: what lines record and speak, before it is kept.
SPOOL = "calls"
LINES: dict[str, Telephone] = {"desk": Desk()}


def line_for(name: str) -> Telephone:
    """The line of this name that this process has itself; the desk where it has none."""
    return LINES.get(name, LINES["desk"])


def engines(settings: Any) -> Mapping[str, Engine]:
    """The providers that are set up here, by the name of their line; only the switchboard opens them.

    Raises ValueError, in words for the engineer, for a setting that can't be read.
    """
    found: dict[str, Engine] = {}
    if asterisk := _asterisk(settings):
        found["asterisk"] = asterisk
    if settings.TWILIO_ACCOUNT and settings.TWILIO_TOKEN:
        found["twilio"] = _twilio(settings)
    if settings.SIP_TRUNK:
        found["sip"] = _sip(settings)
    return found


def webhooks(found: Mapping[str, Engine]) -> "web.Application | None":
    """What providers call, by path; None where none of them calls."""
    from leadbell.ring.lines.twilio import Twilio
    from leadbell.ring.lines.twilio_under_way import PREFIX

    twilio = found.get("twilio")
    if not isinstance(twilio, Twilio):
        return None
    from aiohttp import web

    house = web.Application()
    house.add_subapp(PREFIX, twilio.routes())
    return house


def browser_phones(settings: Any) -> "BrowserPhones | None":
    """Makes phones for browsers, where there is one Asterisk that we call: with several, a phone at one of them would
    miss the calls of the others."""
    nodes = _nodes(settings)
    if len(nodes) != 1 or not nodes[0].url:
        return None
    from leadbell.ring.lines.browsers import BrowserPhones

    return BrowserPhones(nodes[0])


def has_browser_phones(settings: Any) -> bool:
    """Whether `browser_phones` makes any, without loading what they need."""
    from leadbell.ring.asterisk import own_node

    known = [not address.startswith("call-in:") for address in settings.ASTERISK]
    return [*known, *([True] if own_node.is_chosen(settings.DATA) else [])] == [True]


def _nodes(settings: Any) -> "list[Node]":
    from leadbell.ring.asterisk import own_node
    from leadbell.ring.lines.ari import Node

    nodes = [_node(address) for address in settings.ASTERISK]
    if own_node.is_chosen(settings.DATA):
        chosen = own_node.choose(settings.DATA)
        nodes.append(Node(f"http://127.0.0.1:{chosen.ari_port}", chosen.ari_user, chosen.ari_password))
    return nodes


def _asterisk(settings: Any) -> "Asterisk | None":
    from leadbell.ring.lines.asterisk import Asterisk
    from leadbell.ring.speech import Speaker

    nodes = _nodes(settings)
    if not nodes:
        return None
    spool = settings.DATA / SPOOL
    recorded = Path(settings.SPEECH_RECORDED) if settings.SPEECH_RECORDED else None
    return Asterisk(
        nodes, Speaker(spool / "spoken", settings.SPEECH, recorded), spool, _listens(settings.ASTERISK_LISTEN)
    )


def _node(address: str) -> "Node":
    """`http://user:password@host:8088`, or `call-in://user:password@` for one that calls us."""
    from leadbell.ring.lines.ari import Node

    parts = urlsplit(address)
    if parts.scheme not in ("http", "https", "call-in") or not parts.username or not parts.password:
        raise ValueError("LEADBELL_ASTERISK has to look like http://user:password@host:8088.")
    host = parts.netloc.rpartition("@")[2]
    url = "" if parts.scheme == "call-in" else f"{parts.scheme}://{host}"
    return Node(url, unquote(parts.username), unquote(parts.password))


def _listens(where: str) -> tuple[str, int] | None:
    if not where:
        return None
    host, _, port = where.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError("LEADBELL_ASTERISK_LISTEN has to look like 127.0.0.1:8089.")
    return host, int(port)


def _twilio(settings: Any) -> "Twilio":
    from leadbell.ring.lines.twilio import Twilio

    return Twilio(
        settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, settings.PUBLIC_URL, settings.TWILIO_URL,
        folder=settings.DATA / SPOOL / "twilio",
    )  # fmt: skip


def _sip(settings: Any) -> "Sip":
    from leadbell.ring.lines.sip import Sip, trunk_from
    from leadbell.ring.speech import Speaker

    spool = settings.DATA / SPOOL / "sip"
    recorded = Path(settings.SPEECH_RECORDED) if settings.SPEECH_RECORDED else None
    return Sip(trunk_from(settings.SIP_TRUNK), Speaker(spool / "spoken", settings.SPEECH, recorded), spool)

"""CalDAV (RFC 4791): from an address and a password to the calendars there, and what is in them for a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lxml import etree

from leadbell.outgoing import Answer, Ask, NotAsked, Unanswered, ask, moved_to
from leadbell.words import Words, say

MOST_BYTES = 10_000_000
MOST_CALENDARS = 20
WITHIN_S = 20.0

_DAV, _CAL, _SERVER = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}", "{http://calendarserver.org/ns/}"

_FIND = b"""<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop>
<d:resourcetype/><d:current-user-principal/><c:calendar-home-set/></d:prop></d:propfind>"""
_LIST = b"""<?xml version="1.0" encoding="utf-8"?>
<d:propfind xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:s="http://calendarserver.org/ns/"><d:prop>
<d:resourcetype/><c:supported-calendar-component-set/><c:schedule-calendar-transp/><s:getctag/><d:sync-token/>
</d:prop></d:propfind>"""
#: Titles, places and guests aren't asked for; not every server leaves them out.
_QUERY = """<?xml version="1.0" encoding="utf-8"?>
<c:calendar-query xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:prop><c:calendar-data>
<c:comp name="VCALENDAR"><c:prop name="VERSION"/><c:prop name="PRODID"/><c:comp name="VTIMEZONE"><c:allprop/></c:comp>
<c:comp name="VEVENT">{properties}</c:comp></c:comp></c:calendar-data></d:prop>
<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">
<c:time-range start="{since:%Y%m%dT%H%M%SZ}" end="{until:%Y%m%dT%H%M%SZ}"/></c:comp-filter></c:comp-filter></c:filter>
</c:calendar-query>"""
_PROPERTIES = (
    "UID", "DTSTAMP", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "TRANSP", "STATUS",
    "X-MICROSOFT-CDO-BUSYSTATUS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Login:
    """Whose calendars."""

    address: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A calendar there; `tag` changes with what is in it, empty where the server doesn't tell."""

    url: str
    tag: str


class NoCalendars(Exception):
    """Nothing could be read, as `words` say."""

    def __init__(self, words: Words) -> None:
        super().__init__(str(words))
        self.words = words


REFUSED = say("it refuses the user or the password")
NOT_CALDAV = say("it doesn't speak CalDAV at this address")


def calendars_of(login: Login) -> list[Found]:
    """The calendars with events, found from any address of the account. Raises NoCalendars."""
    url, said = _principal(login)
    here = said.find(f".//{_DAV}resourcetype/{_CAL}calendar")
    home = said.findtext(f".//{_CAL}calendar-home-set/{_DAV}href")
    principal = said.findtext(f".//{_DAV}current-user-principal/{_DAV}href")
    if here is None and not home and principal:
        url, said = _asked(login, _moved(url, principal), _FIND)
        home = said.findtext(f".//{_CAL}calendar-home-set/{_DAV}href")
    at = url if here is not None or not home else _moved(url, home)
    url, listed = _asked(login, at, _LIST, depth="0" if here is not None else "1")
    found = [_calendar(url, one) for one in listed.iterfind(f"{_DAV}response")]
    calendars = [one for one in found if one is not None][:MOST_CALENDARS]
    if not calendars:
        raise NoCalendars(say("there are no calendars at this address"))
    return calendars


def events_of(login: Login, calendar: Found, since: datetime, until: datetime) -> list[bytes]:
    """The calendar's events that touch this time (UTC), each as a file. Raises NoCalendars."""
    properties = "".join(f'<c:prop name="{name}"/>' for name in _PROPERTIES)
    query = _QUERY.format(properties=properties, since=since, until=until).encode()
    _, said = _asked(login, calendar.url, query, "REPORT", "1")
    return [(one.text or "").encode() for one in said.iter(f"{_CAL}calendar-data") if one.text]


def _principal(login: Login) -> tuple[str, Any]:
    """The address itself, or what the server says under its well-known one (RFC 6764)."""
    try:
        return _asked(login, login.address, _FIND)
    except NoCalendars as first:
        if first.words is not NOT_CALDAV:
            raise
        return _asked(login, _moved(login.address, "/.well-known/caldav"), _FIND)


def _calendar(url: str, response: Any) -> Found | None:
    href = response.findtext(f"{_DAV}href")
    if not href or response.find(f".//{_DAV}resourcetype/{_CAL}calendar") is None:
        return None
    parts = [one.get("name", "").upper() for one in response.iter(f"{_CAL}comp")]
    if parts and "VEVENT" not in parts:
        return None
    if response.find(f".//{_CAL}schedule-calendar-transp/{_CAL}transparent") is not None:
        return None
    tag = response.findtext(f".//{_SERVER}getctag") or response.findtext(f".//{_DAV}sync-token") or ""
    return Found(_moved(url, href), tag)


def _asked(
    login: Login, url: str, body: bytes, method: str = "PROPFIND", depth: str = "0"
) -> tuple[str, Any]:
    answer = ask(
        Ask(
            url, method, body, {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"},
            user=login.user, password=login.password, within_s=WITHIN_S, most_bytes=MOST_BYTES,
        )
    )  # fmt: skip
    if isinstance(answer, Unanswered):
        raise NoCalendars(answer.because)
    if answer.status in (401, 403):
        raise NoCalendars(REFUSED)
    if answer.status != 207:
        raise NoCalendars(_wrong(answer))
    return answer.url, _parsed(answer.body)


def _wrong(answer: Answer) -> Words:
    if answer.status == 429 or (answer.status >= 500 and answer.status != 501):
        return say("it answers with an error (%(status)s)", status=answer.status)
    return NOT_CALDAV


def _parsed(body: bytes) -> Any:
    """Without entities, document types and the network."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise NoCalendars(NOT_CALDAV) from None
    tree: Any = root.getroottree()
    if tree.docinfo.doctype:
        raise NoCalendars(NOT_CALDAV)
    return root


def _moved(url: str, href: str) -> str:
    try:
        return moved_to(url, href)
    except NotAsked as refused:
        raise NoCalendars(refused.words) from None


def tags_of(calendars: Sequence[Found]) -> str:
    """What all of them had; empty where one doesn't tell, so that it is read each time."""
    tags = [f"{one.url} {one.tag}" for one in calendars if one.tag]
    return "\n".join(sorted(tags)) if len(tags) == len(calendars) else ""

"""Looking into a person's calendar, wherever it lies: the network and a process of its own, never the database."""

import hashlib
import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime

from leadbell.appointment.caldav import Login, NoCalendars, calendars_of, events_of, tags_of
from leadbell.appointment.rules import Span
from leadbell.child import tied
from leadbell.outgoing import Ask, Unanswered, ask
from leadbell.words import Words, say

#: Larger is nobody's calendar; ten years of a busy one are two or three.
MOST_BYTES = 10_000_000
READ_WITHIN_S, FETCH_WITHIN_S = 40, 30.0


@dataclass(frozen=True, slots=True)
class Where:
    """A calendar, and what it had when it was last read; with `whole` it is read in any case."""

    kind: str
    address: str
    login: str = ""
    password: str = field(default="", repr=False)
    etag: str = ""
    modified: str = ""
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """When its owner is busy; `because` says what was left out."""

    times: tuple[Span, ...]
    etag: str = ""
    modified: str = ""
    because: Words | None = None


@dataclass(frozen=True, slots=True)
class Same:
    """Nothing has changed since."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing could be read, in words."""

    because: Words


Outcome = Looked | Same | Unread
NO_CALENDAR = say("there is no calendar at this address, or it is broken")
TOO_LONG = say("it takes too long to read: it repeats itself too much")


def look(where: Where, since: datetime, until: datetime, zone: str) -> Outcome:
    """When the owner of this calendar is busy within that time. Blocks for up to a minute; never raises."""
    if where.kind == "caldav":
        return _caldav(where, since, until, zone)
    headers = {"Accept": "text/calendar, */*;q=0.5"}
    if not where.whole:
        headers |= {"If-None-Match": where.etag} if where.etag else {}
        headers |= {"If-Modified-Since": where.modified} if where.modified else {}
    answer = ask(
        Ask(
            where.address, headers=headers, user=where.login, password=where.password,
            within_s=FETCH_WITHIN_S, most_bytes=MOST_BYTES,
        )
    )  # fmt: skip
    if isinstance(answer, Unanswered):
        return Unread(answer.because)
    if answer.status == 304:
        return Same()
    if answer.status in (401, 403):
        return Unread(say("it refuses us: is the address still right?"))
    if answer.status in (404, 410):
        return Unread(say("there is no calendar at this address any more"))
    if answer.status != 200:
        return Unread(say("it answers with an error (%(status)s)", status=answer.status))
    etag = answer.headers.get("etag", "")[:500]
    return read(answer.body, since, until, zone, etag, answer.headers.get("last-modified", "")[:100])


def _caldav(where: Where, since: datetime, until: datetime, zone: str) -> Outcome:
    login = Login(where.address, where.login, where.password)
    try:
        calendars = calendars_of(login)
        tags = tags_of(calendars)
        # The tags of twenty calendars are long, and only compared.
        tag = hashlib.sha256(tags.encode()).hexdigest() if tags else ""
        if tag and tag == where.etag and not where.whole:
            return Same()
        files: list[bytes] = []
        for calendar in calendars:
            files += events_of(login, calendar, since, until)
            if sum(map(len, files)) > MOST_BYTES:
                return Unread(say("it sends more than %(most)s MB", most=MOST_BYTES // 1_000_000))
    except NoCalendars as error:
        return Unread(error.words)
    return read(b"\r\n".join(files), since, until, zone, tag) if files else Looked((), tag)


def read(
    raw: bytes,
    since: datetime,
    until: datetime,
    zone: str,
    etag: str = "",
    modified: str = "",
    within_s: float = READ_WITHIN_S,
) -> Looked | Unread:
    """The times of a calendar, read where it can do no harm: in a process that knows and may nothing."""
    command = [
        sys.executable,
        "-I",
        "-m",
        "leadbell.appointment.reading",
        since.isoformat(),
        until.isoformat(),
        zone,
    ]
    try:
        done = subprocess.run(
            tied(["nice", *command], "KILL"), input=raw, capture_output=True, timeout=within_s, check=False,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Unread(TOO_LONG)
    if done.returncode != 0:
        return Unread(NO_CALENDAR if done.returncode == 2 else TOO_LONG)
    said = json.loads(done.stdout)
    times = tuple(
        Span(datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC))
        for begins, ends in said["times"]
    )
    return Looked(times, etag, modified, _left_out(said["odd"], said["cut"], len(times)))


def _left_out(odd: int, cut: bool, times: int) -> Words | None:
    if cut:
        return say("there is too much in it: only the first %(times)s times count", times=times)
    if odd:
        return say("%(odd)s events could not be understood and are left out", odd=odd)
    return None

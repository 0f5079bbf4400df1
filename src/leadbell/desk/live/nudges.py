"""What one open screen has yet to hear: each thing once, however often it happened, the bell before the rest."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from leadbell.desk.live.admission import Reader

#: `floor` comes at most twice a second.
FLOOR_S = 0.5
#: What isn't about the reader's own desk is gathered for this long, so that a rush costs little.
PACE_S = 0.2
#: A screen hears at least this often that its stream is alive.
HEARTBEAT_S = 20.0
#: A screen that has more than this to hear is dropped; the browser comes back.
MOST_WAITING = 500

#: Facts after which the Inbox looks different: an envelope was read.
READ = frozenset({"inbox", "arrived", "asked_again"})

Events = Mapping[str, bytes]


class News(msgspec.Struct):
    """What `announce` and the journal tell: dealer, what, lead, whose desks change."""

    d: int
    w: str
    l: int | None = None  # noqa: E741 (the payload's name)
    p: list[int] = []


def event(name: str, **data: int | None) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


DESK, FLOOR, INBOX, DEALER = event("desk"), event("floor"), event("inbox"), event("dealer")
CALL, LINES, VISITS, FIGURES = event("call"), event("lines"), event("visits"), event("figures")
CALENDARS, NETWORK, DMS = event("calendars"), event("network"), event("dms")


def for_everybody(news: News) -> dict[str, bytes]:
    """What every screen of the dealer hears, besides `floor`. Of events with one name the last one counts."""
    said = {}
    if news.l is not None:
        said[f"lead-{news.l}"] = event(f"lead-{news.l}")
    if news.w in READ:
        said["inbox"] = INBOX
    elif news.w in ("dealer", "shift"):
        said["dealer"] = DEALER
    elif news.w == "call":
        said["call"] = CALL
    elif news.w == "lines":
        said["lines"] = LINES
    elif news.w == "calendars":
        said["calendars"] = CALENDARS
    elif news.w == "dms":
        said["dms"] = DMS
    elif news.w == "network":
        said["network"] = NETWORK
    elif news.w == "figures":
        said["figures"] = FIGURES
    elif news.w in ("visit", "seen"):
        said["visits"] = VISITS
    return said


def for_whose_desk_it_is(news: News) -> dict[str, bytes]:
    """What the screens hear whose own desk changes, the bell first."""
    said = {}
    if news.w in ("ring", "quiet"):
        said[f"bell-{news.l}"] = event(news.w, lead=news.l)
    elif news.w == "seen":
        said[f"seen-{news.l}"] = event("seen", lead=news.l)
    elif news.w == "due":
        said["due"] = event("due", lead=news.l)
    return said | {"desk": DESK} | for_everybody(news)


class Stream:
    """One open screen. `pace` says for how many seconds what isn't urgent is gathered."""

    __slots__ = (
        "_beat_timer",
        "_floor_again",
        "_floor_timer",
        "_loop",
        "_pace_timer",
        "closed",
        "pace",
        "reader",
        "waiting",
        "wake",
    )

    def __init__(self, reader: Reader, pace: Callable[[], float] = lambda: PACE_S) -> None:
        self.reader, self.pace = reader, pace
        self.waiting: dict[str, bytes] = {}
        self.wake = asyncio.Event()
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._pace_timer: asyncio.TimerHandle | None = None
        self._floor_timer: asyncio.TimerHandle | None = None
        self._floor_again = False
        self._beat_timer = self._loop.call_later(HEARTBEAT_S, self._beat)

    def hear(self, said: Events, urgent: bool) -> None:
        """Something happened at the dealer; urgent is what concerns the reader's own desk."""
        self.nudge(said, urgent)
        self.floor()

    def nudge(self, said: Events, urgent: bool = True) -> None:
        """Say it soon; a newer word under the same name replaces the older one."""
        self.waiting.update(said)
        if len(self.waiting) > MOST_WAITING:
            self.close()
        elif said and urgent:
            self.wake.set()
        elif said and self._pace_timer is None:
            self._pace_timer = self._loop.call_later(self.pace(), self._paced)

    def floor(self) -> None:
        if self._floor_timer is not None:
            self._floor_again = True
            return
        self.nudge({"floor": FLOOR}, urgent=False)
        self._floor_timer = self._loop.call_later(FLOOR_S, self._floor_over)

    def close(self) -> None:
        """Say what waits and end; the browser comes back by itself."""
        self.closed = True
        self.wake.set()

    def forget(self) -> None:
        for timer in (self._pace_timer, self._floor_timer, self._beat_timer):
            if timer is not None:
                timer.cancel()

    def take(self) -> bytes:
        """All that waits; a word that the stream is alive where nothing does."""
        said = b"".join(self.waiting.values()) or b":\n\n"
        self.waiting.clear()
        self.wake.clear()
        return said

    def _paced(self) -> None:
        self._pace_timer = None
        if self.waiting:
            self.wake.set()

    def _beat(self) -> None:
        self.wake.set()
        self._beat_timer = self._loop.call_later(HEARTBEAT_S, self._beat)

    def _floor_over(self) -> None:
        self._floor_timer = None
        if self._floor_again:
            self._floor_again = False
            self.floor()

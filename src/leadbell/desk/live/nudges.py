"""What one open screen has yet to hear: each thing once, however often it happened, the bell before the rest."""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from leadbell.desk.live.admission import Reader

#: What isn't about the reader's own desk is gathered for so long, and comes at most twice a second, `floor` with it.
SOON_S, PACE_S = 0.2, 0.5
#: A screen hears at least this often that its stream is alive. One that takes nothing from one beat to the next is
#: dropped; the browser comes back.
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
    """One open screen."""

    __slots__ = (
        "_beat_timer",
        "_loop",
        "_takes",
        "beat_s",
        "closed",
        "patience",
        "reader",
        "waiting",
        "wake",
    )

    def __init__(self, reader: Reader, beat_s: float = HEARTBEAT_S) -> None:
        self.reader, self.beat_s = reader, beat_s
        self.waiting: dict[str, bytes] = {}
        self.wake = asyncio.Event()
        #: Of whoever tells the screen what waits.
        self.patience = asyncio.timeout(None)
        self.closed = False
        self._takes = True
        self._loop = asyncio.get_running_loop()
        self._beat_timer = self._loop.call_later(beat_s, self._beat)

    def hear(self, said: Events) -> None:
        """Keep it until the screen is told; a newer word under the same name replaces the older one."""
        self.waiting.update(said)
        if len(self.waiting) > MOST_WAITING:
            self.close()

    def nudge(self, said: Events) -> None:
        """Say it now, and all that waits."""
        self.hear(said)
        self.wake.set()

    def close(self) -> None:
        """Say what waits and end; the browser comes back by itself."""
        self.closed = True
        self.wake.set()

    def forget(self) -> None:
        self._beat_timer.cancel()

    def take(self) -> bytes:
        """All that waits; a word that the stream is alive where nothing does."""
        said = b"".join(self.waiting.values()) or b":\n\n"
        self.waiting.clear()
        self.wake.clear()
        self._takes = True
        return said

    def _beat(self) -> None:
        """One timer for many words: setting and cancelling one for each costs as much as saying it."""
        if not self._takes:
            self.patience.reschedule(self._loop.time())
            return
        self._takes = False
        self.wake.set()
        self._beat_timer = self._loop.call_later(self.beat_s, self._beat)


class Audience:
    """The screens that hear of the same dealers. What isn't about a reader's own desk is gathered for all of them.

    It is told SOON_S after it happened, and no sooner after what was told last than `pace` says (in seconds).
    """

    def __init__(self, pace: Callable[[], float]) -> None:
        self.streams: set[Stream] = set()
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._told_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def hear(self, said: Events) -> None:
        for stream in self.streams:
            stream.hear(said)
        if self._timer is None:
            due = max(self._loop.time() + SOON_S, self._told_at + self._pace())
            self._timer = self._loop.call_at(due, self._tell)

    def _tell(self) -> None:
        self._timer, self._told_at = None, self._loop.time()
        for stream in self.streams:
            stream.nudge({"floor": FLOOR})

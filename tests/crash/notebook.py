"""What the test did and what it was promised, written down by its threads as it happened."""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Delivery:
    """One message to send. `customers` ask in it, nobody where it is garbage; `key` is what the sender calls it."""

    by: str
    source: str
    body: bytes
    customers: tuple[int, ...]
    content_type: str = ""
    key: str | None = None


@dataclass(frozen=True)
class Receipt:
    """The promise: 202 or 250, with the envelope's number."""

    delivery: Delivery
    envelope: str


@dataclass
class Notebook:
    """Appending to a list is atomic in Python; counters are guarded."""

    receipts: list[Receipt] = field(default_factory=list)
    #: (lead, person) of every acceptance that was answered with success.
    won: list[tuple[int, int]] = field(default_factory=list)
    #: What must never be seen, in words.
    odd: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    #: How often a person meant to call, per lead.
    meant_to_call: Counter[int] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        with self._guard:
            self.counts[what] += 1

    def means_to_call(self, lead: int) -> None:
        with self._guard:
            self.meant_to_call[lead] += 1

    def event(self, what: str) -> None:
        self.events.append(f"{time.monotonic() - self.began:6.1f} s  {what}")

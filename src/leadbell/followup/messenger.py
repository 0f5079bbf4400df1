"""The messenger: the process that sends messages and reads what came back.

The network runs in threads, the database in one: a mail server that hangs holds up its own dealer only.
This module is imported before `begin` has set Django up: what needs models is imported where it is used.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from leadbell.announce import MESSENGER
from leadbell.log import fault_of
from leadbell.process import AWAY, alone, begin, keep_at, listen, news
from leadbell.words import say

log = structlog.get_logger("leadbell.messenger")

#: One messenger works at a time: what another one is sending must not look forgotten.
ALONE_LOCK = 0x1EADBE14
POLL_S, BUSY_POLL_S = 1.0, 0.05
#: So many letters go out at once, so many mailboxes and tests, and so many calendars: none holds up the other.
LETTERS_AT_ONCE, ERRANDS_AT_ONCE, CALENDARS_AT_ONCE = 8, 4, 2
#: What is sent without anybody pressing "Send" is looked for so often.
AUTOMATIONS_EVERY = timedelta(seconds=30)
#: Videos that are due are taken off the shelf so often.
CLEAR_EVERY_S = 20.0
#: A letter under way is waited for so long when we are told to stop.
STOP_WITHIN_S = 5.0
UNFORESEEN = say("sending it failed in a way nobody foresaw")


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Whose it is, what its answer is for, and which answer stands for a fault of ours."""

    dealer: int
    then: Callable[[Any], None]
    failed: Any
    errand: bool = False


class Messenger:
    """Sends and reads whatever is due; `clock` is aware UTC, `carrier` finds what takes a letter."""

    def __init__(self, clock: Callable[[], datetime], carrier: Callable[[str], Any]) -> None:
        from leadbell.followup.dms import Telling

        self._clock, self._carrier = clock, carrier
        self._threads = ThreadPoolExecutor(
            LETTERS_AT_ONCE + ERRANDS_AT_ONCE + CALENDARS_AT_ONCE + 1, "carrier"
        )
        self._busy: dict[Future[Any], UnderWay] = {}
        self._errands_at = self._cleared_at = 0.0
        self._automated_at = datetime.min.replace(tzinfo=UTC)
        self._telling = Telling(clock, self._hand_over)

    @property
    def is_busy(self) -> bool:
        return bool(self._busy) or self._telling.is_busy

    def step(self) -> int:
        """Everything that can be done now without waiting; how much was done."""
        from leadbell.conversation.receiving import read_some
        from leadbell.followup.automations import run_automations
        from leadbell.followup.texts import colleague, stranger

        done = self._collect()
        done += read_some(self._clock(), stranger, colleague)
        if not timedelta() <= self._clock() - self._automated_at < AUTOMATIONS_EVERY:
            self._automated_at = self._clock()
            done += run_automations(self._automated_at)
        done += self._send() + self._send_to_staff() + self._telling.step()
        if time.monotonic() >= self._errands_at:
            self._errands_at = time.monotonic() + POLL_S
            self._run_errands()
        return done

    def finish(self, within_s: float) -> None:
        """Wait for what is under way, and settle it."""
        give_up_at = time.monotonic() + within_s
        while self._busy and time.monotonic() < give_up_at:
            if not self._collect():
                time.sleep(0.01)
        self._telling.finish(max(0.0, give_up_at - time.monotonic()))

    def close(self) -> None:
        self._telling.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _free(self, most: int, *, errands: bool) -> int:
        """Calendars, numbered below zero, have room of their own."""
        return max(0, most - sum(one.errand == errands and one.dealer > 0 for one in self._busy.values()))

    def _busy_dealers(self) -> set[int]:
        return {one.dealer for one in self._busy.values()}

    def _send(self) -> int:
        from leadbell.conversation.sending import claim

        free = self._free(LETTERS_AT_ONCE, errands=False)
        claimed = claim(self._clock(), free, self._busy_dealers()) if free else []
        for one in claimed:
            self._send_one(one)
        return len(claimed)

    def _send_to_staff(self) -> int:
        from leadbell.conversation import staffmail
        from leadbell.conversation.ports import Perhaps

        free = self._free(LETTERS_AT_ONCE, errands=False)
        claimed = staffmail.claim(self._clock(), free, self._busy_dealers()) if free else []
        for one in claimed:

            def settled(outcome: Any, number: int = one.number) -> None:
                staffmail.settle(number, outcome, self._clock())

            def sending(account: Any = one.account, letter: Any = one.letter) -> Any:
                return self._hand_over(account, letter)

            self._begin(sending, UnderWay(one.organisation, settled, Perhaps(UNFORESEEN)))
        return len(claimed)

    def _send_one(self, claimed: Any) -> None:
        from leadbell.conversation.ports import Never, Perhaps
        from leadbell.conversation.sending import settle
        from leadbell.followup.posting import letter_of

        message, account = claimed.message, claimed.account

        def settled(outcome: Any) -> None:
            settle(message.pk, outcome, self._clock())

        try:
            carrier, letter = self._carrier(message.carrier), letter_of(message, self._clock())
        except AWAY:
            raise
        except Exception as error:
            log.error("a message can't become a letter", message=message.pk, fault=fault_of(error))
            return settled(Never(say("no letter can be made of it: write it anew")))
        self._begin(
            lambda: handed_over(carrier, account, letter),
            UnderWay(message.dealer_id, settled, Perhaps(UNFORESEEN)),
        )

    def _run_errands(self) -> None:
        from leadbell.followup.calendars import calendar_errands
        from leadbell.followup.clearing import clearing_errands
        from leadbell.followup.errands import errands

        for who, work, then, failed in calendar_errands(
            self._clock(), CALENDARS_AT_ONCE, self._busy_dealers(), self._clock
        ):
            self._begin(work, UnderWay(who, then, failed, errand=True))
        if time.monotonic() >= self._cleared_at:
            self._cleared_at = time.monotonic() + CLEAR_EVERY_S
            for who, work, then, failed in clearing_errands(self._clock(), self._busy_dealers()):
                self._begin(work, UnderWay(who, then, failed, errand=True))
        free = self._free(ERRANDS_AT_ONCE, errands=True)
        if not free:
            return
        for dealer, work, then, failed in errands(
            self._clock(), free, self._busy_dealers(), self._hand_over, self._clock
        ):
            self._begin(work, UnderWay(dealer, then, failed, errand=True))

    def _hand_over(self, account: Any, letter: Any) -> Any:
        return handed_over(self._carrier("email"), account, letter)

    def _begin(self, work: Callable[[], Any], about: UnderWay) -> None:
        self._busy[self._threads.submit(work)] = about

    def _collect(self) -> int:
        done = [future for future in self._busy if future.done()]
        for future in done:
            self._settle(future, self._busy.pop(future))
        return len(done)

    def _settle(self, future: Future[Any], about: UnderWay) -> None:
        """A fault of one is written down as such and holds up nobody else."""
        try:
            about.then(future.result())
        except AWAY:
            raise
        except Exception as error:
            log.error("what came of it can't be written down", dealer=about.dealer, fault=fault_of(error))
            self._settle_as_failed(about)

    def _settle_as_failed(self, about: UnderWay) -> None:
        try:
            about.then(about.failed)
        except AWAY:
            raise
        except Exception as error:
            log.error("nor that it failed", dealer=about.dealer, fault=fault_of(error))


def handed_over(carrier: Any, account: Any, letter: Any) -> Any:
    """What became of it. A fault of ours leaves it unsure: nobody knows how far it came."""
    from leadbell.conversation.ports import NotNow, Perhaps

    if carrier is None:
        return NotNow(say("this machine has no account for it"), ours=True)
    try:
        return carrier.send(account, letter)
    except Exception as error:
        log.error("a carrier failed", fault=fault_of(error))
        return Perhaps(UNFORESEEN)


def run(clock: Callable[[], datetime], stopping: threading.Event, carrier: Callable[[str], Any]) -> None:
    """Work until stopped, alone; what an earlier life left behind is settled first."""
    from leadbell.conversation import staffmail
    from leadbell.conversation.sending import forgotten

    if not alone(ALONE_LOCK, stopping):
        return
    listen(MESSENGER)
    forgotten(clock())
    staffmail.forgotten(clock())
    messenger = Messenger(clock, carrier)
    try:
        while not stopping.is_set():
            if not messenger.step():
                news(BUSY_POLL_S if messenger.is_busy else POLL_S)
        messenger.finish(STOP_WITHIN_S)
    finally:
        messenger.close()


def run_whatever_happens(
    clock: Callable[[], datetime], stopping: threading.Event, carrier: Callable[[str], Any]
) -> None:
    """The same; a fault that nobody foresaw must not stop all messages for long."""
    from django.db import connection

    try:
        run(clock, stopping, carrier)
    except AWAY:
        raise
    except Exception as error:
        log.error("the messenger begins again", fault=fault_of(error))
        connection.close()
        stopping.wait(POLL_S)


def main() -> None:
    """Work until SIGTERM or SIGINT; a letter under way is finished first."""
    stopping = begin()
    from leadbell import settings
    from leadbell.conversation.carriers import carrier_for

    def carrier(name: Any) -> Any:
        return carrier_for(name, settings)

    keep_at(lambda: run_whatever_happens(lambda: datetime.now(UTC), stopping, carrier), stopping, log)


if __name__ == "__main__":
    main()

"""The messenger: the process that sends messages and reads what came back.

The network runs in threads, the database in one: a mail server that hangs holds up its own dealer only.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import django
import structlog

from leadbell.log import configure

log = structlog.get_logger("leadbell.messenger")

#: One messenger works at a time: what another one is sending must not look forgotten.
ALONE_LOCK = 0x1EADBE14
POLL_S, BUSY_POLL_S = 1.0, 0.05
#: So many servers are talked to at once.
AT_ONCE = 8
#: A letter under way is waited for so long when we are told to stop.
STOP_WITHIN_S = 5.0


class Messenger:
    """Sends and reads whatever is due; `clock` is aware UTC, `carrier` finds what takes a letter."""

    def __init__(self, clock: Callable[[], datetime], carrier: Callable[[str], Any]) -> None:
        self._clock, self._carrier = clock, carrier
        self._threads = ThreadPoolExecutor(AT_ONCE, "carrier")
        #: What is under way: whose it is, and what to do with its answer.
        self._busy: dict[Future[Any], tuple[int, Callable[[Any], None]]] = {}
        self._errands_at = 0.0

    @property
    def is_busy(self) -> bool:
        return bool(self._busy)

    def step(self) -> int:
        """Everything that can be done now without waiting; how much was done."""
        from leadbell.conversation.receiving import read_some
        from leadbell.followup.automations import run_automations
        from leadbell.followup.errands import errands
        from leadbell.followup.texts import colleague, stranger

        done = self._collect()
        done += read_some(self._clock(), stranger, colleague)
        done += self._send() + self._send_to_staff()
        if len(self._busy) < AT_ONCE and time.monotonic() >= self._errands_at:
            self._errands_at = time.monotonic() + POLL_S
            run_automations(self._clock())
            busy = {who for who, _ in self._busy.values()}
            for dealer, work, then in errands(self._clock(), busy, self._hand_over):
                self._begin(dealer, work, then)
        return done

    def _hand_over(self, account: Any, letter: Any) -> Any:
        return handed_over(self._carrier("email"), account, letter)

    def finish(self, within_s: float) -> None:
        """Wait for what is under way, and settle it."""
        give_up_at = time.monotonic() + within_s
        while self._busy and time.monotonic() < give_up_at:
            if not self._collect():
                time.sleep(0.01)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _send(self) -> int:
        from leadbell.conversation.sending import claim, settle
        from leadbell.followup.posting import letter_of

        free = AT_ONCE - len(self._busy)
        claimed = claim(self._clock(), free, {who for who, _ in self._busy.values()}) if free else []
        for one in claimed:
            number, letter = one.message.pk, letter_of(one.message, self._clock())
            carrier, account = self._carrier(one.message.carrier), one.account

            def settled(outcome: Any, number: int = number) -> None:
                settle(number, outcome, self._clock())

            def sending(carrier: Any = carrier, account: Any = account, letter: Any = letter) -> Any:
                return handed_over(carrier, account, letter)

            self._begin(one.message.dealer_id, sending, settled)
        return len(claimed)

    def _send_to_staff(self) -> int:
        from leadbell.conversation import staffmail

        free = AT_ONCE - len(self._busy)
        claimed = (
            staffmail.claim(self._clock(), free, {who for who, _ in self._busy.values()}) if free else []
        )
        for one in claimed:

            def settled(outcome: Any, number: int = one.number) -> None:
                staffmail.settle(number, outcome, self._clock())

            def sending(account: Any = one.account, letter: Any = one.letter) -> Any:
                return self._hand_over(account, letter)

            self._begin(one.organisation, sending, settled)
        return len(claimed)

    def _begin(self, dealer: int, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        self._busy[self._threads.submit(work)] = (dealer, then)

    def _collect(self) -> int:
        done = [future for future in self._busy if future.done()]
        for future in done:
            _, then = self._busy.pop(future)
            then(future.result())
        return len(done)


def handed_over(carrier: Any, account: Any, letter: Any) -> Any:
    """What became of it. A fault of ours leaves it unsure: nobody knows how far it came."""
    from leadbell.conversation.ports import NotNow, Perhaps
    from leadbell.words import say

    if carrier is None:
        return NotNow(say("this machine has no account for it"), ours=True)
    try:
        return carrier.send(account, letter)
    except Exception:
        log.exception("a carrier failed")
        return Perhaps(say("sending it failed in a way nobody foresaw"))


def run(clock: Callable[[], datetime], stopping: Callable[[], bool], carrier: Callable[[str], Any]) -> None:
    """Work until stopped, alone; what an earlier life left behind is settled first."""
    from django.db import connection

    from leadbell.announce import MESSENGER
    from leadbell.conversation import staffmail
    from leadbell.conversation.sending import forgotten

    while not stopping():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", [ALONE_LOCK])
            if cursor.fetchone() == (True,):
                cursor.execute(f"listen {MESSENGER}")
                break
        time.sleep(POLL_S)
    else:
        return
    forgotten(clock())
    staffmail.forgotten(clock())
    messenger = Messenger(clock, carrier)
    try:
        while not stopping():
            if messenger.step():
                continue
            patience = BUSY_POLL_S if messenger.is_busy else POLL_S
            for _ in connection.connection.notifies(timeout=patience, stop_after=1):
                pass
        messenger.finish(STOP_WITHIN_S)
    finally:
        messenger.close()


def keep_running(
    clock: Callable[[], datetime], stopping: Callable[[], bool], carrier: Callable[[str], Any]
) -> None:
    """Run until stopped, whatever happens to the database meanwhile."""
    import psycopg
    from django.db import InterfaceError, OperationalError, connection

    while not stopping():
        try:
            run(clock, stopping, carrier)
        except (OperationalError, InterfaceError, psycopg.OperationalError):
            log.warning("the database is away: trying again")
            connection.close()
            time.sleep(0.2)
        except Exception:
            # Whatever it is, it must not stop all messages for long.
            log.exception("the messenger begins again")
            connection.close()
            time.sleep(POLL_S)


def main() -> None:
    """Work until SIGTERM or SIGINT; a letter under way is finished first."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    configure()
    django.setup()
    from leadbell import settings
    from leadbell.conversation.carriers import carrier_for

    stopping = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stopping.set())

    def carrier(name: Any) -> Any:
        return carrier_for(name, settings)

    keep_running(lambda: datetime.now(UTC), stopping.is_set, carrier)


if __name__ == "__main__":
    main()

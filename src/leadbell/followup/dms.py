"""The dealers' own systems are told, beside the mail: a slow or silent one holds up neither another nor a letter."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from leadbell.conversation.ports import Account, Letter, Sent
from leadbell.conversation.sending import account_of
from leadbell.conversation.staffmail import house_account
from leadbell.dms.models import DmsReceiver
from leadbell.dms.rules import Failed, Outcome, Taken
from leadbell.dms.sending import THROW_AWAY_EVERY, THROWN_AWAY, Claimed, claim, post, settle, throw_away_old
from leadbell.followup.outages import tell_outages
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.words import say

log = structlog.get_logger("leadbell.dms")

#: So many are told at once of those that are well, and of those that failed last: these may take long.
WELL_AT_ONCE, FAILING_AT_ONCE = 12, 4
#: Outages are looked for so often.
OUTAGES_EVERY = timedelta(seconds=30)
ADF_MAIL = DmsReceiver.Kind.ADF_MAIL
NO_ACCOUNT = say("no mail account is set up")
UNFORESEEN = Failed(say("sending it failed in a way nobody foresaw"))

HandOver = Callable[[Account, Letter], Any]


class Telling:
    """Tells whatever is due; `clock` is aware UTC, `hand_over` sends an e-mail."""

    def __init__(self, clock: Callable[[], datetime], hand_over: HandOver) -> None:
        self._clock, self._hand_over = clock, hand_over
        self._threads = ThreadPoolExecutor(WELL_AT_ONCE + FAILING_AT_ONCE, "dms")
        self._busy: dict[Future[tuple[Outcome, int]], tuple[Claimed, bool]] = {}
        self._thrown_away_at: datetime | None = None
        self._outages_at: datetime | None = None
        #: Told nothing more in this life, rather than the same thing for ever.
        self._spoiled: set[int] = set()

    @property
    def is_busy(self) -> bool:
        return bool(self._busy)

    def step(self) -> int:
        """Everything that can be done now without waiting; how much was done."""
        done = self._collect()
        for failing, most in ((False, WELL_AT_ONCE), (True, FAILING_AT_ONCE)):
            under_way = [*self._spoiled, *(one.receiver for one, _ in self._busy.values())]
            free = most - sum(failed == failing for _, failed in self._busy.values())
            for one in claim(self._clock(), free, failing, under_way):
                self._begin(one, failing)
                done += 1
        now = self._clock()
        if self._outages_at is None or now - self._outages_at >= OUTAGES_EVERY:
            self._outages_at = now
            done += tell_outages(now)
        if self._thrown_away_at is None or now - self._thrown_away_at >= THROW_AWAY_EVERY:
            self._thrown_away_at = now
            if throw_away_old(now) >= THROWN_AWAY:
                self._thrown_away_at = None
        return done

    def finish(self, within_s: float) -> None:
        """Wait for what is under way, and write down what came of it."""
        give_up_at = time.monotonic() + within_s
        while self._busy and time.monotonic() < give_up_at:
            if not self._collect():
                time.sleep(0.01)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, one: Claimed, failing: bool) -> None:
        account = account_of(one.dealer, "email") or house_account() if one.kind == ADF_MAIL else None

        def work() -> tuple[Outcome, int]:
            began = time.monotonic()
            outcome = self._tell(one, account)
            return outcome, round((time.monotonic() - began) * 1000)

        self._busy[self._threads.submit(work)] = one, failing

    def _tell(self, one: Claimed, account: Account | None) -> Outcome:
        try:
            if one.kind != ADF_MAIL:
                return post(one, self._clock())
            return mailed(self._hand_over(account, letter_of(one))) if account else Failed(NO_ACCOUNT)
        except Exception as error:
            log.error("a system can't be told", dealer=one.dealer, fault=fault_of(error))
            return UNFORESEEN

    def _collect(self) -> int:
        done = [future for future in self._busy if future.done()]
        for future in done:
            one, _ = self._busy.pop(future)
            outcome, took_ms = future.result()
            if not self._settled(one, outcome, took_ms) and not self._settled(one, UNFORESEEN, took_ms):
                self._spoiled.add(one.receiver)
        return len(done)

    def _settled(self, one: Claimed, outcome: Outcome, took_ms: int) -> bool:
        try:
            settle(one.number, outcome, took_ms, self._clock())
        except AWAY:
            raise
        except Exception as error:
            log.error("what came of it can't be written down", dealer=one.dealer, fault=fault_of(error))
            return False
        return True


def letter_of(one: Claimed) -> Letter:
    """An ADF is the text of its mail: DMSs read no attachments."""
    subject = f"ADF lead {one.lead}" if one.lead else "ADF test"
    return Letter(
        key=f"dms-{one.number}", to=one.address, from_name="Leadbell", subject=subject, text=one.body,
        message_id=f"<{one.message_id}@{settings.MAIL_DOMAIN}>", automatic=True,
    )  # fmt: skip


def mailed(outcome: Any) -> Outcome:
    """What a carrier's answer means here: what may have arrived is sent again, under the same numbers."""
    return Taken() if isinstance(outcome, Sent) else Failed(outcome.because)

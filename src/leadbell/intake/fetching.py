"""Answers that a delivery only points to are fetched: Meta's webhook carries no more than the lead's number.

The network is asked by threads without a database, and the envelopes are kept in transactions without a network.
"""

import hashlib
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from leadbell.announce import announce
from leadbell.intake.actions import release
from leadbell.intake.channels import NOT_FETCHED, Delivery, notices
from leadbell.intake.graph import LEAD_NUMBER, NO_NUMBER, TOKEN, Answer, Answered, Graph, Never, NotNow
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.refused import Refused
from leadbell.words import Words, say

log = structlog.get_logger("leadbell.fetching")

POLL_S = 0.5
AT_ONCE = 8
#: Asking takes less than this: a claim that is older belongs to a clockwork that was killed.
LEASE = timedelta(seconds=30)
#: What is under way when the clockwork stops is waited for this long.
FINISH_S = 5.0
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(hours=1)
GIVE_UP_AFTER = timedelta(hours=24)
#: Meta puts no more into one delivery.
MOST_LEADS = 1_000

FETCHING = say("the answers are being fetched from Meta")
NO_ANSWERS_FOR_A_DAY = say(
    "Meta gave no answers for a whole day: look this lead up at Meta and type it in here, or save the access token "
    "again on the Dealer page"
)
TOO_MANY_LEADS = say("this tells of more leads than Meta puts into one delivery; none of them was fetched")
FAILED = say("fetching the answers failed: look this lead up at Meta and type it in here, and tell us")
NO_TOKEN = say("This is no access token: it is a long word of letters and digits. Copy it from Meta again.")


@dataclass(frozen=True, slots=True)
class Errand:
    """One lead to ask Meta for, on behalf of one envelope."""

    envelope: UUID
    number: str
    token: str = field(repr=False)


def pause_after(tries: int) -> timedelta | None:
    """How long to wait after the n-th try: 5 s, twice as long each time, at most 1 h; None when a day is over."""
    pauses = [min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(n, 12)) for n in range(tries)]
    return pauses[-1] if sum(pauses, timedelta()) <= GIVE_UP_AFTER else None


def claim_due(now: datetime, most: int, running: Collection[UUID] = ()) -> list[Errand]:
    """The leads that are to be fetched now, oldest first; for LEASE nobody else fetches them."""
    if most <= 0:
        return []
    new = Q(fetch_at=None, reason__text=NOT_FETCHED.because.text)
    with transaction.atomic():
        due = (
            Envelope.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("source")
            .filter(Q(fetch_at__lte=now) | new, status=Envelope.Status.QUARANTINED, dismissed_at=None)
            .exclude(source__access_token="")
            .exclude(pk__in=running)
            .order_by("received_at")[:most]
        )
        return [errand for envelope in list(due) if (errand := _claim(envelope, now))]


def _claim(envelope: Envelope, now: datetime) -> Errand | None:
    """None where there is nothing to ask; the envelope then says why."""
    envelope.fetch_tries += 1
    try:
        with transaction.atomic():
            number = _the_lead(envelope, now)
    except OperationalError:
        raise
    except Exception:
        log.exception("a notice could not be read", envelope=str(envelope.pk))
        number = FAILED
    if isinstance(number, Words):
        _wait(envelope, number, None)
        return None
    because = FETCHING if envelope.fetch_tries == 1 else None
    _wait(envelope, because, now + LEASE, tell=False)
    return Errand(envelope.pk, number, envelope.source.access_token)


def _the_lead(envelope: Envelope, now: datetime) -> str | Words:
    """The number of the one lead that the envelope tells of; further ones get an envelope each.

    So every lead is counted, tried again and shown by itself: one that can't be had holds up no other.
    """
    body = bytes(envelope.body if envelope.corrected is None else envelope.corrected)
    found = notices(Delivery(body, envelope.content_type))
    if len(found) > MOST_LEADS:
        return TOO_MANY_LEADS
    if not found:
        return NO_NUMBER
    first, *others = found
    if others:
        Envelope.objects.bulk_create(
            Envelope(
                id=uuid7(envelope.received_at), dealer_id=envelope.dealer_id, source_id=envelope.source_id,
                received_at=envelope.received_at, transport=envelope.transport, content_type="application/json",
                body=one.body, sha256=hashlib.sha256(one.body).digest(), status=Envelope.Status.QUARANTINED,
                reason=msgspec.to_builtins(FETCHING), fetch_at=now,
            )
            for one in others
        )  # fmt: skip
        envelope.corrected = first.body
        envelope.save(update_fields=["corrected"])
        announce(envelope.dealer_id, "inbox")
    return first.number if LEAD_NUMBER.fullmatch(first.number) else NO_NUMBER


def settle(errand: Errand, answer: Answer, now: datetime) -> None:
    """Release the envelope with its answers, or write down why there are none and when Meta is asked again."""
    with transaction.atomic():
        envelope = (
            Envelope.objects.select_for_update(of=("self",)).select_related("source").get(pk=errand.envelope)
        )
        if envelope.status != Envelope.Status.QUARANTINED or envelope.dismissed_at is not None:
            return  # A person was quicker.
        about = {"dealer": envelope.dealer_id, "envelope": str(envelope.pk), "tries": envelope.fetch_tries}
        match answer:
            case Answered(lead):
                _release(envelope, msgspec.json.encode({"data": [lead]}), now)
                log.info("fetched", **about)
            case _ if envelope.source.access_token != errand.token:
                if envelope.source.access_token:
                    _wait(envelope, FETCHING, now)
            case Never(because):
                _wait(envelope, because, None)
                log.warning("not fetched", **about, because=because.text)
            case NotNow(because, seen):
                pause = pause_after(envelope.fetch_tries)
                if pause is None:
                    _wait(envelope, NO_ANSWERS_FOR_A_DAY, None)
                else:
                    again_at = now + pause
                    _wait(envelope, Words(because.text, {"again_at": again_at.isoformat()}), again_at)
                log.warning("not fetched", **about, because=because.text.partition(";")[0], seen=seen)


def _release(envelope: Envelope, answers: bytes, now: datetime) -> None:
    """Answers in which nobody can be contacted stay in quarantine, for a person to see."""
    outcome = release(envelope, answers, None, now)
    if isinstance(outcome, Refused):
        envelope.corrected, envelope.fetch_tries = answers, 0
        envelope.save(update_fields=["corrected"])
        _wait(envelope, FAILED if outcome.because == NOT_FETCHED.because else outcome.because, None)


def _wait(envelope: Envelope, because: Words | None, fetch_at: datetime | None, tell: bool = True) -> None:
    """It stays in quarantine until then, or (None) until a person has done something."""
    envelope.fetch_at = fetch_at
    if because is not None:
        envelope.reason = msgspec.to_builtins(because)
    envelope.save(update_fields=["reason", "fetch_at", "fetch_tries"])
    if tell:
        announce(envelope.dealer_id, "inbox")


@transaction.atomic
def renew_token(source: Source, token: str, now: datetime) -> Source | Refused:
    """Fetch with this access token from now on, also what waits already; an empty one ends the fetching."""
    token = token.strip()
    if token and not TOKEN.fullmatch(token):
        return Refused(NO_TOKEN)
    source.access_token = token
    source.save(update_fields=["access_token"])
    waiting = Envelope.objects.filter(
        Q(fetch_tries__gt=0) | Q(fetch_at__isnull=False) | Q(reason__text=NOT_FETCHED.because.text),
        source=source, status=Envelope.Status.QUARANTINED, dismissed_at=None,
    )  # fmt: skip
    reason = msgspec.to_builtins(FETCHING if token else NOT_FETCHED.because)
    waiting.update(fetch_tries=0, fetch_at=now if token else None, reason=reason)
    announce(source.dealer_id, "dealer")
    announce(source.dealer_id, "inbox")
    return source


class Fetcher:
    """Asks Meta for several leads at once, and keeps what it answers."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._askers = ThreadPoolExecutor(AT_ONCE, "graph")
        self._running: dict[Future[Answer], Errand] = {}

    def turn(self, now: datetime) -> None:
        """Keep what was answered, and ask for what is due."""
        for asking in [one for one in self._running if one.done()]:
            self._keep(asking, now)
        running = {errand.envelope for errand in self._running.values()}
        for errand in claim_due(now, AT_ONCE - len(running), running):
            asking = self._askers.submit(self._graph.lead, errand.number, errand.token)
            self._running[asking] = errand

    def wait(self, seconds: float) -> None:
        """Until something is answered, at most so long."""
        if self._running:
            wait(self._running, seconds, FIRST_COMPLETED)
        else:
            time.sleep(seconds)

    def finish(self, clock: Callable[[], datetime]) -> None:
        """Keep what is answered within FINISH_S; the rest is asked again by whoever works next."""
        wait(self._running, FINISH_S)
        for asking in [one for one in self._running if one.done()]:
            self._keep(asking, clock())
        self._askers.shutdown(wait=False, cancel_futures=True)

    def _keep(self, asking: "Future[Answer]", now: datetime) -> None:
        errand = self._running[asking]
        try:
            settle(errand, asking.result(), now)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # Its claim ends with the lease; then it is asked again.
            log.exception("an answer could not be kept", envelope=str(errand.envelope))
        del self._running[asking]


def keep_fetching(graph: Graph, clock: Callable[[], datetime], stopping: Callable[[], bool]) -> None:
    """Fetch until stopped, whatever happens to the database meanwhile."""
    fetcher = Fetcher(graph)
    while not stopping():
        try:
            fetcher.turn(clock())
            fetcher.wait(POLL_S)
        except (OperationalError, InterfaceError):
            log.warning("the database is away: trying again")
            connection.close()
            time.sleep(POLL_S)
        except Exception:
            log.exception("fetching failed: trying again")
            time.sleep(POLL_S)
    try:
        fetcher.finish(clock)
    except (OperationalError, InterfaceError):
        log.warning("the database is away: what was fetched last is fetched again")
    connection.close()

"""A person's own calendars: connected, looked into every few minutes, taken away; and the address of their diary."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import msgspec
import structlog
from django.db import transaction

from leadbell.announce import announce, wake_messenger
from leadbell.appointment.looking import Looked, Outcome, Unread, Where
from leadbell.appointment.models import Busy, BusyCalendar, BusyCalendarSecret, Diary, DiaryChoice
from leadbell.dealers.models import Organisation, Person
from leadbell.outgoing import LONGEST_URL, NotAsked, checked
from leadbell.refused import Refused
from leadbell.words import say

log = structlog.get_logger("leadbell.calendars")

#: Looked into so often; one that fails, less and less.
EVERY = timedelta(minutes=5)
AGAIN_M = (5, 10, 30, 60, 120)
#: Known is from yesterday until so far ahead; read whole at least so often, since that moves on.
BACK, AHEAD, WHOLE_EVERY = timedelta(days=1), timedelta(days=60), timedelta(hours=12)
#: A look that hasn't ended by then was lost with a crash.
FORGOTTEN = timedelta(minutes=3)
MOST_CALENDARS = 5


@transaction.atomic
def connect(
    person: Person, dealer: int, kind: str, address: str, login: str, password: str, now: datetime
) -> BusyCalendar | Refused:
    """Read this calendar from now on; it is looked into at once."""
    address = address.strip()
    if address.lower().startswith("webcal://"):
        address = "https://" + address[len("webcal://") :]
    if kind not in BusyCalendar.Kind.values:
        return Refused(say("Choose what kind of address it is."))
    try:
        checked(address)
    except NotAsked as refused:
        return Refused(refused.words)
    if kind == BusyCalendar.Kind.CALDAV and not (login.strip() and password):
        return Refused(say("CalDAV needs your user name and password there."))
    if len(login) > 254 or len(password) > 500 or "\0" in login + password:
        return Refused(say("The user name or the password is too long."))
    if BusyCalendar.objects.filter(person=person).count() >= MOST_CALENDARS:
        return Refused(
            say("%(most)s calendars are connected already: remove one first.", most=MOST_CALENDARS)
        )
    calendar = BusyCalendar.objects.create(
        dealer_id=dealer, person=person, kind=kind, host=(urlsplit(address).hostname or "")[:253], next_at=now,
        created_at=now,
    )  # fmt: skip
    BusyCalendarSecret.objects.create(
        dealer_id=dealer,
        calendar=calendar,
        address=address[:LONGEST_URL],
        login=login.strip(),
        password=password,
    )
    wake_messenger()
    return calendar


@transaction.atomic
def disconnect(person: Person, number: int) -> bool:
    """Forget this calendar of theirs, and what it said; False where there is none."""
    found = BusyCalendar.objects.filter(person=person, pk=number).first()
    if found is None:
        return False
    Busy.objects.filter(source=found).delete()
    BusyCalendarSecret.objects.filter(calendar=found).delete()
    found.delete()
    return True


def look_now(person: Person, now: datetime) -> None:
    """Their calendars are looked into at once."""
    BusyCalendar.objects.filter(person=person).update(next_at=now)
    wake_messenger()


@dataclass(frozen=True, slots=True)
class Due:
    """A calendar to look into now: where it lies, and for which time."""

    number: int
    where: Where
    since: datetime
    until: datetime
    zone: str


@transaction.atomic
def due(now: datetime, most: int, busy: Collection[int] = ()) -> list[Due]:
    """Up to `most` that are due, each ours for FORGOTTEN; none that is in `busy`."""
    found = list(
        BusyCalendar.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("secret", "person__organisation").filter(next_at__lte=now, person__is_active=True)
        .exclude(pk__in=list(busy)).order_by("next_at")[: max(0, most)]
    )  # fmt: skip
    BusyCalendar.objects.filter(pk__in=[one.pk for one in found]).update(next_at=now + FORGOTTEN)
    return [_due(one, now) for one in found]


def _due(one: BusyCalendar, now: datetime) -> Due:
    secret = one.secret
    whole = one.read_at is None or one.read_at <= now - WHOLE_EVERY
    where = Where(one.kind, secret.address, secret.login, secret.password, one.etag, one.modified, whole)
    return Due(one.pk, where, now - BACK, now + AHEAD, one.person.organisation.zone)


@transaction.atomic
def looked(number: int, outcome: Outcome, now: datetime) -> None:
    """Keep what was found. Where nothing could be read, what was known stays, and the page says since when."""
    one = BusyCalendar.objects.select_for_update().filter(pk=number).first()
    if one is None:
        return
    if isinstance(outcome, Unread):
        one.next_at = now + timedelta(minutes=AGAIN_M[min(one.tries, len(AGAIN_M) - 1)])
        one.tries = min(one.tries + 1, len(AGAIN_M))
        one.because = msgspec.to_builtins(outcome.because)
    else:
        one.next_at, one.tries, one.answered_at, one.because = now + EVERY, 0, now, None
        if isinstance(outcome, Looked):
            one.etag, one.modified, one.read_at = outcome.etag, outcome.modified, now
            one.times = _keep(one, outcome)
            one.left_out = msgspec.to_builtins(outcome.because) if outcome.because else None
    one.save()
    announce(one.dealer_id, "calendars")
    log.info("looked into a calendar", dealer=one.dealer_id, calendar=one.pk, outcome=type(outcome).__name__)


def _keep(one: BusyCalendar, outcome: Looked) -> int:
    Busy.objects.filter(source=one).delete()
    Busy.objects.bulk_create(
        Busy(
            dealer_id=one.dealer_id,
            person_id=one.person_id,
            source=one,
            from_at=span.from_at,
            until_at=span.until_at,
        )
        for span in outcome.times
    )
    return len(outcome.times)


# -- the diary, to subscribe to --------------------------------------------------------------------------------


def make_address(person: Person, dealer: int, now: datetime) -> Diary:
    """A new address for their appointments; the one before opens nothing any more."""
    diary = Diary.objects.filter(person=person).first() or Diary(person=person, dealer_id=dealer)
    diary.number, diary.made_at, diary.fetched_at, diary.on = diary.number + 1, now, None, True
    diary.save()
    return diary


def revoke_address(person: Person) -> None:
    """Their appointments can't be subscribed to any more."""
    Diary.objects.filter(person=person).update(on=False)


def fetched(diary: Diary, now: datetime) -> None:
    """A calendar has asked for it; noted once an hour."""
    if diary.fetched_at is None or diary.fetched_at < now - timedelta(hours=1):
        Diary.objects.filter(pk=diary.pk).update(fetched_at=now)


def choose_shown(dealer: Organisation, shows: str) -> DiaryChoice | Refused:
    """What stands in the diaries of this dealer's people."""
    if shows not in DiaryChoice.Shows.values:
        return Refused(say("Choose what is shown."))
    choice = DiaryChoice.objects.filter(dealer=dealer).first() or DiaryChoice(dealer=dealer)
    choice.shows = shows
    choice.save()
    return choice

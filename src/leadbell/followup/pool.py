"""Numbers of their own for visitors: which of the dealer's tracking numbers a website gives out, and how it goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.followup.numbers import add_number, number_of
from leadbell.refused import Refused
from leadbell.ring.models import TrackingNumber
from leadbell.visits.models import NumberLease, NumberPool, Site, SiteCount
from leadbell.visits.pages import word
from leadbell.words import say

MOST_NUMBERS = 200
#: How long a number may stay on a page where nothing happens, and rest after that.
LEASE_MINUTES, REST_HOURS = range(5, 181), range(1, 73)
LONGEST_SELECTOR = 200


@dataclass(frozen=True, slots=True)
class PoolShown:
    """What a manager chose and how it goes: `shown` to visitors now, `resting`, and what happened this UTC day."""

    pool: NumberPool
    numbers: Sequence[str]
    shown: int
    resting: int
    given: int
    #: Visitors who saw the usual number because none was left, or because too many came from one address.
    empty: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Said:
    is_on: bool
    printed: str
    selector: str
    lease_minutes: int
    rest_hours: int
    numbers: Sequence[str]


def pools_of(dealer: Organisation, now: datetime) -> dict[int, PoolShown]:
    """By the number of the website; websites that never had one are missing."""
    leases = list(NumberLease.objects.filter(dealer=dealer, held_until__gt=now))
    numbers = list(
        TrackingNumber.objects.filter(dealer=dealer, removed_at=None, site__isnull=False).order_by("number")
    )
    today = now.astimezone(UTC).date()
    counts = {
        (one.site_id, one.what): one.beacons
        for one in SiteCount.objects.filter(dealer=dealer, day=today, what__startswith="number_")
    }
    return {
        pool.site_id: _shown(
            pool, [n for n in numbers if n.site == pool.site_id],
            [one for one in leases if one.site_id == pool.site_id], counts, now,
        )
        for pool in NumberPool.objects.filter(dealer=dealer)
    }  # fmt: skip


def _shown(
    pool: NumberPool,
    numbers: Sequence[TrackingNumber],
    leases: Sequence[NumberLease],
    counts: Mapping[tuple[int, str], int],
    now: datetime,
) -> PoolShown:
    still = {number.pk for number in numbers}
    held = [lease for lease in leases if lease.number in still]
    longest = timedelta(minutes=pool.lease_minutes)
    shown = sum(lease.visitor is not None and now - lease.shown_at < longest for lease in held)
    given, empty, refused = (
        counts.get((pool.site_id, f"number_{what}"), 0) for what in ("given", "empty", "refused")
    )
    return PoolShown(
        pool, [number.number for number in numbers], shown, len(held) - shown, given, empty, refused
    )


def set_up_pool(
    dealer: Organisation, site: Site, said: Mapping[str, str], now: datetime
) -> NumberPool | Refused:
    """The numbers this website gives out, one a line; calls on a new one are leads of the channel *Calls: …*.

    A number that leaves the pool stays a tracking number: who wrote it down still reaches the dealer.
    """
    read = _read(dealer, said)
    if isinstance(read, Refused):
        return read
    with transaction.atomic():
        because = _take(dealer, site, read.numbers, now)
        if because is not None:
            transaction.set_rollback(True)
            return because
        TrackingNumber.objects.filter(dealer=dealer, site=site.pk).exclude(number__in=read.numbers).update(
            site=None
        )
        pool, _made = NumberPool.objects.update_or_create(
            dealer=dealer, site=site,
            defaults={
                "is_on": read.is_on, "printed": read.printed, "selector": read.selector,
                "lease_minutes": read.lease_minutes, "rest_hours": read.rest_hours, "changed_at": now,
            },
        )  # fmt: skip
        announce(dealer.pk, "dealer")
    return pool


def _read(dealer: Organisation, said: Mapping[str, str]) -> _Said | Refused:
    is_on = said.get("own_numbers") == "on"
    written = said.get("printed", "").strip()
    printed = number_of(dealer, written) if written else ""
    if isinstance(printed, Refused):
        return printed
    lines = [line.strip() for line in said.get("numbers", "").splitlines() if line.strip()]
    numbers: list[str] = []
    for line in lines:
        number = number_of(dealer, line)
        if isinstance(number, Refused):
            return number
        numbers.append(number)
    if is_on and not printed:
        return Refused(say("Say which number the website shows everybody: it is the one that is replaced."))
    if is_on and not numbers:
        return Refused(say("Name the numbers to give out, one a line."))
    if printed in numbers:
        return Refused(say("The number that everybody is shown can’t be one visitor’s own."))
    if len(numbers) > MOST_NUMBERS:
        return Refused(say("%(most)s numbers are the most.", most=MOST_NUMBERS))
    minutes, hours = said.get("lease_minutes", "30"), said.get("rest_hours", "2")
    if not _is_in(LEASE_MINUTES, minutes):
        return Refused(say("A number may stay on a page for 5 to 180 minutes."))
    if not _is_in(REST_HOURS, hours):
        return Refused(say("A number rests for 1 to 72 hours."))
    selector = word(said.get("selector", ""))
    if len(selector) > LONGEST_SELECTOR:
        return Refused(say("Where the number stands: %(most)s letters are the most.", most=LONGEST_SELECTOR))
    return _Said(is_on, printed, selector, int(minutes), int(hours), tuple(dict.fromkeys(numbers)))


def _is_in(allowed: range, said: str) -> bool:
    return said.isdecimal() and len(said) < 6 and int(said) in allowed


def _take(dealer: Organisation, site: Site, numbers: Sequence[str], now: datetime) -> Refused | None:
    """Each of these is this website's from now on, or why one can't be."""
    in_use = set(Site.objects.filter(dealer=dealer, removed_at=None).values_list("pk", flat=True))
    known = {
        one.number: one
        for one in TrackingNumber.objects.select_for_update().filter(
            dealer=dealer, number__in=numbers, removed_at=None
        )
    }
    for number in numbers:
        row = known.get(number)
        if row is not None and row.site is None:
            return Refused(
                say(
                    "%(number)s is “%(name)s” on the Phone page: everybody is shown it there. Take another number, "
                    "or remove it there first.",
                    number=number,
                    name=row.name,
                )
            )
        if row is not None and row.site != site.pk and row.site in in_use:
            return Refused(say("%(number)s is given out by another website of yours.", number=number))
        if row is None:
            added = add_number(dealer, number, f"Calls: {site.name}"[:120], None, now)
            if isinstance(added, Refused):
                return added
    TrackingNumber.objects.filter(dealer=dealer, number__in=numbers, removed_at=None).update(site=site.pk)
    return None

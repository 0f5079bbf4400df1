"""Bring a lead back and tell of it, once per visit; the dealer's choices."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.lead.facts import SeenAgain
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.unlost.models import Alert, UnlostChoice
from leadbell.unlost.rules import Back, Choice, Told
from leadbell.words import say


def choice_of(dealer: int) -> Choice:
    row = UnlostChoice.objects.filter(dealer=dealer).first()
    return Choice(row.enabled, row.quiet_days, row.cap, row.sold_quiet_days) if row else Choice()


def was_told(visit: int) -> bool:
    """Whether somebody was told of this visit."""
    return Alert.objects.filter(visit=visit).exists()


_TOLD = """
select person, count(*) from leadbell_alert, unnest(people) as person
where dealer_id = %(dealer)s and at >= %(since)s group by person
"""


def told_on(dealer: int, since: datetime) -> dict[int, int]:
    """How many alerts each person got since then."""
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, {"dealer": dealer, "since": since})
        return dict(cursor.fetchall())


def alert(
    lead: Lead, visit: int, began_at: datetime, join: int | None, back: Back, told: Told, now: datetime
) -> SeenAgain:
    """The locked lead is back in the funnel, and `told` are told, in the caller's transaction."""
    fact = record(
        lead,
        SeenAgain(
            at=now, visit=visit, began_at=began_at, was=back.was, join=join, days=back.days, told=told.people,
            because=(back.because, told.because), owner_left=told.owner_left,
        ),
        key=f"visit:{visit}",
        also=told.people,
    )  # fmt: skip
    Alert.objects.create(
        dealer_id=lead.dealer_id, lead=lead, visit=visit, people=list(told.people), at=now,
        because=msgspec.to_builtins(fact.because),
    )  # fmt: skip
    announce(lead.dealer_id, "seen", lead.pk, told.people)
    return fact


def take(
    lead: Lead, visit: int, began_at: datetime, join: int | None, back: Back, person: int, now: datetime
) -> SeenAgain | Refused:
    """A person takes the locked lead from the list: open again, theirs if it was nobody's. Nobody else is told."""
    if Alert.objects.filter(lead=lead, visit=visit).exists():
        return Refused(say("Somebody was told of this visit already."))
    fact = record(
        lead,
        SeenAgain(
            at=now, visit=visit, began_at=began_at, was=back.was, join=join, days=back.days, by=person,
            because=(back.because,),
        ),
        key=f"visit:{visit}",
        also=[person],
    )  # fmt: skip
    Alert.objects.create(
        dealer_id=lead.dealer_id, lead=lead, visit=visit, people=[person], at=now,
        because=msgspec.to_builtins(fact.because),
    )  # fmt: skip
    announce(lead.dealer_id, "visit", lead.pk, [person])
    return fact


@transaction.atomic
def put_aside(lead: Lead, person: int, now: datetime) -> int | Refused:
    """Off the desks; the lead stays where it is."""
    put = Alert.objects.filter(lead=lead, seen_at=None, people__contains=[person]).update(seen_at=now)
    if not put:
        return Refused(say("There is nothing to put aside."))
    announce(lead.dealer_id, "visit", lead.pk, [person])
    return put


def read_choice(said: Mapping[str, str]) -> Choice | Refused:
    """The form's `enabled`, `quiet_days`, `cap` and `sold_quiet_days`."""
    bounds = {"quiet_days": (1, 365), "cap": (0, 200), "sold_quiet_days": (0, 3650)}
    numbers: dict[str, int] = {}
    for name, (least, most) in bounds.items():
        written = said.get(name, "").strip()
        if not written.isdecimal() or len(written) > 6 or not least <= int(written) <= most:
            return Refused(
                say("Write whole numbers: between %(least)s and %(most)s.", least=least, most=most)
            )
        numbers[name] = int(written)
    return Choice(said.get("enabled") == "1", **numbers)


@transaction.atomic
def choose(dealer: Organisation, said: Mapping[str, str]) -> Choice | Refused:
    """From now on visits are judged so."""
    read = read_choice(said)
    if isinstance(read, Refused):
        return read
    UnlostChoice.objects.update_or_create(
        dealer=dealer,
        defaults={
            "enabled": read.enabled, "quiet_days": read.quiet_days, "cap": read.cap,
            "sold_quiet_days": read.sold_quiet_days,
        },
    )  # fmt: skip
    announce(dealer.pk, "dealer")
    return read

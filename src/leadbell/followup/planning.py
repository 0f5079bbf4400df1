"""Plans a dealer's day (`followup.dayplan`) in a few statements, afresh each time; a killed plan is no plan."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import structlog
from django.db import OperationalError, transaction

from leadbell import statement
from leadbell.announce import announce, wake_clockwork
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.people import people_around, shift_of
from leadbell.followup.dayplan import (
    MOST_PER_DAY,
    Choices,
    Placed,
    Touch,
    Worker,
    look_again_at,
    plan_the_day,
    planned_day,
)
from leadbell.followup.models import DayPlan
from leadbell.refused import Refused
from leadbell.visits.shelves import signs_since
from leadbell.words import say

log = structlog.get_logger("leadbell.clockwork")

#: A dealer whose day could not be planned is tried again after this long; its leads are followed up meanwhile.
AFTER_A_FAULT = timedelta(minutes=15)
#: A visit this long ago is no sign any more.
SIGN_FOR = timedelta(days=3)
#: What came of a day is kept this long: longer than any lead is followed up by default.
KEPT = timedelta(days=60)
#: What a person does that counts as having followed up.
WORK = ("attempted", "answered", "wrote", "call_back", "booked", "moved", "confirmed", "quoted")
#: What goes before the plan: everything with a time of its own.
TASKS = ("call", "write", "confirm", "shown", "result", "outcome")

_NEW_DEALERS = """
insert into leadbell_dayplan (dealer_id, absent, look_at)
select o.id, 'colleagues', %(now)s from leadbell_organisation o
where o.kind = 'dealer' and not exists (select from leadbell_dayplan p where p.dealer_id = o.id)
on conflict do nothing
"""
_TURN = """
select dealer_id from leadbell_dayplan where look_at <= %(now)s order by look_at, dealer_id
limit 1 for update skip locked
"""

_DUE = """
select l.id, l.owner_id, l.customer_id, (l.standing ->> 'asked_at')::timestamptz,
    coalesce((l.standing ->> 'tries')::int, 0),
    coalesce((l.standing ->> 'by_phone')::boolean, false)
        and not coalesce((l.standing ->> 'number_is_wrong')::boolean, false),
    l.worked_at, l.next_kind, l.next_for,
    (select count(*) from leadbell_placement p where p.lead_id = l.id and p.day < %(day)s
        and (l.worked_at is null or p.day > (l.worked_at at time zone %(zone)s)::date))
from leadbell_lead l
where l.dealer_id = %(dealer)s and l.next_touch is not null and l.closed_at is null and l.owner_id is not null
    and l.calling_by is null and (l.worked_at is null or l.worked_at < %(begins)s)
    and (l.next_at < %(ends)s or exists (
        select from leadbell_placement p where p.lead_id = l.id and p.day = %(day)s and not p.fits))
"""
#: What was worked on today beside the plan, and what has its own time today; each lead once for each person.
_BUSY = """
with worked as (
    select distinct f.by as person, f.lead_id as lead from leadbell_fact f
    where f.dealer_id = %(dealer)s and f.at >= %(begins)s and f.at < %(ends)s and f.by is not null
        and f.kind = any (%(work)s::text[])
), placed as (
    select lead_id as lead from leadbell_placement where dealer_id = %(dealer)s and day = %(day)s
), made as (
    select p.person_id as person, p.lead_id as lead from leadbell_placement p
    where p.dealer_id = %(dealer)s and p.day = %(day)s
        and p.lead_id in (select lead from worked)
), load as (
    select person, lead from worked where lead not in (select lead from placed)
    union
    select l.next_for, l.id from leadbell_lead l
    where l.owner_id = any (%(people)s::bigint[]) and l.closed_at is null and l.dealer_id = %(dealer)s
        and l.next_touch is null and l.next_kind = any (%(tasks)s::text[]) and l.next_at < %(ends)s
        and l.next_for is not null and l.id not in (select lead from made)
)
select coalesce(l.person, m.person), coalesce(l.leads, 0), coalesce(m.leads, '{}')
from (select person, count(*) as leads from load group by person) l
full join (select person, array_agg(lead) as leads from made group by person) m on m.person = l.person
"""
_REPLACE = """
with gone as (
    delete from leadbell_placement
    where dealer_id = %(dealer)s and ((day = %(day)s and lead_id <> all (%(kept)s::bigint[])) or day < %(too_old)s)
), done as (
    update leadbell_placement set fits = true
    where dealer_id = %(dealer)s and day = %(day)s and lead_id = any (%(made)s::bigint[]) and not fits
)
insert into leadbell_placement (dealer_id, day, lead_id, person_id, fits, nth, of, because)
select %(dealer)s, %(day)s, lead, person, fits, nth, of, because::jsonb
from unnest(%(leads)s::bigint[], %(persons)s::bigint[], %(fits)s::boolean[], %(nth)s::int[], %(of)s::int[],
    %(because)s::text[]) as p(lead, person, fits, nth, of, because)
on conflict (lead_id, day) do update set person_id = excluded.person_id, fits = excluded.fits, nth = excluded.nth,
    of = excluded.of, because = excluded.because
"""
_DECIDE_AFRESH = """
update leadbell_lead set wake_at = %(now)s where id in (
    select id from leadbell_lead where id = any (%(leads)s::bigint[]) and closed_at is null order by id
    for no key update
) and (wake_at is null or wake_at > %(now)s)
"""
_PLANNED = """
update leadbell_dayplan set look_at = %(look_at)s, day = coalesce(%(day)s, day),
    made_at = case when %(day)s::date is null then made_at else %(now)s end
where dealer_id = %(dealer)s
"""


@transaction.atomic
def plan_some(now: datetime) -> bool:
    """Plan the day of the dealer whose turn has come longest; whether there was one."""
    statement.tell(_NEW_DEALERS, {"now": now})
    turn = statement.run(_TURN, {"now": now})
    if not turn:
        return False
    dealer = Organisation.objects.get(pk=turn[0][0])
    try:
        with transaction.atomic():
            plan_dealer(dealer, now)
    except OperationalError:
        raise
    except Exception:
        log.exception("a day could not be planned", dealer=dealer.pk)
        after = {"dealer": dealer.pk, "day": None, "now": now, "look_at": now + AFTER_A_FAULT}
        statement.tell(_PLANNED, after)
    return True


def plan_dealer(dealer: Organisation, now: datetime) -> list[Placed]:
    """Plan the dealer's present day afresh, in the caller's transaction; nothing while it is closed."""
    hours = dealer.opening_hours
    day = planned_day(hours, now)
    placed = [] if day is None else _plan(dealer, day, now)
    about = {"dealer": dealer.pk, "day": day, "now": now, "look_at": look_again_at(hours, now)}
    statement.tell(_PLANNED, about)
    return placed


def _plan(dealer: Organisation, day: date, now: datetime) -> list[Placed]:
    hours = dealer.opening_hours
    begins, ends = hours.day_begins(day), hours.day_begins(day + timedelta(days=1))
    people = [person for person in people_around(dealer) if person.is_active]
    about = {
        "dealer": dealer.pk, "day": day, "begins": begins, "ends": ends, "zone": dealer.zone, "work": list(WORK),
        "tasks": list(TASKS), "people": [person.pk for person in people],
    }  # fmt: skip
    due = statement.run(_DUE, about)
    loads = {person: (busy, made) for person, busy, made in statement.run(_BUSY, about)}
    workers = [_worker(person, dealer, day, loads) for person in people]
    open_minutes = hours.open_ms_between(begins, ends) // 60_000
    placed = plan_the_day(_touches(dealer, due, day, now), workers, open_minutes, choices_of(dealer))
    _write(dealer, day, now, placed, [lead for _busy, made in loads.values() for lead in made])
    _decide_afresh(dealer, due, placed, now)
    return placed


def _worker(
    person: Person, dealer: Organisation, day: date, loads: dict[int, tuple[int, list[int]]]
) -> Worker:
    busy, made = loads.get(person.pk, (0, []))
    minutes = shift_of(person, dealer).worked_ms_on(day) // 60_000
    sells = person.organisation_id == dealer.pk and person.role == Person.Role.SALESPERSON
    return Worker(person.pk, minutes, busy, len(made), sells)


def _touches(
    dealer: Organisation, due: Sequence[tuple[Any, ...]], day: date, now: datetime
) -> Iterable[Touch]:
    hours = dealer.opening_hours
    signs = signs_since(dealer.pk, sorted({row[2] for row in due}), now - SIGN_FOR) if due else {}
    for lead, owner, customer, asked_at, tries, by_phone, worked_at, _kind, _whom, put_off in due:
        sign = signs.get(customer)
        if sign is not None and worked_at is not None and sign.at <= worked_at:
            sign = None
        days = (day - hours.local_day(asked_at)).days
        yield Touch(
            lead, owner, days, tries, by_phone, sign.at if sign else None, sign.car if sign else "", put_off
        )


def _write(dealer: Organisation, day: date, now: datetime, placed: Sequence[Placed], made: list[int]) -> None:
    about = {
        "dealer": dealer.pk, "day": day, "too_old": day - KEPT, "made": made,
        "kept": [*made, *(one.lead for one in placed)],
        "leads": [one.lead for one in placed], "persons": [one.person for one in placed],
        "fits": [one.fits for one in placed], "nth": [one.nth for one in placed], "of": [one.of for one in placed],
        "because": [json.dumps(msgspec.to_builtins(one.because)) for one in placed],
    }  # fmt: skip
    statement.tell(_REPLACE, about)


def _decide_afresh(
    dealer: Organisation, due: Sequence[tuple[Any, ...]], placed: Sequence[Placed], now: datetime
) -> None:
    """Wake the leads that say something else than the plan; tell the desks."""
    said = {row[0]: (row[7], row[8]) for row in due}
    other = []
    for one in placed:
        kind, whom = said[one.lead]
        agrees = (kind in TASKS and whom == one.person) if one.fits else kind == "wait"
        if not agrees:
            other.append(one.lead)
    if other:
        statement.tell(_DECIDE_AFRESH, {"leads": sorted(other), "now": now})
        wake_clockwork()
    if placed:
        announce(dealer.pk, "planned", None, {one.person for one in placed})


def choices_of(dealer: Organisation) -> Choices:
    row = DayPlan.objects.filter(dealer=dealer).values_list("per_day", "absent").first()
    return Choices(row[0], "waits" if row[1] == "waits" else "colleagues") if row else Choices()


@transaction.atomic
def change_choices(dealer: Organisation, choices: Choices, now: datetime) -> Choices | Refused:
    """From now on days are planned so; today is planned again at once."""
    if choices.per_day is not None and not 1 <= choices.per_day <= MOST_PER_DAY:
        return Refused(say("Plan between 1 and %(most)s follow-ups per person and day.", most=MOST_PER_DAY))
    own = {"per_day": choices.per_day, "absent": choices.absent}
    DayPlan.objects.update_or_create(dealer=dealer, defaults=own, create_defaults={**own, "look_at": now})
    announce(dealer.pk, "dealer")
    plan_dealer(dealer, now)
    return choices

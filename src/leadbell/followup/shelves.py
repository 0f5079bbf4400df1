"""What the screens show of a day's plan: what is done, what isn't, and what didn't fit, each with its base."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from leadbell import statement
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.people import people_of, shift_of
from leadbell.followup.dayplan import Choices, can_do, planned_day
from leadbell.followup.planning import WORK, choices_of
from leadbell.words import Words, say


@dataclass(frozen=True, slots=True)
class InPlan:
    """A follow-up of a day's plan. `done`: a person worked on the lead that day, as its facts say."""

    lead: int
    person: int
    fits: bool
    nth: int
    of: int
    because: tuple[Words, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class Done:
    """How far a day's plan is, of one person or of all: planned = done + open; due = planned + not fitting."""

    planned: int
    done: int
    without: int

    @property
    def open(self) -> int:
        return self.planned - self.done

    @property
    def due(self) -> int:
        return self.planned + self.without


_IN_PLAN = """
select p.lead_id, p.person_id, p.fits, p.nth, p.of, p.because::text, exists (
    select from leadbell_fact f where f.lead_id = p.lead_id and f.by is not null
        and f.kind = any (%(work)s::text[]) and f.at >= %(begins)s and f.at < %(ends)s)
from leadbell_placement p where p.dealer_id = %(dealer)s and p.day = %(day)s
    and (%(person)s::bigint is null or p.person_id = %(person)s) and (%(lead)s::bigint is null or p.lead_id = %(lead)s)
order by p.fits desc, p.nth, p.lead_id
"""
_because = msgspec.json.Decoder(tuple[Words, ...])


def plan_on(
    dealer: Organisation, day: date, person: int | None = None, lead: int | None = None
) -> list[InPlan]:
    """What was due that day, of one person or lead where asked, as planned last; what fits first, in order."""
    hours = dealer.opening_hours
    about = {
        "dealer": dealer.pk, "day": day, "work": list(WORK), "begins": hours.day_begins(day),
        "ends": hours.day_begins(day + timedelta(days=1)), "person": person, "lead": lead,
    }  # fmt: skip
    return [
        InPlan(lead, person, fits, nth, of, _because.decode(because), done)
        for lead, person, fits, nth, of, because, done in statement.run(_IN_PLAN, about)
    ]


def how_far(plan: Iterable[InPlan]) -> Done:
    """What is done counts as planned, also where it hadn't fitted."""
    plan = list(plan)
    done = sum(one.done for one in plan)
    return Done(
        done + sum(one.fits and not one.done for one in plan),
        done,
        sum(not (one.fits or one.done) for one in plan),
    )


def by_person(plan: Sequence[InPlan]) -> Mapping[int, Done]:
    people = sorted({one.person for one in plan})
    return {person: how_far(one for one in plan if one.person == person) for person in people}


_LAST_DAY = "select max(day) from leadbell_placement where dealer_id = %(dealer)s and day < %(day)s"


def day_before(dealer: Organisation, day: date) -> date | None:
    """The newest planned day before this one."""
    found: date | None = statement.run(_LAST_DAY, {"dealer": dealer.pk, "day": day})[0][0]
    return found


def what_it_means(dealer: Organisation, now: datetime) -> tuple[Choices, Words]:
    """The dealer's choices, and what they come to today."""
    choices, hours = choices_of(dealer), dealer.opening_hours
    day = planned_day(hours, now)
    opening = hours.next_opening(now)
    on = day or (hours.local_day(opening) if opening else None)
    if on is None:
        return choices, say("The dealer has no opening hours: no day is planned.")
    able = _able(dealer, on, choices)
    if day is None:
        return choices, say("On the next open day your team can make %(able)s follow-ups.", able=able)
    plan = plan_on(dealer, day)
    due, without = len(plan), how_far(plan).without
    if without:
        said = say(
            "Your team can make %(able)s follow-ups today; %(due)s are due: %(without)s don't fit.",
            able=able, due=due, without=without,
        )  # fmt: skip
    else:
        said = say("Your team can make %(able)s follow-ups today; %(due)s are due.", able=able, due=due)
    return choices, said


def _able(dealer: Organisation, day: date, choices: Choices) -> int:
    hours = dealer.opening_hours
    begins, ends = hours.day_begins(day), hours.day_begins(day + timedelta(days=1))
    open_minutes = hours.open_ms_between(begins, ends) // 60_000
    selling = [one for one in people_of(dealer) if one.is_active and one.role == Person.Role.SALESPERSON]
    return sum(
        can_do(shift_of(one, dealer).worked_ms_on(day) // 60_000, open_minutes, choices) for one in selling
    )

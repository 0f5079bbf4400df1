"""Which recorded conversations are listened to next: what the telephone kept, the journal names and listeners did."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.journal import read_histories
from leadbell.lead.models import Fact
from leadbell.lead.talk import Talk
from leadbell.review.actions import reviewers_of
from leadbell.review.criteria import choice_of
from leadbell.review.rules import LONG_TALK_MS, Due, is_drawn, last_weeks, named, queue
from leadbell.ring.heard import conversations
from leadbell.words import Words

#: What is drawn by lot comes from so many complete weeks; what a rule names from so many days.
WEEKS, NAMED_FOR = 2, timedelta(days=30)
_NAMING = ("review_wanted", "first_contact")


def to_hear(reviewer: Person, dealers: Collection[int], now: datetime) -> list[Due]:
    """The queue of this person over all these dealers: what a rule names first."""
    found: list[Due] = []
    for dealer in Organisation.objects.filter(pk__in=list(dealers)).order_by("name"):
        today = dealer.opening_hours.local_day(now)
        talks = list(conversations([dealer.pk], now - NAMED_FOR, now))
        each, second_of = choice_of(dealer.pk)
        done = reviewers_of([one.call for one in talks])
        names = _named(talks, now)
        found += queue(reviewer.pk, talks, names, done, last_weeks(today, WEEKS), each, second_of)
    return sorted(found, key=lambda one: one.why != "named")


def was_drawn(talk: Talk) -> bool:
    """Whether the lot of its week fell on it, among its salesperson's conversations."""
    monday = talk.on - timedelta(days=talk.on.weekday())
    since, until = talk.at - timedelta(days=8), talk.at + timedelta(days=8)
    theirs = [
        one for one in conversations([talk.dealer], since, until)
        if one.person == talk.person and _within(one.on, monday)
    ]  # fmt: skip
    return is_drawn(talk, theirs, choice_of(talk.dealer)[0])


def _within(day: date, monday: date) -> bool:
    return monday <= day < monday + timedelta(days=7)


def _named(talks: Sequence[Talk], now: datetime) -> dict[str, tuple[Words, ...]]:
    """The calls among these that a rule names, with the reasons."""
    leads = _may_name({one.lead for one in talks}, now - NAMED_FOR)
    leads |= {one.lead for one in talks if one.talk_ms >= LONG_TALK_MS}
    names = {lead: named(history) for lead, history in read_histories(leads).items()}
    return {one.call: why for one in talks if (why := names.get(one.lead, {}).get(one.attempt))}


def _may_name(leads: set[int], since: datetime) -> set[int]:
    found = Fact.objects.filter(lead__in=leads, kind__in=_NAMING, at__gte=since)
    return set(found.values_list("lead", flat=True))

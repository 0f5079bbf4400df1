"""Calls that clockwork and people want: kept, then rung by the switchboard."""

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from leadbell import statement
from leadbell.announce import HANG_UP, SWITCHBOARD, announce
from leadbell.dealers.models import Organisation, Person
from leadbell.dealers.presence import PHONE_OPEN_FOR, is_in_browser
from leadbell.lead.consent import may_call_now
from leadbell.lead.law import may_dial
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring.dialling import may_ring
from leadbell.ring.models import Call, PhoneLine, PhoneRules
from leadbell.words import Words, say

#: How long we may believe that a dealer's line is up, or that none is.
BELIEVED = timedelta(seconds=2)
#: The switchboard says every few seconds that a line is up; older news means it is not.
SEEN_WITHIN = timedelta(seconds=15)
_WANT = """
with phones as (
    select l.kind, array_agg(p.id order by array_position(%(people)s::bigint[], p.id)) as people
    from leadbell_phoneline l join leadbell_person p on p.id = any (%(people)s::bigint[]) and p.is_active and (
        p.phone <> ''
        or p.extension <> '' and (l.kind = 'asterisk' or l.kind = 'twilio' and l.trunk <> '')
        or p.in_browser and l.kind = 'asterisk' and p.browser_open_at > %(browser_after)s)
    where l.dealer_id = %(dealer)s and l.enabled and l.down_since is null and l.seen_at > %(seen_after)s
    group by l.id order by l.place, l.id limit 1
), wanted as (
    insert into leadbell_call (id, dealer_id, lead_id, kind, line, status, people, ring_s, person_id, number, leg,
        attempt, asked_at, outcome, steps)
    select %(id)s, %(dealer)s, %(lead)s, %(kind)s, kind, 'wanted', people, %(ring_s)s, %(person)s, '', '', '',
        %(now)s, '', '[]'
    from phones
    returning id, line
)
select line, pg_notify(%(switchboard)s, id::text) from wanted
"""


def want(
    dealer: int,
    lead: int | None,
    kind: str,
    people: Sequence[int],
    ring_s: int,
    now: datetime,
    person: int | None = None,
) -> str | None:
    """Let these people's phones ring, after commit, on the dealer's first line that is up and reaches any of them.

    Which line that is; None where there is none.
    """  # fmt: skip
    values = {
        "id": uuid.uuid4(), "dealer": dealer, "lead": lead, "kind": kind, "people": list(people), "ring_s": ring_s,
        "person": person, "now": now, "seen_after": now - SEEN_WITHIN, "switchboard": SWITCHBOARD,
        "browser_after": now - PHONE_OPEN_FOR,
    }  # fmt: skip
    rows = statement.run(_WANT, values)
    return str(rows[0][0]) if rows else None


_LINE_IS_UP = """
select d.id, exists (select from leadbell_phoneline
    where dealer_id = d.id and enabled and down_since is null and seen_at > %(seen_after)s)
from unnest(%(dealers)s::bigint[]) as d(id)
"""
_up: dict[int, tuple[datetime, bool]] = {}


def phones_ring(dealer: int, now: datetime) -> bool:
    """Whether a line of this dealer is up, as was known within the last seconds."""
    return lines_are_up([dealer], now)[dealer]


def lines_are_up(dealers: Collection[int], now: datetime) -> dict[int, bool]:
    """Of each whether a line is up, in one question for all that weren't asked about within the last seconds."""
    believed = [(one, _up.get(one)) for one in dealers]
    up = {one: known[1] for one, known in believed if known and known[0] <= now < known[0] + BELIEVED}
    if unknown := [one for one in dealers if one not in up]:
        rows = statement.run(_LINE_IS_UP, {"dealers": unknown, "seen_after": now - SEEN_WITHIN})
        _up.update({dealer: (now, is_up) for dealer, is_up in rows})
        up.update(rows)
    return up


def want_for(lead: Lead, people: Sequence[int], ring_s: int, now: datetime) -> str | None:
    """The phones of whoever a lead rings, where the dealer has a line and the customer a number."""
    if not people or not lead.standing.by_phone or lead.standing.number_is_wrong:
        return None
    if not phones_ring(lead.dealer_id, now):
        return None
    return want(lead.dealer_id, lead.pk, "lead", people, ring_s, now)


def forget_lines() -> None:
    """Look afresh next time."""
    _up.clear()


@transaction.atomic
def call_from_the_screen(lead: Lead, person: int, now: datetime) -> Call.Kind | Refused:
    """Ring the salesperson's own phone and connect them with this customer. The attempt counts when we dial."""
    standing = lead.standing
    if not standing.is_open:
        return Refused(say("This lead is closed: reopen it first."))
    if standing.calling is not None:
        return Refused(say("A colleague is calling this customer right now."))
    ringing = Call.objects.filter(lead=lead).exclude(status=Call.Status.OVER)
    if ringing.filter(Q(people=[person]) | Q(kind=Call.Kind.INBOUND, people__contains=[person])).exists():
        return Call.Kind.OUTBOUND  # their phone rings already, or the customer is on the line
    if not lead.customer.phone:
        return Refused(say("There is no phone number: write personally."))
    if refused := may_call_now(lead, now) or _may_ring(lead.customer.phone, lead.dealer):
        return refused
    if want(lead.dealer_id, lead.pk, Call.Kind.OUTBOUND, [person], 30, now, person) is None:
        return Refused(say("No phone line is up, or you have no phone number: call by hand."))
    announce(lead.dealer_id, "call", lead.pk, [person])
    return Call.Kind.OUTBOUND


@transaction.atomic
def ring_me(person: Person, dealer: int, now: datetime) -> uuid.UUID | Refused:
    """A test: this person's phone rings and asks them to press 1."""
    if want(dealer, None, Call.Kind.TEST, [person.pk], 30, now, person.pk) is None:
        return Refused(why_unrung(person, dealer, now))
    newest = (
        Call.objects.filter(dealer=dealer, kind=Call.Kind.TEST, person=person).order_by("-asked_at").first()
    )
    return newest.pk if newest else Refused(why_unrung(person, dealer, now))


def why_unrung(person: Person, dealer: int, now: datetime) -> Words:
    """Why no line of this dealer rings this person's own phone now, and what helps."""
    lines = PhoneLine.objects.filter(dealer=dealer, enabled=True)
    if not lines.exists():
        return say("This dealer has no phone line yet: a manager adds one on the Dealer page, under Phone.")
    if not lines.filter(down_since=None, seen_at__gt=now - SEEN_WITHIN).exists():
        return say("No phone line is up now: only the screens ring.")
    if not (person.phone or person.extension or person.in_browser):
        return say("You have no phone number here: a manager adds it on the Dealer page, under People.")
    if person.in_browser and not is_in_browser(person, now):
        return say("Your phone’s window is closed: open it, then calls ring there.")
    return say("No line that is up can ring your phone.")


class NoSuchCall(LookupError):
    """There is no such call at these dealers."""


def may_hang_up(call: Call, person: Person) -> bool:
    """Whose call it is may end it, and a manager; a bell that rings at several is passed on instead."""
    if call.status in (Call.Status.DIALLING, Call.Status.CONNECTED):
        return call.person_id == person.pk or person.manages
    own = call.kind in (Call.Kind.OUTBOUND, Call.Kind.TEST) and call.people == [person.pk]
    return call.status == Call.Status.RINGING and own


@transaction.atomic
def hang_up(number: uuid.UUID, person: Person, dealers: Sequence[int], now: datetime) -> Call | Refused:
    """Let the switchboard end this call, after commit; who asked for it stands in its steps. Raises NoSuchCall."""
    call = Call.objects.select_for_update().filter(pk=number, dealer__in=dealers).first()
    if call is None:
        raise NoSuchCall(number)
    if call.status == Call.Status.OVER:
        return Refused(say("The call is over."))
    if not may_hang_up(call, person):
        return Refused(say("Only who is on the line or a manager can hang up."))
    since = round((now - call.asked_at).total_seconds() * 1000)
    call.steps = [*call.steps, [since, "hung_up", person.pk]]
    call.save(update_fields=["steps"])
    ending = {"to": SWITCHBOARD, "call": HANG_UP + call.pk.hex}
    statement.tell("select pg_notify(%(to)s, %(call)s)", ending)
    return call


@transaction.atomic
def check_number(dealer: Organisation, number: str, now: datetime, ring_s: int = 30) -> Call | Refused:
    """A test call to any number the dealer may dial, E.164 or `sip:NAME`, on its first line that is up."""
    if not number.startswith("sip:") and (refused := _may_ring(number, dealer)):
        return refused
    lines = PhoneLine.objects.filter(dealer=dealer, enabled=True).order_by("place", "pk")
    if not lines:
        return Refused(say("This dealer has no phone line: choose one on the Dealer page, under Phone."))
    up = [
        line
        for line in lines
        if line.down_since is None and line.seen_at and line.seen_at > now - SEEN_WITHIN
    ]
    if not up:
        return Refused(_why_none_is_up(lines, now))
    call = Call.objects.create(
        id=uuid.uuid4(),
        dealer=dealer,
        kind=Call.Kind.TEST,
        line=up[0].kind,
        number=number,
        ring_s=ring_s,
        asked_at=now,
    )
    statement.tell("select pg_notify(%(to)s, %(call)s)", {"to": SWITCHBOARD, "call": str(call.pk)})
    return call


def _why_none_is_up(lines: Iterable[PhoneLine], now: datetime) -> Words:
    """Where the switchboard is there: what it says against the first of them."""
    for line in lines:
        if line.down_because and line.seen_at and line.seen_at > now - SEEN_WITHIN:
            why: str = line.down_because["text"]
            return say(
                "No phone line is up. %(line)s: %(because)s.", line=line.get_kind_display(), because=_(why)
            )
    return say("No phone line is up. Is `leadbell up` running, and its switchboard?")


def rules_of(dealer: int) -> PhoneRules:
    """What the dealer has decided about calls, or the defaults."""
    return PhoneRules.objects.filter(dealer=dealer).first() or PhoneRules(dealer_id=dealer)


def _may_ring(number: str, dealer: Organisation) -> Refused | None:
    return may_ring(number, dealer, rules_of(dealer.pk).countries)


def may_be_dialled(number: str, dealer: Organisation) -> Refused | None:
    """Whether a number costs what a call should, by the dealer's own choice of countries."""
    return may_dial(number, dealer.country, rules_of(dealer.pk).countries)

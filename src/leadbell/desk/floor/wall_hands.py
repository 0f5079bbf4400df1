"""What the Floor says between BDC and salesperson: not accepted, not confirmed, did not come."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from leadbell.desk.floor.wall import ROWS, Breach, Breaches
from leadbell.followup.playbooks import plans_of
from leadbell.handover.shelves import by_end, in_hands, missed, unconfirmed
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation
    from leadbell.lead.models import Lead

HOUR_MS = 3_600_000


def hands(dealer: "Organisation", names: Mapping[int, str], now: datetime) -> list[Breaches]:
    """Each group with its first rows; empty ones are left out."""
    leads = in_hands([dealer.pk])
    if not leads:
        return []
    plans = plans_of(dealer)
    late = [
        lead for lead in unconfirmed(leads)
        if lead.standing.taken_over_at is not None
        and dealer.opening_hours.open_ms_between(lead.standing.taken_over_at, now)
        > plans[lead.standing.origin].confirm_within_h * HOUR_MS
    ]  # fmt: skip
    offered = by_end([one for one in leads if one.standing.contract])
    groups = [
        _group(_("Handed over, not accepted yet"), offered, [_offered(one, names) for one in offered[:ROWS]]),
        _group(_("Made by the BDC, not confirmed in time"), late, [_late(one, names) for one in late[:ROWS]]),
    ]
    gone = missed(leads)
    groups.append(_group(_("Did not come"), gone, [_missed(one, names) for one in gone[:ROWS]]))
    return [one for one in groups if one.count]


def _group(title: str, leads: "Sequence[Lead]", rows: Sequence[Breach]) -> Breaches:
    return Breaches(title, len(leads), rows)


def _offered(lead: "Lead", names: Mapping[int, str]) -> Breach:
    contract = lead.standing.contract
    if contract is None:
        return Breach(lead.pk, str(lead.customer), say("handed over"), None, "")
    passed = len(contract.offered) - 1
    by = contract.accept_by
    match passed:
        case 0:
            because = say("to be accepted by %(accept_at)s", accept_at=by)
        case 1:
            because = say("handed on once, to be accepted by %(accept_at)s", accept_at=by)
        case _:
            because = say(
                "handed on %(count)s times, to be accepted by %(accept_at)s", count=passed, accept_at=by
            )
    return Breach(lead.pk, str(lead.customer), because, contract.at, names.get(contract.to, ""))


def _late(lead: "Lead", names: Mapping[int, str]) -> Breach:
    because = say("not confirmed personally since %(taken_at)s", taken_at=lead.standing.taken_over_at)
    return Breach(
        lead.pk, str(lead.customer), because, lead.appointment_at, names.get(lead.owner_id or 0, "")
    )


def _missed(lead: "Lead", names: Mapping[int, str]) -> Breach:
    s = lead.standing
    called = s.last_attempt_at is not None and s.missed_at is not None and s.last_attempt_at >= s.missed_at
    because = say("called, no new time yet") if called else say("not called yet")
    return Breach(lead.pk, str(lead.customer), because, s.missed_at, names.get(lead.owner_id or 0, ""))

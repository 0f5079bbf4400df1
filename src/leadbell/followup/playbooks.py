"""A dealer's own plans: read, changed, and put back to the defaults."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from django.db import connection, transaction

from leadbell.announce import announce, wake_clockwork
from leadbell.dealers.models import Organisation
from leadbell.followup.models import PlaybookRow
from leadbell.followup.playbook import DEFAULTS, Plan, plan_from_json, what_is_wrong
from leadbell.lead.facts import Origin
from leadbell.refused import Refused


def plans_of(dealer: Organisation) -> Mapping[Origin, Plan]:
    """The plan that leads of each origin follow."""
    own = dict(PlaybookRow.objects.filter(dealer=dealer).values_list("origin", "body"))
    return {origin: plan_from_json(own.get(origin), origin) for origin in DEFAULTS}


@transaction.atomic
def change_plan(dealer: Organisation, origin: Origin, plan: Plan, now: datetime) -> Plan | Refused:
    """From now on leads of this origin follow the plan; the default itself is not stored."""
    if wrong := what_is_wrong(plan):
        return Refused(wrong)
    if plan == DEFAULTS[origin]:
        return reset_plan(dealer, origin, now)
    body = msgspec.to_builtins(plan)
    PlaybookRow.objects.update_or_create(
        dealer=dealer, origin=origin, defaults={"body": body, "changed_at": now}
    )
    announce(dealer.pk, "dealer")
    look_again(dealer, now)
    return plan


@transaction.atomic
def reset_plan(dealer: Organisation, origin: Origin, now: datetime) -> Plan:
    PlaybookRow.objects.filter(dealer=dealer, origin=origin).delete()
    announce(dealer.pk, "dealer")
    look_again(dealer, now)
    return DEFAULTS[origin]


_LOOK_AGAIN = """
update leadbell_lead set wake_at = %(now)s
where dealer_id = %(dealer)s and closed_at is null and owner_id is null and wake_at > %(now)s
"""


_PLAN_AGAIN = "update leadbell_dayplan set look_at = %(now)s where dealer_id = %(dealer)s"


def look_again(dealer: Organisation, now: datetime) -> None:
    """Decide afresh about the leads that nobody has, and plan the day again: hours, shifts or plans changed.
    Tasks people already have keep their time until something happens."""
    with connection.cursor() as cursor:
        for said in (_LOOK_AGAIN, _PLAN_AGAIN):
            cursor.execute(said, {"now": now, "dealer": dealer.pk})
    wake_clockwork()

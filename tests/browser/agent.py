"""A BDC agent in a running house: `python -m tests.browser.agent hire DIR`, and what a clock would do to a visit.

`hire` prints who was hired as JSON; from then on the BDC has online leads first. `come DIR LEAD` lets the time of the
lead's appointment have come.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database


def hire_bea(folder: Path) -> None:
    with with_database(folder, "owner"):
        from leadbell.dealers.models import Organisation
        from leadbell.dealers.opening import hire
        from leadbell.followup.playbook import Plan
        from leadbell.followup.playbooks import change_plan

        now = datetime.now(UTC)
        dealer = Organisation.objects.get(kind="dealer")
        change_plan(dealer, "online", Plan(first="bdc"), now)
        one = hire(dealer, "Bea Jansen", "bea@northside.example", "bdc", now)
    print(
        json.dumps({"id": one.person.pk, "name": "Bea", "email": one.person.email, "password": one.password})
    )


def come(folder: Path, lead: int) -> None:
    with with_database(folder, "owner"):
        from leadbell.appointment.models import Appointment

        visit = Appointment.objects.select_related("dealer").get(
            lead=lead, status__in=("booked", "confirmed")
        )
        now, hours = datetime.now(UTC), visit.dealer.opening_hours
        # Reception shows the dealer's today.
        visit.starts_at = max(now - timedelta(minutes=5), hours.day_begins(hours.local_day(now)))
        visit.save(update_fields=["starts_at"])


if __name__ == "__main__":
    if sys.argv[1] == "hire":
        hire_bea(Path(sys.argv[2]))
    else:
        come(Path(sys.argv[2]), int(sys.argv[3]))

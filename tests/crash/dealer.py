"""Northside with Rosa, Samir, Noor and Ines, open at every hour: `python -m tests.crash.dealer DIR SECONDS`
lets each round ring so long, and prints what the test has to know as JSON."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database

ALWAYS = [["00:00", "24:00"]]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CAST = (("Rosa", "salesperson"), ("Samir", "salesperson"), ("Noor", "salesperson"), ("Tim", "salesperson"))


def main(folder: Path, ring_s: int) -> None:
    with with_database(folder, "owner"):
        from leadbell.dealers.actions import change_hours
        from leadbell.dealers.opening import hire, open_dealer
        from leadbell.followup.playbook import Plan, RingRound
        from leadbell.followup.playbooks import change_plan
        from leadbell.intake.keys import new_source

        now = datetime.now(UTC)
        opened = open_dealer("Northside", "NL", "ines@northside.example", now, language="en")
        # An extra open day beats public holidays, so that the test runs on those, too.
        days = {(now + timedelta(days=n)).date().isoformat(): ALWAYS for n in range(-1, 3)}
        change_hours(opened.dealer, {"week": dict.fromkeys(WEEKDAYS, ALWAYS), "open_days": days}, now)
        short = tuple(RingRound(how, ring_s) for how in ("best", "best", "best", "all", "manager"))
        change_plan(opened.dealer, "online", Plan(rounds=short, ring_again_s=3600), now)
        staff = [
            hire(opened.dealer, name, f"{name.lower()}@northside.example", role, now) for name, role in CAST
        ]
        keys = [new_source(opened.dealer, name, "online", now).key for name in ("Website", "Portal")]
    people = [
        {"id": one.person.pk, "name": one.person.name, "email": one.person.email, "password": one.password}
        for one in (opened, *staff)
    ]
    print(json.dumps({"dealer": opened.dealer.pk, "keys": keys, "people": people}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

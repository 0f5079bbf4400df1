"""An importer above Northside, and Southside with Lena beside it: `python -m tests.browser.importer DIR` prints
the importer's key and the new people as JSON; `… expire DIR` lets the clocks of all offers run out."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from leadbell.cli import with_database
from tests.crash.dealer import ALWAYS, WEEKDAYS


def main(folder: Path) -> None:
    with with_database(folder, "owner"):
        from leadbell.dealers.actions import change_hours
        from leadbell.dealers.models import Organisation
        from leadbell.dealers.opening import hire, open_dealer
        from leadbell.intake.keys import new_source

        now = datetime.now(UTC)
        importer = Organisation.objects.create(
            kind="importer", name="Aurora Import", country="NL", zone="Europe/Amsterdam", language="en", created_at=now
        )  # fmt: skip
        Organisation.objects.filter(name="Northside").update(parent=importer, brands=["Hyundai"])
        southside = open_dealer("Southside", "NL", "lars@southside.example", now, language="en").dealer
        Organisation.objects.filter(pk=southside.pk).update(parent=importer, brands=["Hyundai"])
        days = {now.date().isoformat(): ALWAYS}
        change_hours(southside, {"week": dict.fromkeys(WEEKDAYS, ALWAYS), "open_days": days}, now)
        staff = [
            hire(southside, "Lena", "lena@southside.example", "salesperson", now),
            hire(importer, "Femke", "femke@aurora.example", "importer", now),
        ]
        key = new_source(importer, "aurora.example", "online", now).key
    people = [
        {"id": one.person.pk, "name": one.person.name, "email": one.person.email, "password": one.password}
        for one in staff
    ]
    print(json.dumps({"key": key, "people": people}))


def expire(folder: Path) -> None:
    with with_database(folder, "owner"):
        from leadbell.announce import wake_clockwork
        from leadbell.network.models import Offer

        Offer.objects.filter(outcome="").update(until=datetime.now(UTC))
        wake_clockwork()


if __name__ == "__main__":
    if sys.argv[1] == "expire":
        expire(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]))

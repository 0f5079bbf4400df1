"""Dealers with people at their desks: `python -m benchmarks.dealers DIR DEALERS PEOPLE` prints keys and sessions."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database

ALWAYS = [["00:00", "24:00"]]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
BACKEND = "leadbell.desk.signing_in.ByEmail"


def main(folder: Path, dealers: int, people: int) -> None:
    with with_database(folder, "owner"):
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        from leadbell.dealers.models import Organisation, Person
        from leadbell.intake.keys import new_source

        now = datetime.now(UTC)
        days = {(now + timedelta(days=n)).date().isoformat(): ALWAYS for n in range(-1, 3)}
        hours = {"week": dict.fromkeys(WEEKDAYS, ALWAYS), "closed_days": {}, "open_days": days}
        told = []
        for number in range(dealers):
            dealer = Organisation.objects.create(
                kind="dealer", name=f"Dealer {number}", country="NL", zone="Europe/Amsterdam", language="en",
                hours=hours, created_at=now,
            )  # fmt: skip
            staff = [
                Person(
                    email=f"person{n}@dealer{number}.example", name=f"Person {n}", organisation=dealer, language="en",
                    role="manager" if n == 0 else "salesperson", speaks=["en", "nl"], created_at=now,
                    # Argon2 would take longer than everything else: nobody signs in with a password here.
                    password="!", seen_at=now,
                )
                for n in range(people)
            ]  # fmt: skip
            Person.objects.bulk_create(staff)
            sessions = []
            for person in staff:
                session = SessionStore()
                session[SESSION_KEY] = str(person.pk)
                session[BACKEND_SESSION_KEY] = BACKEND
                session[HASH_SESSION_KEY] = person.get_session_auth_hash()
                session.save()
                sessions.append(session.session_key)
            source = new_source(dealer, "Website", "online", now)
            told.append({"id": dealer.pk, "source": source.pk, "key": source.key, "sessions": sessions})
    print(json.dumps({"dealers": told}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

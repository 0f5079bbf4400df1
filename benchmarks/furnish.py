"""`python -m benchmarks.furnish DEALERS PEOPLE`: dealers that are open at every hour; prints keys and sessions."""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

ALWAYS = [["00:00", "24:00"]]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def main(dealers: int, people: int) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    django.setup()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import transaction

    from leadbell.dealers.models import Organisation, Person
    from leadbell.intake.keys import new_key
    from leadbell.intake.models import Source

    now = datetime.now(UTC)
    days = {(now + timedelta(days=n)).date().isoformat(): ALWAYS for n in range(-2, 5)}
    hours = {"week": dict.fromkeys(WEEKDAYS, ALWAYS), "open_days": days}
    with transaction.atomic():
        have = Organisation.objects.count()
        for number in range(have, dealers):
            dealer = Organisation.objects.create(
                kind="dealer", name=f"Dealer {number}", country="NL", zone="Europe/Amsterdam", created_at=now
            )
            Source.objects.create(
                dealer=dealer, name="Website", origin="online", key=new_key(), created_at=now
            )
            Person.objects.bulk_create(
                Person(
                    email=f"p{place}@d{number}.example", name=f"Person {place}", role="salesperson", created_at=now,
                    organisation=dealer, speaks=["nl"], password="!",
                )
                for place in range(people)
            )  # fmt: skip
        Organisation.objects.update(hours=hours)
        Person.objects.update(seen_at=now + timedelta(hours=2))
        sessions = []
        for person in Person.objects.order_by("pk"):
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.create()
            sessions.append(session.session_key)
    keys = list(Source.objects.order_by("pk").values_list("key", flat=True))
    print(json.dumps({"keys": keys, "sessions": sessions}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

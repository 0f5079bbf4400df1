"""An importer over every dealer and a group over some: `python -m benchmarks.network DIR GROUPED` prints sessions.

Needs a folder that `benchmarks.dealers` has filled.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.dealers import BACKEND
from leadbell.cli import with_database


def main(folder: Path, grouped: int) -> None:
    with with_database(folder, "owner"):
        from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
        from django.contrib.sessions.backends.db import SessionStore

        from leadbell.dealers.models import Organisation, Person
        from leadbell.metrics.rows.keeping import version

        about = {
            "country": "NL", "zone": "Europe/Amsterdam", "language": "en", "hours": {}, "created_at": datetime.now(UTC),
        }  # fmt: skip
        importer = Organisation.objects.create(kind="importer", name="Importer", **about)
        group = Organisation.objects.create(kind="group", name="Group", parent=importer, **about)
        dealers = Organisation.objects.filter(kind="dealer").order_by("pk")
        dealers.update(parent=importer)
        Organisation.objects.filter(pk__in=[one.pk for one in dealers[:grouped]]).update(parent=group)
        sessions = {}
        for role, above in (("importer", importer), ("manager", group)):
            person = Person.objects.create(
                email=f"{role}@above.example", name="Person above", organisation=above, language="en", role=role,
                speaks=["en"], created_at=datetime.now(UTC), password="!", seen_at=datetime.now(UTC),
            )  # fmt: skip
            session = SessionStore()
            session[SESSION_KEY] = str(person.pk)
            session[BACKEND_SESSION_KEY] = BACKEND
            session[HASH_SESSION_KEY] = person.get_session_auth_hash()
            session.save()
            sessions[role] = session.session_key
        print(json.dumps({"sessions": sessions, "version": version()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

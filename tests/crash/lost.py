"""Lost leads of Rosa whose browsers are known: `python -m tests.crash.lost DIR N` prints site key and browsers."""

import json
import sys
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadbell.cli import with_database

HOME = "https://www.northside.example"


def main(folder: Path, many: int) -> None:
    with with_database(folder, "owner"):
        from django.db import transaction

        from leadbell.dealers.models import Organisation, Person
        from leadbell.lead.facts import Accepted, Lost
        from leadbell.lead.journal import record
        from leadbell.unlost.models import UnlostChoice
        from leadbell.visits.models import Site, Visitor, VisitorJoin
        from tests.conftest import lead_of

        now = datetime.now(UTC)
        long_ago = now - timedelta(days=20)
        dealer = Organisation.objects.get(name="Northside")
        rosa = Person.objects.get(name="Rosa")
        UnlostChoice.objects.create(dealer=dealer, cap=200)
        site = Site.objects.create(
            dealer=dealer, name="Website", key=uuid.uuid4().hex[:20], origins=[HOME], created_at=long_ago
        )
        browsers = []
        for n in range(many):
            with transaction.atomic():
                lead = lead_of(dealer, f"Customer {n}", now=long_ago, phone=f"+316{n:08}", email=None)
                record(lead, Accepted(at=long_ago, by=rosa.pk))
                record(lead, Lost(at=long_ago, by=rosa.pk, reason="price"))
                visitor = Visitor.objects.create(
                    dealer=dealer, site=site, uid=uuid.uuid4(), first_seen_at=long_ago, last_seen_at=long_ago,
                    customer=lead.customer,
                )  # fmt: skip
                VisitorJoin.objects.create(
                    dealer=dealer, visitor=visitor, customer=lead.customer, lead=lead, how="form", at=long_ago
                )
                browsers.append({"visitor": visitor.uid.hex, "lead": lead.pk})
    print(json.dumps({"key": site.key, "browsers": browsers}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

"""An importer above all dealers, its agreements and the leads it gave so far: `python -m benchmarks.importers DIR`
prints the importer with its source and each dealer's share.

Needs a folder that `benchmarks.fill` has filled.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from leadbell.cli import with_database

#: By turns; a dealer with 4 gets four leads where one with 1 gets one.
SHARES = (1, 2, 3, 4)

#: Lead n of a million went to whose turn it was: the dealers' turns follow each other as often as their shares say.
_GIVEN = """
create temp table turn as
select row_number() over (order by pass, d.id) - 1 as n, d.id as dealer
from (select dealer_id as id, share from leadbell_agreement) d cross join lateral generate_series(1, d.share) pass;
create unique index on turn (n);
insert into leadbell_passing (importer_id, envelope, place, source, source_name, origin, sender_id, brand, car,
    received_at, state, because, dealer_id, lead, changed_at)
select %(importer)s, md5('passing' || l.id)::uuid, 0, %(source)s, 'importer.example', 'online', '', 'Hyundai',
    'Hyundai Kona', l.received_at, 'taken', '[]', t.dealer, l.id, l.received_at
from leadbell_lead l join turn t on t.n = (l.id - 1) %% (select count(*) from turn);
insert into leadbell_offer (passing_id, importer_id, dealer_id, lead, at, until, because, outcome, outcome_at, note)
select id, importer_id, dealer_id, lead, received_at, received_at + interval '15 minutes', '[]', 'taken',
    received_at + interval '1 minute', ''
from leadbell_passing;
update leadbell_agreement a set given = (select count(*) from leadbell_offer o where o.dealer_id = a.dealer_id);
"""


def main(folder: Path) -> None:
    with with_database(folder, "owner"):
        from django.db import connection

        from leadbell.dealers.models import Organisation
        from leadbell.intake.keys import new_source
        from leadbell.network.models import Agreement

        now = datetime.now(UTC)
        importer = Organisation.objects.create(
            kind="importer", name="Importer", country="NL", zone="Europe/Amsterdam", language="en", hours={},
            created_at=now,
        )  # fmt: skip
        source = new_source(importer, "importer.example", "online", now)
        dealers = list(Organisation.objects.filter(kind="dealer").order_by("pk").values_list("pk", flat=True))
        Organisation.objects.filter(pk__in=dealers).update(parent=importer)
        shares = {dealer: SHARES[n % len(SHARES)] for n, dealer in enumerate(dealers)}
        Agreement.objects.bulk_create(
            Agreement(importer=importer, dealer_id=dealer, share=share) for dealer, share in shares.items()
        )
        with connection.cursor() as cursor:
            for statement in filter(str.strip, _GIVEN.split(";")):
                cursor.execute(statement, {"importer": importer.pk, "source": source.pk})
            cursor.execute("vacuum analyze")
    print(json.dumps({"importer": {"id": importer.pk, "source": source.pk}, "shares": shares}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

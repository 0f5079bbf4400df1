"""What lies between BDC and salesperson is found by its index, not by reading all open leads."""

from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.handover.shelves import _IN_HANDS, _open

OTHERS = """
select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
where i.indrelid = 'leadbell_lead'::regclass and c.relname <> 'lead_in_hands'
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
"""


def test_leads_in_hands_have_an_index_of_their_own(northside: Organisation) -> None:
    asked = _open([northside.pk]).filter(standing_json__has_any_keys=_IN_HANDS)
    with connection.cursor() as cursor:
        # Few rows are read faster without any index, or by any other: only whether this one can serve is asked here.
        cursor.execute("set local enable_seqscan = off")
        cursor.execute(OTHERS)
        for (index,) in cursor.fetchall():
            cursor.execute(f'drop index "{index}"')
        plan = asked.explain()
    assert "lead_in_hands" in plan, plan

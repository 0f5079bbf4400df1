"""What lies between BDC and salesperson is found by its index, not by reading all open leads."""

from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.handover.shelves import _IN_HANDS, _open


def test_leads_in_hands_have_an_index_of_their_own(northside: Organisation) -> None:
    asked = _open([northside.pk]).filter(standing_json__has_any_keys=_IN_HANDS)
    with connection.cursor() as cursor:
        # Few rows are read faster without any index: only whether it can serve is asked here.
        cursor.execute("set local enable_seqscan = off")
        cursor.execute("drop index lead_of_owner, lead_newest, lead_by_day")
        plan = asked.explain()
    assert "lead_in_hands" in plan, plan

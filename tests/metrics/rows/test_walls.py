"""Only the dealers of the open door, and that is asked once per question."""

from django.db import connection

from leadbell.dealers.models import Organisation
from leadbell.lead.doors import tenant
from leadbell.metrics.rows.keeping import keep_some, note_stale
from tests.conftest import lead_of


def as_the_web(statement: str, dealers: list[int]) -> list[str]:
    with tenant(dealers), connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        cursor.execute(statement)
        found = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("reset role")
    return found


def test_whose_rows_are_seen_is_read_once_however_they_are_read(northside: Organisation) -> None:
    with connection.cursor() as cursor:
        for scan in ("enable_indexscan", "enable_bitmapscan", "enable_indexonlyscan"):
            cursor.execute(f"set local {scan} = off")
    plan = as_the_web("explain select count(*) from leadbell_leadrow", [northside.pk])
    assert any("Seq Scan" in line for line in plan)
    assert any("InitPlan" in line for line in plan)
    assert not any("Filter" in line and "current_setting" in line for line in plan)


def test_the_rows_of_other_dealers_are_not_there(northside: Organisation, southside: Organisation) -> None:
    ours, theirs = lead_of(northside), lead_of(southside)
    note_stale()
    keep_some()
    everything = "select lead from leadbell_leadrow order by lead"
    assert as_the_web(everything, [northside.pk]) == [str(ours.pk)]
    assert as_the_web(everything, [southside.pk]) == [str(theirs.pk)]
    assert as_the_web(everything, [northside.pk, southside.pk]) == [str(ours.pk), str(theirs.pk)]
    assert as_the_web(everything, []) == []

"""Our own leads as the exchange format: for the audit, for another engine, for the importer's warehouse."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from django.db import connection

from leadbell.dealers.models import Organisation, Person
from leadbell.metrics.rows import parquet
from leadbell.metrics.rows.exchange import CANT_SAY, rows_of
from leadbell.metrics.rows.keeping import journals

#: Leads read at once; more are never in memory.
AT_ONCE = 2_000

_NEXT = """
select id, dealer_id from leadbell_lead
where id > %(after)s and (%(dealers)s::bigint[] is null or dealer_id = any (%(dealers)s::bigint[]))
order by id limit %(most)s
"""


def export(folder: Path, dealers: list[int] | None = None) -> dict[str, int]:
    """Write `leads.parquet`, `touches.parquet` and `visits.parquet` of these dealers (None: of all the role may see).

    Answers how many rows each has. Dealers and salespeople are named; of customers there is nothing. A column that
    we don't record isn't there.
    """
    called = dict(Organisation.objects.values_list("pk", "name"))
    people = dict(Person.objects.values_list("pk", "name"))
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=folder, prefix=".export-") as own,
        duckdb.connect(str(Path(own) / "rows.duckdb")) as rows,
    ):
        rows.execute("set enable_progress_bar = false")
        parquet.create(rows, CANT_SAY)
        for leads in _batches(dealers):
            parquet.add(rows, rows_of(journals(leads, called, people)))
        paths = parquet.write(rows, folder)
        return {path.stem: rows.table(path.stem).shape[0] for path in paths}


def _batches(dealers: list[int] | None) -> Iterator[dict[int, int]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_NEXT, {"after": after, "dealers": dealers, "most": AT_ONCE})
            leads = dict(cursor.fetchall())
        if not leads:
            return
        yield leads
        after = max(leads)

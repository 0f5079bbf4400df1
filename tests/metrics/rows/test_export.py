"""Our own tables out, and the same figures again from the files."""

from pathlib import Path

from leadbell.dealers.models import Organisation, Person
from leadbell.lead.facts import Sold
from leadbell.lead.journal import locked, record
from leadbell.metrics.answers import ask
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.engines.duck import open_duck
from leadbell.metrics.rows import keeping
from leadbell.metrics.rows.exchange import CANT_SAY, ms
from leadbell.metrics.rows.export import export
from leadbell.metrics.rows.live import live
from leadbell.metrics.tables import TABLES
from tests.conftest import NOON, lead_of
from tests.metrics.rows.test_keeping import called

NAMES = [f"{name}.parquet" for name in TABLES]


def test_the_files_say_what_the_screens_say(
    northside: Organisation, southside: Organisation, rosa: Person, lena: Person, tmp_path: Path
) -> None:
    for n in range(8):
        lead = lead_of(northside)
        if n % 2:
            called(lead, rosa)
        if n == 7:
            record(locked(lead.pk), Sold(at=NOON, by=rosa.pk))
    lead_of(southside)
    assert export(tmp_path, [northside.pk]) == {"leads": 8, "touches": 4, "visits": 0}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    files = open_duck({name: tmp_path / f"{name}.parquet" for name in TABLES}, threads=2)
    assert files.lacks == CANT_SAY
    while keeping.keep_some():
        pass
    asked = list(METRICS.values())
    from_files = ask(files, asked, ms(NOON), by=("dealer",))
    with live() as engine:
        on_screen = ask(engine, asked, ms(NOON), by=("dealer",))
    ours = [one for one in on_screen.given if one.group == (str(northside.pk),)]
    assert [(a.metric.name, a.numerator, a.denominator, a.value, a.median) for a in from_files.given] == [
        (a.metric.name, a.numerator, a.denominator, a.value, a.median) for a in ours
    ]
    assert from_files.unsupported == on_screen.unsupported
    assert {one.group for one in from_files.given} == {("Northside",)}


def test_no_customer_leaves(northside: Organisation, rosa: Person, tmp_path: Path) -> None:
    called(lead_of(northside, customer="Mr Okafor", phone="+31612345678", email="okafor@example.org"), rosa)
    export(tmp_path)
    files = open_duck({name: tmp_path / f"{name}.parquet" for name in TABLES}, threads=2)
    for name in TABLES:
        said = str(files.connection.execute(f"select * from {name}").fetchall())
        assert not any(private in said for private in ("Okafor", "okafor", "612345678", "blue one"))
    assert files.connection.execute("select salesperson, person from leads join touches using (lead)").fetchone() == (
        "Rosa", "Rosa",
    )  # fmt: skip

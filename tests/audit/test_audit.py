"""A CRM export in, a verdict out: what can be read, what can't be said, and what nobody can smuggle in."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from leadbell.audit.page import page
from leadbell.audit.reader import reader
from leadbell.audit.study import Asked, Study, as_json, study
from leadbell.trouble import Trouble

HOURS = {
    "export": {"zone": "Europe/Amsterdam"},
    "hours": {day: [["09:00", "18:00"]] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
}


def put(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def studied(leads: Path, **more: Any) -> Study:
    return study(Asked([leads], **more))


def figures(found: Study) -> dict[str, tuple[int, int]]:
    return {one.metric.name: (one.numerator, one.denominator) for one in found.answers.given}


def unsaid(found: Study) -> dict[str, str]:
    return {one.metric.name: str(one.because) for one in found.answers.unsupported}


DUTCH = (
    "Rapport leads 2026;;;;;;\n;;;;;;\n"
    "Leadnummer;Aanmaakdatum;Vestiging;Verkoper;Bron;Status;Eerste belpoging\n"
    "1;02-11-2026 09:00;Northside;Rosa;AutoScout24;Verkocht;02-11-2026 09:02\n"
    "2;13-11-2026 10:00;Northside;Samir;Website;Verloren;13-11-2026 10:30\n"
)
ENGLISH = (
    "Lead ID,Created Date,Dealership,Lead Owner,Lead Source,Status,First Attempt\n"
    "1,11/02/2026 9:00 AM,Northside,Rosa,AutoScout24,Closed Won,11/02/2026 9:02 AM\n"
    "2,11/13/2026 10:00 AM,Northside,Samir,Website,Closed Lost,11/13/2026 10:30 AM\n"
)
GERMAN = (
    "Vorgangsnummer\tEingangsdatum\tAutohaus\tVerkäufer\tQuelle\tStatus\tErster Anruf\n"
    "1\t2026-11-02 09:00\tNorthside\tRosa\tAutoScout24\tVerkauft\t2026-11-02 09:02\n"
    "2\t2026-11-13 10:00\tNorthside\tSamir\tWebsite\tVerloren\t2026-11-13 10:30\n"
)
RUSSIAN = (
    "ID сделки;Дата создания;Автосалон;Ответственный;Источник;Стадия;Первый звонок\n"
    "1;02.11.2026 09:00:00;Northside;Роза;Сайт;Успешно реализовано;02.11.2026 09:02:00\n"
    "2;13.11.2026 10:00:00;Northside;Самир;Avito;Закрыто и не реализовано;13.11.2026 10:30:00\n"
)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (DUTCH, "utf-8"), (DUTCH, "utf-8-sig"), (DUTCH.replace("Rosa", "Zoë"), "cp1252"), (ENGLISH, "utf-8"),
        (ENGLISH, "utf-16"), (ENGLISH, "utf-16-le"), (GERMAN, "utf-8"), (GERMAN, "cp1252"), (RUSSIAN, "utf-8"),
        (RUSSIAN, "cp1251"), ("sep=;\n" + DUTCH.split("\n", 2)[2], "utf-8"), (DUTCH.replace("\n", "\r\n"), "utf-8"),
        (DUTCH.replace("02-11-2026", "2 nov 2026").replace("13-11-2026", "13 november 2026"), "utf-8"),
    ],
)  # fmt: skip
def test_every_dialect_tells_the_same(tmp_path: Path, text: str, encoding: str) -> None:
    found = studied(put(tmp_path, "export.csv", text, encoding), written=HOURS)
    assert (found.read, found.rejected) == (2, 0)
    told = figures(found)
    assert told["sales_conversion"] == (1, 2)
    assert told["attempted_rate"] == (2, 2)
    assert told["called_within_2_minutes"] == (1, 2)
    assert told["response_time"] == (32 * 60_000, 2)
    assert [sheet.dialect and sheet.dialect.encoding for sheet in found.sheets.values()] != [None]


def test_the_order_of_day_and_month_is_decided_over_the_whole_column(tmp_path: Path) -> None:
    rows = "".join(f"{i},03/04/2026 10:00,Website,open\n" for i in range(3000))
    head = "Lead ID,Created,Source,Status\n"
    american = studied(put(tmp_path, "a.csv", f"{head}{rows}3001,03/25/2026 10:00,Website,open\n"))
    european = studied(put(tmp_path, "b.csv", f"{head}{rows}3001,25/03/2026 10:00,Website,open\n"))
    assert american.mapping.orders["leads.received"].order == "month first"
    assert european.mapping.orders["leads.received"].order == "day first"
    assert american.rejected == european.rejected == 0


def test_a_date_that_fits_both_orders_is_said_to_be_unsure(tmp_path: Path) -> None:
    found = studied(put(tmp_path, "a.csv", "Lead ID,Created,Source\n1,03/04/2026,Website\n"))
    assert not found.mapping.orders["leads.received"].sure
    assert any("fit both orders" in str(note) for note in found.notes)


def test_times_count_from_the_dealers_clock_through_its_changes(tmp_path: Path) -> None:
    text = (
        "Lead ID,Created,Source,First attempt\n"
        "1,2026-03-29 01:30:00,Website,2026-03-29 03:30:00\n"
        "2,2026-11-02T08:00:00Z,Website,2026-11-02T09:10:00+01:00\n"
    )
    found = studied(
        put(tmp_path, "a.csv", text),
        written={**HOURS, "hours": {"sunday": [["00:00", "24:00"]], **HOURS["hours"]}},
    )
    assert figures(found)["response_time"] == (3_600_000 + 600_000, 2)


LEADS = (
    "Lead ID,Created,Source,Owner,Status,Sold date,Close date,Appointment made,Shown\n"
    "A,2026-01-05 10:00,Website,Rosa,Sold,2026-01-12 10:00,2026-01-12 10:00,2026-01-05 10:10,2026-01-08 10:00\n"
    "B,2026-01-05 11:00,Website,Samir,Lost,,2026-01-09 10:00,,\n"
    "C,2026-01-06 11:00,Phone,Samir,Lost,,2026-01-10 10:00,,\n"
)
LOG = (
    "Lead ID,Start time,Type,Direction,User,Result,Call duration (sec),End time\n"
    "A,2026-01-05 10:01,Call,Out,Rosa,Connected,179,2026-01-05 10:04:20\n"
    "B,2026-01-05 11:30,Call,Out,Samir,No answer,,\n"
    "B,2026-01-05 11:31,E-mail,Out,System,,,\n"
    "C,2026-01-06 11:01,Call,Out,Samir,Left voicemail,30,2026-01-06 11:02\n"
    "Z,2026-01-06 11:01,Call,Out,Samir,Connected,30,2026-01-06 11:02\n"
)


def test_a_list_of_contacts_says_what_leads_alone_cannot(tmp_path: Path) -> None:
    leads, log = put(tmp_path, "leads.csv", LEADS), put(tmp_path, "log.csv", LOG)
    alone, both = studied(leads, written=HOURS), studied(leads, touches=log, written=HOURS)
    assert "hands" in unsaid(alone)
    told = figures(both)
    assert told["first_attempt_contact_rate"] == (1, 3)
    assert told["talk_time"] == (179_000, 1)
    assert told["three_attempt_rate"] == (0, 2)
    assert told["reengagement_rate_some_automation"] == (0, 1)
    assert [(one.line, str(one.because)) for one in both.beside["touches"].first] == [
        (6, "there is no lead “Z” in the export")
    ]
    assert [step.stage for step in both.funnel] == [
        "received",
        "attempted",
        "reached",
        "appointment",
        "shown",
        "sold",
    ]


def test_visits_tell_who_is_back(tmp_path: Path) -> None:
    visits = tmp_path / "visits.parquet"
    with duckdb.connect() as db:
        db.sql(
            "select * from (values ('B', timestamp '2026-02-20 10:00'), ('A', timestamp '2026-01-01 10:00')) "
            "as v(lead_id, seen_at)"
        ).write_parquet(str(visits))
    found = studied(put(tmp_path, "leads.csv", LEADS), touches=put(tmp_path, "log.csv", LOG), visits=visits)
    assert figures(found)["unlost_rate_14"] == (1, 2)


def test_a_status_alone_says_that_a_car_was_sold_but_not_when(tmp_path: Path) -> None:
    found = studied(put(tmp_path, "a.csv", "Lead ID,Created,Source,Status\n1,2026-01-05,Website,Sold\n"))
    assert figures(found)["sales_conversion"] == (1, 1)
    assert unsaid(found)["days_to_sale"] == "it isn't said on which day a car was sold"


def test_what_a_column_cannot_support_is_listed_with_its_reason(tmp_path: Path) -> None:
    told = unsaid(studied(put(tmp_path, "a.csv", "Lead ID,Created,Status\n1,2026-01-05,Sold\n")))
    assert told["sales_conversion"] == "it isn't said how the customer came"
    assert told["response_time"] == "it isn't said how the customer came"
    assert told["unlost_rate_7"] != ""
    known = figures(
        studied(put(tmp_path, "b.csv", "Lead ID,Created,Status\n1,2026-01-05,Sold\n"), origin="online")
    )
    assert known["sales_conversion"] == (1, 1)


def test_rows_that_cannot_be_read_are_counted_with_their_lines(tmp_path: Path) -> None:
    text = (
        'Title\n\nLead ID,Created,Note,Source\n1,2026-01-05,"two\nlines",Website\n2,,x,Website\n3,2026-01-06,Website\n'
        "4,soon,x,Website\n1,2026-01-07,=1+1,Website\n5,2026-01-08,x,Website\n"
    )
    found = studied(put(tmp_path, "a.csv", text))
    assert [(one.line, str(one.because)) for one in found.beside["leads"].first] == [
        (6, "it has no date"),
        (7, "it has fewer cells than the header has columns (4)"),
        (8, "“soon” is no date that can be read"),
        (9, "the lead “1” stands further up already"),
    ]
    assert (found.read, found.rejected) == (2, 4)


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    text = (
        'Lead ID,Created,Note,Source\n\n1,2026-01-05,"two\n\nlines",Website\n2,2026-01-05,a 5" pipe,Website\n,,\n'
        '3,,"a ""b""\nc",Website\n\n4,2026-01-05,x,y,z,"\n",Website\n5,soon,x,Website\n6,2026-01-06,x,Website\n'
    )
    for ends in ("\n", "\r\n"):
        found = studied(put(tmp_path, "a.csv", text.replace("\n", ends)))
        assert [(one.line, str(one.because)) for one in found.beside["leads"].first] == [
            (7, "it has fewer cells than the header has columns (4)"),
            (8, "it has no date"),
            (11, "it has more cells than the header has columns (4)"),
            (13, "“soon” is no date that can be read"),
        ]


def test_a_cell_that_cannot_be_read_is_told_and_its_row_counts_without_it(tmp_path: Path) -> None:
    text = (
        "Lead ID,Created,Source,First attempt,Cost,Sold,Talk time (min)\n"
        '1,2026-01-05 10:00,Website,2026-01-05 10:01,"12,50",2026-13-31,"2,5"\n'
        "2,2026-01-05 10:00,Website,later,free,yes,2.5\n3,2026-01-05 10:00,Website,,1.234,2026-01-09,a while\n"
    )
    found = studied(put(tmp_path, "a.csv", text))
    assert (found.read, found.rejected, found.beside["leads"].cells) == (3, 0, 5)
    assert [(one.line, str(one.because)) for one in found.beside["leads"].first] == [
        (2, "“2026-13-31” in “Sold” can't be read and counts as empty"),
        (3, "“free” in “Cost” can't be read and counts as empty"),
        (3, "“later” in “First attempt” can't be read and counts as empty"),
        (3, "“yes” in “Sold” can't be read and counts as empty"),
        (4, "“a while” in “Talk time (min)” can't be read and counts as empty"),
    ]
    assert "5 cells of a.csv can't be read and count as empty; they are in a.csv.rejected.csv." in [
        str(note) for note in found.notes
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t"])
def test_no_spreadsheet_takes_a_rejected_row_for_a_formula(tmp_path: Path, sign: str) -> None:
    text = f"Created,Lead ID,Source\nsoon,1,Website\n{sign}cmd|calc,2,Website\n2026-01-05,3,Website\n"
    written = studied(put(tmp_path, "a.csv", text)).beside["leads"].path
    assert written is not None
    assert not any(
        cell[:1] in "=+-@\t"
        for line in written.read_text("utf-8-sig").splitlines()
        for cell in line.split(",")
        if cell
    )


def test_files_that_do_not_belong_together_get_a_sentence(tmp_path: Path) -> None:
    other = put(
        tmp_path, "log.csv", LOG.replace("\nA,", "\nX,").replace("\nB,", "\nY,").replace("\nC,", "\nW,")
    )
    with pytest.raises(Trouble, match=r"doesn.t belong to leads\.csv"):
        studied(put(tmp_path, "leads.csv", LEADS), touches=other)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"leads": {"columns": {"received": "When"}}}, "names the column “When”"),
        ({"leads": {"columns": {"arrival": "Created"}}}, "no field “arrival”"),
        ({"leads": {"values": {"status": {"Sold": "bought"}}}}, "can't mean “bought”"),
        ({"export": {"origin": "online' or 1=1 --"}}, "is no origin"),
        ({"export": {"dates": "whatever"}}, "“day first” or “month first”"),
    ],
)
def test_a_map_that_does_not_fit_gets_a_sentence(
    tmp_path: Path, written: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Trouble, match=sentence):
        studied(put(tmp_path, "leads.csv", LEADS), written=written, map_name="map.toml")


def test_a_corrected_map_beats_the_guess(tmp_path: Path) -> None:
    path = put(
        tmp_path, "a.csv", "Lead ID,Created,Modified,Source,Status\n1,2026-01-05,2026-01-06,Shop,Happy\n"
    )
    guessed = studied(path)
    assert guessed.mapping.unknown["leads"]["status"] == {"Happy": 1}
    said = {
        "leads": {
            "columns": {"received": "Modified"},
            "values": {"status": {"Happy": "sold"}, "origin": {"Shop": "walk_in"}},
        }
    }
    found = studied(path, written=said)
    assert found.mapping.columns["leads"]["received"].column == "Modified"
    assert figures(found)["sales_conversion"] == (1, 1)


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("language", ["en", "nl", "ru"])
def test_nothing_from_an_export_becomes_markup(tmp_path: Path, language: str) -> None:
    cell = '"' + EVIL.replace('"', '""') + '"'
    rows = "".join(f"{i},2026-01-05 10:00,{cell},{cell},{cell},{cell},{cell}\n" for i in range(8))
    text = f"Lead ID,Created,Dealer,Owner,Source,Campaign,Status\n{rows}{cell},{cell},,,,,\n"
    found = studied(put(tmp_path, "<b>a.csv", text), origin="online")
    html = page(found, reader(language), language)
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>a" not in html
    assert "&lt;script&gt;" in html


def test_the_report_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    found = studied(put(tmp_path, "leads.csv", LEADS), touches=put(tmp_path, "log.csv", LOG), written=HOURS)
    html = page(found, reader("en"), "en").replace("http://www.w3.org/2000/svg", "")
    assert "http:" not in html
    assert "https:" not in html
    assert html.count('role="img"') >= 2
    assert html.count("<details>") >= html.count('role="img"')


def test_the_command_prints_json_and_nothing_else_and_needs_no_house(tmp_path: Path) -> None:
    put(tmp_path, "leads.csv", LEADS)
    ran = subprocess.run(
        [sys.executable, "-m", "leadbell", "audit", "leads.csv", "--json", "--html", "r.html"],
        cwd=tmp_path, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    told = json.loads(ran.stdout)
    assert list(told) == ["rows", "metrics", "funnel", "verdict", "unsupported", "mapping"]
    assert told["rows"] == {"read": 3, "rejected": 0}
    assert set(told["metrics"]["sales_conversion"]) == {
        "numerator",
        "denominator",
        "value",
        "unit",
        "interval",
        "reference",
    }
    assert told["verdict"]["answer"] == "too few leads to tell"
    again = subprocess.run(
        [sys.executable, "-m", "leadbell", "audit", "leads.csv", "--json", "--map", "leads.csv.map.toml"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(again.stdout)["metrics"] == told["metrics"]
    gone = subprocess.run(
        [sys.executable, "-m", "leadbell", "audit", "no.csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (gone.returncode, gone.stdout, gone.stderr) == (1, "", "There is no file no.csv.\n")


def test_the_object_holds_numbers_that_json_knows(tmp_path: Path) -> None:
    json.dumps(as_json(studied(put(tmp_path, "leads.csv", LEADS))), allow_nan=False)

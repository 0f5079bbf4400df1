"""Excel: the fullest sheet, dates as dates, whatever stands above the header."""

import zipfile
from html import escape
from pathlib import Path

from leadbell.audit.page import page
from leadbell.audit.reader import reader
from leadbell.audit.study import Asked, study

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
ONE = (
    '<Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}" Target="{}"/>'
)
BOOK = (
    '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'


def workbook(path: Path, rows: list[list[str | float]]) -> Path:
    """The least that Excel calls a workbook."""

    def cell(value: str | float) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    body = "".join(f"<row>{''.join(cell(value) for value in row)}</row>" for row in rows)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("[Content_Types].xml", TYPES)
        file.writestr("_rels/.rels", RELATIONS.format(ONE.format("officeDocument", "xl/workbook.xml")))
        file.writestr("xl/workbook.xml", BOOK)
        file.writestr(
            "xl/_rels/workbook.xml.rels", RELATIONS.format(ONE.format("worksheet", "worksheets/sheet1.xml"))
        )
        file.writestr("xl/worksheets/sheet1.xml", SHEET.format(body))
    return path


def test_a_workbook_is_read_like_any_other_file(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "leads.xlsx",
        [
            ["Leads of November"],
            ["Lead ID", "Created", "Lead Source", "Status"],
            [1.0, 46327.5, "Website", "Sold"],
            [2.0, 46328.25, "Phone", "Lost"],
            [3.0, "", "Phone", "Lost"],
        ],
    )
    found = study(Asked([path]))
    assert (found.read, found.rejected) == (2, 1)
    assert [one.line for one in found.beside["leads"].first] == [5]
    assert {one.metric.name: (one.numerator, one.denominator) for one in found.answers.given}[
        "sales_conversion"
    ] == (1, 2)


def test_nothing_from_a_workbook_becomes_markup(tmp_path: Path) -> None:
    evil = escape("<script>alert(1)</script><img src=x onerror=alert(1)>")
    rows: list[list[str | float]] = [[float(i), 46327.5, evil, evil, evil] for i in range(8)]
    path = workbook(tmp_path / "leads.xlsx", [["Lead ID", "Created", "Dealer", "Source", "Status"], *rows])
    html = page(study(Asked([path], origin="online")), reader("en"), "en")
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<img" not in html

"""Reports: every figure with its base, the leads behind it, its table to take along; nobody else's."""

import html
import io
import json
import re
import zipfile
from datetime import timedelta
from urllib.parse import unquote_plus

import duckdb
import pytest

from leadbell.conversation import actions as conversation
from leadbell.lead.facts import Assigned
from leadbell.lead.journal import record
from leadbell.metrics.reports.download import as_csv, as_xlsx
from leadbell.metrics.rows.keeping import keep_some, note_stale
from tests.conftest import make_dealer, make_person
from tests.desk.noon import MINUTE, SECOND, lead_now, make_it_noon

pytestmark = pytest.mark.django_db
PAGES = (
    "/verdict/", "/reports/", "/reports/?section=talks", "/reports/?section=sales", "/reports/?section=back",
    "/reports/?section=automation", "/reports/comparison/",
)  # fmt: skip


@pytest.fixture
def importer(northside, southside):
    above = make_dealer("Hyundai Nederland")
    above.kind = "importer"
    above.save()
    for dealer in (northside, southside):
        dealer.parent = above
        make_it_noon(dealer)
    return above


@pytest.fixture
def ivan(importer):
    return make_person("Ivan", importer, "importer")


@pytest.fixture
def called(importer, northside, southside, rosa, lena):
    """Six leads at Northside, three of them called within two minutes; five at Southside, nobody called."""
    for number in range(6):
        lead = lead_now(northside, 40 * MINUTE + number * SECOND, f"Mr Okafor {number}")
        wait = 60 * SECOND if number < 3 else 10 * MINUTE
        conversation.start_attempt(lead, rosa.pk, lead.received_at + wait)
    for number in range(5):
        lead = lead_now(southside, timedelta(hours=1, seconds=number), f"Ms Lindqvist {number}")
        record(lead, Assigned(at=lead.received_at, to=lena.pk))
    keep()


def keep():
    note_stale()
    while keep_some():
        pass


def text(answer):
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_page_says_so_in_words(path, northside, ines, signed_in):
    answer = signed_in(ines).get(path)
    assert answer.status_code == 200
    assert "nan" not in text(answer).lower().split()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_for_everybody(path, called, rosa, ines, ivan, signed_in):
    ines.role = "manager"
    for person in (rosa, ines, ivan):
        assert signed_in(person).get(path).status_code == 200


def test_a_figure_stands_with_its_base_and_reference(called, ines, signed_in):
    page = text(signed_in(ines).get("/reports/"))
    assert "3 of 6 leads with a phone number forwarded in opening hours" in page
    assert "85 % of 5,247 leads forwarded in opening hours [S0]" in page
    assert "6 of 6 leads forwarded in opening hours" in page


def test_a_figure_opens_the_leads_behind_it(called, ines, signed_in):
    there = "/reports/figures/called_within_2_minutes/"
    whole, part, rest = (text(signed_in(ines).get(there + only)) for only in ("", "?only=part", "?only=rest"))
    assert whole.count("Mr Okafor") == 6
    assert [f"Mr Okafor {n}" in part for n in range(6)] == [True] * 3 + [False] * 3
    assert [f"Mr Okafor {n}" in rest for n in range(6)] == [False] * 3 + [True] * 3
    assert "Lindqvist" not in whole + part + rest


def test_another_dealers_leads_are_in_nothing(called, lena, signed_in):
    client = signed_in(lena)
    page = text(client.get("/reports/?who=all"))
    assert "0 of 5 leads forwarded in opening hours" in page
    assert "Okafor" not in text(client.get("/reports/figures/attempted_rate/?who=all"))


def test_who_may_not_be_chosen_falls_back(called, lena, rosa, northside, signed_in):
    page = text(signed_in(lena).get(f"/reports/?who=d{northside.pk}"))
    assert "Okafor" not in page
    assert "6 of 6" not in page
    assert f'value="p{rosa.pk}"' not in page


def test_an_importer_sees_figures_and_no_customer(called, ivan, northside, signed_in):
    client = signed_in(ivan)
    for path in (*PAGES, f"/reports/?who=d{northside.pk}", "/league/", "/reports/tables/figures.csv"):
        page = client.get(path).content.decode()
        for private in ("Okafor", "Lindqvist", "/leads/", "/reports/figures/"):
            assert private not in page, path
    assert client.get("/reports/figures/attempted_rate/").status_code == 403


def test_the_importers_pages_dont_leave_the_door_open(called, ivan, signed_in):
    client = signed_in(ivan)
    client.get("/reports/")
    assert "Okafor" not in client.get("/network/").content.decode()


def test_a_salesperson_isnt_set_beside_colleagues_by_name(called, rosa, ines, signed_in):
    assert "by=salesperson" not in text(signed_in(rosa).get("/reports/comparison/"))
    page = text(signed_in(ines).get("/reports/comparison/?by=salesperson"))
    assert 'href="/reports/comparison/?by=salesperson' in page
    assert f'<th scope="row"><a href="/reports/?who=p{rosa.pk}&amp;period=90">Rosa</a></th>' in page


def test_the_league_is_for_who_has_several_dealers(called, ines, ivan, rosa, signed_in):
    for person in (ines, rosa):
        assert signed_in(person).get("/league/").status_code == 403
        assert signed_in(person).get("/reports/tables/league.csv").status_code == 403
    page = text(signed_in(ivan).get("/league/?figure=attempted_rate"))
    assert page.index("Northside") < page.index("Southside")
    assert "6 of 6" in page
    assert "0 of 5" in page


@pytest.mark.parametrize(
    "name", ["figures", "comparison", "funnel", "response_curve", "talk_connect_map", "days_to_sale"]
)
def test_every_table_comes_in_three_forms(name, called, ines, signed_in):
    client = signed_in(ines)
    plain = client.get(f"/reports/tables/{name}.csv")
    assert plain.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in plain["Content-Disposition"]
    assert client.get(f"/reports/tables/{name}.xlsx").content.startswith(b"PK")
    assert client.get(f"/reports/tables/{name}.parquet").content.startswith(b"PAR1")


@pytest.mark.parametrize("path", ["figures.exe", "nothing.csv"])
def test_there_is_no_such_table(path, northside, ines, signed_in):
    assert signed_in(ines).get(f"/reports/tables/{path}").status_code == 404


def test_an_unknown_figure_or_filter_is_no_error(northside, ines, signed_in):
    client = signed_in(ines)
    assert client.get("/reports/figures/nothing/").status_code == 404
    odd = "/reports/?who=x&period=days&from=yesterday&to=9999-99-99&origin=%00&section=no&source=%27;drop"
    assert client.get(odd).status_code == 200


def test_the_table_holds_what_the_page_shows(called, ines, signed_in, tmp_path):
    file = tmp_path / "figures.parquet"
    file.write_bytes(signed_in(ines).get("/reports/tables/figures.parquet").content)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select numerator, denominator from '{file}' where figure like 'called within%'"
        ).fetchall()
    assert rows == [(3, 6)]


@pytest.mark.parametrize(
    ("cost", "margin", "says"),
    [
        ("70", "1000", "<b>20 %</b>"),
        ("70,0", "1000", "<b>20 %</b>"),
        ("70", "0", "the margin must be more than nothing"),
        ("x", "1", "Give the three as numbers"),
        ("nan", "1", "Give the three as numbers"),
    ],
)
def test_the_calculator_of_an_own_team(cost, margin, says, called, ines, signed_in):
    page = text(signed_in(ines).get(f"/verdict/?base=13&cost={cost}&margin={margin}"))
    assert says in page


def test_nothing_on_a_page_is_what_a_source_calls_itself(called, northside, ines, signed_in):
    lead = lead_now(northside, 5 * MINUTE, "Mr Okafor")
    lead.source = "<script>alert(1)</script>"
    lead.save()
    keep()
    assert "<script>alert" not in signed_in(ines).get("/reports/comparison/?by=source").content.decode()


def test_a_spreadsheet_runs_nothing():
    evil = ["=1+1", "+1", "-1", "@x", "\t=1", '=HYPERLINK("http://x")']
    for line in as_csv(["name"], [[one] for one in evil]).decode("utf-8-sig").splitlines()[1:]:
        assert line.lstrip('"').startswith("'") or not line
    with zipfile.ZipFile(io.BytesIO(as_xlsx(["name"], [[one] for one in evil]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count('t="s"') == 1 + len(evil)
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower()


def test_a_fact_stands_on_a_report_that_was_asked_before(called, northside, ines, rosa, signed_in):
    client = signed_in(ines)
    assert "3 of 6 leads with a phone number" in text(client.get("/reports/"))
    assert "3 of 6 leads with a phone number" in text(client.get("/reports/"))
    lead = lead_now(northside, 10 * MINUTE, "Mrs Petrova")
    record(lead, Assigned(at=lead.received_at, to=rosa.pk))
    keep()
    assert "3 of 7 leads with a phone number" in text(client.get("/reports/"))


def test_what_one_may_see_is_never_remembered_for_another(called, ines, lena, ivan, signed_in):
    said = {
        "ines": "6 of 6 leads forwarded",
        "lena": "0 of 5 leads forwarded",
        "ivan": "6 of 11 leads forwarded",
    }
    for _ in range(2):
        for person in (ines, lena, ivan):
            name = person.name.lower()
            assert said[name] in text(signed_in(person).get("/reports/?who=all")), name


def test_a_dealer_in_the_league_opens_its_report(called, ivan, northside, signed_in):
    client = signed_in(ivan)
    page = text(client.get("/league/?figure=attempted_rate&period=30"))
    assert f'<a href="/reports/?who=d{northside.pk}&amp;period=30">Northside</a>' in page
    assert "6 of 6 leads forwarded" in text(client.get(f"/reports/?who=d{northside.pk}&period=30"))


def test_a_source_opens_its_report_which_says_so_in_words(called, northside, ines, rosa, signed_in):
    lead = lead_now(northside, 5 * MINUTE, "Mrs Petrova")
    record(lead, Assigned(at=lead.received_at, to=rosa.pk))
    keep()
    client = signed_in(ines)
    found = client.get("/reports/comparison/?by=source&period=30").content.decode()
    link = re.search(r'<th scope="row"><a href="(/reports/[^"]*source=([^"&]*)[^"]*)"', found)
    assert link is not None
    page = text(client.get(html.unescape(link[1])))
    assert f"only from “{unquote_plus(link[2])}”" in page
    assert f'<option value="{unquote_plus(link[2])}" selected>' in page


@pytest.mark.parametrize(
    ("by", "value", "said"), [("brand", "Hyundai", "Hyundai"), ("channel", "adf", "ADF")]
)
def test_a_brand_or_format_opens_its_report_too(by, value, said, called, ines, signed_in):
    client = signed_in(ines)
    found = client.get(f"/reports/comparison/?by={by}&period=30").content.decode()
    link = re.search(rf'<th scope="row"><a href="(/reports/[^"]*{by}={value}[^"]*)"', found)
    assert link is not None
    page = client.get(html.unescape(link[1])).content.decode()
    assert f'<option value="{value}" selected>{said}</option>' in page
    assert f"“{said}”" in page
    assert "3 of 6 leads with a phone number" in " ".join(page.split())
    other = client.get(f"/reports/?{by}=another&period=30").content.decode()
    assert "0 of 0 leads with a phone number" in " ".join(other.split())


def test_what_a_letter_brought_is_told_by_its_campaign(importer, northside, ines, signed_in):
    for number in range(2):
        lead_now(northside, 40 * MINUTE + number * SECOND, f"Mr Okafor {number}", origin="direct_mail")
    lead_now(northside, 60 * MINUTE, "Ms Lindqvist")
    keep()
    client = signed_in(ines)
    found = client.get("/reports/comparison/?by=campaign&period=30").content.decode()
    link = re.search(r'<th scope="row"><a href="(/reports/[^"]*campaign=Website[^"]*)"', found)
    assert link is not None
    assert "“Website”" in client.get(html.unescape(link[1])).content.decode()


def test_a_campaign_is_a_filter_that_takes_any_text(called, ines, signed_in):
    page = (
        signed_in(ines)
        .get("/reports/?campaign=%3Cscript%3Ealert(1)%3C/script%3E&brand=%27%3Bdrop")
        .content.decode()
    )
    assert "<script>alert" not in page
    assert "0 of 0 leads with a phone number" in " ".join(page.split())


def test_a_chart_brings_its_description_where_a_swap_keeps_it(called, ines, signed_in):
    page = signed_in(ines).get("/reports/", headers={"HX-Request": "true"}).content.decode()
    described = [json.loads(html.unescape(one)) for one in re.findall(r'data-chart="([^"]*)"', page)]
    assert [one["kind"] for one in described] == ["curve", "columns"]
    assert "<script" not in page

"""The columns that CRMs really write are taken for what they mean. Headers as documented; every row is our own."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from leadbell.audit.headers import field_of
from leadbell.audit.study import Asked, Study, study
from leadbell.trouble import Trouble

SALESFORCE = "developer.salesforce.com, Salesforce Field Reference Guide: Lead, Task"
ZOHO = "help.zoho.com, Zoho CRM: Standard Fields in Leads and Calls"
BITRIX24 = "helpdesk.bitrix24.com, Description of datasets and fields for BI Builder: Deals"
AUTOPLAY = "support.autoplayauto.com, Reporting: Dealer Action Report"
ELEAD = "the public description of Elead's Sales Opportunities API; no export file is documented"


@pytest.mark.parametrize(
    ("origin", "header", "field"),
    [
        (SALESFORCE, "Lead ID", "lead"),
        (SALESFORCE, "Created Date", "received"),
        (SALESFORCE, "CreatedDate", "received"),
        (SALESFORCE, "Lead Source", "source"),
        (SALESFORCE, "LeadSource", "source"),
        (SALESFORCE, "Mobile Phone", "phone"),
        (ZOHO, "Lead Owner", "salesperson"),
        (ZOHO, "Lead Source", "source"),
        (ZOHO, "Lead Status", "status"),
        (ZOHO, "Mobile", "phone"),
        (BITRIX24, "ID", "lead"),
        (BITRIX24, "DATE_CREATE", "received"),
        (BITRIX24, "ASSIGNED_BY", "salesperson"),
        (BITRIX24, "STAGE", "status"),
        (AUTOPLAY, "Dealer Name", "dealer"),
        (AUTOPLAY, "Salesperson", "salesperson"),
        (AUTOPLAY, "Lead ID", "lead"),
        (AUTOPLAY, "Lead Created Date", "received"),
        (AUTOPLAY, "Lead Source", "source"),
        (AUTOPLAY, "Lead Campaign", "campaign"),
        (ELEAD, "id", "lead"),
        (ELEAD, "dateIn", "received"),
        (ELEAD, "upType", "origin"),
        (ELEAD, "source", "source"),
        (ELEAD, "status", "status"),
    ],
)
def test_a_vendors_own_label_is_understood(origin: str, header: str, field: str) -> None:
    found = field_of("leads", header)
    assert found, origin
    assert found[0][0] == field, origin


@pytest.mark.parametrize(
    ("origin", "header", "field"),
    [
        (SALESFORCE, "Name ID", "lead"),
        (SALESFORCE, "Assigned To", "person"),
        (SALESFORCE, "Call Duration", "talk"),
        (SALESFORCE, "Call Result", "outcome"),
        (SALESFORCE, "Call Type", "direction"),
        (SALESFORCE, "Task Subtype", "channel"),
        (SALESFORCE, "Activity Subtype", "channel"),
        (ZOHO, "Call Start Time", "started"),
        (ZOHO, "Call Duration", "talk"),
        (ZOHO, "Call Type", "direction"),
        (ZOHO, "Call Result", "outcome"),
        (ZOHO, "Related To", "lead"),
    ],
)
def test_a_vendors_own_label_of_a_contact_is_understood(origin: str, header: str, field: str) -> None:
    found = field_of("touches", header)
    assert found, origin
    assert found[0][0] == field, origin


#: VinSolutions, Custom Reporting, dataset “Leads”: all 57 columns in their order, from public code that reads it.
VINSOLUTIONS = (
    "Lead ID,Dealer,Customer,Lead Source,Lead Type,Lead Source Group,Lead Status,Lead Status Custom,Lead Status Type,"
    "Actual Response Time (Min),Adjusted Response Time (Min),Actionable Response Datetime,Contacted Indicator,"
    "ADF/XML Indicator,Has Vehicle Of Interest,Sales Rep,Sales Rep - User Group,BD Agent,BD Agent - User Group,"
    "Created User,Created User - User Group,Last Modified User,Last Modified User - User Group,Originated After Hours,"
    "Inventory Type,Stock Number,VIN,Year,Make,Model,Trim,Vehicle Memo,Initial Vehicle Year,Initial Vehicle Make,"
    "Initial Vehicle Model,Lead Origination Date,Dealer ID,Lead Last Modified Date,First Contact Attempt,"
    "Last Attempted Contact,Last Attempted Email Contact,Last Attempted Phone Contact,"
    "Last Attempted Text Contact Datetime,Last Customer Contact,Last Attempted or Actual Contact,"
    "First Customer Contact,Hot Lead,Trade 1 Year,Trade 1 Make,Trade 1 Model,Trade 1 Memo,Trade 2 Year,Trade 2 Make,"
    "Trade 2 Model,Trade 2 Memo,Sold Datetime,CoBuyer Full Name"
)
#: The same, “Sales Communication Log”: it names no lead.
VINSOLUTIONS_LOG = (
    "Dealer,User Group,User,Customer,Activity Date,Direction,Comm Channel,Comm Type,Interaction Result,Lead Type,"
    "Lead Status Type,Lead Source,Lead Created Date,Message Content"
)
#: Contacts, as several public programs read the export.
HUBSPOT = (
    "Record ID,First Name,Last Name,Full Name,Job Title,Company Name,Email,Phone Number,Country/Region,City,"
    "Lead Status,Lifecycle Stage,"
    "Original Source,Original Source Drill-Down 1,Contact Owner,Create Date,Last Modified Date,Notes,"
    "Annual Revenue,Marketing contact status,Became a Customer Date,Close Date"
)
#: Labels of the default properties of a call.
HUBSPOT_CALLS = (
    "Record ID,Call Title,Activity date,Activity assigned to,Call direction,Call duration,Call outcome,"
    "Associated Contact IDs"
)
#: A report of leads, from public code that reads it.
SALESFORCE_REPORT = (
    "Lead ID,Lead Owner: Manager,Lead Owner,First Name,Last Name,Email,Lead Status,Last Activity,Last Activity Date,"
    "Phone,Primary Campaign,Campaign Channel,Create Date,Location Friendly Name"
)
#: bitrix24.ru, leads: the columns of the CSV (public code that writes it) with the dates that an export adds.
BITRIX24_LEADS = (
    "ID;Название лида;Обращение;Имя;Фамилия;Отчество;Рабочий телефон;Мобильный телефон;Домашний телефон;"
    "Корпоративный сайт;"
    "Рабочий e-mail;Название компании;Должность;Комментарий;Стадия;Дополнительно о стадии;Товар;Цена;Возможная сумма;"
    "Валюта;Источник;Дополнительно об источнике;Доступен для всех;Ответственный;Дата создания;Дата изменения;"
    "Источник телефона;Причина отказа"
)
PIPEDRIVE = (
    "Deal - ID,Deal - Title,Deal - Value,Deal - Currency,Deal - Pipeline,Deal - Stage,Deal - Status,Deal - Owner,"
    "Deal - Source,Deal - Deal created,Deal - Deal closed on,Deal - Won time,Deal - Lost time,Deal - Lost reason"
)
AMOCRM = (
    "ID;Название сделки;Бюджет;Ответственный;Дата создания сделки;Кем создана сделка;Дата редактирования;"
    "Кем редактирована;Дата закрытия;Теги;Примечание;Этап сделки;Источник"
)
Cells = Mapping[str, str]
FILES: dict[str, tuple[str, tuple[Cells, Cells], dict[str, str]]] = {
    "VinSolutions, leads": (
        VINSOLUTIONS,
        (
            {"Lead ID": "1", "Dealer": "Northside", "Lead Source": "Autotrader", "Lead Type": "Internet",
             "Lead Status": "Sold Delivered", "Lead Status Type": "Sold", "Actual Response Time (Min)": "4",
             "Adjusted Response Time (Min)": "2", "Contacted Indicator": "Yes", "Sales Rep": "Rosa",
             "Originated After Hours": "No", "Make": "Hyundai", "Lead Origination Date": "1/5/2026 9:00 AM",
             "First Contact Attempt": "1/5/2026 9:04 AM", "Sold Datetime": "1/12/2026 10:00 AM"},
            {"Lead ID": "2", "Dealer": "Northside", "Lead Source": "Website", "Lead Type": "WebsiteChat",
             "Lead Status": "Bought Elsewhere", "Lead Status Type": "Lost", "Sales Rep": "Samir",
             "Originated After Hours": "Yes", "Make": "Kia", "Lead Origination Date": "1/26/2026 9:00 PM"},
        ),
        {"lead": "Lead ID", "received": "Lead Origination Date", "dealer": "Dealer", "salesperson": "Sales Rep",
         "origin": "Lead Type", "source": "Lead Source", "brand": "Make", "after_hours": "Originated After Hours",
         "first_attempt": "First Contact Attempt", "response": "Actual Response Time (Min)",
         "status": "Lead Status Type", "sold": "Sold Datetime"},
    ),
    "HubSpot, contacts": (
        HUBSPOT,
        (
            {"Record ID": "1", "Phone Number": "+31 20 555 0101", "Lead Status": "CONNECTED",
             "Lifecycle Stage": "Customer",
             "Original Source": "Paid Search", "Contact Owner": "Rosa", "Create Date": "2026-01-05 09:00",
             "Became a Customer Date": "2026-01-12 10:00", "Close Date": "2026-01-12 10:00"},
            {"Record ID": "2", "Lead Status": "UNQUALIFIED", "Lifecycle Stage": "Lead",
             "Original Source": "Direct Traffic",
             "Contact Owner": "Samir", "Create Date": "2026-01-26 09:00"},
        ),
        {"lead": "Record ID", "received": "Create Date", "salesperson": "Contact Owner", "source": "Original Source",
         "phone": "Phone Number", "status": "Lead Status", "sold": "Became a Customer Date", "ended": "Close Date"},
    ),
    "Salesforce, report of leads": (
        SALESFORCE_REPORT,
        (
            {"Lead ID": "1", "Lead Owner": "Rosa", "Lead Status": "Closed - Converted", "Phone": "020 555 0101",
             "Primary Campaign": "Spring", "Create Date": "1/5/2026"},
            {"Lead ID": "2", "Lead Owner": "Samir", "Lead Status": "Closed - Not Converted",
             "Create Date": "1/26/2026"},
        ),
        {"lead": "Lead ID", "received": "Create Date", "salesperson": "Lead Owner", "campaign": "Primary Campaign",
         "phone": "Phone", "status": "Lead Status"},
    ),
    "Bitrix24, leads": (
        BITRIX24_LEADS,
        (
            {"ID": "1", "Рабочий телефон": "+7 495 000-00-00", "Стадия": "Сделка успешна", "Источник": "Сайт",
             "Ответственный": "Роза", "Дата создания": "05.01.2026 09:00:00"},
            {"ID": "2", "Стадия": "Некачественный лид", "Источник": "Сайт", "Ответственный": "Самир",
             "Дата создания": "26.01.2026 09:00:00", "Причина отказа": "дорого"},
        ),
        {"lead": "ID", "received": "Дата создания", "salesperson": "Ответственный", "source": "Источник",
         "phone": "Рабочий телефон", "status": "Стадия", "lost_reason": "Причина отказа"},
    ),
    "Pipedrive, export of deals": (
        PIPEDRIVE,
        (
            {"Deal - ID": "1", "Deal - Stage": "Negotiation", "Deal - Status": "Won", "Deal - Owner": "Rosa",
             "Deal - Source": "Website", "Deal - Deal created": "2026-01-05 09:00:00",
             "Deal - Deal closed on": "2026-01-12 10:00:00", "Deal - Won time": "2026-01-12 10:00:00"},
            {"Deal - ID": "2", "Deal - Stage": "New", "Deal - Status": "Lost", "Deal - Owner": "Samir",
             "Deal - Source": "Website", "Deal - Deal created": "2026-01-06 09:00:00",
             "Deal - Deal closed on": "2026-01-15 10:00:00", "Deal - Lost time": "2026-01-15 10:00:00",
             "Deal - Lost reason": "price"},
        ),
        {"lead": "Deal - ID", "received": "Deal - Deal created", "status": "Deal - Status",
         "salesperson": "Deal - Owner", "source": "Deal - Source", "sold": "Deal - Won time",
         "lost": "Deal - Lost time", "ended": "Deal - Deal closed on", "lost_reason": "Deal - Lost reason"},
    ),
    "amoCRM, export of deals": (
        AMOCRM,
        (
            {"ID": "1", "Ответственный": "Роза", "Дата создания сделки": "05.01.2026 09:00:00",
             "Кем создана сделка": "Система",
             "Дата закрытия": "12.01.2026 10:00:00", "Этап сделки": "Успешно реализовано", "Источник": "Сайт"},
            {"ID": "2", "Ответственный": "Самир", "Дата создания сделки": "16.01.2026 09:00:00",
             "Кем создана сделка": "Система",
             "Дата закрытия": "18.01.2026 10:00:00", "Этап сделки": "Закрыто и не реализовано", "Источник": "Сайт"},
        ),
        {"lead": "ID", "received": "Дата создания сделки", "status": "Этап сделки", "salesperson": "Ответственный",
         "source": "Источник", "ended": "Дата закрытия"},
    ),
}  # fmt: skip


def written(path: Path, header: str, rows: Sequence[Cells]) -> Path:
    """The file as the CRM writes it, with our rows."""
    delimiter = ";" if ";" in header else ","
    columns = header.split(delimiter)
    text = io.StringIO(newline="")
    out = csv.writer(text, delimiter=delimiter)
    out.writerow(columns)
    for row in rows:
        assert set(row) <= set(columns)
        out.writerow([row.get(name, "") for name in columns])
    path.write_text(text.getvalue(), "utf-8-sig")
    return path


def counted(found: Study) -> dict[str, tuple[int, int]]:
    return {one.metric.name: (one.numerator, one.denominator) for one in found.answers.given}


@pytest.mark.parametrize("crm", sorted(FILES))
def test_a_whole_export_is_understood(tmp_path: Path, crm: str) -> None:
    header, rows, columns = FILES[crm]
    found = study(Asked([written(tmp_path / "export.csv", header, rows)], origin="online"))
    guessed = {field: guess.column for field, guess in found.mapping.columns["leads"].items()}
    assert {field: guessed.get(field) for field in columns} == columns
    told = counted(found)
    assert (told["sales_conversion"], found.rejected) == ((1, 2), 0)
    unsaid = {one.metric.name: str(one.because) for one in found.answers.unsupported}
    assert unsaid["three_attempt_rate"]


@pytest.mark.parametrize("crm", ["Pipedrive, export of deals", "amoCRM, export of deals"])
def test_deals_dont_say_when_somebody_called(tmp_path: Path, crm: str) -> None:
    header, rows, _ = FILES[crm]
    found = study(Asked([written(tmp_path / "export.csv", header, rows)]))
    assert counted(found)["lost_rate"] == (1, 2)
    assert "attempted_rate" in {one.metric.name for one in found.answers.unsupported}


def test_vinsolutions_says_what_came_after_hours_and_how_soon_somebody_reacted(tmp_path: Path) -> None:
    header, rows, _ = FILES["VinSolutions, leads"]
    found = study(Asked([written(tmp_path / "leads.csv", header, rows)]))
    told = counted(found)
    assert told["attempted_rate"] == (1, 1)
    response = next(one for one in found.answers.given if one.metric.name == "response_time")
    assert (response.denominator, response.numerator) == (1, 240_000)
    assert any("“First Contact Attempt” doesn't say whether" in str(note) for note in found.notes)


def test_a_log_that_names_no_lead_gets_a_sentence(tmp_path: Path) -> None:
    header, rows, _ = FILES["VinSolutions, leads"]
    leads = written(tmp_path / "leads.csv", header, rows)
    said = {"User": "Rosa", "Activity Date": "1/5/2026 9:04 AM", "Direction": "Outbound", "Comm Channel": "Phone",
            "Comm Type": "Call", "Interaction Result": "Reached"}  # fmt: skip
    with pytest.raises(Trouble, match="is no list of contacts: no column names the lead"):
        study(Asked([leads], touches=written(tmp_path / "log.csv", VINSOLUTIONS_LOG, [said])))
    more = written(tmp_path / "more.csv", f"Lead ID,{VINSOLUTIONS_LOG}", [
        said | {"Lead ID": "1"},
        {"Lead ID": "1", "User": "Rosa", "Activity Date": "1/5/2026 9:30 AM", "Direction": "Outbound",
         "Comm Channel": "SMS",
         "Comm Type": "Text"},
        {"Lead ID": "1", "User": "Rosa", "Activity Date": "1/5/2026 9:40 AM", "Direction": "Inbound",
         "Comm Channel": "SMS",
         "Comm Type": "Text"},
    ])  # fmt: skip
    found = study(Asked([leads], touches=more))
    assert counted(found)["first_attempt_contact_rate_of_attempted"] == (1, 1)


def test_hubspots_calls_belong_to_its_contacts(tmp_path: Path) -> None:
    header, rows, _ = FILES["HubSpot, contacts"]
    leads = written(tmp_path / "contacts.csv", header, rows)
    calls = written(tmp_path / "calls.csv", HUBSPOT_CALLS, [
        {"Record ID": "901", "Activity date": "2026-01-05 09:03", "Activity assigned to": "Rosa",
         "Call direction": "Outbound",
         "Call duration": "00:00:20", "Call outcome": "No answer", "Associated Contact IDs": "1"},
        {"Record ID": "902", "Activity date": "2026-01-05 11:00", "Activity assigned to": "Rosa",
         "Call direction": "Outbound",
         "Call duration": "00:03:10", "Call outcome": "Connected", "Associated Contact IDs": "1"},
    ])  # fmt: skip
    found = study(Asked([leads], touches=calls, origin="online"))
    guessed = {field: guess.column for field, guess in found.mapping.columns["touches"].items()}
    assert guessed["lead"] == "Associated Contact IDs"
    assert guessed["direction"] == "Call direction"
    assert found.rejected == 0
    assert [step.leads for step in found.funnel if step.stage in ("attempted", "reached")] == [1, 1]


@pytest.mark.parametrize(
    ("kinds", "said"), [(("Outbound call", "Inbound call"), True), (("Call", "Inbound call"), False)]
)
def test_the_kind_of_contact_may_say_who_called_whom(
    tmp_path: Path, kinds: tuple[str, str], said: bool
) -> None:
    header, rows, _ = FILES["HubSpot, contacts"]
    leads = written(tmp_path / "contacts.csv", header, rows)
    log = written(tmp_path / "log.csv", "Lead ID,Start time,Activity type,Made by,Result", [
        {"Lead ID": "1", "Start time": f"2026-01-05 0{9 + i}:03", "Activity type": kind, "Made by": "human",
         "Result": "Connected"}
        for i, kind in enumerate(kinds, -1)
    ])  # fmt: skip
    found = study(Asked([leads], touches=log, origin="online"))
    unsaid = {one.metric.name: str(one.because) for one in found.answers.unsupported}
    assert ("reengagement_rate_people_only" not in unsaid) is said
    assert not any("doesn't say who contacted whom" in str(note) for note in found.notes)


@pytest.mark.parametrize(
    ("kinds", "field"),
    [(("Outbound", "Inbound", "Missed"), "direction"), (("Call", "Email", "Call"), "channel")],
)
def test_a_call_type_is_what_its_values_say(tmp_path: Path, kinds: Sequence[str], field: str) -> None:
    header, rows, _ = FILES["HubSpot, contacts"]
    leads = written(tmp_path / "contacts.csv", header, rows)
    log = [
        {"Lead ID": "1", "Start time": f"2026-01-05 1{i}:00", "Call Type": kind}
        for i, kind in enumerate(kinds)
    ]
    calls = written(tmp_path / "log.csv", "Lead ID,Start time,Call Type", log)
    found = study(Asked([leads], touches=calls, origin="online"))
    assert found.mapping.columns["touches"][field].column == "Call Type"

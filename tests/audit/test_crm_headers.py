"""The labels that vendors publish for their lead fields are taken for what they mean."""

from pathlib import Path

import pytest

from leadbell.audit.headers import field_of
from leadbell.audit.study import Asked, study

SALESFORCE = "developer.salesforce.com, Salesforce Field Reference Guide: Lead"
ZOHO = "help.zoho.com, Zoho CRM: Standard Fields in Leads"
BITRIX24 = "helpdesk.bitrix24.com, Description of datasets and fields for BI Builder: Deals"
AUTOPLAY = "support.autoplayauto.com, Reporting: Dealer Action Report"


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
    ],
)
def test_a_vendors_own_label_is_understood(origin: str, header: str, field: str) -> None:
    found = field_of("leads", header)
    assert found, origin
    assert found[0][0] == field, origin


#: The header of a whole file as the CRM writes it (seen in public code that reads such files), two leads of ours below.
FILES = {
    "Pipedrive, export of deals": (
        "Deal - ID,Deal - Title,Deal - Value,Deal - Currency,Deal - Pipeline,Deal - Stage,Deal - Status,Deal - Owner,"
        "Deal - Source,Deal - Deal created,Deal - Deal closed on,Deal - Won time,Deal - Lost time,Deal - Lost reason\n"
        "1,Golf,100,EUR,Cars,Negotiation,Won,Rosa,Website,2026-01-05 09:00:00,"
        "2026-01-12 10:00:00,2026-01-12 10:00:00,,\n"
        "2,Polo,100,EUR,Cars,New,Lost,Samir,Website,2026-01-06 09:00:00,"
        "2026-01-15 10:00:00,,2026-01-15 10:00:00,price\n",
        {"lead": "Deal - ID", "received": "Deal - Deal created", "status": "Deal - Status",
         "salesperson": "Deal - Owner", "source": "Deal - Source",
         "sold": "Deal - Won time", "lost": "Deal - Lost time",
         "ended": "Deal - Deal closed on",
         "lost_reason": "Deal - Lost reason"},
    ),
    "amoCRM, export of deals": (
        "ID;Название сделки;Бюджет;Ответственный;Дата создания сделки;Кем создана сделка;Дата редактирования;"
        "Кем редактирована;Дата закрытия;Теги;Примечание;Этап сделки;Источник\n"
        "1;Golf;100;Роза;05.01.2026 09:00:00;Система;12.01.2026 10:00:00;Роза;12.01.2026 10:00:00;;;"
        "Успешно реализовано;Сайт\n"
        "2;Polo;100;Самир;16.01.2026 09:00:00;Система;18.01.2026 10:00:00;Роза;18.01.2026 10:00:00;;;"
        "Закрыто и не реализовано;Сайт\n",
        {"lead": "ID", "received": "Дата создания сделки", "status": "Этап сделки", "salesperson": "Ответственный",
         "source": "Источник", "ended": "Дата закрытия"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("crm", sorted(FILES))
def test_a_whole_export_is_understood(tmp_path: Path, crm: str) -> None:
    text, columns = FILES[crm]
    path = tmp_path / "export.csv"
    path.write_text(text, "utf-8")
    found = study(Asked([path]))
    guessed = {field: guess.column for field, guess in found.mapping.columns["leads"].items()}
    assert {field: guessed.get(field) for field in columns} == columns
    told = {one.metric.name: (one.numerator, one.denominator) for one in found.answers.given}
    assert (told["sales_conversion"], told["lost_rate"], found.rejected) == ((1, 2), (1, 2), 0)
    # Deals without a log of calls: no CRM says in them when somebody called first.
    unsaid = {one.metric.name: str(one.because) for one in found.answers.unsupported}
    assert unsaid["attempted_rate"]
    assert unsaid["three_attempt_rate"]

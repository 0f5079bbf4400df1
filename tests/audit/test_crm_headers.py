"""The labels that vendors publish for their lead fields are taken for what they mean."""

import pytest

from leadbell.audit.headers import field_of

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

"""Google Ads lead forms: the webhook's JSON (column_id or column_name may be missing, tests repeat one lead_id)."""

from collections.abc import Mapping
from typing import Any

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.draft import TEST_LEAD, Draft
from leadbell.intake.channels.filing import put
from leadbell.intake.channels.json_values import text_of
from leadbell.intake.channels.labels import meaning, readable
from leadbell.intake.channels.settling import settle
from leadbell.intake.inquiry import Inquiry, Refused

_MOST_COLUMNS = 200
_MOST_LEADS = 100


def recognises(delivery: Delivery) -> bool:
    return bool(_leads(delivery.json))


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    return settle([_read_lead(lead, delivery) for lead in _leads(delivery.json)])


def _leads(value: Any) -> list[Mapping[str, Any]]:
    found = value[:_MOST_LEADS] if isinstance(value, list) else [value]
    return [
        lead for lead in found if isinstance(lead, Mapping) and isinstance(lead.get("user_column_data"), list)
    ]


def _read_lead(lead: Mapping[str, Any], delivery: Delivery) -> Draft:
    draft = Draft("google", delivery)
    draft.numbered(text_of(lead.get("lead_id")))
    draft.asked(text_of(lead.get("lead_submit_time")))
    draft.sent_by("Google Ads")
    draft.in_campaign(text_of(lead.get("campaign_name") or lead.get("campaign_id")))
    if lead.get("is_test") in (True, "true", 1):
        draft.warn(TEST_LEAD)
    for column in lead["user_column_data"][:_MOST_COLUMNS]:
        if isinstance(column, Mapping):
            _read_column(column, draft)
    return draft


def _read_column(column: Mapping[str, Any], draft: Draft) -> None:
    """By its id, which is fixed; a question of the dealer's own is known by its name."""
    text = text_of(column.get("string_value", column.get("value")))
    key, name = text_of(column.get("column_id")), text_of(column.get("column_name"))
    if not text:
        return
    if key and meaning(key):
        put(draft, key, text, "customer")
    elif name or key:
        put(draft, name or readable(key), text, "customer")

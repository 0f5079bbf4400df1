"""Meta lead ads: the page's webhook, or the answers as relays send them on."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.draft import TEST_LEAD, Draft
from leadbell.intake.channels.filing import put
from leadbell.intake.channels.json_values import names_a_way_to_contact, text_of
from leadbell.intake.channels.settling import NO_WAY_TO_CONTACT, settle
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.words import say

#: Envelopes that wait for an access token are found by this sentence: another wording needs a migration.
NOT_FETCHED = Refused(
    say(
        "this only tells of a lead: its answers are fetched from Meta with the access token of the Dealer page"
    )
)
SOME_NOT_FETCHED = str(
    say("another lead in the same delivery has no answers; they must be fetched from Meta")
)

_MOST_LEADS = 100
#: A delivery is bounded by its bytes; where nothing of it may be left out, this is no limit.
_ALL = 1_000_000
_TOLD = ("page_id", "form_id", "ad_id", "adgroup_id", "created_time", "platform")
_PLATFORMS = {"fb": "Facebook", "facebook": "Facebook", "ig": "Instagram", "instagram": "Instagram"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A lead that is only told of: Meta's number for it, as it was sent, and a delivery that tells of it alone."""

    number: str
    body: bytes


def recognises(delivery: Delivery) -> bool:
    return next(_leads(delivery.json), None) is not None


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    """The same leadgen_id twice in one delivery is one inquiry. Whole numbers keep their 17 digits."""
    answered: dict[str, Mapping[str, Any]] = {}
    known: set[str] = set()
    for lead in _leads(delivery.json):
        number = text_of(lead.get("leadgen_id") or lead.get("id")) or f"without number {len(known)}"
        known.add(number)
        if _answers(lead):
            answered.setdefault(number, lead)
        if len(known) >= _MOST_LEADS:
            break
    if not answered:
        return NOT_FETCHED
    drafts = [_read_lead(lead, delivery) for lead in answered.values()]
    inquiries = settle(drafts)
    if inquiries is NO_WAY_TO_CONTACT or isinstance(inquiries, Refused) or len(known) == len(answered):
        return inquiries
    next(draft for draft in drafts if draft.is_reachable()).warn(SOME_NOT_FETCHED)
    return settle(drafts)


def notices(delivery: Delivery) -> list[Notice]:
    """The leads whose answers have to be fetched, each once; none is left out. Bad input never raises."""
    answered: set[str] = set()
    told: dict[str, Notice] = {}
    for lead in _leads(delivery.json, _ALL):
        number = text_of(lead.get("leadgen_id") or lead.get("id"))
        if _answers(lead):
            answered.add(number)
            continue
        value = {"leadgen_id": number} | {name: text for name in _TOLD if (text := text_of(lead.get(name)))}
        alone = {"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": value}]}]}
        told.setdefault(number or f"without number {len(told)}", Notice(number, json.dumps(alone).encode()))
    return [notice for notice in told.values() if notice.number not in answered]


def _leads(value: Any, most: int = _MOST_LEADS) -> Iterator[Mapping[str, Any]]:
    """The leads in a webhook, in the Graph API's answer, or bare."""
    for outer in _dicts(value, most):
        if isinstance(outer.get("field_data"), list) or ("leadgen_id" in outer and not _is_flat(outer)):
            yield outer
        for entry in _dicts(outer.get("entry"), most):
            for change in _dicts(entry.get("changes"), most):
                lead = change.get("value")
                if isinstance(lead, Mapping) and ("leadgen_id" in lead or "field_data" in lead):
                    yield lead
        for lead in _dicts(outer.get("data"), most):
            if isinstance(lead.get("field_data"), list):
                yield lead


def _is_flat(lead: Mapping[str, Any]) -> bool:
    """Whether a relay has laid the answers beside the ids: then it is plain JSON."""
    return any(names_a_way_to_contact(key) for key in islice(lead, 100)) or isinstance(
        lead.get("field_data"), Mapping
    )


def _dicts(value: Any, most: int = _MOST_LEADS) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    return [one for one in value[:most] if isinstance(one, Mapping)] if isinstance(value, list) else []


def _answers(lead: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Question and answer; an answer can be empty, or several."""
    found = []
    for field in _dicts(lead.get("field_data")):
        values = field.get("values", field.get("value"))
        texts = [text_of(value) for value in (values[:20] if isinstance(values, list) else [values])]
        name = text_of(field.get("name"))
        if name and any(texts):
            found.append((name, ", ".join(filter(None, texts))))
    return found


def _read_lead(lead: Mapping[str, Any], delivery: Delivery) -> Draft:
    draft = Draft("meta", delivery)
    draft.numbered(text_of(lead.get("leadgen_id") or lead.get("id")))
    draft.asked(text_of(lead.get("created_time")))
    draft.sent_by(_PLATFORMS.get(text_of(lead.get("platform")).lower(), "Meta"))
    draft.in_campaign(text_of(lead.get("campaign_name")))
    for name in ("form_name", "ad_name"):
        draft.note(name.replace("_", " ").capitalize(), text_of(lead.get(name)))
    for question, answer in _answers(lead):
        if answer.startswith("<test lead:"):
            draft.warn(TEST_LEAD)
        put(draft, question, answer.strip("<>"), "customer")
    for box in _dicts(lead.get("custom_disclaimer_responses"))[:20]:
        put(draft, text_of(box.get("checkbox_key")), text_of(box.get("is_checked")), "customer")
    if lead.get("is_test") is True:
        draft.warn(TEST_LEAD)
    return draft

"""What a customer ticked is kept with its proof."""

import hashlib
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from leadbell.conversation.actions import consent
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import receive_some
from leadbell.intake.inquiry import Inquiry, as_json, from_json
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.intake.reading import read
from leadbell.lead.consent import KINDS, consents_of, has_allowed
from leadbell.lead.journal import locked
from leadbell.lead.models import Consent, Customer, Lead
from tests.conftest import NOON, make_source

WAY = {"name": "Mr Okafor", "phone": "06 12345678"}


def inquiry(body: bytes, content_type: str = "application/json") -> Inquiry:
    found = read(body, content_type, "NL")
    assert isinstance(found, list)
    return found[0]


def said(fields: dict[str, Any]) -> list[tuple[str, bool, str]]:
    return [tuple(one) for one in inquiry(json.dumps(WAY | fields).encode()).consents]


PERSONAL_DATA = "Согласие на обработку персональных данных"
CONTACT, MARKETING, RECORDING = "contact", "marketing", "recording"


@pytest.mark.parametrize(
    ("fields", "consents"),
    [
        ({}, []),
        ({"privacy": "1"}, [(CONTACT, True, "Privacy: 1")]),
        ({"privacy": True, "gdpr": "on"}, [(CONTACT, True, "Privacy: yes")]),
        ({"gdprConsent": "I agree to the policy"}, [(CONTACT, True, "Gdpr consent: I agree to the policy")]),
        ({"Akkoord privacy": "ja"}, [(CONTACT, True, "Akkoord privacy: ja")]),
        ({"Einwilligung": "Ich stimme zu"}, [(CONTACT, True, "Einwilligung: Ich stimme zu")]),
        ({PERSONAL_DATA: "да"}, [(CONTACT, True, f"{PERSONAL_DATA}: да")]),
        ({"privacy": "0"}, []),
        ({"privacy": ""}, []),
        ({"newsletter": "no"}, [(MARKETING, False, "Newsletter: no")]),
        ({"opt_in": True}, [(MARKETING, True, "Opt in: yes")]),
        ({"email opt in": "yes", "sms opt in": "no"}, [(MARKETING, False, "Sms opt in: no")]),
        ({"opt_out": True}, [(MARKETING, False, "Opt out: yes")]),
        ({"do_not_call": "false"}, [(MARKETING, True, "Do not call: false")]),
        ({"callRecordingConsent": "yes"}, [(RECORDING, True, "Call recording consent: yes")]),
        ({"marketing": "spring campaign"}, []),
        (
            {"consent": {"contact": True, "marketing": False}},
            [(CONTACT, True, "Contact: yes"), (MARKETING, False, "Marketing: no")],
        ),
        ({"marketing": {"consent": True, "at": "2026-11-23"}}, [(MARKETING, True, "Marketing: yes")]),
        (
            {"consents": [{"type": "marketing", "granted": True}, {"type": "privacy", "granted": True}]},
            [(MARKETING, True, "Marketing: yes"), (CONTACT, True, "Privacy: yes")],
        ),
        ({"fields": [{"label": "Privacy", "value": "1"}]}, [(CONTACT, True, "Privacy: 1")]),
    ],
)
def test_a_box_is_read_with_its_words(fields: dict[str, Any], consents: list[tuple[str, bool, str]]) -> None:
    assert said(fields) == consents


FORM = urlencode(WAY | {"privacy": "1", "nieuwsbrief": "nee"}).encode()
ADF = b"""<adf><prospect><privacy>yes</privacy>
<customer><contact><name>Mr Okafor</name><phone>0612345678</phone></contact>
<comments>Call me.\nOpt in: yes</comments></customer></prospect></adf>"""
META = json.dumps(
    {
        "leadgen_id": "1",
        "field_data": [{"name": "phone_number", "values": ["+31612345678"]}],
        "custom_disclaimer_responses": [{"checkbox_key": "marketing_consent", "is_checked": "1"}],
    }
).encode()


@pytest.mark.parametrize(
    ("body", "content_type", "consents"),
    [
        (FORM, "application/x-www-form-urlencoded", {CONTACT: True, MARKETING: False}),
        (ADF, "application/xml", {CONTACT: True, MARKETING: True}),
        (META, "application/json", {MARKETING: True}),
    ],
)
def test_every_channel_reads_them(body: bytes, content_type: str, consents: dict[str, bool]) -> None:
    found = inquiry(body, content_type)
    assert {one.kind: one.given for one in found.consents} == consents
    assert from_json(json.loads(json.dumps(as_json(found)))) == found


def test_an_inquiry_kept_before_there_were_consents_is_still_read() -> None:
    found = inquiry(json.dumps(WAY).encode())
    stored = as_json(found)
    del stored["consents"]
    assert from_json(stored) == found


def arrives(source: Source, fields: dict[str, Any]) -> Envelope:
    body = json.dumps(WAY | fields).encode()
    envelope = Envelope.objects.create(
        id=uuid7(NOON), dealer=source.dealer, source=source, received_at=NOON, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    receive_some(NOON)
    return envelope


def test_what_was_ticked_is_kept_with_the_envelope_as_its_proof(
    northside: Organisation, source: Source, rosa: Person
) -> None:
    envelope = arrives(source, {"privacy": "1", "newsletter": "no"})
    rows = {row.kind: row for row in Consent.objects.all()}
    assert {kind: row.given for kind, row in rows.items()} == {"contact": True, "marketing": False}
    contact = rows["contact"]
    assert (contact.dealer, contact.at, contact.by, contact.origin) == (northside, NOON, None, "online")
    assert contact.proof["words"] == "Privacy: 1"
    assert (contact.proof["envelope"], contact.proof["channel"]) == (str(envelope.pk), "json")
    customer = Customer.objects.get()
    assert (customer.opted_out_at, customer.no_marketing_at) == (None, NOON)


def test_the_newest_word_counts(source: Source, rosa: Person) -> None:
    arrives(source, {"newsletter": "no"})
    arrives(source, {"newsletter": "yes", "message": "Again"})
    assert list(Consent.objects.order_by("pk").values_list("given", flat=True)) == [False, True]
    assert Customer.objects.get().no_marketing_at is None


def test_where_nothing_was_ticked_nothing_is_kept(source: Source, rosa: Person) -> None:
    arrives(source, {})
    assert not Consent.objects.exists()
    assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("origin", "lifted"), [("online", True), ("direct_mail", False), ("lost_sale", False)]
)
def test_a_campaigns_list_lifts_no_no(
    northside: Organisation, source: Source, rosa: Person, origin: Any, lifted: bool
) -> None:
    arrives(source, {"newsletter": "no", "callRecordingConsent": "no"})
    Customer.objects.update(opted_out_at=NOON)
    campaign = make_source(northside, name="Spring", origin=origin)
    yes = {"privacy": "1", "newsletter": "yes", "callRecordingConsent": "yes"}
    arrives(campaign, yes | {"message": "Spring"})
    customer = Customer.objects.get()
    assert (customer.opted_out_at, customer.no_marketing_at) == ((None, None) if lifted else (NOON, NOON))
    assert Consent.objects.filter(given=True).count() == 3, "stored all the same"
    newest = {CONTACT: True, MARKETING: lifted, RECORDING: lifted}
    assert {kind: has_allowed(customer.pk, kind) for kind in KINDS} == newest
    assert {one.kind: one.given for one in consents_of(Lead.objects.get())} == newest


def test_a_campaigns_list_takes_a_no_and_a_first_yes(northside: Organisation, rosa: Person) -> None:
    arrives(make_source(northside, name="Spring", origin="direct_mail"), {"newsletter": "no", "privacy": "1"})
    customer = Customer.objects.get()
    assert (customer.no_marketing_at, has_allowed(customer.pk, "contact")) == (NOON, True)


def test_a_lead_delivered_again_still_says_no(source: Source, rosa: Person) -> None:
    arrives(source, {"id": "A-1", "newsletter": "yes"})
    again = arrives(source, {"id": "A-1", "newsletter": "no"})
    again.refresh_from_db()
    assert again.status == "duplicate"
    assert Customer.objects.get().no_marketing_at == NOON
    assert Consent.objects.latest("pk").proof["envelope"] == str(again.pk)


def test_the_websites_own_form_after_the_crms_copy_still_says_no(
    northside: Organisation, source: Source, rosa: Person
) -> None:
    arrives(source, {"newsletter": "yes"})
    form = Source.objects.create(
        dealer=northside, name="Form", origin="online", way="form", key="form", created_at=NOON
    )
    late = arrives(form, {"newsletter": "no"})
    late.refresh_from_db()
    assert late.status == "duplicate"
    assert Customer.objects.get().no_marketing_at == NOON


def test_a_lead_delivered_again_lifts_no_no(source: Source, rosa: Person) -> None:
    arrives(source, {"id": "A-1", "newsletter": "yes"})
    consent(locked(Lead.objects.get().pk), rosa.pk, "marketing", False, "No letters, please.", NOON)
    arrives(source, {"newsletter": "yes", "id": "A-1"})
    customer = Customer.objects.get()
    assert (customer.no_marketing_at, has_allowed(customer.pk, "marketing")) == (NOON, False)
    assert Consent.objects.count() == 3, "stored all the same"


def test_the_same_bytes_twice_say_it_once(source: Source, rosa: Person) -> None:
    arrives(source, {"newsletter": "no"})
    arrives(source, {"newsletter": "no"})
    assert Consent.objects.count() == 1

"""What a customer allows and forbids, on the Lead page: set by hand, shown with its proof."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.lead.consent import keep
from leadbell.lead.law import Said
from leadbell.lead.models import Consent, Customer, Lead
from tests.conftest import lead_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
ENVELOPE = "01930000-0000-7000-8000-000000000001"


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def lead(northside, now):
    return lead_of(northside, now=now - timedelta(minutes=1))


def shown(client, lead):
    return client.get(f"/leads/{lead.pk}/", headers=HTMX).content.decode()


def of(customer):
    return list(Consent.objects.filter(customer=customer).order_by("pk").values_list("kind", "given", "by"))


def test_one_tap_is_enough_to_be_left_alone(signed_in, rosa, lead):
    signed_in(rosa).post(f"/leads/{lead.pk}/opt-out/")
    page = shown(signed_in(rosa), lead)
    assert "not to be contacted" in page
    assert "tel:" not in page
    assert "noted by Rosa" in page
    assert of(lead.customer) == [("contact", False, rosa.pk)]
    refused = signed_in(rosa).post(f"/leads/{lead.pk}/message/", {"carrier": "email"}, headers=HTMX)
    assert refused.status_code == 409


def test_no_campaigns_leaves_what_was_asked_for(signed_in, rosa, lead):
    words = "No more folders, please."
    signed_in(rosa).post(f"/leads/{lead.pk}/opt-out/", {"what": "marketing", "words": words})
    page = shown(signed_in(rosa), lead)
    assert page.count(words) == 2, "in the story, and as the proof"
    assert "tel:+31612345678" in page
    assert "May be contacted about this request." in page
    assert "Only no campaigns" not in page
    assert of(lead.customer) == [("marketing", False, rosa.pk)]


def test_a_campaigns_lead_is_then_left_alone(signed_in, rosa, northside, now):
    lead = lead_of(northside, now=now - timedelta(minutes=1), origin="direct_mail")
    signed_in(rosa).post(f"/leads/{lead.pk}/opt-out/", {"what": "marketing"})
    page = shown(signed_in(rosa), lead)
    assert "tel:" not in page
    assert "the customer wants no marketing" in page
    assert signed_in(rosa).post(f"/leads/{lead.pk}/attempt/", headers=HTMX).status_code == 409


def test_it_is_taken_back_by_the_customers_own_word_only(signed_in, rosa, lead):
    desk = signed_in(rosa)
    desk.post(f"/leads/{lead.pk}/opt-out/")
    refused = desk.post(
        f"/leads/{lead.pk}/consent/", {"kind": "contact", "given": "yes", "words": " "}, headers=HTMX
    )
    assert refused.status_code == 409
    assert "it is the proof" in refused.content.decode()
    assert "wants to be contacted again" in shown(desk, lead)
    words = "Called us himself: please phone me after all."
    desk.post(f"/leads/{lead.pk}/consent/", {"kind": "contact", "given": "yes", "words": words})
    page = shown(desk, lead)
    assert "tel:+31612345678" in page
    assert page.count(words) == 2
    assert of(lead.customer) == [("contact", False, rosa.pk), ("contact", True, rosa.pk)]
    assert Customer.objects.get(pk=lead.customer_id).opted_out_at is None


@pytest.mark.parametrize("kind", ["contact", "marketing", "recording"])
@pytest.mark.parametrize("given", [True, False])
def test_every_kind_can_be_allowed_and_forbidden(signed_in, rosa, lead, kind, given):
    form = {"kind": kind, "given": "yes" if given else "no", "words": "Said so on the phone."}
    signed_in(rosa).post(f"/leads/{lead.pk}/consent/", form)
    assert of(lead.customer) == [(kind, given, rosa.pk)]
    customer = Customer.objects.get(pk=lead.customer_id)
    assert (customer.opted_out_at is not None) is (kind == "contact" and not given)
    assert (customer.no_marketing_at is not None) is (kind == "marketing" and not given)
    assert "Said so on the phone." in shown(signed_in(rosa), lead)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "everything", "given": "yes"},
        {"kind": "contact"},
        {"kind": "contact", "given": "perhaps"},
    ],
)
def test_what_says_nothing_is_refused(signed_in, rosa, lead, form):
    answer = signed_in(rosa).post(f"/leads/{lead.pk}/consent/", form | {"words": "hm"}, headers=HTMX)
    assert answer.status_code == 409
    assert not Consent.objects.exists()


def test_what_came_with_the_inquiry_is_shown_with_its_envelope(signed_in, rosa, ines, lead, now):
    keep(lead, [Said("contact", True, "Privacy: <b>yes</b>")], now, channel="form", envelope=ENVELOPE)
    page = shown(signed_in(rosa), lead)
    assert "Privacy: &lt;b&gt;yes&lt;/b&gt;" in page
    assert "came with the inquiry" in page
    assert ENVELOPE not in page, "the raw envelope is for managers"
    assert ENVELOPE in shown(signed_in(ines), lead)


def test_the_newest_word_is_shown(signed_in, rosa, lead, now):
    keep(lead, [Said("marketing", True, "yes please")], now, channel="form")
    keep(lead, [Said("marketing", False, "no more")], now, channel="desk", by=rosa.pk)
    page = shown(signed_in(rosa), lead)
    assert "no more" in page
    assert "yes please" not in page


@pytest.mark.parametrize("resource", ["consent", "opt-out"])
def test_another_dealers_person_finds_nothing(signed_in, lena, lead, resource):
    form = {"kind": "contact", "given": "no", "words": "he said so", "what": "everything"}
    for headers in ({}, HTMX):
        assert signed_in(lena).post(f"/leads/{lead.pk}/{resource}/", form, headers=headers).status_code == 404
    assert signed_in(lena).get(f"/leads/{lead.pk}/").status_code == 404
    assert not Consent.objects.exists()
    assert Lead.objects.get(pk=lead.pk).customer.opted_out_at is None


def test_a_resource_takes_posts_only(signed_in, rosa, lead, client):
    assert signed_in(rosa).get(f"/leads/{lead.pk}/consent/").status_code == 405
    assert client.post(f"/leads/{lead.pk}/consent/").url == "/account/login/"

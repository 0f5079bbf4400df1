"""A lead as ADF: what we write we read again equal, and what a DMS sends back is no second lead."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from leadbell.dealers.models import Organisation
from leadbell.dms.actions import send_test
from leadbell.dms.adf import Prospect, as_adf
from leadbell.dms.composing import prospect_of
from leadbell.dms.models import DmsDelivery
from leadbell.followup import clockwork
from leadbell.intake.inquiry import Inquiry, Phone, Vehicle, as_json
from leadbell.intake.models import Envelope, Source
from leadbell.intake.post import uuid7
from leadbell.intake.reading import read
from leadbell.lead.models import Lead
from leadbell.lead.reference import Reference, references_in
from tests.conftest import NOON, lead_of, make_source
from tests.conversation.mail import MailServer, Taken, set_up_mail
from tests.dms.receiving import Dms
from tests.dms.telling import Told
from tests.dms.test_sending import Connect

SAMPLES = sorted((Path(__file__).parent.parent / "intake" / "channels" / "adf").glob("*.xml"))
ZONE = ZoneInfo("Europe/Amsterdam")
#: What may stand in each element, in this order; of `+` there is at least one.
ORDER = {
    "adf": "prospect+", "prospect": "id requestdate vehicle+ customer vendor provider?",
    "vehicle": "year make model vin? stock? trim?", "customer": "contact comments?",
    "contact": "name+ email* phone* address?", "address": "street", "vendor": "vendorname contact",
    "provider": "name service?",
}  # fmt: skip
ATTRIBUTES = {
    "status": {"new", "used"}, "interest": {"buy", "lease", "sell", "trade-in", "test-drive"}, "sequence": {"1"},
    "source": {"Leadbell"}, "part": {"first", "last", "full"}, "line": {"1"},
    "type": {"individual", "business", "cellphone", "voice", "fax", "pager"},
}  # fmt: skip


def keeps_to_the_format(adf: bytes) -> bool:
    for element in etree.fromstring(adf).iter("*"):
        asked = ORDER.get(element.tag, "")
        written = "".join(f"{child.tag} " for child in element)
        order = re.sub(r"(\w+)([?+*]?) ?", r"(?:\1 )\2", asked)
        assert re.fullmatch(order, written), (element.tag, written)
        for name, value in element.attrib.items():
            assert value in ATTRIBUTES[name], (element.tag, name, value)
    return True


def read_again(adf: bytes, country: str = "NL") -> Inquiry:
    found = read(adf, "application/xml", country, ZONE, NOON)
    assert isinstance(found, list), found
    (one,) = found
    return one


def as_prospect(inquiry: Inquiry) -> Prospect:
    said = as_json(inquiry)
    who = inquiry.customer
    return Prospect(
        inquiry.source_id or "", inquiry.requested_at or NOON, inquiry.dealer or "", inquiry.provider or "",
        who.first_name or "", who.last_name or "", who.full_name or "", who.emails, said["customer"]["phones"],
        who.address or "", said["vehicles"], inquiry.message or "",
    )  # fmt: skip


def in_adfs_words(inquiry: Inquiry) -> Inquiry:
    """What ADF can say of it: numbers as they are dialled, cars bought or new where nobody says otherwise."""
    return replace(
        inquiry, channel="adf", warnings=(), consents=(), visitor=None,
        requested_at=(inquiry.requested_at or NOON).replace(microsecond=0),
        customer=replace(inquiry.customer, phones=tuple(map(_dialled, inquiry.customer.phones))),
        vehicles=tuple(map(_car, inquiry.vehicles)),
    )  # fmt: skip


def _dialled(phone: Phone) -> Phone:
    kind = {"home": "voice", "work": "voice"}.get(phone.kind or "", phone.kind)
    return Phone(phone.number, phone.number or phone.raw, kind)


def _car(car: Vehicle) -> Vehicle:
    interest = car.interest if car.interest in ("buy", "lease", "sell", "trade-in", "test-drive") else "buy"
    return replace(car, interest=interest, status=car.status or ("used" if interest == "trade-in" else "new"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_what_came_in_goes_out_and_reads_as_what_it_was(sample: Path) -> None:
    found = read(sample.read_bytes(), "application/xml", "US", ZONE, NOON)
    for inquiry in found if isinstance(found, list) else ():
        adf = as_adf(as_prospect(inquiry))
        assert keeps_to_the_format(adf)
        assert in_adfs_words(read_again(adf, "US")) == in_adfs_words(inquiry)


TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=40)


@given(TEXT, TEXT, TEXT)
def test_whatever_a_customer_writes_is_valid_and_still_theirs(name: str, message: str, model: str) -> None:
    adf = as_adf(
        Prospect("1", NOON, "Northside", full_name=name, emails=("okafor@example.org",), message=message,
            cars=[{"model": model}], provider="Website", campaign=model)
    )  # fmt: skip
    assert keeps_to_the_format(adf)
    assert read_again(adf).customer.emails == ("okafor@example.org",)


def arrived(source: Source, body: bytes, media_type: str = "application/xml") -> Envelope:
    made = Envelope.objects.create(
        id=uuid7(NOON), dealer=source.dealer, source=source, received_at=NOON, transport="http",
        content_type=media_type, body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    clockwork.run_due(NOON)
    made.refresh_from_db()
    return made


def test_a_lead_that_came_as_adf_goes_out_as_the_same(
    db: None, northside: Organisation, source: Source
) -> None:
    body = (SAMPLES[0].parent / "well_formed.xml").read_bytes()
    arrived(source, body)
    lead = Lead.objects.select_related("customer", "dealer").get()
    ours, theirs = read_again(as_adf(prospect_of(lead))), read_again(body)
    assert ours.customer == in_adfs_words(theirs).customer
    assert (ours.vehicles, ours.message) == (theirs.vehicles, theirs.message)
    assert references_in(ours.source_id or "") == {Reference(northside.pk, lead.pk)}


@pytest.mark.parametrize("how", ["as it was", "numbered anew", "closed meanwhile"])
def test_what_the_dms_sends_back_is_no_second_lead(
    db: None, northside: Organisation, source: Source, how: str
) -> None:
    lead = lead_of(northside)
    adf = as_adf(prospect_of(lead))
    if how == "numbered anew":
        adf = adf.replace(b"<id ", b"<id source='CarDesk'>77</id><id ").replace(b"okafor@", b"o.k.afor@")
    if how == "closed meanwhile":
        Lead.objects.filter(pk=lead.pk).update(closed_at=NOON, state="lost")
    envelope = arrived(source, adf)
    assert envelope.status == "duplicate"
    assert "sent back" in envelope.reason["text"]
    assert list(Lead.objects.values_list("pk", flat=True)) == [lead.pk]
    assert not lead.facts.filter(kind="asked_again").exists()
    assert arrived(source, adf).status == "duplicate"


def test_another_dealers_number_and_an_invented_one_are_leads_like_any(
    db: None, northside: Organisation, southside: Organisation
) -> None:
    lead = lead_of(northside)
    adf = as_adf(prospect_of(lead))
    assert arrived(make_source(southside), adf).status == "read"
    assert Lead.objects.filter(dealer=southside).count() == 1
    name = Reference(northside.pk, lead.pk).name
    Lead.objects.filter(pk=lead.pk).update(closed_at=NOON)
    assert arrived(make_source(northside), adf.replace(name[-16:].encode(), b"a" * 16)).status == "read"
    assert Lead.objects.filter(dealer=northside).count() == 2


def test_the_campaign_that_brought_a_lead_is_told_in_both_formats(
    northside: Organisation, source: Source, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url, "webhook", ["lead.received"])
    connect(dms.url, "adf_http", ["lead.received"])
    form = {"name": "Mr Okafor", "email": "okafor@example.org", "utm_campaign": "Spring & Kona"}
    arrived(source, json.dumps(form).encode(), "application/json")
    lead_of(northside)
    told.at(NOON + timedelta(minutes=1)).all()
    bodies = [body for headers, body in dms.got if headers["content-type"] == "application/json"]
    assert [json.loads(body)["data"]["lead"]["campaign"] for body in bodies] == ["Spring & Kona", None]
    adf = [etree.fromstring(body) for headers, body in dms.got if "xml" in headers["content-type"]]
    assert [one.findtext("prospect/provider/service") for one in adf] == ["Spring & Kona", None]
    assert all(keeps_to_the_format(etree.tostring(one)) for one in adf)


def test_a_test_that_is_sent_back_is_no_lead(
    northside: Organisation, source: Source, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = connect(dms.url, "adf_http", ["lead.received"], login="dealer", password="secret").receiver
    send_test(receiver, NOON)
    told.all()
    headers, body = dms.got[0]
    assert headers["authorization"].startswith("Basic ")
    assert headers["content-type"] == "application/xml; charset=utf-8"
    assert keeps_to_the_format(body)
    assert arrived(source, body).status == "quarantined"
    assert not Lead.objects.exists()


def test_a_test_beside_leads_holds_none_of_them_up(
    northside: Organisation, source: Source, dms: Dms, told: Told, connect: Connect
) -> None:
    send_test(connect(dms.url, "adf_http", ["lead.received"]).receiver, NOON)
    told.all()
    known = lead_of(northside)
    theirs = (SAMPLES[0].parent / "well_formed.xml").read_bytes()
    prospects = [
        etree.tostring(etree.fromstring(adf)[0])
        for adf in (dms.bodies[0], as_adf(prospect_of(known)), theirs)
    ]
    assert arrived(source, b"<adf>" + b"".join(prospects) + b"</adf>").status == "read"
    assert Lead.objects.exclude(pk=known.pk).count() == 1
    assert not Lead.objects.filter(customer__full_name__contains="Leadbell").exists()


def test_adf_goes_by_the_dealers_own_mail_and_a_mail_is_the_xml(
    northside: Organisation, source: Source, taken: Taken, server: MailServer, told: Told, connect: Connect
) -> None:
    connect("leads@dms.example", "adf_mail", ["lead.received"])
    lead = lead_of(northside, "Mr Okafor & Söhne")
    told.all()
    delivery = DmsDelivery.objects.get()
    assert delivery.status == "waiting"
    assert "no mail account" in delivery.attempts.get().because["text"]
    set_up_mail(northside, server.port)
    told.at(NOON + timedelta(minutes=1)).all()
    ((sender, to, mail),) = taken.letters
    assert (sender, to) == ("sales@northside.example", ["leads@dms.example"])
    assert mail["Subject"] == f"ADF lead {lead.pk}"
    assert mail["Message-ID"].startswith(f"<{delivery.message_id}@")
    text = mail.get_content()
    assert read_again(text.encode()).customer.full_name == "Mr Okafor & Söhne"
    assert arrived(source, mail.as_bytes(), "message/rfc822").status == "duplicate", "mailed back as it is"
    assert Lead.objects.count() == 1

"""A customer is deleted: nothing says any more who it was, what happened stays, and the books balance."""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from leadbell.chat.models import Chat, ChatLine
from leadbell.conversation.actions import agree_call_back, note
from leadbell.conversation.models import Message
from leadbell.followup.clockwork import receive_some
from leadbell.intake.models import Envelope
from leadbell.intake.post import uuid7
from leadbell.lead.facts import Lost, Noted
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Customer, Lead
from leadbell.metrics.now.ledger import ledger
from leadbell.ring.models import Call, Recording
from leadbell.visits.models import Site, Visitor, VisitorJoin
from tests.conftest import lead_of, make_person, make_source

pytestmark = pytest.mark.django_db
#: What would say who it was: in a name, an address, a number, a message, a vehicle.
MARKS = ("okafor", "612345678", "kafor@", "VF1AAAAA555555555")
TABLES = """
select table_name from information_schema.tables
where table_schema = 'public' and table_name like 'leadbell%%' and table_type = 'BASE TABLE'
"""


def arrives(source: Any, now: datetime, **about: Any) -> Envelope:
    body = json.dumps(about).encode()
    envelope = Envelope.objects.create(
        id=uuid7(now), dealer=source.dealer, source=source, received_at=now, transport="http",
        content_type="application/json", body=body, sha256=hashlib.sha256(body).digest(),
    )  # fmt: skip
    receive_some(now)
    return envelope


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def lead(northside: Any, rosa: Any, now: datetime) -> Lead:
    """Mr Okafor's, with everything that a dealer can know of somebody."""
    source = make_source(northside)
    okafor = {"name": "Mr Okafor", "phone": "+31612345678", "email": "okafor@example.org", "model": "Kona"}
    arrives(source, now - timedelta(hours=1), **okafor, message="Okafor here", vin="VF1AAAAA555555555")
    lead = locked(Lead.objects.get().pk)
    note(lead, rosa.pk, "Mr Okafor has two dogs", now)
    agree_call_back(lead, rosa.pk, now + timedelta(days=1), now, "ask for Okafor")
    call = Call.objects.create(
        id=uuid.uuid4(), dealer=northside, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
        number="+31612345678", asked_at=now, ended_at=now, outcome="conversation",
    )  # fmt: skip
    Recording.objects.create(call=call, dealer=northside, status="kept", stored_as="a.flac", created_at=now)
    Message.objects.create(
        dealer=northside, lead=lead, way="out", carrier="email", key="a", status="queued", subject="Mr Okafor",
        address="okafor@example.org", text="Dear Mr Okafor", created_at=now, send_at=now,
    )  # fmt: skip
    site = Site.objects.create(dealer=northside, name="Website", key="k", created_at=now)
    browser = Visitor.objects.create(
        dealer=northside,
        site=site,
        uid=uuid.uuid4(),
        first_seen_at=now,
        last_seen_at=now,
        customer=lead.customer,
    )
    VisitorJoin.objects.create(
        dealer=northside, visitor=browser, customer=lead.customer, lead=lead, how="form", at=now
    )
    chat = Chat.objects.create(
        dealer=northside, site=site.pk, token_hash=b"x", envelope=uuid.uuid4(), lead=lead, began_at=now, line_at=now,
        heard_at=now,
    )  # fmt: skip
    ChatLine.objects.create(dealer=northside, chat=chat, at=now, who="customer", text="I am Okafor", key="a")
    return lead


def again_of(lead: Lead) -> Lead:
    """Another open lead of the same customer."""
    other = lead_of(lead.dealer, now=datetime.now(UTC))
    Lead.objects.filter(pk=other.pk).update(customer=lead.customer)
    return Lead.objects.get(pk=other.pk)


def says_who_it_was() -> list[str]:
    """The tables in which something still tells."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        telling = []
        for (table,) in cursor.fetchall():
            cursor.execute(f"select t::text from {table} t")
            rows = " ".join(row[0] for row in cursor.fetchall())
            rows += " ".join(bytes.fromhex(part.split('"')[0].split(",")[0]).decode(errors="replace")
                             for part in rows.split("\\x")[1:] if _is_hex(part))  # fmt: skip
            telling += [table for mark in MARKS if mark.lower() in rows.lower()]
        return sorted(set(telling))


def _is_hex(part: str) -> bool:
    try:
        bytes.fromhex(part.split('"')[0].split(",")[0])
    except ValueError:
        return False
    return True


def test_nothing_says_any_more_who_it_was_and_the_books_balance(signed_in, ines, lead, northside, now):
    assert {"leadbell_customer", "leadbell_envelope", "leadbell_inquiry", "leadbell_fact", "leadbell_message",
            "leadbell_chatline", "leadbell_call", "leadbell_handle"} <= set(says_who_it_was())  # fmt: skip
    before = ledger([northside.pk])
    manager, path = signed_in(ines), f"/leads/{lead.pk}/customer/deletion/"
    assert path in manager.get(f"/leads/{lead.pk}/").content.decode()
    page = " ".join(manager.get(path).content.decode().split())
    assert "Delete Mr Okafor" in page
    assert "the sound of 1 call" in page
    assert "the website visits of 1 browser" in page
    assert manager.post(path).status_code == 409, "not without the tick"
    assert Customer.objects.get().full_name == "Mr Okafor"
    assert manager.post(path, {"sure": "1"}).status_code == 303
    assert says_who_it_was() == []
    after = ledger([northside.pk])
    assert [page.received for page in after] == [page.received for page in before]
    assert sum(page.lost for page in after) == 1
    customer, story = Customer.objects.get(), read_history(locked(lead.pk))
    assert (customer.erased_by, str(customer)) == (ines, "no name")
    assert [(fact.by, fact.reason) for fact in story.of(Lost)] == [(ines.pk, "other")]
    assert len(story.of(Noted)) == 1, "that something was noted stays"
    assert Message.objects.get().status == "failed", "what waited is not sent any more"
    assert Recording.objects.get().delete_at is not None
    assert not Visitor.objects.exists()
    page = " ".join(manager.get(f"/leads/{lead.pk}/").content.decode().split())
    assert "Ines had this customer deleted" in page
    assert manager.post(path, {"sure": "1"}).status_code == 409, "once"


def test_leads_are_locked_by_number_and_the_customer_behind_them(signed_in, ines, lead, monkeypatch):
    """As everybody locks them: nobody waits for somebody who waits for them."""
    older, newer = lead, again_of(lead)
    locks, execute = [], psycopg.Cursor.execute

    def heard(cursor, query, params=None, **how):
        if "for update" in str(query).lower():
            locks.append((str(query), params))
        return execute(cursor, query, params, **how)

    # The driver's own: some questions don't go through Django's log.
    monkeypatch.setattr(psycopg.Cursor, "execute", heard)
    signed_in(ines).post(f"/leads/{newer.pk}/customer/deletion/", {"sure": "1"})
    leads = [values["lead"] for sql, values in locks if " for update of l" in sql]
    assert leads == [older.pk, newer.pk]
    (customer,) = [number for number, (sql, _) in enumerate(locks) if 'FROM "leadbell_customer"' in sql]
    assert customer > max(number for number, (sql, _) in enumerate(locks) if " for update of l" in sql)
    assert not Lead.objects.filter(closed_at=None).exists()


def test_only_a_manager_of_this_dealer_may(signed_in, rosa, southside, lead):
    path = f"/leads/{lead.pk}/customer/deletion/"
    assert path not in signed_in(rosa).get(f"/leads/{lead.pk}/").content.decode()
    assert signed_in(rosa).post(path, {"sure": "1"}).status_code == 403
    lena = make_person("Lena", southside, role="manager")
    assert (
        signed_in(lena).get(path).status_code == signed_in(lena).post(path, {"sure": "1"}).status_code == 404
    )
    assert Customer.objects.get().full_name == "Mr Okafor"


def test_another_dealers_door_stays_shut_in_the_database_too(lead, ines, southside, now):
    about = [lead.dealer_id, lead.customer_id, ines.pk, now]
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{southside.pk}}}"])
        with pytest.raises(Exception, match="door is not open"):
            cursor.execute("select leadbell_customer_deleted(%s, %s, %s, %s)", about)


def test_a_delivery_with_somebody_elses_lead_stays_and_is_said(signed_in, ines, lead, northside, now):
    other = Lead.objects.exclude(pk=lead.pk)
    assert not other.exists()
    envelope = Envelope.objects.get()
    arrives(make_source(northside, name="Portal"), now, name="Mrs Jansen", phone="+31622222222")
    lead.inquiries.model.objects.filter(lead__customer__full_name="Mrs Jansen").update(
        envelope=envelope, place=7
    )
    page = " ".join(signed_in(ines).get(f"/leads/{lead.pk}/customer/deletion/").content.decode().split())
    assert "1 delivery that holds other customers, too, stays as it arrived" in page
    signed_in(ines).post(f"/leads/{lead.pk}/customer/deletion/", {"sure": "1"})
    assert says_who_it_was() == ["leadbell_envelope"]
    assert Customer.objects.get(full_name="Mrs Jansen").phones

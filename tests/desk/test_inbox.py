"""The Inbox: what arrived, and what a person does about it."""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadbell.followup.clockwork import run_due
from leadbell.intake.models import Envelope
from leadbell.intake.raw import SHOWN, in_a_line, readable
from leadbell.lead.models import Lead
from tests.conftest import make_person, make_source

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
MAIL = b"""From: "Website" <form@site.example>\r\nTo: key@leads.example\r\nSubject: =?utf-8?q?Aanvraag_K=C3=B6na?=\r
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r
\r\n<script>alert(1)</script><b>Hallo</b>\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r
Content-Disposition: attachment; filename="car.png"\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"""


def envelope(source, body=b"Name: Jos", content_type="text/plain", **about):
    about = {
        "received_at": datetime.now(UTC), "transport": "http", "status": "quarantined",
        "reason": {"text": "this is in no format that we can read"},
    } | about  # fmt: skip
    return Envelope.objects.create(
        id=uuid.uuid4(),
        dealer=source.dealer, source=source, body=body, content_type=content_type,
        sha256=hashlib.sha256(body).digest(), **about,
    )  # fmt: skip


def page_of(client, path="/inbox/", status=200, **more):
    answer = client.get(path, **more)
    assert answer.status_code == status
    return answer.content.decode()


def test_an_empty_inbox(ines, signed_in):
    assert "Nothing is in quarantine" in page_of(signed_in(ines))
    assert "Nothing has arrived yet" in page_of(signed_in(ines), "/inbox/?shelf=all")


def test_what_waits_in_quarantine_and_why(source, ines, signed_in):
    envelope(source)
    envelope(source, b"dismissed", dismissed_at=datetime.now(UTC))
    envelope(source, b"fine", status="read")
    page = page_of(signed_in(ines))
    assert page.count("/inbox/") >= 1
    assert "Name: Jos" in page
    assert "this is in no format that we can read" in page
    assert "dismissed" not in page
    everything = page_of(signed_in(ines), "/inbox/?shelf=all")
    assert everything.count('class="envelope-link"') == 3


def test_htmx_gets_the_list_only(source, ines, signed_in):
    envelope(source)
    part = page_of(signed_in(ines), **HTMX)
    assert part.lstrip().startswith('<div id="inbox"')
    assert "<html" not in part


def test_pages_of_fifty(source, ines, signed_in):
    now = datetime.now(UTC)
    for number in range(51):
        envelope(source, f"number {number:02}.".encode(), received_at=now - timedelta(minutes=number))
    first = page_of(signed_in(ines))
    assert "number 49." in first
    assert "number 50." not in first
    older = (now - timedelta(minutes=49)).isoformat().replace("+", "%2B")
    assert f"older_than={older}".replace("%2B", "%2B") in first.replace("%3A", ":")
    second = page_of(signed_in(ines), f"/inbox/?older_than={older}")
    assert "number 50." in second
    assert "number 49." not in second
    assert "number 00." in page_of(signed_in(ines), "/inbox/?older_than=yesterday"), (
        "nonsense is the first page"
    )


def test_one_channel_only(source, northside, ines, signed_in):
    envelope(source)
    other = make_source(northside, "AutoPortal")
    envelope(other, b"from the portal")
    page = page_of(signed_in(ines), f"/inbox/?shelf=all&source={other.pk}")
    assert "from the portal" in page
    assert "Name: Jos" not in page


def test_an_envelope_is_shown_as_text_and_never_as_a_page(source, ines, signed_in):
    found = envelope(source, MAIL, "message/rfc822", transport="smtp")
    page = page_of(signed_in(ines), f"/inbox/{found.pk}/")
    assert "Aanvraag Köna" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "car.png" in page
    assert "kept, but not shown" in page


def test_what_was_read_tells_what_became_of_it(source, ines, signed_in):
    lead = json.dumps({"name": "Mr Okafor", "email": "okafor@example.org", "message": "Kona?"}).encode()
    found = envelope(source, lead, "application/json", status="accepted", reason=None)
    assert "being read" in page_of(signed_in(ines), "/inbox/?shelf=all")
    run_due(datetime.now(UTC))
    page = page_of(signed_in(ines), "/inbox/?shelf=all")
    number = Lead.objects.get().pk
    assert f'href="/leads/{number}/"' in page
    assert "new customer" in page
    opened = page_of(signed_in(ines), f"/inbox/{found.pk}/")
    assert "okafor@example.org" in opened
    assert "Release" not in opened


def test_correct_by_hand_and_release(source, ines, signed_in):
    found = envelope(source, b"Jos belt terug", "text/plain")
    said = {
        "as": "corrected", "name": "Jos Bakker", "phone": "0612345678", "email": "jos@example.org",
        "make": "Hyundai", "model": "Kona", "condition": "used", "message": "Belt terug",
    }  # fmt: skip
    answer = signed_in(ines).post(f"/inbox/{found.pk}/release/", said)
    assert answer.status_code == 303
    found.refresh_from_db()
    assert (found.status, found.released_by) == ("accepted", ines.pk)
    assert bytes(found.body) == b"Jos belt terug", "the original stays"
    run_due(datetime.now(UTC))
    lead = Lead.objects.select_related("customer").get()
    assert (lead.customer.full_name, lead.customer.phone, lead.customer.email, lead.message) == (
        "Jos Bakker", "+31612345678", "jos@example.org", "Belt terug",
    )  # fmt: skip
    assert (lead.car, lead.wanted["status"]) == ("Hyundai Kona", "used")


@pytest.mark.parametrize("more", [{}, HTMX], ids=["form", "htmx"])
def test_a_correction_that_reaches_nobody_is_refused_in_words(source, ines, signed_in, more):
    found = envelope(source)
    answer = signed_in(ines).post(f"/inbox/{found.pk}/release/", {"as": "corrected", "name": "Jos"}, **more)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "no way to contact anybody" in page
    if not more:
        assert 'value="Jos"' in page, "nothing typed is lost"
    found.refresh_from_db()
    assert found.status == "quarantined"


def test_release_as_it_came(source, ines, signed_in):
    found = envelope(source, b'{"name": "Jos", "email": "jos@example.org"}', "application/json")
    assert "Release as it came" in page_of(signed_in(ines), f"/inbox/{found.pk}/")
    signed_in(ines).post(f"/inbox/{found.pk}/release/", {"as": "came"})
    found.refresh_from_db()
    assert (found.status, found.corrected) == ("accepted", None)


def test_dismissed_stays_in_the_books(source, ines, signed_in):
    found = envelope(source)
    answer = signed_in(ines).post(
        f"/inbox/{found.pk}/dismissal/", HTTP_REFERER=f"http://testserver/inbox/{found.pk}/"
    )
    assert (answer.status_code, answer["Location"]) == (303, f"/inbox/?dealer={source.dealer_id}")
    found.refresh_from_db()
    assert found.status == "quarantined"
    assert found.dismissed_at is not None
    assert "Name: Jos" not in page_of(signed_in(ines))
    assert "dismissed" in page_of(signed_in(ines), "/inbox/?shelf=all")


def test_a_lead_typed_in_takes_its_way(northside, rosa, signed_in):
    said = {
        "origin": "walk_in",
        "name": "Mrs Petrova",
        "phone": "+31687654321",
        "make": "Kia",
        "message": "Niro",
    }
    answer = signed_in(rosa).post("/inbox/typed/", said)
    assert (answer.status_code, answer["Location"]) == (303, "/desk/")
    signed_in(rosa).post("/inbox/typed/", said | {"name": "Mr Okafor", "phone": "+31612345678"})
    run_due(datetime.now(UTC))
    leads = Lead.objects.select_related("customer").order_by("pk")
    assert [(lead.origin, str(lead.customer), lead.source) for lead in leads] == [
        ("walk_in", "Mrs Petrova", "by hand"), ("walk_in", "Mr Okafor", "by hand"),
    ]  # fmt: skip
    assert Envelope.objects.filter(transport="hand").count() == 2


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"origin": "walk_in", "name": "Jos"}, "no way to contact anybody"),
        ({"origin": "nowhere", "name": "Jos", "phone": "0612345678"}, "Choose how this customer came"),
    ],
)
def test_what_is_typed_is_checked_and_kept(northside, ines, signed_in, said, because):
    answer = signed_in(ines).post("/inbox/typed/", said)
    assert answer.status_code == 409
    assert because in answer.content.decode()
    assert 'value="Jos"' in answer.content.decode()
    assert not Envelope.objects.exists()


def test_another_dealers_envelope_is_not_there(source, southside, signed_in):
    found = envelope(source)
    olaf = signed_in(make_person("Olaf", southside, "manager"))
    assert olaf.get(f"/inbox/{found.pk}/").status_code == 404
    assert olaf.post(f"/inbox/{found.pk}/release/", {"as": "came"}).status_code == 404
    assert olaf.post(f"/inbox/{found.pk}/dismissal/").status_code == 404
    assert olaf.get(f"/inbox/?dealer={source.dealer_id}").status_code == 404
    assert (
        olaf.post(
            "/inbox/typed/", {"dealer": source.dealer_id, "origin": "call", "phone": "0612345678"}
        ).status_code
        == 404
    )
    assert "Jos" not in page_of(olaf, "/inbox/?shelf=all")
    found.refresh_from_db()
    assert (found.status, found.dismissed_at) == ("quarantined", None)


def test_salespeople_have_no_inbox(source, rosa, signed_in):
    found = envelope(source)
    for path in ("/inbox/", f"/inbox/{found.pk}/"):
        assert signed_in(rosa).get(path).status_code == 403
    assert signed_in(rosa).post(f"/inbox/{found.pk}/dismissal/").status_code == 403


# From here on: without a page.


@pytest.mark.parametrize(
    ("body", "content_type", "transport", "line"),
    [
        (MAIL, "message/rfc822", "smtp", "Aanvraag Köna · Website <form@site.example>"),
        (b"\n  Name:\tJos\r\nTel: 12 ", "text/plain", "http", "Name: Jos Tel: 12"),
        (b"", "", "http", ""),
        ("Имя: Жан".encode("cp1251"), "text/plain; charset=windows-1251", "http", "Имя: Жан"),
        (b"\xff\xfe\x00\x00", "message/rfc822", "smtp", ""),
    ],
)
def test_a_delivery_in_one_line(body, content_type, transport, line):
    assert in_a_line(body, content_type, transport, "NL") == line


def test_only_the_beginning_of_a_long_delivery_is_shown():
    [part] = readable(b"x" * 900_000, "text/plain", "http", "NL").parts
    assert (len(part.text), part.size, part.cut) == (SHOWN, 900_000, True)


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[1].glob("intake/**/*.*")), ids=lambda file: file.name
)
def test_nothing_that_arrives_breaks_the_screen(file):
    body = file.read_bytes()
    for transport in ("http", "smtp"):
        shown = readable(body, "", transport, "NL")
        assert all(part.text is None or "\0" not in part.text for part in shown.parts)
        assert len(in_a_line(body[:4000], "", transport, "NL")) <= 140

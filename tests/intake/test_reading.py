"""Reading what arrives: never an exception, never without an end, and the door never promises too much."""

import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from leadbell.intake.inquiry import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_INQUIRIES,
    MOST_VEHICLES,
    MOST_WAYS_TO_CONTACT,
    Inquiry,
    Refused,
    as_json,
    from_json,
)
from leadbell.intake.reading import (
    ACCEPTED,
    EMPTY,
    LARGEST,
    TOO_LARGE,
    UNREADABLE,
    UNSURE,
    door_check,
    read,
    recognise,
)

PAYLOADS = Path(__file__).parent / "channels"
EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(
    path
    for path in PAYLOADS.rglob("*")
    if path.suffix in (".xml", ".json", ".txt", ".eml", ".raw") and "hostile" not in path.parts
)
BODIES = [path.read_bytes() for path in FILES]
NAUGHTY = json.loads((PAYLOADS / "hostile" / "blns.json").read_text(encoding="utf-8"))
DECLARED = (
    None,
    "",
    "application/xml",
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=xyz",
    "message/rfc822",
    "text/plain; charset=utf-16",
    "text/html",
    "nonsense; charset=\x00",
)
CUT = "the delivery was longer than we keep; the rest was cut off"


def hold_what_is_promised(body: bytes, declared: str | None) -> list[Inquiry] | Refused:
    """Read the body and check all that holds for every body."""
    found = read(body, declared, "NL", ZoneInfo("Europe/Amsterdam"), datetime(2026, 3, 2, tzinfo=UTC))
    assert found != UNREADABLE
    door = door_check(body, declared)
    if isinstance(found, Refused):
        assert door != ACCEPTED, "the door promised a lead that reading refuses"
        assert str(found.because)
        return found
    assert not isinstance(door, Refused), "the door refused a lead that reading finds"
    assert 1 <= len(found) <= MOST_INQUIRIES
    assert recognise(body, declared) is not None
    for inquiry in found:
        customer = inquiry.customer
        assert customer.emails or any(sum(map(str.isdigit, phone.raw)) >= 4 for phone in customer.phones)
        assert len(customer.emails) <= MOST_WAYS_TO_CONTACT
        assert len(customer.phones) <= MOST_WAYS_TO_CONTACT
        assert len(inquiry.vehicles) <= MOST_VEHICLES
        assert len(inquiry.message or "") <= LONGEST_MESSAGE
        assert len(customer.full_name or "") <= LONGEST_NAME
        assert inquiry.requested_at is None or inquiry.requested_at.utcoffset() is not None
        stored = json.dumps(as_json(inquiry), ensure_ascii=False)
        assert "\\u0000" not in stored
        stored.encode("utf-8")
        assert from_json(json.loads(stored)) == inquiry
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PAYLOADS).as_posix())
def test_every_payload_whatever_it_is_declared_as(path: Path) -> None:
    for declared in DECLARED:
        hold_what_is_promised(path.read_bytes(), declared)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(DECLARED))
@example(b"", None)
@example(b"<", None)
@example(b"{", None)
@example(b"--", "multipart/form-data")
@example(b"\xff\xfe", None)
@example(b"<adf>" + b"\xff" * 10, None)
@example(b'{"email": "\\ud800@example.org"}', None)
def test_any_bytes(body: bytes, declared: str | None) -> None:
    hold_what_is_promised(body, declared)


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(BODIES),
    st.lists(
        st.tuples(st.integers(0, 5000), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=6
    ),
    st.sampled_from(DECLARED),
)
def test_payloads_with_pieces_cut_out_and_others_put_in(
    body: bytes, cuts: list[tuple[int, int, bytes]], declared: str | None
) -> None:
    for at, length, piece in cuts:
        at %= len(body) + 1
        body = body[:at] + piece + body[at + length :]
    hold_what_is_promised(body, declared)


ADF_PIECES = st.sampled_from(
    [
        *(
            "<adf>",
            "</adf>",
            "<prospect>",
            "</prospect>",
            "<customer>",
            "</customer>",
            "<contact>",
            "</contact>",
        ),
        *(
            "<vendor>",
            "</vendor>",
            "<provider>",
            "</provider>",
            "<name part='full'>Ada",
            "</name>",
            "<email>a@example.org",
        ),
        *(
            "<phone>0612345678</phone>",
            "<email>a@example.org</email>",
            '<phone type="voice">06-12345678',
            "</phone>",
        ),
        *(
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "<ADF>",
            "<VENDOR>",
            "</Customer>",
            "<customer/>",
            "<x:adf>",
            "</x:adf>",
        ),
        *(
            "&",
            "&nbsp;",
            "&lt;adf&gt;",
            "<adf/>",
            "<prospect/>",
            '=3D"',
            "=",
            ">",
            "<html>",
            "<?xml?>",
            "<phone\n>06123456<",
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ADF_PIECES, max_size=25), st.sampled_from(["", "\n", "\n> "]))
def test_pieces_of_adf_in_any_order(pieces: list[str], between: str) -> None:
    hold_what_is_promised(("<adf>" + between.join(pieces)).encode(), None)


FIELDS = st.sampled_from(
    [
        *("email", "e-mail", "phone", "telefoon", "tel", "name", "customer"),
        *("contact", "vendor", "dealer", "dealer_phone", "entry", "data", "leads"),
        *("lead_id", "make", "field_data", "user_column_data", "message", "value", "text"),
        *("adf", "body", "email.x", "customer[email]", "email[x]", "provider"),
    ]
)
VALUES = st.sampled_from(
    [
        "a@example.org",
        "0612345678",
        "@",
        "",
        "x",
        "12",
        "<adf>",
        "null",
        "{}",
        '{"email":"b@example.org"}',
        "2026-03-02",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        FIELDS,
        st.recursive(
            VALUES | st.none() | st.integers() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=4),
            max_leaves=8,
        ),
        max_size=6,
    )
)
def test_json_of_any_shape(values: dict[str, object]) -> None:
    hold_what_is_promised(json.dumps(values).encode(), "application/json")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(FIELDS, VALUES), max_size=8))
def test_forms_of_any_shape(pairs: list[tuple[str, str]]) -> None:
    hold_what_is_promised(urlencode(pairs).encode(), "application/x-www-form-urlencoded")


KEYS = (
    "name",
    "email",
    "phone",
    "message",
    "make",
    "date",
    "lead_id",
    "source",
    "vehicle",
    "trade_in",
    "street",
)


@pytest.mark.parametrize(
    "write",
    [
        lambda text: (json.dumps(dict.fromkeys(KEYS, text) | {"mobile": "0612345678"}), "application/json"),
        lambda text: ("&".join(f"{key}={quote_plus(text, errors='replace')}" for key in KEYS), DECLARED[4]),
        lambda text: ("".join(f"{key}: {text}\n" for key in KEYS), "text/plain"),
        lambda text: (
            f"<adf><prospect><id>{text}</id><requestdate>{text}</requestdate>"
            f"<vehicle><make>{text}</make><year>{text}</year></vehicle><customer><contact><name>{text}</name>"
            f"<email>{text}</email><phone>{text}</phone></contact><comments>{text}</comments></customer></prospect></adf>",
            None,
        ),
        lambda text: (
            f"From: {text} <a@example.org>\nTo: {text}\nSubject: {text}\nMessage-ID: {text}\nDate: {text}\n\n{text}",
            "message/rfc822",
        ),
        lambda text: (text, None),
    ],
    ids=["json", "form", "lines", "adf", "mail", "bare"],
)
def test_naughty_strings_in_every_field(write: object) -> None:
    assert callable(write)
    for text in NAUGHTY:
        body, declared = write(text)
        hold_what_is_promised(body.encode("utf-8", "surrogatepass"), declared)


@pytest.mark.parametrize("path", sorted(PAYLOADS.glob("hostile/xml/*.xml")), ids=lambda path: path.name)
def test_bombs_and_foreign_entities_neither_explode_nor_fetch(path: Path) -> None:
    bomb = path.read_bytes()
    lead = (
        b"<adf><prospect><customer><contact><name>&a;&c;&ee;</name><phone>0612345678</phone></contact></customer>"
        b"</prospect></adf>"
    )
    assert isinstance(hold_what_is_promised(bomb, None), Refused)
    found = hold_what_is_promised(bomb + lead, None)
    assert not isinstance(found, Refused)
    assert found[0].customer.full_name == "&a;&c;ⅇ"  # HTML knows &ee;, and nobody knows the others


MAIL = b"From: a@example.org\nTo: c@d.example\nMessage-ID: <1>\n"
HTML = MAIL + b"Content-Type: text/html\n\n"
LEAD = b"<adf><prospect><customer><contact><email>a@example.org</email></contact></customer></prospect></adf>"
MEGABYTE = 1_000_000
HOSTILE = {
    "ten megabytes of <": b"<" * 10 * MEGABYTE,
    "a megabyte of <": b"<" * MEGABYTE,
    "tags that never close": b"<adf>" * (MEGABYTE // 5),
    "deep elements": b"<adf><prospect>" + b"<a>" * (MEGABYTE // 4),
    "many customers": b"<adf>" + b"<customer>" * (MEGABYTE // 10),
    "many phones": b"<adf><customer>"
    + b"<phone>0612345678</phone>" * (MEGABYTE // 30)
    + b"</customer></adf>",
    "many prospects": LEAD * (MEGABYTE // len(LEAD)),
    "many attributes": b"<adf " + b'a="1" ' * (MEGABYTE // 7) + b">" + LEAD,
    "quotes in a tag": b"<adf a=" + b'"' * MEGABYTE,
    "open comments": b"<adf>" + b"<!--" * (MEGABYTE // 4),
    "closed comments": b"<!---->" * (MEGABYTE // 7),
    "open cdata": b"<adf>" + b"<![CDATA[" * (MEGABYTE // 10) + LEAD,
    "ampersands": b"<adf>" + b"&" * (MEGABYTE - 200) + LEAD,
    "doctypes": b"<!DOCTYPE" * (MEGABYTE // 10) + LEAD,
    "deep lists": b"[" * MEGABYTE,
    "deep objects": b'{"a":' * (MEGABYTE // 5),
    "deep objects that close": b'{"a":' * 900 + b"1" + b"}" * 900,
    "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(MEGABYTE // 12)) + b"}",
    "many addresses": b'{"email":[' + b",".join(b'"a%d@b.nl"' % n for n in range(MEGABYTE // 16)) + b"]}",
    "a long number": b'{"phone":' + b"1" * MEGABYTE + b"}",
    "at signs": b'{"email":"' + b"@" * MEGABYTE + b'"}',
    "broken json": b'{"email":"a@b.nl",' + b'"a":"b",' * (MEGABYTE // 8),
    "html in a message": b'{"email":"a@b.nl","message":"' + b"<p>" * (MEGABYTE // 3) + b'"}',
    "many fields": b"a=b&" * (MEGABYTE // 4),
    "percent signs": b"a=" + b"%41" * (MEGABYTE // 3),
    "many parts": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * (MEGABYTE // 58),
    "empty lines": b"\n" * MEGABYTE + b"x",
    "colons": b":" * MEGABYTE,
    "digits": b"1 " * (MEGABYTE // 2),
    "spaces": b"a" + b" " * MEGABYTE + b"b",
    "zeroes": b"\0" * MEGABYTE,
    "noise": random.Random(1).randbytes(MEGABYTE),
    "scripts": HTML + b"<script>" * (MEGABYTE // 8),
    "page comments": HTML + b"<!--" * (MEGABYTE // 4),
    "table cells": HTML + b"<tr><td>Naam</td><td>Jan</td></tr>" * (MEGABYTE // 34),
    "many headers": MAIL + b"X: y\n" * (MEGABYTE // 5) + b"\nhi",
    "a folded header": MAIL + b"Subject: a" + b"\n b" * (MEGABYTE // 3) + b"\n\nhi",
    "parts within parts": MAIL
    + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(30))
    + b"\nline" * (MEGABYTE // 6),
    "mails within mails": MAIL + b"Content-Type: message/rfc822\n\n" * (MEGABYTE // 30),
    "carriage returns": MAIL + b"\n" + b"\r" * MEGABYTE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_megabyte_takes_no_longer_than_a_blink(name: str) -> None:
    """Ten times the 200 ms promised, so that a busy machine doesn't fail; what is quadratic takes minutes."""
    started = time.process_time()
    hold_what_is_promised(HOSTILE[name], None)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("body", "declared", "because"),
    [
        (b"", None, "the message is empty"),
        (b" \r\n\t ", "application/json", "the message is empty"),
        (b"\0" * 10, None, "the message is empty"),
        (b"x" * (LARGEST + 1), None, "this is more than 1 MB"),
        (
            b"<!DOCTYPE html><html><body>Welcome, call 020-1234567</body></html>",
            "text/html",
            "this is an HTML page, not a lead",
        ),
        (b"<!-- a --><HTML>", None, "this is an HTML page, not a lead"),
        (b"%PDF-1.7\n", "application/pdf", "this is a file (PDF), not a lead"),
        (b"\x89PNG\r\n", None, "this is a file (picture), not a lead"),
        (b"\x01\x02\x03\x04\x05\x06" * 20, None, "this is in no format that we can read"),
        (b"hello there", None, "no way to contact anybody: no phone number, no e-mail address"),
        (b"<adf/>", None, "no way to contact anybody: no phone number, no e-mail address"),
        (
            b'{"name": "Ada", "phone": "123"}',
            None,
            "no way to contact anybody: no phone number, no e-mail address",
        ),
        (b"[]", None, "no way to contact anybody: no phone number, no e-mail address"),
        (b'"text"', None, "no way to contact anybody: no phone number, no e-mail address"),
    ],
)
def test_a_refusal_says_why(body: bytes, declared: str | None, because: str) -> None:
    found = hold_what_is_promised(body, declared)
    assert isinstance(found, Refused)
    assert str(found.because) == because


@pytest.mark.parametrize(
    ("body", "declared", "verdict"),
    [
        ((PAYLOADS / "adf" / "well_formed.xml").read_bytes(), "application/xml", ACCEPTED),
        ((PAYLOADS / "adf" / "unclosed_contact_and_vehicle.xml").read_bytes(), None, ACCEPTED),
        ((PAYLOADS / "adf" / "only_vendor_and_provider_have_phones.xml").read_bytes(), None, UNSURE),
        ((PAYLOADS / "adf" / "vendor_inside_customer.xml").read_bytes(), None, ACCEPTED),
        (b"<adf><customer><vendor><phone>0612345678</phone></vendor></customer></adf>", None, UNSURE),
        (b"<adf><!--<customer><phone>0612345678</phone></customer>--></adf>", None, UNSURE),
        ((PAYLOADS / "json" / "flat_english.json").read_bytes(), "application/json", ACCEPTED),
        (b'{"customer": {"phone": "0612345678"}}', None, ACCEPTED),
        (b'{"email": "a@example.org", "entry": [{"changes": [{"value": {"leadgen_id": 1}}]}]}', None, UNSURE),
        (b'{"somebody": {"phone": "0612345678"}}', None, UNSURE),
        (b"<adf>\n>\n>\n><customer><phone\n>0612345678<", None, UNSURE),
        (b'{"dealer_email": "a@example.org"}', None, UNSURE),
        (b'{"vendor": {"email": "a@example.org"}}', None, UNSURE),
        ((PAYLOADS / "form" / "browser.txt").read_bytes(), "application/x-www-form-urlencoded", ACCEPTED),
        ((PAYLOADS / "mail" / "personal.eml").read_bytes(), "message/rfc822", UNSURE),
        (b"", None, EMPTY),
        (b"x" * (LARGEST + 1), None, TOO_LARGE),
    ],
)
def test_the_door_says_only_what_it_knows(body: bytes, declared: str | None, verdict: object) -> None:
    assert door_check(body, declared) == verdict
    hold_what_is_promised(body, declared)


@pytest.mark.parametrize(
    ("example", "channel"),
    [
        ("lead.adf.xml", "adf"),
        ("lead.json", "json"),
        ("lead.form.txt", "form"),
        ("lead.meta.json", "meta"),
        ("lead.google.json", "google"),
        ("lead.eml", "mail"),
    ],
)
def test_the_examples_are_leads(example: str, channel: str) -> None:
    found = hold_what_is_promised((EXAMPLES / example).read_bytes(), "application/x-www-form-urlencoded")
    assert not isinstance(found, Refused)
    (inquiry,) = found
    assert inquiry.channel == channel
    assert inquiry.customer.emails == ("okafor@example.org",)
    assert [phone.number for phone in inquiry.customer.phones] == ["+31612345678"]
    assert inquiry.warnings == ()


def test_a_large_mail_is_not_refused() -> None:
    body = (PAYLOADS / "mail" / "personal.eml").read_bytes() + b"\n" * (LARGEST + 1)
    assert door_check(body, "message/rfc822") == UNSURE
    assert not isinstance(hold_what_is_promised(body, None), Refused)


def only(values: dict[str, object]) -> Inquiry:
    found = hold_what_is_promised(json.dumps(values).encode(), None)
    assert not isinstance(found, Refused)
    return found[0]


def test_a_full_name_is_not_made_of_its_parts_where_it_was_sent() -> None:
    customer = only(
        {"name": "Mr E. Okafor", "first_name": "Emeka", "last_name": "Okafor", "tel": "0612345678"}
    ).customer
    assert (customer.first_name, customer.last_name, customer.full_name) == (
        "Emeka",
        "Okafor",
        "Mr E. Okafor",
    )


@pytest.mark.parametrize("country", ["CA", "Canada"])
def test_a_telephone_may_be_from_the_customers_own_country(country: str) -> None:
    customer = only({"phone": "604 555 1234", "city": "Vancouver", "country": country}).customer
    assert [phone.number for phone in customer.phones] == ["+16045551234"]


def test_what_the_database_cannot_store_is_taken_out() -> None:
    inquiry = only(
        {"name": "Ada\0 \x07O\u202ebi\ud800", "email": "a@example.org", "message": "one\r\n\0two\x0b"}
    )
    assert inquiry.customer.full_name == "Ada Obi"
    assert inquiry.message == "one\ntwo"


@pytest.mark.parametrize(
    "values",
    [
        {"name": "x" * 300},
        {"message": "x" * 30_000},
        {"email": [f"a{n}@example.org" for n in range(12)]},
        {"phones": [f"061234{n:04}" for n in range(12)]},
        {"vehicles": [{"make": "Kia", "model": str(n)} for n in range(25)]},
    ],
)
def test_what_is_too_long_is_cut_with_a_warning(values: dict[str, object]) -> None:
    assert CUT in only({"mobile": "0687654321"} | values).warnings


def test_more_prospects_than_we_read_are_told() -> None:
    found = hold_what_is_promised(
        json.dumps([{"email": f"a{n}@example.org"} for n in range(25)]).encode(), None
    )
    assert not isinstance(found, Refused)
    assert len(found) == MOST_INQUIRIES
    assert found[0].warnings == ("the delivery holds more prospects than we read from one delivery",)


def test_a_request_from_the_future_is_told() -> None:
    assert only({"email": "a@example.org", "created_at": "2031-01-01T00:00:00Z"}).warnings == (
        "the date of the request lies in the future",
    )


def test_a_date_that_lies_ahead_is_when_the_customer_wants_to_come() -> None:
    inquiry = only({"email": "a@example.org", "date": "2026-03-09"})
    assert inquiry.requested_at is None
    assert inquiry.message == "Date: 2026-03-09"


def test_a_date_without_a_zone_is_read_where_the_dealer_is() -> None:
    body = b'{"email": "a@example.org", "created_at": "2026-03-02 10:15"}'
    for zone, expected in ((None, "10:15:00+00:00"), (ZoneInfo("Asia/Almaty"), "10:15:00+05:00")):
        found = read(body, None, "KZ", zone)
        assert not isinstance(found, Refused)
        assert found[0].requested_at is not None
        assert found[0].requested_at.isoformat() == f"2026-03-02T{expected}"


@pytest.mark.parametrize(
    "told",
    [
        {"utm_campaign": "Spring sale"}, {"campaign": "Spring sale"}, {"Campaign Name": "Spring sale"},
        {"campagne": "Spring sale"}, {"Название кампании": "Spring sale"},
        {"campaign": {"id": "12", "name": "Spring sale"}}, {"utm_campaign": "Spring\n sale", "campaign": "other"},
    ],
)  # fmt: skip
def test_the_campaign_is_known_and_no_word_of_the_customers(told: dict[str, object]) -> None:
    inquiry = only({"email": "a@example.org"} | told)
    assert inquiry.campaign == "Spring sale"
    assert inquiry.message is None
    assert from_json(as_json(inquiry)) == inquiry


@pytest.mark.parametrize("told", [{"campaign_id": "120"}, {"utm_source": "google"}, {"campaign": " "}, {}])
def test_no_campaign_is_told_by_a_number_or_a_website(told: dict[str, object]) -> None:
    assert only({"email": "a@example.org"} | told).campaign is None


def test_lead_forms_name_their_campaign() -> None:
    meta = {
        "id": "7",
        "campaign_name": "Kona in May",
        "field_data": [{"name": "email", "values": ["a@example.org"]}],
    }
    google = {
        "lead_id": "7", "campaign_id": 20001, "google_key": "k",
        "user_column_data": [{"column_id": "EMAIL", "string_value": "a@example.org"}],
    }  # fmt: skip
    assert [only(lead).campaign for lead in (meta, google)] == ["Kona in May", "20001"]


def test_an_inquiry_as_json_has_exactly_these_keys() -> None:
    stored = as_json(only({"email": "a@example.org", "phone": "0612345678", "make": "Kia"}))
    assert list(stored) == [
        "channel",
        "requested_at",
        "customer",
        "vehicles",
        "message",
        "provider",
        "source_id",
        "warnings",
        "consents",
        "visitor",
        "dealer",
        "campaign",
    ]
    assert list(stored["customer"]) == ["first_name", "last_name", "full_name", "emails", "phones", "address"]
    assert list(stored["customer"]["phones"][0]) == ["number", "raw", "kind"]
    assert list(stored["vehicles"][0]) == [
        "interest",
        "status",
        "year",
        "make",
        "model",
        "trim",
        "vin",
        "stock",
    ]

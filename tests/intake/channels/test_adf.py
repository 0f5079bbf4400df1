"""ADF as senders really write it: every file beside this page is one thing that goes wrong in practice."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from leadbell.intake.channels.markup import mend
from leadbell.intake.inquiry import Customer, Inquiry, Phone, Refused, Vehicle
from leadbell.intake.reading import read, recognise

PAYLOADS = Path(__file__).parent / "adf"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime.fromisoformat("2026-03-02T10:15:00+01:00")

OKAFOR = Customer(
    first_name="Emeka",
    last_name="Okafor",
    full_name="Emeka Okafor",
    emails=("emeka.okafor@example.org",),
    phones=(Phone("+31612345678", "06-12345678", "mobile"),),
)
XC40 = Vehicle("buy", "used", 2021, "Volvo", "XC40")
USUAL = Inquiry("adf", MONDAY, OKAFOR, (XC40,), None, "CarFinder", "CF-1001")


def understood(name: str, country: str = "NL") -> list[Inquiry]:
    return accepted((PAYLOADS / f"{name}.xml").read_bytes(), country)


def accepted(body: bytes, country: str = "NL") -> list[Inquiry]:
    found = read(body, None, country, AMSTERDAM)
    assert not isinstance(found, Refused), str(found.because)
    return found


def only(name: str, country: str = "NL") -> Inquiry:
    (inquiry,) = understood(name, country)
    return inquiry


@pytest.mark.parametrize(
    "name",
    [
        "upper_case_prolog_first",
        "typographic_quotes_in_declaration",
        "forwarded_mail_around",
        "unclosed_name",
        "unclosed_contact_and_vehicle",
        "auto_linked_url",
        "utf16_without_mark",
        "namespaces",
        "default_namespace",
        "undeclared_prefix",
        "any_order_any_case",
        "contact_directly_in_prospect",
        "vendor_outside",
        "customer_outside_prospect",
        "escaped_for_a_page",
        "quoted_printable_residue",
        "quoted_reply",
        "cut_off_in_the_middle",
        "crlf",
        "byte_order_mark",
        "empty_vehicles",
        "no_date",
    ],
)
def test_bad_xml_says_the_same_as_good_xml(name: str) -> None:
    inquiry = only(name)
    assert inquiry.customer == OKAFOR
    assert inquiry.vehicles == (() if name == "empty_vehicles" else (XC40,))
    assert inquiry.requested_at == (None if name == "no_date" else MONDAY)
    assert inquiry.source_id == "CF-1001"
    assert inquiry.warnings == ()


def test_all_that_a_well_formed_lead_says_is_kept() -> None:
    inquiry = only("well_formed")
    assert inquiry.customer == OKAFOR
    assert inquiry.vehicles == (
        Vehicle("test-drive", "used", 2021, "Volvo", "XC40", "Inscription", "YV1XZK9V0M2000001", "N-4711"),
    )
    assert inquiry.message == "\n".join(
        (
            "Is the tow bar included?",
            "",
            "Timeframe: within two weeks, 2026-03-05",
            "Number of the car: 987",
            "Doors: 5",
            "Body: SUV",
            "Transmission: A",
            "Odometer: 41250 km",
            "Condition: excellent",
            "Colour: red outside, black inside (choice 1)",
            "Price (asking): 31950 EUR",
            "About the price: including winter tyres",
            "Option: Tow bar (850 EUR)",
            "Finance: lease, monthly maximum 450 EUR, residual balance 9000 EUR",
            "Comments on the car: Seen on Saturday",
        )
    )


@pytest.mark.parametrize(
    ("name", "country", "full_name", "message"),
    [
        ("utf16_that_declares_utf8", "NL", "Emeka Ökafor", None),
        ("cp1252_undeclared", "NL", "Zoë Okafor", "Café – 20 € extra"),
        ("cp1252_that_declares_utf8", "NL", "Zoë Okafor", None),
        ("cyrillic_cp1251", "RU", "Иван Окафоров", "Хочу на тест-драйв"),
        ("cyrillic_koi8", "NL", "Иван Окафоров", "Хочу на тест-драйв"),
        (
            "bare_ampersand_and_nbsp",
            "NL",
            "Emeka Okafor",
            "Bed & breakfast owner, needs space for 5 — today & tomorrow",
        ),
        (
            "cdata_with_html",
            "NL",
            "Emeka Okafor",
            "Hello,\n\nis the tow bar included & how much is it?\n\nblack\n5 doors",
        ),
        ("doctype_with_entities", "NL", "Emeka Okafor", "&x; &who;"),
    ],
)
def test_every_character_set_and_entity(name: str, country: str, full_name: str, message: str | None) -> None:
    inquiry = only(name, country)
    assert (inquiry.customer.full_name, inquiry.message) == (full_name, message)


@pytest.mark.parametrize(
    ("name", "first", "last", "full"),
    [
        ("name_children", "Emeka", "Okafor", "Emeka Okafor"),
        ("name_part_types", "Emeka", "Okafor", "Emeka Okafor"),
        ("names_without_part", None, None, "Emeka Okafor"),
        ("first_and_nameless", "Emeka", "Okafor", "Emeka Okafor"),
        ("attributes_without_quotes", None, None, "Emeka Okafor"),
        ("no_name", None, None, None),
        ("business_name", None, None, "Emeka Okafor"),
        ("two_contacts", "Emeka", "Okafor", "Emeka Okafor"),
    ],
)
def test_names(name: str, first: str | None, last: str | None, full: str | None) -> None:
    customer = only(name).customer
    assert (customer.first_name, customer.last_name, customer.full_name) == (first, last, full)


@pytest.mark.parametrize(
    ("name", "phones"),
    [
        (
            "phone_types",
            [
                ("+31203456789", "work"),
                ("+31201234567", "home"),
                ("+31202345678", "work"),
                ("+31612345678", "mobile"),
                ("+31201111111", "fax"),
            ],
        ),
        ("empty_first_phone", [("+31612345678", "voice")]),
        ("extension", [("+31201234567", None), ("+31202345678", None)]),
        ("free_text_in_phone", [("+31612345678", None), ("+31687654321", None)]),
        ("email_in_phone", []),
        ("undiallable_phone_only", [(None, None)]),
        ("two_contacts", [("+31612345678", "mobile"), ("+31201234567", None)]),
        ("attributes_without_quotes", [("+31612345678", "mobile")]),
        ("way_to_contact_only_in_comments", [("+31612345678", None)]),
    ],
)
def test_telephones(name: str, phones: list[tuple[str | None, str | None]]) -> None:
    assert [(phone.number, phone.kind) for phone in only(name).customer.phones] == phones


def test_the_raw_text_stays_beside_the_number() -> None:
    phones = only("free_text_in_phone").customer.phones
    assert {phone.raw for phone in phones} == {"please ring 06 12345678 after five, or my wife: 0687654321"}


@pytest.mark.parametrize(
    "name", ["vendor_inside_customer", "unclosed_customer_before_vendor", "vendor_outside", "well_formed"]
)
def test_the_vendors_and_the_providers_telephone_never_becomes_the_customers(name: str) -> None:
    customer = only(name).customer
    assert customer.emails == ("emeka.okafor@example.org",)
    assert all(phone.raw == "06-12345678" for phone in customer.phones)


def test_a_lead_where_only_vendor_and_provider_can_be_reached_is_refused() -> None:
    found = read((PAYLOADS / "only_vendor_and_provider_have_phones.xml").read_bytes(), None)
    assert isinstance(found, Refused)
    assert str(found.because) == "no way to contact anybody: no phone number, no e-mail address"


@pytest.mark.parametrize(
    ("name", "requested_at"),
    [
        ("date_with_pm", "2014-04-07T16:35:52+02:00"),
        ("date_day_first", "2024-03-06T00:00:00+01:00"),
        ("date_short_offset", "2014-04-07T16:35:52-08:00"),
        ("fetch_auto", "2018-04-12T16:30:20+00:00"),
        ("adf_builder", "2026-01-19T16:40:00-06:00"),
    ],
)
def test_dates(name: str, requested_at: str) -> None:
    asked = only(name).requested_at
    assert asked is not None
    assert asked.isoformat() == requested_at


def test_a_date_that_cannot_be_read_is_told_and_kept_as_it_was_written() -> None:
    inquiry = only("unreadable_date")
    assert inquiry.requested_at is None
    assert inquiry.warnings == ("the date of the request could not be read",)
    assert inquiry.message == "Date as it was written: last Tuesday"


@pytest.mark.parametrize(
    ("name", "vehicles"),
    [
        ("only_a_trade_in", [Vehicle("trade-in", "used", 2012, "Ford", "Focus")]),
        (
            "trade_in_in_an_option",
            [
                Vehicle("buy", "new", None, "Volvo", "EX30"),
                Vehicle("trade-in", "used", 2012, "Ford", "Focus"),
            ],
        ),
        ("trade_in_in_comments", [XC40, Vehicle("trade-in", "used", 2012, "Ford", "Focus")]),
        ("attributes_without_quotes", [Vehicle("lease", "new", 2026, "Volvo", "EX30")]),
        ("empty_vehicles", []),
        ("fetch_auto", []),
        (
            "adf_builder",
            [
                Vehicle("buy", "new", 2021, "Ford", "F-150"),
                Vehicle("buy", "used", 2023, "Tesla", "Cybertruck"),
            ],
        ),
    ],
)
def test_vehicles(name: str, vehicles: list[Vehicle]) -> None:
    assert list(only(name).vehicles) == vehicles


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("only_a_trade_in", "Trade-in 2012 Ford Focus, odometer: 180000 km"),
        ("trade_in_in_an_option", "Option: Trade-in: 2012 Ford Focus"),
        ("trade_in_in_comments", "Trade-in mileage: 180000"),
        ("preferences_only_in_comments", "Preferred contact: e-mail, evenings only"),
        ("preferred_email", "Prefers to be contacted by: e-mail\nBest time to call: evening"),
        ("business_name", "Company: Okafor Logistics"),
        ("two_contacts", "Second contact: Ada Okafor"),
        ("fetch_auto", "monthly_income: $4,000"),
    ],
)
def test_what_has_no_field_stands_in_the_message(name: str, part: str) -> None:
    assert part in (only(name).message or "")


def test_the_preferred_address_comes_first_and_the_postal_address_is_one_line() -> None:
    customer = only("preferred_email").customer
    assert customer.emails == ("emeka.okafor@example.org", "info@okafor.example")
    assert customer.address == "Kade 1, 3rd floor, 3511 AA Utrecht, NL"


def test_where_nothing_is_closed_each_element_ends_where_the_next_begins() -> None:
    inquiry = only("unclosed_parts_of_a_car")
    assert inquiry.customer.full_name == "Emeka Okafor"
    assert inquiry.customer.emails == ("emeka.okafor@example.org",)
    assert inquiry.customer.phones == OKAFOR.phones
    assert inquiry.customer.address == "Kade 1, Utrecht"
    assert inquiry.vehicles == (Vehicle("buy", "new", 2021, "Volvo", "XC40"),)
    assert inquiry.message == "Option: Tow bar (850)\nOdometer: 41250\nComments on the car: Seen on Saturday"


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("<A B=c>x</A>", '<a b="c">x</a>'),
        ("<x:adf y:b='1'/>", '<adf b="1"/>'),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("<https://x.example/?a=1&b=2>", "&lt;https://x.example/?a=1&amp;b=2&gt;"),
        ("&nbsp;&eacute;&unknown;", "\xa0é&amp;unknown;"),
        ("<adf><phone>1<phone>2", "<adf><phone>1</phone><phone>2</phone></adf>"),
        (
            "<prospect><customer><contact><name>Ada<vendor>N</vendor></prospect>",
            "<prospect><customer><contact><name>Ada</name></contact></customer><vendor>N</vendor></prospect>",
        ),
        ("<id>1</contact><x>2</x>", "<id>1</id><x>2</x>"),
        ("<![CDATA[<b>&]]><!-- <a> --><![CDATA[open", "&lt;b&gt;&amp;open"),
        ("<a x=1 x=2 xmlns='y'>", '<a x="1"></a>'),
        ("\x00\x0b<a/>", "<a/>"),
    ],
)
def test_mending(broken: str, mended: str) -> None:
    assert mend(broken) == f"<mended>{mended}</mended>"


@pytest.mark.parametrize("name", ["two_prospects", "two_prospects_first_unclosed", "two_roots"])
def test_two_prospects_are_two_inquiries(name: str) -> None:
    first, second = understood(name)
    assert (first.customer, first.source_id) == (OKAFOR, "CF-1001")
    assert (second.customer.full_name, second.source_id) == ("Ada Obi", "CF-1002")
    assert [phone.number for phone in second.customer.phones] == ["+31201234567"]


def test_a_prospect_nobody_can_contact_is_told_on_the_one_that_can() -> None:
    inquiry = only("one_of_two_unreachable")
    assert inquiry.customer == OKAFOR
    assert inquiry.warnings == ("another prospect in the same delivery names no way to contact anybody",)


def test_a_number_nobody_can_dial_is_kept_with_a_warning() -> None:
    inquiry = only("undiallable_phone_only")
    assert inquiry.customer.phones == (Phone(None, "555-1234", None),)
    assert inquiry.warnings == ("no phone number here can be dialled as it is written",)


def test_what_was_taken_from_the_text_is_told() -> None:
    assert only("way_to_contact_only_in_comments").warnings == (
        "the way to contact the customer was taken from the text",
    )


def test_without_a_prospect_the_root_is_the_prospect() -> None:
    assert only("no_prospect").customer == OKAFOR


def test_text_that_is_no_xml_any_more_still_gives_the_customer() -> None:
    body = (
        b"<adf>"
        + b"<x>" * 7000
        + b'<customer><name part="first">Emeka</name><phone>06-12345678</phone></customer>'
    )
    (inquiry,) = accepted(body)
    assert inquiry.customer.first_name == "Emeka"
    assert inquiry.warnings == ("the XML was too broken to be read whole; look at the delivery as it came",)


@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("*.xml")), ids=lambda path: path.stem)
def test_every_payload_is_recognised_as_adf(payload: Path) -> None:
    assert recognise(payload.read_bytes(), "application/x-www-form-urlencoded") == "adf"

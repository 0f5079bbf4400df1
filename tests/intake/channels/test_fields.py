"""JSON, forms, XML that is no ADF and label lines: the same words for the same things."""

from pathlib import Path

import pytest

from leadbell.intake.inquiry import Inquiry, Refused, Vehicle
from leadbell.intake.reading import read, recognise

PAYLOADS = Path(__file__).parent
ADDRESS = "emeka.okafor@example.org"
NUMBER = "+31612345678"
TYPES = {"form": "application/x-www-form-urlencoded", "text": "text/plain"}
MULTIPART = "multipart/form-data; boundary=xyz"


def answer(path: str, country: str = "NL") -> list[Inquiry] | Refused:
    declared = MULTIPART if "multipart" in path else TYPES.get(path.split("/")[0])
    return read((PAYLOADS / path).read_bytes(), declared, country)


def only(path: str, country: str = "NL") -> Inquiry:
    found = answer(path, country)
    assert not isinstance(found, Refused), str(found.because)
    (inquiry,) = found
    return inquiry


@pytest.mark.parametrize(
    ("path", "country", "full_name", "emails", "numbers"),
    [
        ("json/flat_english.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("json/nested_dutch.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("json/german.json", "DE", "Jürgen Okafor", ("j.okafor@example.org",), ["+491711234567"]),
        ("json/russian.json", "RU", "Иван Окафоров", (), ["+79123456789"]),
        ("json/form_builder_pairs.json", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("json/phones_as_objects.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER, "+31201234567"]),
        ("json/adf_as_a_text.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("json/json_in_a_text.json", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("json/broken.json", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("json/under_an_unknown_name.json", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("json/answers_with_ids_of_their_own.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("json/meta_lead_laid_flat.json", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("json/id_of_the_form.json", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("form/browser.txt", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("form/brackets.txt", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("form/brackets_raw.txt", "NL", "Emeka Okafor", (), [NUMBER]),
        ("form/cp1251.txt", "RU", "Иван", (), ["+79123456789"]),
        ("form/adf_in_a_field.txt", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("form/multipart.txt", "NL", "Zoë Okafor", (ADDRESS,), []),
        ("text/label_lines.txt", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("text/free_text.txt", "NL", None, (), [NUMBER]),
        ("xml/lead.xml", "NL", "Emeka Okafor", (), [NUMBER]),
    ],
)
def test_whom_to_contact(
    path: str, country: str, full_name: str | None, emails: tuple[str, ...], numbers: list[str]
) -> None:
    customer = only(path, country).customer
    assert (customer.full_name, customer.emails) == (full_name, emails)
    assert [phone.number for phone in customer.phones] == numbers


@pytest.mark.parametrize(
    ("path", "vehicles"),
    [
        ("json/flat_english.json", [Vehicle(year=2021, make="Volvo", model="XC40")]),
        (
            "json/nested_dutch.json",
            [
                Vehicle(year=2021, make="Volvo", model="XC40"),
                Vehicle("trade-in", "used", 2012, "Ford", "Focus"),
            ],
        ),
        (
            "json/phones_as_objects.json",
            [Vehicle(make="Volvo", model="XC40"), Vehicle(status="new", make="Kia", model="EV3")],
        ),
        ("form/browser.txt", [Vehicle(make="Volvo", model="XC40")]),
        ("form/brackets_raw.txt", [Vehicle(make="Volvo", model="XC40")]),
        ("text/label_lines.txt", [Vehicle(year=2021, make="Volvo", model="XC40")]),
        ("xml/lead.xml", [Vehicle(make="Volvo", model="XC40")]),
    ],
)
def test_the_cars(path: str, vehicles: list[Vehicle]) -> None:
    assert list(only(path).vehicles) == vehicles


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("json/flat_english.json", "Is it still there?\n\nPreferred contact time: evening"),
        ("json/nested_dutch.json", "Soort: proefrit\nKilometerstand: 41250\nKleur: rood"),
        ("json/form_builder_pairs.json", "Which day suits you?: Friday, Saturday"),
        ("json/broken.json", 'Café "X"'),
        ("form/browser.txt", "Is hij er nog?\nGroet"),
        ("form/multipart.txt", "line one\nline two"),
        ("text/label_lines.txt", "Is hij er nog?\nGroet"),
        ("text/free_text.txt", "wants a test drive on Saturday"),
        ("xml/lead.xml", "Is it there?"),
    ],
)
def test_the_rest_stands_readable_in_the_message(path: str, part: str) -> None:
    assert part in (only(path).message or "")


@pytest.mark.parametrize(
    ("path", "source_id", "provider"),
    [
        ("json/flat_english.json", "L-1", "CarFinder"),
        ("json/adf_as_a_text.json", "CF-1001", "CarFinder"),
        ("json/meta_lead_laid_flat.json", "55459717045641545", None),
        ("json/answers_with_ids_of_their_own.json", None, None),
        ("json/id_of_the_form.json", None, None),
        ("xml/lead.xml", "77", None),
    ],
)
def test_the_senders_own_number(path: str, source_id: str | None, provider: str | None) -> None:
    inquiry = only(path)
    assert (inquiry.source_id, inquiry.provider) == (source_id, provider)


def test_an_address_in_parts_is_one_line() -> None:
    assert only("json/nested_dutch.json").customer.address == "Kade 1, 3511 AA Utrecht"


@pytest.mark.parametrize("path", ["json/list_of_leads.json", "json/leads_under_a_key.json"])
def test_a_list_holds_several_leads(path: str) -> None:
    found = answer(path)
    assert not isinstance(found, Refused)
    assert [inquiry.customer.full_name for inquiry in found] == ["Emeka Okafor", "Ada Obi"]


def test_who_sells_is_no_news_to_who_sells() -> None:
    assert only("json/dealer_in_a_word.json").message is None


@pytest.mark.parametrize(
    "path",
    [
        "json/only_the_dealer.json",
        "json/assigned_only.json",
        "json/telephone_of_the_seller.json",
        "text/nobody.txt",
    ],
)
def test_nobody_of_ours_is_taken_for_the_customer(path: str) -> None:
    found = answer(path)
    assert isinstance(found, Refused)
    assert str(found.because) == "no way to contact anybody: no phone number, no e-mail address"


@pytest.mark.parametrize(
    ("body", "declared", "channel"),
    [
        (b'{"email": "a@example.org"}', "application/x-www-form-urlencoded", "json"),
        (b"<adf><prospect/></adf>", "application/x-www-form-urlencoded", "adf"),
        (b"<lead><email>a@example.org</email></lead>", "application/json", "xml"),
        (b"email=a%40example.org&name=Ada", None, "form"),
        (b"Naam: Ada\nTelefoon: 0612345678\n", "application/x-www-form-urlencoded", "text"),
        (b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--b--", None, "form"),
        (b"\xef\xbb\xbf  {}", None, "json"),
        (b"\x00\x01\x02\x03\x04\x05\x06\x07" * 10, None, None),
    ],
)
def test_what_it_is_counts_not_what_it_is_declared_as(
    body: bytes, declared: str | None, channel: str | None
) -> None:
    assert recognise(body, declared) == channel


def test_a_form_may_name_the_customer_and_something_of_the_customer() -> None:
    found = read(b"customer[email]=a%40example.org&customer=Emeka", TYPES["form"])
    assert not isinstance(found, Refused)
    assert (found[0].customer.full_name, found[0].customer.emails) == ("Emeka", ("a@example.org",))


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"email": "a@example.org", "id": 12, "lead_id": 17841405822304914}', "17841405822304914"),
        (b'{"email": "a@example.org", "id": 17841405822304914}', "17841405822304914"),
        (b'{"email": "a@example.org", "customer_id": 5}', None),
    ],
)
def test_long_numbers_keep_their_digits(body: bytes, kept: str | None) -> None:
    found = read(body, None)
    assert not isinstance(found, Refused)
    assert found[0].source_id == kept

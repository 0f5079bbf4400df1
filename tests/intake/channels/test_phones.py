"""Telephone numbers in every spelling that libphonenumber knows, and in the ones people invent."""

import csv
from pathlib import Path

import pytest

from leadbell.intake.phones import kind_of, read_phone, read_phones

EXAMPLES = Path(__file__).parent / "phones" / "libphonenumber_examples.tsv"
ROWS = list(csv.DictReader(EXAMPLES.open(encoding="utf-8"), delimiter="\t"))


def test_every_example_is_dialled_as_it_should_be() -> None:
    assert len(ROWS) == 727
    wrong = [
        (row["spelling"], row["default_region"], number)
        for row in ROWS
        if (number := read_phone(row["spelling"], row["default_region"]).number)
        != (row["expected_e164"] or None)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("06 12345678", "NL", "+31612345678"),
        ("06 12345678", "nl", "+31612345678"),
        ("+31 (0)6 12345678", "DE", "+31612345678"),
        ("+0612345678", "NL", "+31612345678"),
        ("0031 6 12345678", "US", "+31612345678"),
        ("31612345678", "NL", "+31612345678"),
        ("31612345678", "BE", "+31612345678"),
        ("tel: 06-12345678", "NL", "+31612345678"),
        ("020-1234567 x44", "NL", "+31201234567"),
        ("+7 912 345 67 89 доб. 12", "RU", "+79123456789"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("８ (９１２) ３４５-６７-８９", "RU", "+79123456789"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("please ring 06 12345678 after five", "NL", "+31612345678"),
    ],
)
def test_a_number_that_can_be_dialled(raw: str, country: str, number: str) -> None:
    assert read_phone(raw, country).number == number


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("555-1234", "NL"),
        ("2025550123", "NL"),
        ("8 (912) 345-67-89", "NL"),
        ("call 06 12345 tel", "NL"),
        ("12-05-2024", "NL"),
        ("geen", "NL"),
        ("", "NL"),
        ("06 12345678", "XX"),
        ("06 12345678", ""),
        ("9" * 5000, "NL"),
        ("+" * 300, "NL"),
    ],
)
def test_a_number_that_cannot_is_kept_as_it_was_written(raw: str, country: str) -> None:
    phone = read_phone(raw, country)
    assert phone.number is None
    assert phone.raw == raw[:200]


def test_several_numbers_in_one_text_are_several_telephones() -> None:
    phones = read_phones("06-12345678 / 020-1234567", "NL")
    assert [phone.number for phone in phones] == ["+31612345678", "+31201234567"]


def test_the_customers_own_country_is_tried_after_the_dealers() -> None:
    assert read_phone("604 555 1234", "NL", elsewhere="CA").number == "+16045551234"
    assert read_phone("06 12345678", "NL", elsewhere="FR").number == "+31612345678"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("cellphone", "mobile"),
        ("SMS", "mobile"),
        ("Business", "work"),
        ("fax", "fax"),
        ("carrier pigeon", None),
        (None, None),
    ],
)
def test_what_senders_call_a_telephone(word: str | None, kind: str | None) -> None:
    assert kind_of(word) == kind

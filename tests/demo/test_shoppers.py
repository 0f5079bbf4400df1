"""Nobody real can be reached from the demo, and what its senders write is read as it was meant."""

import re
from random import Random
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadbell.demo.cast import DEALERS, Company, Line
from leadbell.demo.neighbours import TREE
from leadbell.demo.payloads import deliver, no_lead
from leadbell.demo.shoppers import Wish, as_they_were, somebody, wish
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.reading import read
from tests.demo.conftest import NOW

#: Numbers that ring nobody: no Dutch local number begins with 0, Latvia's series 60 is not in use, the others are
#: kept free for films.
RINGS_NOBODY = re.compile(
    r"\+(?:31(?:20|10|30|38|23|75|36|70|26|33|55|58|72|76)0\d{6}|31(?:223|492)0\d{5}|"
    r"37160\d{6}|44207946 ?0\d{3}|493023125\d{3})"
)
LINES = [(company, line) for company in DEALERS for line in company.lines]


def customers() -> st.SearchStrategy[tuple[int, str, str]]:
    spoken = [(company.country, tongue) for company in DEALERS for tongue, _ in company.tongues]
    return st.tuples(st.integers(0, 10**9), st.sampled_from(spoken)).map(lambda one: (one[0], *one[1]))


@given(customers())
def test_no_customer_can_be_reached(about: tuple[int, str, str]) -> None:
    seed, country, language = about
    who = somebody(Random(seed), country, language)
    assert who.email or who.phone
    if who.email:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d{0,2}@example\.(?:org|com|nl)", who.email)
    if who.phone:
        number = phonenumbers.parse(who.phone, country)
        assert phonenumbers.is_valid_number(number)
        assert RINGS_NOBODY.fullmatch(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def test_nobody_who_works_here_can_be_reached() -> None:
    for company, _ in TREE:
        for player in company.people:
            assert player.email.endswith(".example")
            assert not player.phone or RINGS_NOBODY.fullmatch(player.phone)
        assert all(not line.sender or line.sender.endswith(".example") for line in company.lines)


def understood(company: Company, line: Line, seed: int) -> tuple[Wish, Inquiry]:
    rng = Random(seed)
    tongue = rng.choice([tongue for tongue, _ in company.tongues])
    asked = wish(rng, somebody(rng, company.country, tongue), company.brands, NOW.year, line.origin)
    came = deliver(asked, line, company, NOW, rng)
    found = read(came.body, came.content_type, company.country, ZoneInfo(company.zone), NOW)
    assert isinstance(found, list), (came.body, found)
    assert len(found) == 1
    return asked, found[0]


@pytest.mark.parametrize(
    ("company", "line"), LINES, ids=[f"{company.name} {line.name}" for company, line in LINES]
)
def test_every_sender_is_understood(company: Company, line: Line) -> None:
    for seed in range(25):
        asked, inquiry = understood(company, line, seed)
        who, customer = asked.shopper, inquiry.customer
        assert customer.full_name == who.name
        assert customer.emails == ((who.email,) if who.email else ())
        assert [phone.raw for phone in customer.phones] == ([who.phone] if who.phone else [])
        assert all(phone.number for phone in customer.phones)
        wanted = [car for car in inquiry.vehicles if car.interest != "trade-in"]
        assert [(car.make, car.model) for car in wanted] == [(asked.car.make, asked.car.model)]
        assert asked.message in (inquiry.message or "")
        assert inquiry.warnings == ()


@pytest.mark.parametrize("seed", range(20))
def test_what_is_no_lead_is_refused(seed: int) -> None:
    came = no_lead(Random(seed), DEALERS[0], NOW)
    assert isinstance(read(came.body, came.content_type, "NL", ZoneInfo("Europe/Amsterdam"), NOW), Refused)


@pytest.mark.parametrize("company", DEALERS, ids=[company.name for company in DEALERS])
def test_somebody_known_writes_again_under_the_same_name(company: Company) -> None:
    for seed in range(20):
        rng = Random(seed)
        who = somebody(rng, company.country, company.tongues[0][0])
        asked = as_they_were(rng, who.name, who.email, who.phone, company, NOW.year)
        assert (asked.shopper.name, asked.shopper.email, asked.shopper.phone) == (
            who.name,
            who.email,
            who.phone,
        )

"""Who is this? Each answer with its reason."""

import pytest

from leadbell.intake.inquiry import Customer, Inquiry, Phone
from leadbell.intake.rules import (
    Duplicate,
    HandleKey,
    Joins,
    KnownCustomer,
    Opens,
    SeenBefore,
    handles_of,
    language_of,
    recognise,
)

PHONE: HandleKey = ("phone", "+31612345678")
MAIL: HandleKey = ("email", "okafor@example.org")
OKAFOR = Inquiry(
    "adf",
    customer=Customer(phones=(Phone(PHONE[1], "06 12345678"),), emails=("Okafor@Example.org",)),
    source_id="77",
)
NAMELESS = Inquiry("adf", customer=Customer(phones=(Phone(None, "ask reception"),)), source_id="77")


def known(
    customer: int = 1, *by: HandleKey, open_lead: int | None = None, owner: int | None = None
) -> KnownCustomer:
    return KnownCustomer(customer, by, open_lead, owner)


@pytest.mark.parametrize(
    ("inquiry", "seen", "customers", "answer", "because"),
    [
        (OKAFOR, None, [], Opens(None, None, ...), "new customer"),
        (OKAFOR, None, [known(1, PHONE, MAIL, open_lead=41)], Joins(41, 1, ...), "known by phone number and e-mail address"),
        (OKAFOR, None, [known(1, PHONE, open_lead=41)], Joins(41, 1, ...), "known by phone number"),
        (OKAFOR, None, [known(1, MAIL, owner=5)], Opens(1, 5, ...), "known by e-mail address"),
        (OKAFOR, None, [known(1, MAIL, open_lead=40), known(2, PHONE, open_lead=41)], Joins(41, 2, ...), "belongs to another customer"),
        (OKAFOR, SeenBefore(41, 1, same_bytes=True, same_content=True), [], Duplicate(41, ...), "the same message arrived before"),
        (OKAFOR, SeenBefore(41, 1, same_bytes=False, same_content=True), [known(1, PHONE, open_lead=41)], Duplicate(41, ...), "under the same number"),
        # The sender gives every lead the same number: another person is another lead.
        (OKAFOR, SeenBefore(41, 9, same_bytes=False, same_content=True), [], Opens(None, None, ...), "new customer"),
        # The same number with another car or message: the customer asked again.
        (OKAFOR, SeenBefore(41, 1, same_bytes=False, same_content=False), [known(1, PHONE, open_lead=41)], Joins(41, 1, ...), "known by phone number"),
        (NAMELESS, SeenBefore(41, 1, same_bytes=False, same_content=True), [], Duplicate(41, ...), "under the same number"),
    ],
)  # fmt: skip
def test_recognise(
    inquiry: Inquiry, seen: SeenBefore | None, customers: list[KnownCustomer], answer: object, because: str
) -> None:
    recognised = recognise(inquiry, seen, customers)
    assert type(recognised) is type(answer)
    assert because in str(recognised.because)
    for part in ("of", "lead", "customer", "known_to"):
        assert getattr(recognised, part, None) == getattr(answer, part, None)


def test_the_order_of_known_customers_does_not_matter() -> None:
    both = [known(1, MAIL, open_lead=40), known(2, PHONE, open_lead=41)]
    assert recognise(OKAFOR, None, both) == recognise(OKAFOR, None, both[::-1])


def test_handles_are_normalised_and_only_what_can_be_dialled() -> None:
    assert handles_of(OKAFOR) == (PHONE, MAIL)
    assert handles_of(NAMELESS) == ()


@pytest.mark.parametrize(
    ("number", "country", "language"),
    [("+31612345678", "NL", None), ("+79161234567", "NL", "ru"), ("+4915112345678", "NL", "de"), (None, "NL", None),
     ("+32470123456", "NL", None), ("+441212345678", "NL", "en")],
)  # fmt: skip
def test_a_foreign_number_speaks_a_language(number: str | None, country: str, language: str | None) -> None:
    assert language_of(number, country) == language

"""Lead forms of Meta and Google."""

from pathlib import Path

import pytest

from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.reading import read, recognise

PAYLOADS = Path(__file__).parent


def answer(path: str) -> list[Inquiry] | Refused:
    return read((PAYLOADS / path).read_bytes(), "application/json")


def only(path: str) -> Inquiry:
    found = answer(path)
    assert not isinstance(found, Refused), str(found.because)
    (inquiry,) = found
    return inquiry


@pytest.mark.parametrize(
    ("path", "provider", "source_id", "requested_at"),
    [
        (
            "meta/webhook_with_answers_twice.json",
            "Instagram",
            "55459717045641545",
            "2026-03-02T09:15:00+00:00",
        ),
        ("meta/graph_lead.json", "Meta", "55459717045641545", "2026-03-02T09:15:00+00:00"),
        ("meta/one_answered_one_not.json", "Instagram", "55459717045641545", "2026-03-02T09:15:00+00:00"),
        ("google/lead.json", "Google Ads", "TeSter-123-ABC", "2026-03-02T09:15:00+00:00"),
        ("google/names_only.json", "Google Ads", "TeSter-123-ABC", "2026-03-02T09:15:00+00:00"),
    ],
)
def test_a_lead_with_its_answers(path: str, provider: str, source_id: str, requested_at: str) -> None:
    inquiry = only(path)
    assert inquiry.customer.full_name == "Emeka Okafor"
    assert inquiry.customer.emails == ("emeka.okafor@example.org",)
    assert [phone.number for phone in inquiry.customer.phones] == ["+31612345678"]
    assert (inquiry.provider, inquiry.source_id) == (provider, source_id)
    assert inquiry.requested_at is not None
    assert inquiry.requested_at.isoformat() == requested_at


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("meta/graph_lead.json", "Which model do you like: XC40, EX30"),
        ("google/lead.json", "What is your preferred dealership?: Northside"),
    ],
)
def test_the_dealers_own_questions_stand_in_the_message_and_nothing_else(path: str, message: str) -> None:
    assert only(path).message == message


def test_what_only_tells_of_a_lead_waits_for_its_answers() -> None:
    found = answer("meta/webhook_without_answers.json")
    assert isinstance(found, Refused)
    assert (
        str(found.because)
        == "this only tells of a lead: its answers are fetched from Meta with the access token of the Dealer page"
    )


def test_a_lead_without_answers_beside_one_with_them_is_told() -> None:
    assert only("meta/one_answered_one_not.json").warnings == (
        "another lead in the same delivery has no answers; they must be fetched from Meta",
    )


@pytest.mark.parametrize("path", ["meta/empty_values.json", "google/no_way_to_contact.json"])
def test_answers_without_a_way_to_contact_are_refused(path: str) -> None:
    found = answer(path)
    assert isinstance(found, Refused)
    assert str(found.because) == "no way to contact anybody: no phone number, no e-mail address"


@pytest.mark.parametrize("path", ["meta/test_lead.json", "google/test_lead.json"])
def test_a_test_lead_says_so(path: str) -> None:
    assert "test lead" in only(path).warnings


@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("meta/*.json")), ids=lambda path: path.stem)
def test_meta_is_recognised(payload: Path) -> None:
    assert recognise(payload.read_bytes(), None) == "meta"


@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("google/*.json")), ids=lambda path: path.stem)
def test_google_is_recognised(payload: Path) -> None:
    assert recognise(payload.read_bytes(), None) == "google"

"""Mail: ADF wherever it hides, web forms, people, robots; and mails that break every rule."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from leadbell.intake.inquiry import Inquiry, Refused, Vehicle
from leadbell.intake.reading import UNREADABLE, read, recognise

PAYLOADS = Path(__file__).parent / "mail"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ADDRESS = "emeka.okafor@example.org"
NUMBER = "+31612345678"


def answer(name: str, country: str = "NL") -> list[Inquiry] | Refused:
    return read((PAYLOADS / f"{name}.eml").read_bytes(), "message/rfc822", country, AMSTERDAM)


def only(name: str, country: str = "NL") -> Inquiry:
    found = answer(name, country)
    assert not isinstance(found, Refused), str(found.because)
    (inquiry,) = found
    return inquiry


@pytest.mark.parametrize(
    ("name", "full_name"),
    [
        ("adf_as_body", "Emeka Okafor"),
        ("adf_as_attachment", "Emeka Okafor"),
        ("adf_forwarded", "Emeka Okafor"),
        ("adf_quoted_printable", "Zoë Okafor"),
        ("adf_in_html", "Emeka Okafor"),
    ],
)
def test_adf_in_the_body_or_an_attachment_wins(name: str, full_name: str) -> None:
    inquiry = only(name)
    assert inquiry.channel == "mail"
    assert inquiry.customer.full_name == full_name
    assert (inquiry.customer.emails, inquiry.source_id, inquiry.provider) == (
        (ADDRESS,),
        "CF-1001",
        "CarFinder",
    )


@pytest.mark.parametrize(
    ("name", "country", "full_name", "emails", "numbers"),
    [
        ("dutch_form", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("german_form", "DE", "Jürgen Okafor", ("j.okafor@example.org",), ["+491711234567"]),
        ("russian_form", "RU", "Иван Окафоров", ("ivan@example.org",), ["+79123456789"]),
        ("html_table", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("html_labels_above_values", "NL", "Emeka Okafor", (), [NUMBER]),
        ("dealer_before_customer", "NL", "Emeka Okafor", (), [NUMBER]),
        ("dealer_block_ended_by_empty_line", "NL", "Emeka Okafor", (), [NUMBER]),
        ("only_a_phone_and_a_reply_to", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("personal", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("address_in_the_text", "NL", None, (ADDRESS,), []),
        ("forwarded_in_words", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("unknown_charset", "NL", "Zoë Okafor", ("zoe@example.org",), [NUMBER]),
        ("broken_headers", "NL", "Emeka Okafor", (ADDRESS,), [NUMBER]),
        ("answer_over_our_signature", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("answer_under_quoted_lines", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("answer_over_a_bare_copy", "NL", "Emeka Okafor", (ADDRESS,), []),
        ("form_by_a_robot", "NL", "Emeka Okafor", (), [NUMBER]),
        ("form_by_our_own_domain", "NL", "Emeka Okafor", (), [NUMBER]),
        ("missed_call_with_xml_in_a_comment", "NL", None, (), [NUMBER]),
        ("missed_call_in_words", "NL", None, (), [NUMBER]),
    ],
)
def test_whom_to_contact(
    name: str, country: str, full_name: str | None, emails: tuple[str, ...], numbers: list[str]
) -> None:
    customer = only(name, country).customer
    assert (customer.full_name, customer.emails) == (full_name, emails)
    assert [phone.number for phone in customer.phones] == numbers


@pytest.mark.parametrize(
    ("name", "country", "vehicle"),
    [
        ("dutch_form", "NL", Vehicle(year=2021, make="Volvo", model="XC40")),
        ("german_form", "DE", Vehicle(year=2021, make="Volvo", model="XC40")),
        ("russian_form", "RU", Vehicle(year=2019, make="Kia", model="Rio")),
        ("html_table", "NL", Vehicle(make="Volvo", model="XC40")),
        ("missed_call_with_xml_in_a_comment", "NL", Vehicle(make="Volvo", model="XC40")),
    ],
)
def test_the_car(name: str, country: str, vehicle: Vehicle) -> None:
    assert only(name, country).vehicles == (vehicle,)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("dutch_form", "Graag een proefrit.\nZit de trekhaak erbij?"),
        ("dutch_form", "Voorkeursdag proefrit: zaterdag"),
        ("dutch_form", "Subject: Nieuwe aanvraag: Volvo XC40"),
        ("german_form", "Ist der Wagen noch da?\nViele Grüße"),
        ("german_form", "Kilometerstand: 41.250 km"),
        ("html_table", "Is de auto er nog? Groet"),
        ("personal", "we can come on Saturday"),
        ("missed_call_in_words", "Gemiste oproep voor Northside"),
    ],
)
def test_the_customers_words_are_kept(name: str, part: str) -> None:
    assert part in (only(name, "DE" if name == "german_form" else "NL").message or "")


@pytest.mark.parametrize(
    ("name", "provider", "source_id"),
    [
        ("dutch_form", "Website Northside", "2026-1@autoscout24.nl"),
        ("html_table", "AutoScout24", "2026-1@autoscout24.nl"),
        ("missed_call_with_xml_in_a_comment", "AutoScout24", "call-1@autoscout24.nl"),
        ("personal", None, "p1@example.org"),
    ],
)
def test_who_sent_it_and_under_which_number(name: str, provider: str | None, source_id: str) -> None:
    inquiry = only(name)
    assert (inquiry.provider, inquiry.source_id) == (provider, source_id)


def test_the_mail_is_dated_unless_the_call_itself_was() -> None:
    mail, call = only("dutch_form").requested_at, only("missed_call_with_xml_in_a_comment").requested_at
    assert mail is not None
    assert call is not None
    assert (mail.isoformat(), call.isoformat()) == ("2026-03-02T10:15:00+01:00", "2026-03-02T10:14:31+01:00")


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("personal_by_a_robot", "no way to contact anybody: no phone number, no e-mail address"),
        ("no_reply_only", "no way to contact anybody: no phone number, no e-mail address"),
        ("our_own_address", "no way to contact anybody: no phone number, no e-mail address"),
        ("out_of_office", "an automatic reply or a report about undelivered mail, not a lead"),
        ("bounce", "an automatic reply or a report about undelivered mail, not a lead"),
        ("mailing_list", "a mailing to many people, not a lead"),
        ("bulk", "a mailing to many people, not a lead"),
    ],
)
def test_what_is_no_lead(name: str, because: str) -> None:
    found = answer(name)
    assert isinstance(found, Refused)
    assert str(found.because) == because


@pytest.mark.parametrize(
    "name", ["html_table", "dealer_before_customer", "missed_call_in_words", "dutch_form"]
)
def test_nobody_of_ours_and_no_portal_is_called_instead_of_the_customer(name: str) -> None:
    customer = only(name).customer
    assert [phone.number for phone in customer.phones] == [NUMBER]
    assert set(customer.emails) <= {ADDRESS}


@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("*.eml")), ids=lambda path: path.stem)
def test_mail_is_recognised_without_being_declared(payload: Path) -> None:
    assert recognise(payload.read_bytes(), None) == "mail"


@pytest.mark.parametrize("declared", [None, "message/rfc822"])
@pytest.mark.parametrize("payload", sorted(PAYLOADS.glob("enmime/*.raw")), ids=lambda path: path.stem)
def test_the_most_broken_mails_are_read_or_refused(payload: Path, declared: str | None) -> None:
    found = read(payload.read_bytes(), declared)
    assert found != UNREADABLE
    assert isinstance(found, Refused) or [inquiry.channel for inquiry in found] in (["mail"], ["text"])


def test_of_a_mail_with_large_attachments_the_beginning_is_read() -> None:
    body = (PAYLOADS / "personal.eml").read_bytes() + b"A" * 3_000_000
    found = read(body, "message/rfc822")
    assert not isinstance(found, Refused)
    assert found[0].customer.emails == (ADDRESS,)
    assert "the delivery was longer than we keep; the rest was cut off" in found[0].warnings

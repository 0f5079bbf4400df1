"""A wish in the formats that senders really use: what stands on the wire, byte for byte. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from random import Random
from typing import Any, Literal
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from leadbell.demo.cast import Company, Line
from leadbell.demo.shoppers import Wish
from leadbell.demo.showroom import Car

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Delivered:
    """One delivery: what the envelope keeps of it."""

    body: bytes
    content_type: str
    transport: Literal["http", "smtp", "hand"]


def deliver(wish: Wish, line: Line, dealer: Company, at: datetime, rng: Random) -> Delivered:
    """The wish as this line's sender writes it at `at`, the moment of asking."""
    asked = at.astimezone(ZoneInfo(dealer.zone)).replace(microsecond=0)
    match line.format:
        case "adf":
            return Delivered(_adf(wish, line, dealer, asked, rng), "application/xml", "http")
        case "adf_mail":
            return _adf_mail(wish, line, dealer, asked, rng)
        case "portal_mail":
            return _portal_mail(wish, line, dealer, asked, rng)
        case "meta":
            return Delivered(_dumped(_meta(wish, line, asked, rng)), JSON, "http")
        case "google":
            return Delivered(_dumped(_google(wish, asked, rng)), JSON, "http")
        case "form":
            return Delivered(
                urlencode(_form(wish, dealer)).encode(), "application/x-www-form-urlencoded", "http"
            )
        case "json":
            return Delivered(_dumped(_json(wish, line, asked, rng)), JSON, "http")
        case "hand":
            return Delivered(_dumped(_typed(wish)), JSON, "hand")


def no_lead(rng: Random, dealer: Company, at: datetime) -> Delivered:
    """What arrives and is no lead: a newsletter, an automatic reply, a form that lost its fields."""
    asked = at.astimezone(ZoneInfo(dealer.zone)).replace(microsecond=0)
    number = rng.randrange(10**9)
    match rng.randrange(3):
        case 0:
            sender = "Leasenieuws <redactie@leasenieuws.example>"
            mailing = (
                "List-Id: <nieuws.leasenieuws.example>\nList-Unsubscribe: <https://leasenieuws.example/uit>\n"
            )
            text = "De vraag naar elektrische occasions stijgt. Lees verder op onze site.\n"
            return _mail(sender, "De markt deze week", asked, number, _plain(text), mailing)
        case 1:
            sender, subject = "P. Storm <p.storm@example.org>", "Automatic reply: your appointment"
            text = "I am out of the office until Monday.\n"
            return _mail(sender, subject, asked, number, _plain(text), "Auto-Submitted: auto-replied\n")
        case _:
            form = {"form": "contact", "page": f"/occasions/{number % 5000}", "consent": "on"}
            return Delivered(urlencode(form).encode(), "application/x-www-form-urlencoded", "http")


def _dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _mail(sender: str, subject: str, asked: datetime, number: int, content: str, more: str = "") -> Delivered:
    """A mail as it comes out of a sender's program (RFC 5322). Sender and subject are plain ASCII."""
    head = (
        f"From: {sender}\nTo: leads@leads.localhost\nSubject: {subject}\nDate: {format_datetime(asked)}\n"
        f"Message-ID: <{number}@{sender.rpartition('@')[2].rstrip('>')}>\nMIME-Version: 1.0\n{more}"
    )
    return Delivered((head + content).replace("\n", "\r\n").encode(), "message/rfc822", "smtp")


def _plain(text: str) -> str:
    return f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text}"


def _element(tag: str, text: str | int | None, **attributes: str) -> str:
    if text in (None, ""):
        return ""
    said = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
    return f"<{tag}{said}>{escape(str(text))}</{tag}>"


def _adf_car(car: Car, interest: str) -> str:
    parts = (
        _element("year", car.year), _element("make", car.make), _element("model", car.model),
        _element("trim", car.trim), _element("stock", car.stock),
    )  # fmt: skip
    return f'<vehicle interest="{interest}" status="{car.condition}">{"".join(parts)}</vehicle>'


def _adf(wish: Wish, line: Line, dealer: Company, asked: datetime, rng: Random) -> bytes:
    who = wish.shopper
    cars = _adf_car(wish.car, wish.interest)
    if wish.trade_in:
        cars += _adf_car(wish.trade_in, "trade-in")
    contact = (
        _element("name", who.first, part="first") + _element("name", who.last, part="last")
        + _element("email", who.email) + _element("phone", who.phone, type="voice")
    )  # fmt: skip
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n<adf><prospect>'
        + _element("id", rng.randrange(10**8, 10**9), sequence="1", source=line.sender)
        + _element("requestdate", asked.isoformat())
        + cars
        + f"<customer><contact>{contact}</contact>{_element('comments', wish.message)}</customer>"
        + f"<vendor>{_element('vendorname', dealer.name)}</vendor>"
        + f"<provider>{_element('name', line.name)}</provider></prospect></adf>\n"
    ).encode()


def _adf_mail(wish: Wish, line: Line, dealer: Company, asked: datetime, rng: Random) -> Delivered:
    """The lead as an attachment."""
    edge = f"part-{rng.randrange(10**12):012}"
    adf = _adf(wish, line, dealer, asked, rng).decode()
    attached = (
        'Content-Type: application/xml; charset=utf-8\nContent-Disposition: attachment; filename="lead.adf.xml"\n'
        f"Content-Transfer-Encoding: 8bit\n\n{adf}"
    )
    parts = f"--{edge}\n{_plain('A new lead is attached.')}\n--{edge}\n{attached}\n--{edge}--\n"
    content = f'Content-Type: multipart/mixed; boundary="{edge}"\n\n{parts}'
    return _mail(
        f"{line.name} <leads@{line.sender}>", f"Lead: {wish.car}", asked, rng.randrange(10**9), content
    )


_LABELS = {
    "nl": ("Naam", "E-mail", "Telefoonnummer", "Merk", "Model", "Uitvoering", "Bouwjaar", "Nieuw of gebruikt",
        "Inruilauto", "Bericht"),
    "en": ("Name", "E-mail", "Phone number", "Make", "Model", "Version", "Year", "New or used", "Trade-in", "Message"),
}  # fmt: skip
_CONDITION = {"nl": {"new": "nieuw", "used": "gebruikt"}, "en": {"new": "new", "used": "used"}}


def _portal_mail(wish: Wish, line: Line, dealer: Company, asked: datetime, rng: Random) -> Delivered:
    """A portal's mail: one labelled line for each field."""
    who, car, own = wish.shopper, wish.car, wish.trade_in
    language = "nl" if dealer.country == "NL" else "en"
    values = (
        who.name, who.email, who.phone, car.make, car.model, car.trim, car.year, _CONDITION[language][car.condition],
        f"{own.make} {own.model} {own.year}" if own else "", wish.message,
    )  # fmt: skip
    lines = [f"{label}: {value}" for label, value in zip(_LABELS[language], values, strict=True) if value]
    sender, text = f"{line.name} <no-reply@{line.sender}>", "\n".join(lines) + "\n"
    return _mail(sender, f"{dealer.name}: {car}", asked, rng.randrange(10**9), _plain(text))


def _meta(wish: Wish, line: Line, asked: datetime, rng: Random) -> dict[str, Any]:
    """As a relay sends the answers of a lead form on."""
    who = wish.shopper
    answers = (
        ("full_name", who.name), ("email", who.email), ("phone_number", who.phone),
        ("make", wish.car.make), ("model", wish.car.model), ("new_or_used", wish.car.condition),
        ("message", wish.message),
    )  # fmt: skip
    return {
        "leadgen_id": str(rng.randrange(10**16, 10**17)),
        "created_time": asked.isoformat(),
        "platform": "ig" if "Instagram" in line.name and rng.random() < 0.6 else "fb",
        "field_data": [{"name": name, "values": [text]} for name, text in answers if text],
    }


_COLUMN = ("column_id", "column_name", "string_value")


def _google(wish: Wish, asked: datetime, rng: Random) -> dict[str, Any]:
    who = wish.shopper
    columns = (
        ("FULL_NAME", "Full Name", who.name), ("EMAIL", "User Email", who.email),
        ("PHONE_NUMBER", "User Phone", who.phone), ("", "Make", wish.car.make), ("", "Model", wish.car.model),
        ("", "Message", wish.message),
    )  # fmt: skip
    return {
        "lead_id": f"{rng.randrange(16**24):024x}",
        "api_version": "1.0",
        "form_id": 40_012_345_678,
        "campaign_id": 20_112_345_678,
        "google_key": "demo",
        "is_test": False,
        "lead_submit_time": asked.isoformat(),
        "user_column_data": [
            {name: text for name, text in zip(_COLUMN, column, strict=True) if text}
            for column in columns
            if column[2]
        ],
    }


def _form(wish: Wish, dealer: Company) -> dict[str, str]:
    """A web form in the language of the dealer's site."""
    who, car = wish.shopper, wish.car
    if dealer.language == "nl":
        names = ("voornaam", "achternaam", "emailadres", "telefoonnummer", "merk", "model", "opmerking")
    else:
        names = ("first_name", "last_name", "email", "phone", "make", "model", "message")
    values = (who.first, who.last, who.email, who.phone, car.make, car.model, wish.message)
    filled = {"condition": car.condition} | {
        name: value for name, value in zip(names, values, strict=True) if value
    }
    return filled | ({"trade_in": f"{wish.trade_in} {wish.trade_in.year}"} if wish.trade_in else {})


def _json(wish: Wish, line: Line, asked: datetime, rng: Random) -> dict[str, Any]:
    who, car, own = wish.shopper, wish.car, wish.trade_in
    customer = {"first_name": who.first, "last_name": who.last, "email": who.email, "phone": who.phone}
    vehicle = {
        "make": car.make, "model": car.model, "trim": car.trim, "year": car.year, "condition": car.condition,
        "stock": car.stock, "interest": wish.interest,
    }  # fmt: skip
    lead: dict[str, Any] = {
        "lead_id": f"{line.sender.split('.')[0]}-{rng.randrange(10**7):07}",
        "created_at": asked.isoformat(),
        "customer": {name: value for name, value in customer.items() if value},
        "vehicle": {name: value for name, value in vehicle.items() if value},
        "message": wish.message,
        "source": line.sender,
    }
    if own:
        lead["trade_in"] = {"make": own.make, "model": own.model, "year": own.year}
    return lead


def _typed(wish: Wish) -> dict[str, Any]:
    """As the Inbox screen writes down what a salesperson typed."""
    who, car = wish.shopper, wish.car
    said = {"name": who.name, "phone": who.phone, "email": who.email, "message": wish.message}
    vehicle = {"make": car.make, "model": car.model, "condition": car.condition}
    return {name: value for name, value in said.items() if value} | {"vehicles": [vehicle]}

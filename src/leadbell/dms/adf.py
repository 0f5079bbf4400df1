"""A lead as ADF/XML 1.0, the Auto-lead Data Format: valid by its DTD, and read by our own intake as what it was."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

INTERESTS = ("buy", "lease", "sell", "trade-in", "test-drive")
STATUSES = ("new", "used")
#: ADF knows these four; a number at home or at work is a voice line.
_PHONES = {
    "mobile": "cellphone", "fax": "fax", "pager": "pager", "voice": "voice", "home": "voice", "work": "voice",
}  # fmt: skip
#: What XML 1.0 can't hold.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Prospect:
    """A lead as it goes out: `reference` is our number for it, `requested_at` aware, cars and phones as the lead has
    them: [{"interest", "status", "year", "make", "model", "trim", "vin", "stock"}] and [{"number", "raw", "kind"}].
    """

    reference: str
    requested_at: datetime
    vendor: str
    provider: str = ""
    first_name: str = ""
    last_name: str = ""
    full_name: str = ""
    emails: Sequence[str] = ()
    phones: Sequence[Mapping[str, Any]] = ()
    address: str = ""
    cars: Sequence[Mapping[str, Any]] = ()
    message: str = ""
    #: What brought the customer: the provider's service, since ADF knows no campaigns.
    campaign: str = ""


def as_adf(prospect: Prospect) -> bytes:
    """The XML in UTF-8, with its prolog. Empty elements stand where the DTD asks for one and nothing is known."""
    root = etree.Element("adf")
    one = etree.SubElement(root, "prospect", status="new")
    _add(one, "id", prospect.reference, sequence="1", source="Leadbell")
    _add(one, "requestdate", prospect.requested_at.isoformat(timespec="seconds"))
    for car in prospect.cars or ({},):
        _vehicle(one, car)
    _customer(one, prospect)
    vendor = etree.SubElement(one, "vendor")
    _add(vendor, "vendorname", prospect.vendor)
    _add(etree.SubElement(vendor, "contact"), "name", prospect.vendor, part="full", type="business")
    if prospect.provider:
        provider = etree.SubElement(one, "provider")
        _add(provider, "name", prospect.provider, part="full", type="business")
        if prospect.campaign:
            _add(provider, "service", prospect.campaign)
    body: bytes = etree.tostring(root, encoding="UTF-8", pretty_print=True)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<?adf version="1.0"?>\n' + body


def _vehicle(prospect: etree._Element, car: Mapping[str, Any]) -> None:
    interest, status = car.get("interest"), car.get("status")
    interest = interest if interest in INTERESTS else "buy"
    if status not in STATUSES:
        status = "used" if interest == "trade-in" else "new"
    one = etree.SubElement(prospect, "vehicle", interest=interest, status=status)
    for name in ("year", "make", "model"):
        _add(one, name, str(car.get(name) or ""))
    for name in ("vin", "stock", "trim"):
        if car.get(name):
            _add(one, name, str(car[name]))


def _customer(one: etree._Element, prospect: Prospect) -> None:
    customer = etree.SubElement(one, "customer")
    contact = etree.SubElement(customer, "contact")
    names = {"first": prospect.first_name, "last": prospect.last_name}
    in_parts = " ".join(filter(None, names.values()))
    if prospect.full_name and prospect.full_name != in_parts:
        names["full"] = prospect.full_name
    for part, name in names.items():
        if name:
            _add(contact, "name", name, part=part, type="individual")
    if not any(names.values()):
        _add(contact, "name", "", part="full", type="individual")
    for address in prospect.emails:
        _add(contact, "email", address)
    for phone in prospect.phones:
        kind = _PHONES.get(phone.get("kind") or "")
        _add(
            contact,
            "phone",
            phone.get("number") or phone.get("raw") or "",
            **({"type": kind} if kind else {}),
        )
    if prospect.address:
        _add(etree.SubElement(contact, "address"), "street", prospect.address, line="1")
    if prospect.message:
        _add(customer, "comments", prospect.message)


def _add(above: etree._Element, name: str, text: str, **about: str) -> None:
    etree.SubElement(above, name, about).text = _UNWRITABLE.sub("", text)

"""A draft made fit to keep: cleaned, within its limits, with a warning where something was cut or not understood."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from leadbell.intake.channels.cars import MOST_NOTES, Car, car_name
from leadbell.intake.channels.draft import Draft, email_addresses
from leadbell.intake.channels.labels import folded, sounds_like_ours
from leadbell.intake.inquiry import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_INQUIRIES,
    MOST_VEHICLES,
    MOST_WAYS_TO_CONTACT,
    Customer,
    Inquiry,
    Phone,
    Refused,
    Vehicle,
)
from leadbell.intake.phones import LONGEST_NUMBER, digits, read_phone, read_phones
from leadbell.words import say

NO_WAY_TO_CONTACT = Refused(say("no way to contact anybody: no phone number, no e-mail address"))

CUT = str(say("the delivery was longer than we keep; the rest was cut off"))
NOT_DIALLABLE = str(say("no phone number here can be dialled as it is written"))
UNREADABLE_DATE = str(say("the date of the request could not be read"))
FUTURE_DATE = str(say("the date of the request lies in the future"))
FROM_THE_TEXT = str(say("the way to contact the customer was taken from the text"))
OTHERS_UNREACHABLE = str(say("another prospect in the same delivery names no way to contact anybody"))
OTHERS_LEFT_OUT = str(say("the delivery holds more prospects than we read from one delivery"))

_NUMBER = re.compile(r"(?<![\w.+/-])[+(]?\d[\d ().\-–]{5,24}\d(?![\w/])")
_COUNTRIES = {
    "nederland": "NL", "netherlands": "NL", "thenetherlands": "NL", "niederlande": "NL", "holland": "NL",
    "belgie": "BE", "belgium": "BE", "belgien": "BE", "belgique": "BE", "deutschland": "DE", "germany": "DE",
    "duitsland": "DE", "luxemburg": "LU", "luxembourg": "LU", "france": "FR", "frankrijk": "FR",
    "frankreich": "FR", "oesterreich": "AT", "austria": "AT", "oostenrijk": "AT", "schweiz": "CH",
    "switzerland": "CH", "zwitserland": "CH", "uk": "GB", "unitedkingdom": "GB", "greatbritain": "GB",
    "england": "GB", "usa": "US", "unitedstates": "US", "unitedstatesofamerica": "US", "canada": "CA",
    "россия": "RU", "russia": "RU", "rusland": "RU", "russland": "RU", "казахстан": "KZ", "kazakhstan": "KZ",
    "беларусь": "BY", "belarus": "BY", "polen": "PL", "poland": "PL", "polska": "PL",
}  # fmt: skip


def settle(drafts: Sequence[Draft]) -> list[Inquiry] | Refused:
    """The prospects somebody can contact; what is left out is told in a warning on the first."""
    for draft in drafts[: 5 * MOST_INQUIRIES]:
        if not draft.is_reachable():
            look_in_the_text(draft)
    reachable = [draft for draft in drafts if draft.is_reachable()]
    if not reachable:
        return NO_WAY_TO_CONTACT
    if len(reachable) < len(drafts):
        reachable[0].warn(OTHERS_UNREACHABLE)
    if len(reachable) > MOST_INQUIRIES:
        reachable[0].warn(OTHERS_LEFT_OUT)
    return [inquiry(draft) for draft in reachable[:MOST_INQUIRIES]]


def look_in_the_text(draft: Draft) -> None:
    """Take the way to contact the customer from their own words, where no field holds it."""
    noted = [text for label, text in draft.notes if not sounds_like_ours(label)]
    for text in (draft.told + noted)[:MOST_NOTES]:
        for address in email_addresses(text):
            if not draft.is_others(address):
                draft.email(address)
        for found in _NUMBER.finditer(text[: 2 * LONGEST_MESSAGE]):
            if len(draft.phones) >= MOST_WAYS_TO_CONTACT or not draft.trusts_numbers_in_text:
                break
            if digits(found[0]) <= LONGEST_NUMBER + 1 and read_phone(found[0], draft.delivery.country).number:
                draft.phone(found[0])
    if draft.emails or draft.phones:
        draft.warn(FROM_THE_TEXT)


def inquiry(draft: Draft) -> Inquiry:
    """The inquiry, cleaned and within its limits, with a warning where something was cut or not understood."""
    cars = _each_once([(car, car.settle()) for car in draft.cars if not car.is_empty()])
    if (
        max(
            len(cars) - MOST_VEHICLES,
            len(draft.emails) - MOST_WAYS_TO_CONTACT,
            len(draft.notes) - MOST_NOTES + 1,
        )
        > 0
    ):
        draft.warn(CUT)
    return Inquiry(
        channel=draft.channel,
        requested_at=_requested_at(draft),
        customer=_customer(draft),
        vehicles=tuple(vehicle for _, vehicle in cars[:MOST_VEHICLES]),
        message=_message(draft, cars[:MOST_VEHICLES]),
        provider=_fitted(draft, draft.provider),
        source_id=_fitted(draft, draft.source_id),
        warnings=tuple(draft.warnings),
        consents=tuple(draft.consents.values()),
        visitor=draft.visitor or None,
        dealer=_fitted(draft, draft.dealer),
        campaign=_fitted(draft, draft.campaign),
    )


def _each_once(cars: list[tuple[Car, Vehicle]]) -> list[tuple[Car, Vehicle]]:
    """Without a trade-in that is told a second time in the customer's own words."""
    found: list[tuple[Car, Vehicle]] = []
    for car, vehicle in cars:
        again = vehicle.interest == "trade-in" and not car.notes and any(vehicle == one for _, one in found)
        if not again:
            found.append((car, vehicle))
    return found


def _requested_at(draft: Draft) -> datetime | None:
    if not draft.asked_at:
        return None
    moment = draft.moment(draft.asked_at)
    if moment is None:
        draft.warn(UNREADABLE_DATE)
        draft.note("Date as it was written", draft.asked_at)
    elif draft.delivery.received_at and moment > draft.delivery.received_at + timedelta(days=1):
        draft.warn(FUTURE_DATE)
    return moment


def _customer(draft: Draft) -> Customer:
    names, full = draft.names, draft.full_name()
    if "company" in names and full != names["company"]:
        draft.note("Company", names["company"])
    phones = _phones(draft)
    if phones and not any(phone.number for phone in phones):
        draft.warn(NOT_DIALLABLE)
    return Customer(
        first_name=_fitted(draft, names.get("first", "")),
        last_name=_fitted(draft, names.get("last", "")),
        full_name=_fitted(draft, full),
        emails=tuple(draft.emails[:MOST_WAYS_TO_CONTACT]),
        phones=phones,
        address=_fitted(draft, _address(draft)),
    )


def _phones(draft: Draft) -> tuple[Phone, ...]:
    """What the customer prefers first, what nobody answers (fax, pager) last, each number once."""
    country = draft.address.get("country", "")
    elsewhere = _COUNTRIES.get(folded(country)) or (
        country if len(country) == 2 and country.isascii() else None
    )
    found: dict[str, Phone] = {}
    for text, kind, _ in sorted(draft.phones, key=lambda phone: (not phone[2], phone[1] in ("fax", "pager"))):
        for phone in read_phones(text, draft.delivery.country, kind, elsewhere):
            found.setdefault(phone.number or phone.raw, phone)
    if len(found) > MOST_WAYS_TO_CONTACT:
        draft.warn(CUT)
    return tuple(found.values())[:MOST_WAYS_TO_CONTACT]


def _address(draft: Draft) -> str:
    part = draft.address.get
    street = " ".join(filter(None, (part("street"), part("housenumber"))))
    city = " ".join(filter(None, (part("postal"), part("city"))))
    return ", ".join(filter(None, (part("address"), street, city, part("region"), part("country"))))


def _message(draft: Draft, cars: Sequence[tuple[Car, Vehicle]]) -> str | None:
    lines = [f"{label}: {text}" if label else text for label, text in draft.notes]
    wanted = sum(vehicle.interest != "trade-in" for _, vehicle in cars)
    for car, vehicle in cars:
        whose = "Trade-in" if vehicle.interest == "trade-in" else ""
        if whose or wanted > 1:
            whose = " ".join(filter(None, (whose, car_name(vehicle))))
        for label, text in car.notes:
            lines.append(f"{whose}, {label[:1].lower()}{label[1:]}: {text}" if whose else f"{label}: {text}")
    message = "\n\n".join(filter(None, ("\n\n".join(draft.told), "\n".join(lines))))
    if len(message) > LONGEST_MESSAGE:
        draft.warn(CUT)
    return message[:LONGEST_MESSAGE].strip() or None


def _fitted(draft: Draft, text: str) -> str | None:
    if len(text) > LONGEST_NAME:
        draft.warn(CUT)
    return text[:LONGEST_NAME].strip() or None

"""A <vehicle> of ADF: the car that a customer asks for, sells or trades in, with what it may cost and have."""

from lxml import etree

from leadbell.intake.channels.cars import INTERESTS, STATUSES, Car
from leadbell.intake.channels.draft import Draft
from leadbell.intake.channels.filing import mention, put_car
from leadbell.intake.channels.labels import folded, readable
from leadbell.intake.channels.markup import attribute, plain, tag_of, text_in, texts_in
from leadbell.intake.inquiry import MOST_VEHICLES


def read_vehicle(vehicle: etree._Element, draft: Draft) -> None:
    """Defaults are the format's: interest buy, status new; a trade-in is used."""
    if len(draft.cars) > MOST_VEHICLES:
        return
    car = draft.car()
    interest = attribute(vehicle, "interest").strip()
    status = attribute(vehicle, "status").strip()
    car.interest = INTERESTS.get(folded(interest), interest.lower()[:40]) or "buy"
    for element in vehicle:
        _read_vehicle_part(tag_of(element), element, car, draft)
    known = STATUSES.get(folded(status)) or car.status
    car.status = known or ("used" if car.interest == "trade-in" else "new")


def _read_vehicle_part(tag: str, element: etree._Element, car: Car, draft: Draft) -> None:
    text = text_in(element).strip()
    if tag == "odometer":
        unit = attribute(element, "units") or attribute(element, "unit") or ""
        car.note("Odometer", " ".join(filter(None, (text, unit if text else ""))))
    elif tag == "colorcombination":
        car.note("Colour", _colour(element))
    elif tag == "price":
        car.note(f"Price ({kind})" if (kind := attribute(element, "type")) else "Price", _money(element))
    elif tag == "option":
        _read_option(element, car, draft)
    elif tag == "finance":
        car.note("Finance", _finance(element))
    elif tag in ("comments", "comment"):
        car.note("Comments on the car", text)
        if car.interest != "trade-in":
            mention(draft, plain(text))
    elif tag in _CAR_NOTES:
        car.note(_CAR_NOTES[tag], text)
    elif len(element):
        car.note(readable(tag), ", ".join(filter(None, (part.strip() for part in texts_in(element)))))
    else:
        put_car(car, tag, text)


_CAR_NOTES = {
    "bodystyle": "Body", "transmission": "Transmission", "doors": "Doors", "pricecomments": "About the price",
    "imagetag": "Picture", "id": "Number of the car",
}  # fmt: skip


def _colour(element: etree._Element) -> str:
    said = {tag_of(part): text_in(part).strip() for part in element}
    outside, inside = said.get("exteriorcolor"), said.get("interiorcolor")
    both = (f"{outside} outside" if outside else "", f"{inside} inside" if inside else "")
    choice = said.get("preference", "")
    colours = ", ".join(filter(None, both))
    return f"{colours} (choice {choice})" if colours and choice else colours or text_in(element)


def _money(element: etree._Element) -> str:
    amount = text_in(element).strip()
    return " ".join(filter(None, (amount, attribute(element, "currency") if amount else "")))


def _finance(element: etree._Element) -> str:
    said = []
    for part in element:
        amount = _money(part)
        if tag_of(part) == "amount" and amount:
            amount = " ".join(filter(None, (attribute(part, "type"), attribute(part, "limit"), amount)))
        elif tag_of(part) == "balance" and amount:
            amount = " ".join(filter(None, (attribute(part, "type"), "balance", amount)))
        said.append(amount)
    return ", ".join(filter(None, said)) or text_in(element)


def _read_option(element: etree._Element, car: Car, draft: Draft) -> None:
    said: dict[str, str] = {}
    for part in element:
        said.setdefault(tag_of(part), _money(part))
    name = said.pop("optionname", "") or (element.text or "").strip()
    more = ", ".join(value for value in (said.get("price"), said.get("stock")) if value)
    car.note("Option", f"{name} ({more})" if name and more else name or more)
    mention(draft, name)

"""Any plain JSON: flat or nested, one lead or a list, with key names in four languages."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from leadbell.intake.channels import adf
from leadbell.intake.channels.broken_json import has_pairs, salvage
from leadbell.intake.channels.cars import PARTS, Car
from leadbell.intake.channels.delivery import NOT_JSON, Delivery
from leadbell.intake.channels.draft import Draft
from leadbell.intake.channels.filing import consent, put, put_car
from leadbell.intake.channels.json_values import (
    NUMBERS,
    holds_more,
    inner_json,
    name_in,
    names_a_way_to_contact,
    pair_in,
    text_of,
)
from leadbell.intake.channels.labels import (
    CONSENTS,
    Meaning,
    folded,
    listed,
    meaning,
    readable,
    sounds_like_ours,
)
from leadbell.intake.channels.settling import NO_WAY_TO_CONTACT, settle
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.phones import kind_of

_DEEPEST = 6
_MOST_FIELDS = 500
_MOST_LEADS = 100

_CARS = frozenset({"vehicles", "car", "tradeins", "trade"})
_PLACES = frozenset({"address", "street"})
_WRAPPERS = listed(
    """data payload fields field form formdata formfields fielddata formresponse answers answer submission body event
    record     result response responses properties attributes values value entry entries object detail details info
    input inputs items item params content root xml mended lead leads customfields extra metadata meta
    webhook request rawrequest prospects inquiry enquiry booking aanvraag anfrage заявка запрос
    gegevens velden daten felder поля данные"""
)
_THINGS_WITH_A_NAME = frozenset({"form", "webhook", "event", "request", "submission"})
#: In these an `id` is the lead's own; elsewhere it may be a form's or a field's.
_LEADS = listed(
    "data payload submission body record result response entry object lead inquiry enquiry aanvraag anfrage заявка "
    "запрос request rawrequest"
)
_GRANTED = (
    *("granted", "given", "accepted", "agreed", "checked", "ischecked", "consented", "consent"),
    *("value", "answer", "status"),
)


def recognises(delivery: Delivery) -> bool:
    return delivery.start.startswith(("{", "[")) and (
        delivery.json is not NOT_JSON or "json" in delivery.media_type or has_pairs(delivery.start)
    )


def read(delivery: Delivery) -> list[Inquiry] | Refused:
    if delivery.json is NOT_JSON:
        return settle([salvage(delivery)])
    return read_value(delivery.json, delivery, "json")


def read_value(value: Any, delivery: Delivery, channel: str) -> list[Inquiry] | Refused:
    """Read decoded JSON (or what has its shape) as one lead or as several."""
    leads = [
        lead
        for lead in (value[:_MOST_LEADS] if isinstance(value, list) else [value])
        if isinstance(lead, dict)
    ]
    if not leads:
        return NO_WAY_TO_CONTACT
    for lead in leads:
        for text in _texts_with_adf(lead):
            inside = adf.read_text(text, delivery, channel)
            if not isinstance(inside, Refused):
                return inside
    drafts = []
    for lead in leads:
        drafts += _read_lead(lead, delivery, channel)
    return settle(drafts)


def _read_lead(lead: Mapping[str, Any], delivery: Delivery, channel: str) -> list[Draft]:
    """One draft; or as many as the lead has in a list of its own, when it can't be contacted itself."""
    draft = read_object(lead, delivery, channel)
    if draft.is_reachable():
        return [draft]
    for value in islice(lead.values(), 50):
        inner = value
        if isinstance(value, Mapping):
            inner = next((found for found in islice(value.values(), 50) if isinstance(found, list)), None)
        if isinstance(inner, list):
            rows = [row for row in inner[:_MOST_LEADS] if isinstance(row, Mapping) and not pair_in(row)]
            several = [read_object(row, delivery, channel) for row in rows]
            if any(draft.is_reachable() for draft in several):
                return several
    return [draft]


def read_object(lead: Mapping[str, Any], delivery: Delivery, channel: str) -> Draft:
    """One lead. What stands under a name nobody knows is read as the customer's only when nothing else can be."""
    reader = _Reader(Draft(channel, delivery))
    reader.read(lead, None)
    if reader.draft.is_reachable():
        reader.note_what_was_put_aside()
    else:
        reader.read_what_was_put_aside()
    return reader.draft


class _Reader:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.fields = 0
        self.aside: list[tuple[Mapping[str, Any], int]] = []

    def read(self, values: Mapping[str, Any], about: str | None, depth: int = 0) -> None:
        for key, value in values.items():
            if self.fields >= _MOST_FIELDS:
                return
            self.fields += 1
            label = str(key)
            if isinstance(value, Mapping):
                self._read_inner(label, value, about, depth)
            elif isinstance(value, list):
                self._read_list(label, value, about, depth)
            else:
                self._put(label, value, about)

    def read_what_was_put_aside(self) -> None:
        for values, depth in self.aside[:50]:
            self.read(values, "part", depth)

    def note_what_was_put_aside(self) -> None:
        """Whoever's it is, it is not to be contacted; the rest may be worth knowing."""
        for values, _ in self.aside[:50]:
            for key, value in islice(values.items(), 50):
                what = meaning(str(key))
                if text := text_of(value) if what is None or what.part == "message" else "":
                    self.draft.note(readable(str(key)), text)

    def _put(self, label: str, value: Any, about: str | None) -> None:
        text = text_of(value)
        if text:
            inside = inner_json(text)
            if inside is not None:
                self._read_inner(label, inside, about, _DEEPEST - 2)
            else:
                put(self.draft, label, text, about)

    def _read_inner(self, label: str, values: Mapping[str, Any], about: str | None, depth: int) -> None:
        if depth >= _DEEPEST:
            return
        what = meaning(label)
        part = what.part if what else ""
        whose = (what.about if what else None) or about
        if part in CONSENTS or folded(label) == "consents":
            self._read_consent(label, values)
            return
        if part == "vendor":
            self.draft.name_dealer(label, name_in(values))
            return
        if whose == "vendor" or part == "nothing":
            return
        if part == "provider":
            self.draft.sent_by(name_in(values))
        elif part == "campaign":
            self.draft.in_campaign(name_in(values))
        elif whose in ("vehicle", "trade") and part in PARTS and (name := name_in(values)):
            put(self.draft, label, name, whose)
        elif about not in ("vehicle", "trade") and (part in _CARS or whose == "trade"):
            self.read(
                values, "trade" if whose == "trade" or part in ("tradeins", "trade") else "vehicle", depth + 1
            )
        elif part in NUMBERS or part == "email":
            self._read_way_to_contact(part, values)
        elif part in _PLACES:
            self.read(values, "customer", depth + 1)
        elif pair := pair_in({"name": label, **values}):
            self._read_pair(pair, label, about)
        elif folded(label) in _THINGS_WITH_A_NAME and not holds_more(values):
            self.draft.note(readable(label), name_in(values))
        elif folded(label) in _WRAPPERS or not label:
            self.read(values, about or (None if folded(label) in _LEADS else "part"), depth + 1)
        elif part in ("full", "first", "customer", "message"):
            self.read(values, "customer", depth + 1)
        elif about in ("vehicle", "trade"):
            self.read(values, about, depth + 1)
        elif not sounds_like_ours(label):
            self.aside.append((values, depth + 1))

    def _read_list(self, label: str, values: list[Any], about: str | None, depth: int) -> None:
        if depth >= _DEEPEST:
            return
        what = meaning(label)
        part = what.part if what else ""
        texts = [text_of(value) for value in values[:50] if not isinstance(value, Mapping | list)]
        if part in NUMBERS or part == "email":
            for text in texts:
                put(self.draft, label, text, about)
        elif any(texts):
            put(self.draft, label, ", ".join(filter(None, texts)), about)
        for value in values[:_MOST_FIELDS]:
            if not isinstance(value, Mapping) or self.fields >= _MOST_FIELDS:
                continue
            self.fields += 1
            if part in CONSENTS or folded(label) == "consents":
                self._read_consent(label, value)
            elif pair := pair_in(value):
                self._read_pair(pair, "", about)
            elif part in _CARS:
                self._read_car(value, what)
            elif part in NUMBERS or part == "email":
                self._read_way_to_contact(part, value)
            elif depth and folded(label) in _WRAPPERS:
                self.read(value, about or "part", depth + 1)
            elif depth and not sounds_like_ours(label):
                self.aside.append((value, depth + 1))

    def _read_pair(self, pair: tuple[str, Any], label: str, about: str | None) -> None:
        name, value = pair
        label = label if label and meaning(label) else name
        texts = (
            list(filter(None, (text_of(one) for one in value[:50])))
            if isinstance(value, list)
            else [text_of(value)]
        )
        for text in texts if names_a_way_to_contact(label) else [", ".join(texts)]:
            if text:
                put(self.draft, label, text, about)

    def _read_car(self, values: Mapping[str, Any], what: Meaning | None) -> None:
        car = self.draft.car()
        if what and what.part in ("tradeins", "trade"):
            car.interest = "trade-in"
        _fill_car(car, values)

    def _read_consent(self, label: str, values: Mapping[str, Any]) -> None:
        """`{"type": "marketing", "granted": true, "text": "…"}`, or `{"marketing": true, "contact": false}`."""
        texts = {folded(str(key)): text_of(value) for key, value in islice(values.items(), 20)}
        purpose = next(
            (texts[key] for key in ("type", "kind", "purpose", "category") if texts.get(key)), label
        )
        what = meaning(purpose) or meaning(label)
        granted = next((key for key in _GRANTED if texts.get(key)), "")
        if granted and what and what.part in CONSENTS:
            consent(self.draft, what.part, purpose, texts.pop(granted))
        for key, text in texts.items():
            inner = meaning(key)
            if inner and inner.part in CONSENTS:
                consent(self.draft, inner.part, key, text)
            elif key in ("contact", "phone", "telephone", "call"):
                consent(self.draft, "may_contact", key, text)

    def _read_way_to_contact(self, part: str, values: Mapping[str, Any]) -> None:
        texts = {folded(str(key)): text_of(value) for key, value in islice(values.items(), 20)}
        kind = kind_of(texts.get("type") or texts.get("kind") or texts.get("label"))
        for key in ("number", "value", "address", "e164", "raw", "phone", "email", "full", "nummer"):
            if texts.get(key):
                if part == "email":
                    self.draft.email(texts[key])
                else:
                    self.draft.phone(texts[key], kind or (None if part == "phone" else part))
                return
        for key, text in texts.items():
            if part == "email":
                self.draft.email(text)
            else:
                self.draft.phone(text, kind_of(key))


def _fill_car(car: Car, values: Mapping[str, Any]) -> None:
    for key, value in islice(values.items(), 100):
        text = name_in(value) if isinstance(value, Mapping) else ""
        if isinstance(value, list):
            text = ", ".join(filter(None, (text_of(one) for one in value[:50])))
        if text := text or text_of(value):
            put_car(car, str(key), text)


def _texts_with_adf(lead: Any) -> Iterator[str]:
    if isinstance(lead, Mapping):
        for value in islice(lead.values(), 100):
            if isinstance(value, str) and adf.holds_adf(value):
                yield value
            elif isinstance(value, Mapping):
                for inner in islice(value.values(), 100):
                    if isinstance(inner, str) and adf.holds_adf(inner):
                        yield inner

"""An inquiry while it is being read: channels say what they found, `settle` makes it fit to keep."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from leadbell.intake.channels.cars import (
    INTERESTS,
    MOST_NOTES,
    NOTHING,
    PARTS,
    STATUSES,
    Car,
    car_name,
    names_a_car,
)
from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.labels import (
    CONSENTS,
    Meaning,
    folded,
    listed,
    meaning,
    readable,
    sounds_like_ours,
)
from leadbell.intake.channels.markup import plain
from leadbell.intake.channels.moments import read_moment
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
    one_line,
    paragraphs,
)
from leadbell.intake.phones import LONGEST_NUMBER, digits, read_phone, read_phones
from leadbell.lead.law import Kind, Said
from leadbell.words import say

#: Fewer digits than this are no telephone number that a person could complete.
FEWEST_DIGITS = 4
_LONGEST_LABEL = 80
_LONGEST_VALUE = 2_000
_LONGEST_LINE = 500

NO_WAY_TO_CONTACT = Refused(say("no way to contact anybody: no phone number, no e-mail address"))

CUT = str(say("the delivery was longer than we keep; the rest was cut off"))
NOT_DIALLABLE = str(say("no phone number here can be dialled as it is written"))
TEST_LEAD = str(say("test lead"))
UNREADABLE_DATE = str(say("the date of the request could not be read"))
FUTURE_DATE = str(say("the date of the request lies in the future"))
FROM_THE_TEXT = str(say("the way to contact the customer was taken from the text"))
OTHERS_UNREACHABLE = str(say("another prospect in the same delivery names no way to contact anybody"))
OTHERS_LEFT_OUT = str(say("the delivery holds more prospects than we read from one delivery"))

_LOCAL = r"""[^\s@<>(),;:"\[\]\\|=]{1,64}"""
_LABEL = r"""[^\s@<>(),;:"'\[\]\\|=./?&#!*]{1,63}"""
_ADDRESS = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.){{1,8}}[^\W\d_]{_LABEL}")
#: A line of free text that has a label.
_LABELLED = re.compile(r"^[ \t>*•·–-]{0,8}([^:=\n]{2,60}?)[ \t]*[:=][ \t]*([^\n]{1,200})", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.+/-])[+(]?\d[\d ().\-–]{5,24}\d(?![\w/])")
_YES = listed(
    "yes y true 1 on ok accept accepted agree agreed allowed checked consented given granted optin optedin subscribe "
    "subscribed ja j wel akkoord toegestaan aangevinkt einverstanden zugestimmt akzeptiert da да согласен согласна"
)
#: Labels of a dealer, among all those of whoever sells.
_DEALERS = (
    "dealer",
    "vendor",
    "branch",
    "showroom",
    "store",
    "vestiging",
    "handler",
    "haendler",
    "autohaus",
    "дилер",
)
_NO = listed(
    "no n false 0 off denied declined disallowed refused unchecked optout optedout unsubscribe unsubscribed none "
    "nee geen niet nein nicht abgelehnt net нет несогласен несогласна"
)
_YES_BEGINS = (
    *("iagree", "iaccept", "iconsent", "yesi", "yes,i", "igive", "ikgaakkoord", "ikgeeftoestemming", "jaik"),
    *("ichstimme", "ichbineinverstanden", "jaich", "ясоглас", "дая", "даюсогласие"),
)
_KINDS: dict[str, Kind] = {"may_contact": "contact", "may_record": "recording"}
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


def email_addresses(text: str) -> Iterator[str]:
    """The e-mail addresses in a text, in their order; looks only around the first signs that can be one."""
    start = 0
    for _ in range(5 * MOST_WAYS_TO_CONTACT):
        at = text.find("@", start)
        if at < 0:
            return
        found = _ADDRESS.search(text, max(start, at - 64), at + 260)
        start = at + 1
        if found and found.start() < at < found.end():
            start = found.end()
            address = found[0].strip("'`*._-")
            if "@" in address[1:]:
                yield address


class Draft:
    """Collects what a channel finds about one prospect."""

    def __init__(self, channel: str, delivery: Delivery) -> None:
        self.channel = channel
        self.delivery = delivery
        self.names: dict[str, str] = {}
        self.emails: list[str] = []
        self.phones: list[tuple[str, str | None, bool]] = []
        self.address: dict[str, str] = {}
        self.cars: list[Car] = []
        self.told: list[str] = []
        self.notes: list[tuple[str, str]] = []
        self.asked_at = ""
        self.provider = ""
        self.source_id = ""
        self.visitor = ""
        self.dealer = ""
        self.warnings: list[str] = []
        self.consents: dict[Kind, Said] = {}
        #: Addresses that are known not to be the customer's.
        self.is_others: Callable[[str], bool] = lambda address: False
        #: Whether a number in free text can only be the customer's; in a portal's mail it may be the portal's.
        self.trusts_numbers_in_text = True
        self._loose_id = ""
        self._wanted: Car | None = None
        self._traded: Car | None = None

    def warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def name(self, part: str, text: str) -> None:
        """`part` is first, middle, last, full or company; the first of each stands, another is a note."""
        text = one_line(plain(text[:_LONGEST_VALUE]))
        if text and self.names.setdefault(part, text) != text:
            self.note("Name", text)

    def email(self, text: str, preferred: bool = False) -> None:
        text = one_line(plain(text[:_LONGEST_VALUE]))
        addresses = list(email_addresses(text))
        for address in addresses:
            if not self.is_others(address) and address.casefold() not in (
                known.casefold() for known in self.emails
            ):
                self.emails.insert(0 if preferred else len(self.emails), address)
        if not addresses:
            self.note("E-mail as it was written", text)

    def phone(self, text: str, kind: str | None = None, preferred: bool = False) -> None:
        text = one_line(plain(text[:_LONGEST_VALUE]))
        if digits(text) < FEWEST_DIGITS:
            self.note("Phone as it was written", text)
        elif len(self.phones) <= MOST_WAYS_TO_CONTACT and (text, kind, preferred) not in self.phones:
            self.phones.append((text, kind, preferred))

    def also(self, other: "Draft") -> None:
        """A second person on the same lead: their ways to contact come after the first's, their name is a note."""
        for address in other.emails:
            self.email(address)
        for text, kind, _ in other.phones:
            self.phone(text, kind)
        self.note("Second contact", other.full_name())
        self.notes += other.notes[:MOST_NOTES]

    def place(self, part: str, text: str) -> None:
        """`part` is street, housenumber, postal, city, region, country or address; streets have several lines."""
        text = one_line(plain(text[:_LONGEST_VALUE]))
        if text and text.casefold() not in NOTHING:
            known = self.address.get(part)
            self.address[part] = (
                f"{known}, {text}"[:LONGEST_NAME] if known and part == "street" else known or text
            )

    def car(self) -> Car:
        """A further vehicle."""
        car = Car()
        if len(self.cars) <= MOST_VEHICLES:
            self.cars.append(car)
        return car

    def wanted(self) -> Car:
        """The one vehicle that loose labels are about."""
        self._wanted = self._wanted or self.car()
        return self._wanted

    def traded(self) -> Car:
        """The customer's own car that loose labels are about."""
        if self._traded is None:
            self._traded = self.car()
            self._traded.interest, self._traded.status = "trade-in", "used"
        return self._traded

    def tell(self, text: str) -> None:
        """The customer's own words."""
        text = paragraphs(plain(text)[: 2 * LONGEST_MESSAGE])
        if text and text.casefold() not in NOTHING and text not in self.told and len(self.told) < MOST_NOTES:
            self.told.append(text)

    def note(self, label: str, text: str) -> None:
        """What has no field of its own and a salesperson may want to know."""
        note = (one_line(label[:_LONGEST_LABEL]), paragraphs(plain(text)[: 2 * LONGEST_MESSAGE]))
        if (
            note[1]
            and note[1].casefold() not in NOTHING
            and len(self.notes) < MOST_NOTES
            and note not in self.notes
        ):
            self.notes.append(note)

    def asked(self, text: str) -> None:
        """When the customer asked, as the sender wrote it; the first stands."""
        self.asked_at = self.asked_at or one_line(text[:LONGEST_NAME])

    def sent_by(self, provider: str) -> None:
        self.provider = self.provider or one_line(plain(provider[:_LONGEST_VALUE]))

    def name_dealer(self, label: str, text: str) -> None:
        """The dealer who is to have the lead, not a person there; the first stands."""
        if any(word in folded(label) for word in _DEALERS):
            self.dealer = self.dealer or one_line(plain(text[:_LONGEST_VALUE]))

    def numbered(self, source_id: str) -> None:
        """The sender's own number for this lead; the first stands."""
        self.source_id = self.source_id or one_line(source_id[:_LONGEST_VALUE])

    def consent(self, part: str, label: str, text: str) -> None:
        """A box that was ticked or not, `part` of CONSENTS. A no stands over a yes of the same kind; what is neither
        is a note, and so is a missing yes to being contacted: who asks something may be answered."""
        text = one_line(plain(text[:_LONGEST_VALUE]))
        if not text:
            return
        answer = folded(text)
        given = True if answer in _YES or answer.startswith(_YES_BEGINS) else False if answer in _NO else None
        kind = _KINDS.get(part, "marketing")
        if given is None or (kind == "contact" and not given):
            self.note(readable(label), text)
            return
        given = given is not (part == "no_market")
        known = self.consents.get(kind)
        if known is None or (known.given and not given):
            self.consents[kind] = Said(kind, given, f"{readable(label)}: {text}"[:_LONGEST_LINE])

    def put(self, label: str, text: str, about: str | None = None) -> None:
        """File a value under what its label means; `about` is whose part of the lead it stands in."""
        what = meaning(label)
        if what and what.part in CONSENTS:
            self.consent(what.part, label, text)
            return
        about = (what.about if what else None) or about
        if what and what.part == "provider":
            self.sent_by(text)
        elif what and what.part == "visitor":
            self.visitor = one_line(text)[:40]
        elif what and what.part == "vendor":
            self.name_dealer(label, text)
        elif what and what.part == "nothing":
            return
        elif about in ("vehicle", "trade"):
            self._put_car(self.wanted() if about == "vehicle" else self.traded(), label, what, text)
        else:
            self._put(label, what, text, about)

    def put_car(self, car: Car, label: str, text: str) -> None:
        self._put_car(car, label, meaning(label), text)

    def _put_car(self, car: Car, label: str, what: Meaning | None, text: str) -> None:
        word = folded(label)
        if what and what.part in PARTS:
            car.put(what.part, text)
        elif (what and what.part == "trade") or word in ("name", "title", "naam", "titel", "название"):
            car.put("car", text)
        elif word in ("status", "type", "category") and folded(text) in STATUSES:
            car.put("condition", text)
        elif not what or what.part != "nothing":
            car.note(readable(label), text)

    def _put(self, label: str, what: Meaning | None, text: str, about: str | None) -> None:
        part = what.part if what else ""
        if part in ("first", "middle", "last", "company"):
            self.name(part, text)
        elif part in ("full", "customer"):
            self._put_name(text)
        elif part == "email":
            self.email(text)
        elif part in ("phone", "mobile", "home", "work", "fax"):
            self._put_phone(part, text)
        elif part in ("street", "housenumber", "postal", "city", "region", "country", "address"):
            self.place(part, text)
        elif part == "interest" and folded(text) not in INTERESTS:
            self.note(readable(label), text)
        elif part in PARTS:
            self.wanted().put(part, text)
        elif part == "message":
            self.tell(text)
        elif part in ("asked_at", "date"):
            self._put_date(label, text, certain=part == "asked_at")
        elif part == "source_id" or (part == "id" and about is None):
            self._put_id(text, loose=part == "id")
        elif part != "id":
            if part == "trade" and names_a_car(text):
                self.traded().put("car", text)
            self.note(readable(label), text)

    def _put_name(self, text: str) -> None:
        """A name, or what stands in a From line: a name and an address; or a number, where that is all."""
        text = text[:_LONGEST_VALUE]
        address = next(email_addresses(text), None)
        if address:
            self.email(address)
            text = text.partition(address)[0].removesuffix("mailto:")
        text = text.strip(" <(\"'[")
        if digits(text) >= 6:
            self.phone(text)
        else:
            self.name("full", text)

    def _put_phone(self, part: str, text: str) -> None:
        text = text[:_LONGEST_VALUE]
        for address in list(email_addresses(text)):
            self.email(address)
            text = text.replace(address, " ")
        self.phone(text, None if part == "phone" else part)

    def _put_id(self, text: str, loose: bool) -> None:
        """A bare `id` gives way to a `lead_id`."""
        if self.source_id in ("", self._loose_id):
            self.source_id = one_line(text[:_LONGEST_VALUE])
        if loose:
            self._loose_id = self.source_id

    def _put_date(self, label: str, text: str, certain: bool) -> None:
        """A date without more may be when the customer wants to come: then it is a note."""
        moment = self._moment(text)
        seen = self.delivery.received_at
        if moment and (certain or seen is None or moment <= seen + timedelta(days=1)):
            self.asked(text)
        if not certain or not moment:
            self.note(readable(label), text)

    def mention(self, text: str) -> None:
        """Lines of free text that tell of the customer's own car or consent, which some senders put nowhere else."""
        for found in _LABELLED.finditer(text[: 2 * LONGEST_MESSAGE]):
            what = meaning(found[1])
            if what and what.part in CONSENTS and found[2].strip().casefold() in _YES | _NO:
                self.consent(what.part, found[1], found[2])
            if not what or "trade" not in (what.about, what.part):
                continue
            if what.part in PARTS:
                self.traded().put(what.part, found[2])
            elif what.part == "trade" and names_a_car(found[2]):
                self.traded().put("car", found[2])

    def look_in_the_text(self) -> None:
        """Take the way to contact the customer from their own words, where no field holds it."""
        noted = [text for label, text in self.notes if not sounds_like_ours(label)]
        for text in (self.told + noted)[:MOST_NOTES]:
            for address in email_addresses(text):
                if not self.is_others(address):
                    self.email(address)
            for found in _NUMBER.finditer(text[: 2 * LONGEST_MESSAGE]):
                if len(self.phones) >= MOST_WAYS_TO_CONTACT or not self.trusts_numbers_in_text:
                    break
                if (
                    digits(found[0]) <= LONGEST_NUMBER + 1
                    and read_phone(found[0], self.delivery.country).number
                ):
                    self.phone(found[0])
        if self.emails or self.phones:
            self.warn(FROM_THE_TEXT)

    def is_reachable(self) -> bool:
        """Whether a person could contact this prospect: an e-mail address, or text with a number in it."""
        return bool(self.emails or self.phones)

    def settle(self) -> Inquiry:
        """The inquiry, cleaned and within its limits, with a warning where something was cut or not understood."""
        cars = [(car, car.settle()) for car in self.cars if not car.is_empty()]
        if (
            max(
                len(cars) - MOST_VEHICLES,
                len(self.emails) - MOST_WAYS_TO_CONTACT,
                len(self.notes) - MOST_NOTES + 1,
            )
            > 0
        ):
            self.warn(CUT)
        return Inquiry(
            channel=self.channel,
            requested_at=self._requested_at(),
            customer=self._customer(),
            vehicles=tuple(vehicle for _, vehicle in cars[:MOST_VEHICLES]),
            message=self._message(cars[:MOST_VEHICLES]),
            provider=self._fitted(self.provider),
            source_id=self._fitted(self.source_id),
            warnings=tuple(self.warnings),
            consents=tuple(self.consents.values()),
            visitor=self.visitor or None,
            dealer=self._fitted(self.dealer),
        )

    def _moment(self, text: str) -> datetime | None:
        sent = self.delivery
        return read_moment(text, sent.zone, sent.country, sent.received_at)

    def _requested_at(self) -> datetime | None:
        if not self.asked_at:
            return None
        moment = self._moment(self.asked_at)
        if moment is None:
            self.warn(UNREADABLE_DATE)
            self.note("Date as it was written", self.asked_at)
        elif self.delivery.received_at and moment > self.delivery.received_at + timedelta(days=1):
            self.warn(FUTURE_DATE)
        return moment

    def full_name(self) -> str:
        """The whole name; a company's where no person is named."""
        parts = [self.names[part] for part in ("first", "middle", "last") if part in self.names]
        return self.names.get("full") or " ".join(parts) or self.names.get("company", "")

    def _customer(self) -> Customer:
        names, full = self.names, self.full_name()
        if "company" in names and full != names["company"]:
            self.note("Company", names["company"])
        phones = self._phones()
        if phones and not any(phone.number for phone in phones):
            self.warn(NOT_DIALLABLE)
        return Customer(
            first_name=self._fitted(names.get("first", "")),
            last_name=self._fitted(names.get("last", "")),
            full_name=self._fitted(full),
            emails=tuple(self.emails[:MOST_WAYS_TO_CONTACT]),
            phones=phones,
            address=self._fitted(self._address()),
        )

    def _phones(self) -> tuple[Phone, ...]:
        """What the customer prefers first, what nobody answers (fax, pager) last, each number once."""
        country = self.address.get("country", "")
        elsewhere = _COUNTRIES.get(folded(country)) or (
            country if len(country) == 2 and country.isascii() else None
        )
        found: dict[str, Phone] = {}
        for text, kind, _ in sorted(
            self.phones, key=lambda phone: (not phone[2], phone[1] in ("fax", "pager"))
        ):
            for phone in read_phones(text, self.delivery.country, kind, elsewhere):
                found.setdefault(phone.number or phone.raw, phone)
        if len(found) > MOST_WAYS_TO_CONTACT:
            self.warn(CUT)
        return tuple(found.values())[:MOST_WAYS_TO_CONTACT]

    def _address(self) -> str:
        part = self.address.get
        street = " ".join(filter(None, (part("street"), part("housenumber"))))
        city = " ".join(filter(None, (part("postal"), part("city"))))
        return ", ".join(filter(None, (part("address"), street, city, part("region"), part("country"))))

    def _message(self, cars: Sequence[tuple[Car, Vehicle]]) -> str | None:
        lines = [f"{label}: {text}" if label else text for label, text in self.notes]
        wanted = sum(vehicle.interest != "trade-in" for _, vehicle in cars)
        for car, vehicle in cars:
            whose = "Trade-in" if vehicle.interest == "trade-in" else ""
            if whose or wanted > 1:
                whose = " ".join(filter(None, (whose, car_name(vehicle))))
            for label, text in car.notes:
                lines.append(
                    f"{whose}, {label[:1].lower()}{label[1:]}: {text}" if whose else f"{label}: {text}"
                )
        message = "\n\n".join(filter(None, ("\n\n".join(self.told), "\n".join(lines))))
        if len(message) > LONGEST_MESSAGE:
            self.warn(CUT)
        return message[:LONGEST_MESSAGE].strip() or None

    def _fitted(self, text: str) -> str | None:
        if len(text) > LONGEST_NAME:
            self.warn(CUT)
        return text[:LONGEST_NAME].strip() or None


def settle(drafts: Sequence[Draft]) -> list[Inquiry] | Refused:
    """The prospects somebody can contact; what is left out is told in a warning on the first."""
    for draft in drafts[: 5 * MOST_INQUIRIES]:
        if not draft.is_reachable():
            draft.look_in_the_text()
    reachable = [draft for draft in drafts if draft.is_reachable()]
    if not reachable:
        return NO_WAY_TO_CONTACT
    if len(reachable) < len(drafts):
        reachable[0].warn(OTHERS_UNREACHABLE)
    if len(reachable) > MOST_INQUIRIES:
        reachable[0].warn(OTHERS_LEFT_OUT)
    return [draft.settle() for draft in reachable[:MOST_INQUIRIES]]

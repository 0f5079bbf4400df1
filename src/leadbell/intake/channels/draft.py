"""An inquiry while it is being read: what channels found; `filing` knows labels, `settling` makes it fit to keep."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime

from leadbell.intake.channels.cars import (
    MOST_NOTES,
    NOTHING,
    Car,
)
from leadbell.intake.channels.delivery import Delivery
from leadbell.intake.channels.labels import (
    folded,
)
from leadbell.intake.channels.markup import plain
from leadbell.intake.channels.moments import read_moment
from leadbell.intake.inquiry import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_VEHICLES,
    MOST_WAYS_TO_CONTACT,
    one_line,
    paragraphs,
)
from leadbell.intake.phones import digits
from leadbell.lead.law import Kind, Said
from leadbell.words import say

#: Fewer digits than this are no telephone number that a person could complete.
FEWEST_DIGITS = 4
LONGEST_VALUE = 2_000
_LONGEST_LABEL = 80

TEST_LEAD = str(say("test lead"))

_LOCAL = r"""[^\s@<>(),;:"\[\]\\|=]{1,64}"""
_LABEL = r"""[^\s@<>(),;:"'\[\]\\|=./?&#!*]{1,63}"""
_ADDRESS = re.compile(rf"{_LOCAL}@(?:{_LABEL}\.){{1,8}}[^\W\d_]{_LABEL}")
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
        self.campaign = ""
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
        text = one_line(plain(text[:LONGEST_VALUE]))
        if text and self.names.setdefault(part, text) != text:
            self.note("Name", text)

    def email(self, text: str, preferred: bool = False) -> None:
        text = one_line(plain(text[:LONGEST_VALUE]))
        addresses = list(email_addresses(text))
        for address in addresses:
            if not self.is_others(address) and address.casefold() not in (
                known.casefold() for known in self.emails
            ):
                self.emails.insert(0 if preferred else len(self.emails), address)
        if not addresses:
            self.note("E-mail as it was written", text)

    def phone(self, text: str, kind: str | None = None, preferred: bool = False) -> None:
        text = one_line(plain(text[:LONGEST_VALUE]))
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
        text = one_line(plain(text[:LONGEST_VALUE]))
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
        self.provider = self.provider or one_line(plain(provider[:LONGEST_VALUE]))

    def in_campaign(self, text: str) -> None:
        """What brought the customer; the first stands."""
        self.campaign = self.campaign or one_line(plain(text[:LONGEST_VALUE]))

    def name_dealer(self, label: str, text: str) -> None:
        """The dealer who is to have the lead, not a person there; the first stands."""
        if any(word in folded(label) for word in _DEALERS):
            self.dealer = self.dealer or one_line(plain(text[:LONGEST_VALUE]))

    def numbered(self, source_id: str) -> None:
        """The sender's own number for this lead; the first stands."""
        self.source_id = self.source_id or one_line(source_id[:LONGEST_VALUE])

    def may_be_numbered(self, text: str, loose: bool) -> None:
        """A bare `id` gives way to a `lead_id`."""
        if self.source_id in ("", self._loose_id):
            self.source_id = one_line(text[:LONGEST_VALUE])
        if loose:
            self._loose_id = self.source_id

    def is_reachable(self) -> bool:
        """Whether a person could contact this prospect: an e-mail address, or text with a number in it."""
        return bool(self.emails or self.phones)

    def moment(self, text: str) -> datetime | None:
        """A date as the sender wrote it; None where it can't be read."""
        sent = self.delivery
        return read_moment(text, sent.zone, sent.country, sent.received_at)

    def full_name(self) -> str:
        """The whole name; a company's where no person is named."""
        parts = [self.names[part] for part in ("first", "middle", "last") if part in self.names]
        return self.names.get("full") or " ".join(parts) or self.names.get("company", "")

"""What happened in the demo before it began: every delivery, customer and lead of the days before. Pure.

The same seed, days and moment give the same past, to the byte.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from leadbell.demo.cast import Company, Line
from leadbell.demo.course import Told
from leadbell.demo.house import House
from leadbell.demo.life import Life
from leadbell.demo.payloads import Delivered, deliver, no_lead
from leadbell.demo.shoppers import Wish, again, somebody, wish
from leadbell.intake.inquiry import Inquiry, Refused
from leadbell.intake.reading import read
from leadbell.intake.rules import HandleKey, KnownCustomer, handles_of, language_of, recognise
from leadbell.lead.facts import Arrived, AskedAgain
from leadbell.lead.standing import Standing
from leadbell.words import Words, say

#: Nothing new in the last minutes before the demo begins: whoever tries it sees the first ring.
QUIET_BEFORE = timedelta(minutes=3)
#: Old mail that is no lead was put aside by a manager after this long.
PUT_ASIDE_AFTER = timedelta(days=4)
FEWEST_A_DAY, MOST_A_DAY = 6, 14

_WEEKDAYS = (1.15, 1.0, 0.95, 0.97, 1.05, 1.1, 0.75)
_HOURS = (
    0.4, 0.2, 0.1, 0.1, 0.1, 0.2, 0.6, 1.5, 3.0, 4.5, 6.0, 6.2, 5.5, 5.5, 5.2, 5.2, 5.3, 5.2, 4.8, 5.6, 6.0, 5.2,
    3.2, 1.2,
)  # fmt: skip
_KNOWN_SHARE, _AGAIN_SHARE, _TWICE_SHARE, _NO_LEAD_SHARE = 0.06, 0.08, 0.03, 0.05


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    id: UUID
    dealer: int
    source: int
    received_at: datetime
    transport: str
    content_type: str
    body: bytes
    status: Literal["read", "duplicate", "quarantined"]
    reason: Words | None = None
    dismissed_at: datetime | None = None
    released_by: int | None = None

    @property
    def sha256(self) -> bytes:
        salt = self.received_at.isoformat().encode() if self.transport == "hand" else b""
        return hashlib.sha256(self.body + salt).digest()


@dataclass(frozen=True, slots=True)
class InquiryRow:
    envelope: EnvelopeRow
    lead: int
    outcome: Literal["opened", "joined", "duplicate"]
    because: Words
    inquiry: Inquiry


@dataclass(slots=True)
class CustomerRow:
    number: int
    dealer: int
    inquiry: Inquiry
    language: str
    created_at: datetime
    handles: list[HandleKey]
    #: What they asked last.
    wish: Wish
    opted_out_at: datetime | None = None
    last_owner: int | None = None
    #: When the last lead was closed; None while it is open.
    closed_at: datetime | None = None


@dataclass(slots=True)
class LeadRow:
    number: int
    house: House
    customer: CustomerRow
    line: Line
    inquiry: Inquiry
    received_at: datetime
    told: list[Told] = field(default_factory=list)
    standing: Standing = field(default_factory=Standing)
    #: Cars and message as the last inquiry left them.
    asked: list[Inquiry] = field(default_factory=list)


@dataclass(slots=True)
class Past:
    envelopes: list[EnvelopeRow] = field(default_factory=list)
    inquiries: list[InquiryRow] = field(default_factory=list)
    customers: list[CustomerRow] = field(default_factory=list)
    leads: list[LeadRow] = field(default_factory=list)


@dataclass(slots=True)
class Numbers:
    """Where numbering goes on: in an empty database everything begins at 1."""

    leads: Iterator[int] = field(default_factory=lambda: count(1))
    customers: Iterator[int] = field(default_factory=lambda: count(1))
    appointments: Iterator[int] = field(default_factory=lambda: count(1))


@dataclass(frozen=True, slots=True)
class Arrival:
    at: datetime
    house: House
    line: Line
    #: Names the chance of this arrival: the same for the same seed and day.
    seed: str
    kind: Literal["lead", "known", "no_lead"] = "lead"


#: (dealer, name of the line, origin) → number of the source.
Sources = Mapping[tuple[int, str, str], int]


@dataclass(slots=True)
class Telling:
    """Tells the past of all dealers in the order in which things arrived."""

    houses: Sequence[House]
    sources: Sources
    until: datetime
    seed: str
    numbers: Numbers
    #: Everybody who asked before, and who is known by which handle at which dealer.
    customers: list[CustomerRow] = field(default_factory=list)
    known: dict[tuple[int, HandleKey], CustomerRow] = field(default_factory=dict)
    past: Past = field(default_factory=Past)
    #: Hears at which moment the telling has come.
    progress: Callable[[datetime], None] = lambda _at: None

    def tell(self, since: datetime) -> Past:
        """Everything that arrived from `since` until `until`, and what became of it by then."""
        quiet = self.until - QUIET_BEFORE
        for arrival in sorted(self._arrivals(since), key=lambda one: (one.at, one.house.number)):
            if since < arrival.at < quiet:
                self.progress(arrival.at)
                self._arrive(arrival)
        past = self.past
        past.envelopes.sort(key=lambda row: (row.received_at, row.id))
        past.inquiries.sort(key=lambda row: (row.envelope.received_at, row.envelope.id))
        return past

    def _arrivals(self, since: datetime) -> Iterator[Arrival]:
        for house in self.houses:
            first, last = house.hours.local_day(since), house.hours.local_day(self.until)
            for ahead in range((last - first).days + 1):
                yield from arrivals(house, first + timedelta(days=ahead), last, self.seed)

    def _arrive(self, arrival: Arrival) -> None:
        rng = Random(arrival.seed)
        if arrival.kind == "no_lead":
            self._no_lead(arrival, rng)
            return
        wanted, came, inquiry = self._asked(arrival, rng)
        envelope = self._envelope(arrival.house, arrival.line, came, arrival.at, rng, "read")
        lead = self._open(arrival, wanted, envelope, inquiry)
        self._live(lead, rng)
        if rng.random() < _TWICE_SHARE:
            self._same_again(lead, envelope, rng)

    def _asked(self, arrival: Arrival, rng: Random) -> tuple[Wish, Delivered, Inquiry]:
        """A known customer's new wish, or that of somebody new, as it was delivered and is understood."""
        house, year = arrival.house, arrival.at.year
        company = house.company
        if arrival.kind == "known" and (before := self._customers_without_lead(house, arrival.at)):
            wanted = again(rng, rng.choice(before).wish, company.brands, year)
            return wanted, *self._delivered(house, arrival.line, wanted, arrival.at, rng)
        tongues = [tongue for tongue, _ in company.tongues]
        language = rng.choices(tongues, [share for _, share in company.tongues])[0]
        for _ in range(100):
            who = somebody(rng, company.country, language)
            wanted = wish(rng, who, company.brands, year, arrival.line.origin)
            came, inquiry = self._delivered(house, arrival.line, wanted, arrival.at, rng)
            if not any((house.number, handle) in self.known for handle in handles_of(inquiry)):
                return wanted, came, inquiry
        raise ValueError("there are no names left")

    def _customers_without_lead(self, house: House, at: datetime) -> list[CustomerRow]:
        return [
            who for who in self.customers
            if who.dealer == house.number and who.closed_at and who.closed_at < at and who.opted_out_at is None
        ]  # fmt: skip

    def _delivered(
        self, house: House, line: Line, wanted: Wish, at: datetime, rng: Random
    ) -> tuple[Delivered, Inquiry]:
        """The delivery as it came, and as intake reads it."""
        asked_at = at - timedelta(seconds=rng.uniform(0.4, 40 if line.format.endswith("mail") else 3))
        came = deliver(wanted, line, house.company, asked_at, rng)
        found = _read(came, house.company, at)
        if isinstance(found, Refused):
            raise ValueError(f"a lead of the demo can't be read: {found.because}")
        return came, found[0]

    def _envelope(
        self, house: House, line: Line, came: Delivered, at: datetime, rng: Random, status: Any, **about: Any
    ) -> EnvelopeRow:
        source = self.sources[house.number, line.name, line.origin]
        row = EnvelopeRow(
            _uuid7(at, rng),
            house.number,
            source,
            at,
            came.transport,
            came.content_type,
            came.body,
            status,
            **about,
        )
        self.past.envelopes.append(row)
        return row

    def _known(self, house: House, inquiry: Inquiry, open_lead: int | None = None) -> list[KnownCustomer]:
        by: dict[int, list[HandleKey]] = {}
        owners: dict[int, int | None] = {}
        for handle in handles_of(inquiry):
            if who := self.known.get((house.number, handle)):
                by.setdefault(who.number, []).append(handle)
                owners[who.number] = who.last_owner
        return [KnownCustomer(n, tuple(matching), open_lead, owners[n]) for n, matching in sorted(by.items())]

    def _open(self, arrival: Arrival, wanted: Wish, envelope: EnvelopeRow, inquiry: Inquiry) -> LeadRow:
        house, at = arrival.house, arrival.at
        answer = recognise(inquiry, None, self._known(house, inquiry))
        number = next((phone.number for phone in inquiry.customer.phones if phone.number), None)
        customer = next(
            (who for handle in handles_of(inquiry) if (who := self.known.get((house.number, handle)))), None
        )
        if customer is None:
            language = language_of(number, house.company.country) or ""
            customer = CustomerRow(
                next(self.numbers.customers), house.number, inquiry, language, at, [], wanted
            )
            self.past.customers.append(customer)
            self.customers.append(customer)
        self._remember(customer, inquiry)
        customer.wish = wanted
        lead = LeadRow(next(self.numbers.leads), house, customer, arrival.line, inquiry, at, asked=[inquiry])
        car = next((v for v in inquiry.vehicles if v.interest != "trade-in"), None)
        arrived = Arrived(
            at=at, origin=arrival.line.origin, channel=inquiry.channel, source=arrival.line.name,
            envelope=str(envelope.id), by_phone=number is not None, by_email=bool(inquiry.customer.emails),
            brand=car.make if car else None, condition=_condition(car.status if car else None),
            language=customer.language or None, known_to=getattr(answer, "known_to", None), because=answer.because,
        )  # fmt: skip
        lead.told = [Told(arrived)]
        self.past.leads.append(lead)
        self.past.inquiries.append(InquiryRow(envelope, lead.number, "opened", answer.because, inquiry))
        return lead

    def _remember(self, customer: CustomerRow, inquiry: Inquiry) -> None:
        for handle in handles_of(inquiry):
            if (customer.dealer, handle) not in self.known:
                self.known[customer.dealer, handle] = customer
                customer.handles.append(handle)

    def _live(self, lead: LeadRow, rng: Random) -> None:
        house = lead.house
        life = Life(house, rng, self.until, self.numbers.appointments, list(lead.told))
        if rng.random() < _AGAIN_SHARE and lead.line.origin == "online":
            life.comes_back_at = lead.received_at + timedelta(hours=rng.uniform(1, 130))
            life.comes_back = lambda at: self._come_back(lead, at, rng)
        if lead.line.format == "hand":
            life.begin_in_the_showroom()
        elif (
            lead.line.origin == "online"
            and life.standing.by_phone
            and not house.hours_at(life.at).is_open(life.at)
        ):
            life.begin_in_the_evening()
        life.run()
        lead.told, lead.standing = life.told, life.standing
        self._note(lead)

    def _come_back(self, lead: LeadRow, at: datetime, rng: Random) -> AskedAgain:
        """The same customer asks again while the lead is open: another envelope, joined to it."""
        house = lead.house
        lines = [line for line in house.company.lines if line.origin == "online"]
        line = rng.choices(lines, [line.weight for line in lines])[0]
        wanted = again(rng, lead.customer.wish, house.company.brands, at.year)
        came, inquiry = self._delivered(house, line, wanted, at, rng)
        envelope = self._envelope(house, line, came, at, rng, "read")
        because = recognise(inquiry, None, self._known(house, inquiry, lead.number)).because
        self._remember(lead.customer, inquiry)
        lead.asked.append(inquiry)
        self.past.inquiries.append(InquiryRow(envelope, lead.number, "joined", because, inquiry))
        return AskedAgain(
            at=at, channel=inquiry.channel, source=line.name, envelope=str(envelope.id),
            by_phone=any(phone.number for phone in inquiry.customer.phones),
            by_email=bool(inquiry.customer.emails), because=because,
        )  # fmt: skip

    def _note(self, lead: LeadRow) -> None:
        """What is known afterwards: whose customer it is, and since when nobody works on it."""
        customer, standing = lead.customer, lead.standing
        customer.last_owner = standing.owner or customer.last_owner
        customer.closed_at = standing.closed_at
        if standing.opted_out:
            customer.opted_out_at = standing.closed_at
        lead.house.note(one.fact for one in lead.told)

    def _same_again(self, lead: LeadRow, first: EnvelopeRow, rng: Random) -> None:
        """The sender didn't hear the answer and delivers the same bytes once more."""
        at = first.received_at + timedelta(seconds=rng.choice((31, 62, 905, 3600)) + rng.random())
        if at >= self.until or first.transport == "hand":
            return
        because = say("the same message arrived before")
        row = EnvelopeRow(
            _uuid7(at, rng), first.dealer, first.source, at, first.transport, first.content_type, first.body,
            "duplicate", because,
        )  # fmt: skip
        self.past.envelopes.append(row)
        self.past.inquiries.append(InquiryRow(row, lead.number, "duplicate", because, lead.inquiry))

    def _no_lead(self, arrival: Arrival, rng: Random) -> None:
        house, at = arrival.house, arrival.at
        came = no_lead(rng, house.company, at)
        found = _read(came, house.company, at)
        if not isinstance(found, Refused):
            raise ValueError("what should be no lead of the demo is one")
        manager = house.of("manager")[0]
        aside = manager.free_at(at + timedelta(minutes=rng.uniform(20, 1200)))
        about: dict[str, Any] = {"reason": found.because}
        if at < self.until - PUT_ASIDE_AFTER and aside < self.until:
            about |= {"dismissed_at": aside, "released_by": manager.number}
        self._envelope(house, arrival.line, came, at, rng, "quarantined", **about)


def arrivals(house: House, day: date, today: date, seed: str) -> Iterator[Arrival]:
    """What arrives at a dealer on its local `day`; campaigns began some days before `today`."""
    company = house.company
    name = f"{seed}/{company.name}/{day.isoformat()}"
    rng = Random(name)
    edge = 1.1 if day.day <= 3 or day.day >= 28 else 1.0
    wanted = company.leads_a_day * _WEEKDAYS[day.weekday()] * edge
    fewest = FEWEST_A_DAY if company.leads_a_day >= FEWEST_A_DAY else int(company.leads_a_day / 2)
    number = min(max(round(rng.gauss(wanted, 1.3)), fewest), MOST_A_DAY)
    weights = [_weight(line, (today - day).days) for line in company.lines]
    for place in range(number):
        line = rng.choices(company.lines, weights)[0]
        at = _moment(rng, house, day, line)
        kind: Literal["lead", "known"] = "known" if rng.random() < _KNOWN_SHARE else "lead"
        yield Arrival(at, house, line, f"{name}/{place}", kind if line.origin == "online" else "lead")
    if rng.random() < _NO_LEAD_SHARE * wanted:
        open_to_all = [line for line in company.lines if line.format in ("portal_mail", "form", "adf")]
        line = rng.choice(open_to_all)
        yield Arrival(_moment(rng, house, day, line), house, line, f"{name}/no lead", "no_lead")


def _weight(line: Line, days_ago: int) -> float:
    """Half of the answers to a campaign come in its first five days."""
    if line.began_days is None:
        return line.weight
    since = line.began_days - days_ago
    return 0.0 if since < 0 else line.weight * 2.4 * 0.5 ** (since / 5)


def _moment(rng: Random, house: House, day: date, line: Line) -> datetime:
    begins = house.hours.day_begins(day)
    for _ in range(50):
        hour = rng.choices(range(24), _HOURS)[0]
        at = begins + timedelta(hours=hour, seconds=rng.uniform(0, 3600))
        if line.format != "hand" or house.hours.is_open(at):
            return at
    return begins + timedelta(hours=12, seconds=rng.uniform(0, 3600))


def _read(came: Delivered, company: Company, at: datetime) -> list[Inquiry] | Refused:
    return read(came.body, came.content_type, company.country, ZoneInfo(company.zone), at)


def _condition(status: str | None) -> Literal["new", "used"] | None:
    return "used" if status == "used" else "new" if status == "new" else None


def _uuid7(at: datetime, rng: Random) -> UUID:
    """As intake's, but from the demo's own chance."""
    ms = int(at.timestamp() * 1000)
    value = (ms << 80) | (0x7 << 76) | rng.getrandbits(76)
    return UUID(int=(value & ~(0x3 << 62)) | (0x2 << 62))

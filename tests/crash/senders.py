"""Everybody who sends leads: once, twice, eight times at once, half of them, garbage; again until answered."""

import http.client
import json
import random
import smtplib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from tests.crash.house import House
from tests.crash.notebook import Delivery, Notebook, Receipt

CARS = ("Hyundai Kona", "Kia EV6", "Volvo EX30", "Skoda Enyaq", "Opel Corsa")
ANSWERED_WITHIN_S = 30
GARBAGE = (
    (b"hello, is anybody there?", "text/plain"),
    (b'{"a": [1, 2, 3]}', "application/json"),
    (b"<adf><prospect></prospect></adf>", "application/xml"),
    (b"\x00\xff\xfe\x80 not a lead", "application/octet-stream"),
)


def name_of(customer: int) -> str:
    return f"Okafor{customer:06d}"


def phone_of(customer: int) -> str:
    """E.164; `06 …` as a Dutch sender writes it."""
    return f"+3161{2_000_000 + customer}"


def email_of(customer: int) -> str:
    return f"okafor{customer:06d}@example.org"


def _national(customer: int) -> str:
    return f"06 1{2_000_000 + customer}"


def _prospect(customer: int, car: str) -> str:
    make, model = car.split()
    return f"""<prospect><id source="portal">{customer}</id><requestdate>2026-11-23T09:14:02+01:00</requestdate>
<vehicle interest="buy" status="new"><year>2026</year><make>{make}</make><model>{model}</model></vehicle>
<customer><contact><name part="full">{name_of(customer)}</name><email>{email_of(customer)}</email>
<phone type="cellphone">{_national(customer)}</phone></contact><comments>Is the {car} in stock?</comments></customer>
</prospect>"""


def adf(customers: Iterable[int], car: str) -> bytes:
    inside = "".join(_prospect(customer, car) for customer in customers)
    return f'<?xml version="1.0"?><?adf version="1.0"?><adf>{inside}</adf>'.encode()


def about(customer: int, car: str) -> dict[str, str]:
    make, model = car.split()
    return {
        "name": name_of(customer), "phone": _national(customer), "email": email_of(customer), "make": make,
        "model": model, "message": f"Is the {car} in stock?",
    }  # fmt: skip


def mail(customer: int, car: str, number: int) -> bytes:
    head = f"""From: Website <leads@portal.example>\r\nTo: sales@northside.example\r\nSubject: Lead {number}\r
Message-ID: <{number}@portal.example>\r\nDate: Mon, 23 Nov 2026 09:14:02 +0100\r\nMIME-Version: 1.0\r
Content-Type: text/plain; charset=utf-8\r\n\r\n"""
    return head.encode() + adf([customer], car).replace(b"\n", b"\r\n") + b"\r\n"


class Plan:
    """What is sent next, in the order that a seed decides. Safe to ask from many threads."""

    def __init__(self, chance: random.Random, keys: list[str]) -> None:
        self._chance, self._keys = chance, keys
        self._customers = self._numbers = 0
        self._later: deque[list[Delivery]] = deque()
        self._guard = threading.Lock()

    @property
    def customers(self) -> int:
        """Customers are numbered from 1 to this."""
        return self._customers

    def begin_at(self, customer: int) -> None:
        """Leave the customers up to this one to somebody else."""
        self._customers = self._numbers = customer

    def next(self, by: str) -> list[Delivery]:
        """Deliveries to send at the same moment."""
        with self._guard:
            if self._later and self._later[0][0].by == by and self._chance.random() < 0.5:
                return self._later.popleft()
            return self._by_mail() if by == "smtp" else self._by_http()

    def left(self, by: str) -> list[Delivery] | None:
        """What was still to be sent again."""
        with self._guard:
            mine = next((errand for errand in self._later if errand[0].by == by), None)
            if mine:
                self._later.remove(mine)
            return mine

    def _customer(self) -> int:
        self._customers += 1
        return self._customers

    def _by_http(self) -> list[Delivery]:
        kind = self._chance.choices(
            ("once", "eight", "keyed", "again", "asks again", "two", "garbage"), (30, 8, 15, 12, 10, 8, 8)
        )[0]
        source, car = self._chance.choice(self._keys), self._chance.choice(CARS)
        if kind == "garbage":
            body, content_type = self._chance.choice(GARBAGE)
            return [Delivery("http", source, body, (), content_type)]
        first = self._customer()
        if kind == "two":
            both = (first, self._customer())
            return [Delivery("http", source, adf(both, car), both, "application/xml")]
        one = self._one(source, first, car)
        if kind == "eight":
            return [one] * 8
        if kind == "keyed":
            self._numbers += 1
            named = Delivery(
                "http", source, one.body, one.customers, one.content_type, f"order-{self._numbers}"
            )
            self._later.append([named])
            return [named] * self._chance.choice((1, 2, 3))
        if kind == "again":
            self._later.append([one])
        elif kind == "asks again":
            other = next(c for c in CARS if c != car)
            self._later.append([self._one(self._chance.choice(self._keys), first, other)])
        return [one]

    def _one(self, source: str, customer: int, car: str) -> Delivery:
        body, content_type = self._chance.choice(
            (
                (adf([customer], car), "application/xml"),
                (json.dumps(about(customer, car)).encode(), "application/json"),
                (urlencode(about(customer, car)).encode(), "application/x-www-form-urlencoded"),
            )
        )
        return Delivery("http", source, body, (customer,), content_type)

    def _by_mail(self) -> list[Delivery]:
        source, car = self._chance.choice(self._keys), self._chance.choice(CARS)
        self._numbers += 1
        if self._chance.random() < 0.1:
            text = f"Message-ID: <{self._numbers}@portal.example>\r\nSubject: Hi\r\n\r\nNothing to say.\r\n"
            return [Delivery("smtp", source, text.encode(), (), key=f"<{self._numbers}@portal.example>")]
        customer = self._customer()
        body = mail(customer, car, self._numbers)
        one = Delivery("smtp", source, body, (customer,), key=f"<{self._numbers}@portal.example>")
        if self._chance.random() < 0.3:
            self._later.append([one])
        return [one] * self._chance.choice((1, 1, 1, 3))


class Sender(threading.Thread):
    """Sends what the plan says until told to stop, then what is left to be sent again."""

    def __init__(
        self, by: str, house: House, plan: Plan, notebook: Notebook, chance: random.Random, pause_s: float
    ) -> None:
        super().__init__(name=f"sender {by}", daemon=True)
        self.by, self.house, self.plan, self.notebook, self.chance = by, house, plan, notebook, chance
        self.pause_s = pause_s
        self.stopping, self.giving_up = threading.Event(), threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(self.chance.uniform(0, 2 * self.pause_s)):
            self._send(self.plan.next(self.by))
        while (errand := self.plan.left(self.by)) and not self.giving_up.is_set():
            self._send(errand)

    def _send(self, errand: list[Delivery]) -> None:
        if errand[0].by == "http" and self.chance.random() < 0.05:
            self._hang_up(errand[0])
        at_once = [threading.Thread(target=self.deliver, args=[one], daemon=True) for one in errand[1:]]
        for thread in at_once:
            thread.start()
        self.deliver(errand[0])
        for thread in at_once:
            thread.join()

    def deliver(self, delivery: Delivery) -> None:
        """Again and again until it is answered: senders do."""
        send: Callable[[Delivery], str | None] = self._post if delivery.by == "http" else self._mail
        while not self.giving_up.is_set():
            try:
                envelope = send(delivery)
            except (OSError, http.client.HTTPException, smtplib.SMTPException) as error:
                self.notebook.count(f"{delivery.by}: no answer ({type(error).__name__})")
                envelope = None
            if envelope:
                self.notebook.receipts.append(Receipt(delivery, envelope))
                self.notebook.count(f"{delivery.by}: kept")
                return
            self.giving_up.wait(0.05)

    def _post(self, delivery: Delivery) -> str | None:
        where = self.house.http
        if where is None:
            return None
        connection = http.client.HTTPConnection(*where, timeout=ANSWERED_WITHIN_S)
        try:
            connection.request("POST", f"/in/{delivery.source}", delivery.body, _headers(delivery))
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        said = json.loads(answer) if response.headers["Content-Type"] == "application/json" else {"error": ""}
        if response.status == 202:
            if (said["status"] == "quarantined") != (not delivery.customers):
                self.notebook.odd.append(f"{said['status']}: {delivery.body[:80]!r}")
            return str(said["envelope"])
        self.notebook.count(f"http: {response.status}")
        if response.status != 503 or not said["error"]:
            self.notebook.odd.append(f"POST answered {response.status}: {answer[:200]!r}")
        return None

    def _hang_up(self, delivery: Delivery) -> None:
        """Say everything, and don't wait for the answer."""
        where = self.house.http
        if where is None:
            return
        connection = http.client.HTTPConnection(*where, timeout=ANSWERED_WITHIN_S)
        self.notebook.count("http: hung up")
        try:
            connection.request("POST", f"/in/{delivery.source}", delivery.body, _headers(delivery))
        except OSError:
            self.notebook.count("http: nobody to hang up on")
        finally:
            connection.close()

    def _mail(self, delivery: Delivery) -> str | None:
        where = self.house.smtp
        if where is None:
            return None
        with smtplib.SMTP(*where, local_hostname="portal.example", timeout=ANSWERED_WITHIN_S) as server:
            server.ehlo()
            answers = [server.mail("leads@portal.example"), server.rcpt(f"{delivery.source}@leads.localhost")]
            if all(code == 250 for code, _ in answers):
                answers.append(server.data(delivery.body))
        code, said = answers[-1]
        if len(answers) == 3 and code == 250:
            return said.decode().rpartition(" ")[2]
        refused = next((code, said) for code, said in answers if code != 250)
        self.notebook.count(f"smtp: {refused[0]}")
        if refused[0] not in (421, 450, 451):
            self.notebook.odd.append(f"mail was answered {refused}")
        return None


def _headers(delivery: Delivery) -> dict[str, str]:
    named = {"Idempotency-Key": delivery.key} if delivery.key else {}
    return {"Content-Type": delivery.content_type, **named}

"""New leads for a demo that runs, over the real doors: HTTP and mail. And colleagues who answer them."""

import http.client
import os
import signal
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import FrameType

import structlog

from leadbell.demo.cast import DEALERS, NORTHSIDE, Company, Line
from leadbell.demo.payloads import Delivered, deliver, no_lead
from leadbell.demo.shoppers import again, as_they_were, somebody, wish
from leadbell.log import configure

log = structlog.get_logger("leadbell.demo")

#: Seconds between two leads, on average; each time between half and one and a half of it.
EVERY_S = 40.0
#: The first comes this soon, and so does one for somebody who has just opened a desk.
FIRST_S = 10.0
TICK_S = 0.8
PATIENCE_S = 5.0
_KNOWN, _NO_LEAD, _TWICE = 0.12, 0.05, 0.03
_AT_NORTHSIDE, _CLOSED = 0.45, 0.12


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the web and the mail server of this demo are."""

    host: str
    port: int
    smtp_host: str
    smtp_port: int
    mail_domain: str

    def hand_in(self, came: Delivered, key: str) -> None:
        """Deliver as a sender would. Raises OSError or smtplib.SMTPException while nobody answers."""
        if came.transport == "smtp":
            with smtplib.SMTP(self.smtp_host, self.smtp_port, "demo.example", PATIENCE_S) as server:
                server.sendmail("leads@demo.example", [f"{key}@{self.mail_domain}"], came.body)
            return
        caller = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_S)
        try:
            caller.request("POST", f"/in/{key}", came.body, {"Content-Type": came.content_type})
            answer = caller.getresponse()
            answer.read()
            if answer.status != 202:
                log.warning("not taken in", status=answer.status)
        finally:
            caller.close()


@dataclass(slots=True)
class Trickle:
    """Hands in one lead after the other; `tick` is called about every second."""

    rng: Random
    hand_in: Callable[[Delivered, str], None]
    every_s: float
    next_at: datetime
    #: Dealers at which somebody has a desk open.
    attended: set[str] = field(default_factory=set)
    first: bool = True

    def tick(self, now: datetime) -> None:
        self._look_who_is_here(now)
        if self.every_s <= 0 or now < self.next_at:
            return
        self.next_at = now + timedelta(seconds=self.every_s * self.rng.uniform(0.5, 1.5))
        company, line = self._where(now)
        came = self._what(company, line, now)
        key = _key(company, line)
        if key is None:
            return
        try:
            self.hand_in(came, key)
            if self.rng.random() < _TWICE:
                self.hand_in(came, key)
        except (OSError, smtplib.SMTPException):
            log.info("the doors are closed: trying again")
            return
        self.first = False
        log.info("handed in", dealer=company.name, channel=line.format)

    def _look_who_is_here(self, now: datetime) -> None:
        """Whoever opens a desk at Northside doesn't wait long for the first ring."""
        here = _attended(now)
        if NORTHSIDE.name in here - self.attended and self.every_s > 0:
            self.first, self.next_at = True, min(self.next_at, now + timedelta(seconds=FIRST_S))
        self.attended = here

    def _where(self, now: datetime) -> tuple[Company, Line]:
        if self.first:
            return NORTHSIDE, NORTHSIDE.lines[0]
        company = NORTHSIDE
        if self.rng.random() > _AT_NORTHSIDE:
            others = [one for one in DEALERS if one is not NORTHSIDE]
            company = self.rng.choices(others, [1.0 if _is_open(one, now) else _CLOSED for one in others])[0]
        lines = [line for line in company.lines if line.format != "hand"]
        return company, self.rng.choices(
            lines, [line.weight * (0.3 if line.began_days else 1) for line in lines]
        )[0]

    def _what(self, company: Company, line: Line, now: datetime) -> Delivered:
        rng, chance = self.rng, self.rng.random()
        if not self.first and chance < _NO_LEAD and line.format != "meta":
            return no_lead(rng, company, now)
        known = _somebody_known(rng, company) if chance > 1 - _KNOWN and line.origin == "online" else None
        if known:
            before = as_they_were(rng, *known, company, now.year)
            return deliver(again(rng, before, company.brands, now.year), line, company, now, rng)
        tongues = [tongue for tongue, _ in company.tongues]
        language = rng.choices(tongues, [share for _, share in company.tongues])[0]
        who = somebody(rng, company.country, language)
        return deliver(wish(rng, who, company.brands, now.year, line.origin), line, company, now, rng)


def _key(company: Company, line: Line) -> str | None:
    from leadbell.intake.models import Source

    sources = Source.objects.filter(
        dealer__name=company.name, name=line.name, origin=line.origin, revoked_at=None
    )
    return sources.values_list("key", flat=True).first()


def _attended(now: datetime) -> set[str]:
    """Names of the dealers at which somebody has a desk open."""
    from leadbell.dealers.models import Person
    from leadbell.routing.actions import REACHABLE

    here = Person.objects.filter(seen_at__gt=now - REACHABLE, organisation__kind="dealer")
    return set(here.values_list("organisation__name", flat=True))


def _is_open(company: Company, now: datetime) -> bool:
    from leadbell.dealers.models import Organisation

    dealer = Organisation.objects.filter(name=company.name, kind=company.kind).first()
    return dealer is not None and dealer.opening_hours.is_open(now)


def _somebody_known(rng: Random, company: Company) -> tuple[str, str | None, str | None] | None:
    """Name, e-mail address and telephone of somebody who asked this dealer lately."""
    from leadbell.lead.models import Customer

    lately = Customer.objects.filter(dealer__name=company.name, opted_out_at=None).order_by("-pk")[:300]
    who = rng.choice(list(lately) or [None])
    return (who.full_name, who.email, who.phone) if who else None


def run(trickle: Trickle, stopping: Callable[[], bool]) -> None:
    """Trickle and play until stopped."""
    from django.db import OperationalError, connection

    from leadbell.demo.colleagues import Colleagues

    colleagues = Colleagues(trickle.rng)
    while not stopping():
        try:
            trickle.tick(datetime.now(UTC))
            colleagues.act(datetime.now(UTC))
        except OperationalError:
            log.warning("the database is away: trying again")
            connection.close()
        time.sleep(TICK_S)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    django.setup()
    configure()
    from django.conf import settings

    stop = {"now": False}

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop["now"] = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    host = os.environ.get("LEADBELL_HOST", "127.0.0.1")
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)
    smtp_host = here.get(settings.SMTP_HOST, settings.SMTP_HOST)
    doors = Doors(here.get(host, host), settings.PORT, smtp_host, settings.SMTP_PORT, settings.MAIL_DOMAIN)
    every_s = float(os.environ.get("LEADBELL_DEMO_EVERY", EVERY_S))
    begins_at = datetime.now(UTC) + timedelta(seconds=FIRST_S)
    trickle = Trickle(Random(), doors.hand_in, every_s, begins_at)
    run(trickle, lambda: stop["now"])


if __name__ == "__main__":
    main()

"""The demo's chats of the past two weeks: asked on a dealer's website, answered in seconds or too late.

Each was written the way a visitor and a salesperson write: through the chat's door, intake, the bell and the screens'
actions, only earlier.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

from django.db import connection, transaction

from leadbell.appointment import actions as appointment
from leadbell.chat import actions as chat
from leadbell.chat.models import Chat, ChatSite
from leadbell.conversation import actions as conversation
from leadbell.dealers.hours import OpeningHours
from leadbell.dealers.models import Organisation, Person
from leadbell.demo.cast import DEALERS, STAR, Company
from leadbell.demo.shoppers import Shopper, somebody
from leadbell.demo.stage import usual_hours
from leadbell.followup.actions import follow_up
from leadbell.intake.actions import claim, read_envelope, receive
from leadbell.intake.models import Envelope
from leadbell.intake.post import uuid7
from leadbell.intake.sources import source_for_chat
from leadbell.lead.facts import Booked
from leadbell.lead.journal import locked
from leadbell.lead.models import Lead
from leadbell.ring import actions as ring
from leadbell.sale import actions as sale
from leadbell.visits.models import Site
from leadbell.words import say

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
#: What came of a chat.
Outcome = Literal["visit", "call", "lost"]
DAYS = 13
#: Seconds until somebody wrote back; None: nobody did in the chat, and the customer was called instead.
WAITED_S: dict[str, tuple[int | None, ...]] = {
    "Northside": (9, 14, 21, 11, 26, 47, 17, None, 12),
    "De Linde": (38, None, 24, 96, 71),
    "Lanterna Riga": (19, 28, 55, 16, None),
}


@dataclass(frozen=True, slots=True)
class Script:
    """What is said in turns, the customer first; the page they are on."""

    page: str
    title: str
    lines: tuple[str, ...]
    outcome: Outcome


SCRIPTS: dict[str, tuple[Script, ...]] = {
    "en": (
        Script("/cars/hyundai/inster", "Hyundai Inster", (
            "Hi, is the Inster in stock, and can I see it on Saturday?",
            "Hello! Yes, a white one and a matcha green one. Saturday between ten and four, what suits you?",
            "Eleven would be great. My son comes along, he is tall.",
            "Good test: there is more room in the back than you think. Where can I confirm it?",
        ), "visit"),
        Script("/finance", "Private lease", (
            "What would a Kona cost per month, 15,000 km a year?",
            "That depends on the version and on how long. Electric or hybrid?",
            "Electric, 48 months. Can you call me about it tomorrow?",
            "Gladly. On which number, and in the morning or the afternoon?",
        ), "call"),
        Script("/trade-in", "Trade-in", (
            "What do I get for a Golf from 2016 with 140,000 km?",
            "I need to see it for a fair price, it takes ten minutes. Are you looking for something in particular?",
            "No, just curious.",
        ), "lost"),
    ),
    "nl": (
        Script("/cars/hyundai/tucson", "Hyundai Tucson", (
            "Goedemiddag, kan ik zaterdag de Tucson plug-in rijden?",
            "Goedemiddag! Ja, hij staat klaar. Schikt elf uur, of liever na de middag?",
            "Elf uur is goed. Mag de hond ook mee?",
            "Natuurlijk, dan kijken we meteen of hij achterin past. Hoe kan ik het bevestigen?",
        ), "visit"),
        Script("/cars/hyundai/i10", "Hyundai i10", (
            "Hoe lang is de levertijd van de i10?",
            "In het wit drie weken, in andere kleuren ongeveer acht. Mag ik u even bellen over de uitvoeringen?",
            "Morgen na vijven graag.",
            "Doe ik. Op welk nummer?",
        ), "call"),
        Script("/workshop", "Werkplaats", (
            "Kan ik hier ook mijn winterbanden laten wisselen?",
            "Zeker, de werkplaats plant het in: kies een dag onder Werkplaats. Kan ik verder nog iets doen?",
            "Nee hoor, bedankt!",
        ), "lost"),
    ),
    "ru": (
        Script("/cars/hyundai/santa-fe", "Hyundai Santa Fe", (
            "Здравствуйте, Santa Fe гибрид есть в наличии?",
            "Добрый день! Да, серый, стоит в салоне. Хотите посмотреть на этой неделе?",
            "В субботу утром, если можно.",
            "Можно, запишу вас на десять. Куда прислать подтверждение?",
        ), "visit"),
        Script("/finance", "Лизинг", (
            "Какой первый взнос нужен для лизинга Sportage?",
            "Обычно от 20 %. Могу посчитать точно, если позвоню вам. Когда удобно?",
            "Завтра после обеда.",
            "Договорились. На какой номер?",
        ), "call"),
        Script("/trade-in", "Trade-in", (
            "Принимаете ли вы в зачёт Nissan 2009 года?",
            "Принимаем, цену назовём после осмотра. Какой автомобиль вы ищете?",
            "Пока никакой, спасибо.",
        ), "lost"),
    ),
}  # fmt: skip


def chat_away(now: datetime, seed: str) -> int:
    """Have the chats of the last DAYS days on the dealers' websites; how many there were."""
    return sum(_chats_of(company, now, Random(f"{seed}/chats/{company.name}")) for company in DEALERS)


@transaction.atomic
def _chats_of(company: Company, now: datetime, rng: Random) -> int:
    dealer = Organisation.objects.get(name=company.name, kind=company.kind)
    site = Site.objects.filter(dealer=dealer).order_by("pk").first()
    if site is None or Chat.objects.filter(dealer=dealer).exists():
        return 0
    if not ChatSite.objects.filter(dealer=dealer).exists():
        chat.set_up(dealer, site.pk, source_for_chat(dealer, site.name, now).pk, {"chat": "on"}, now)
    staff = list(Person.objects.filter(organisation=dealer, role="salesperson").order_by("pk"))
    waits = WAITED_S[company.name]
    leads = []
    for place, (at, waited_s) in enumerate(
        zip(_moments(usual_hours(company), len(waits), now, rng), waits, strict=False)
    ):
        language = _language(company, rng)
        script = SCRIPTS[language][place % len(SCRIPTS[language])]
        # The visitor's part has one of them; who it is doesn't depend on chance.
        person = next((one for one in staff if one.email == STAR and place == 1), None) or rng.choice(staff)
        one = Talking(site, dealer, script, person, at, now, rng, somebody(rng, company.country, language))
        leads.append(one.have(waited_s))
    for lead in Lead.objects.filter(pk__in=leads, closed_at=None).order_by("pk"):
        follow_up(locked(lead.pk), now)
    return len(leads)


def _language(company: Company, rng: Random) -> str:
    spoken = [(tongue, share) for tongue, share in company.tongues if tongue in SCRIPTS]
    return rng.choices([tongue for tongue, _ in spoken], [share for _, share in spoken])[0]


def _moments(hours: OpeningHours, most: int, now: datetime, rng: Random) -> Iterator[datetime]:
    """Moments at which the dealer was open, one after the other, the last an hour ago or longer."""
    today = hours.local_day(now)
    days = [today - DAYS * DAY + timedelta(days=round(DAYS * nth / (most - 1))) for nth in range(most)]
    for day in days:
        clock = f"{rng.randrange(10, 16):02}:{rng.randrange(60):02}"
        at = hours.time_on(day, clock)
        while at is None or not hours.is_open(at) or at > now - timedelta(hours=1):
            day -= DAY
            at = hours.time_on(day, clock)
        yield at


@dataclass(slots=True)
class Talking:
    """One chat, from the first line to what came of it; `at` goes on."""

    site: Site
    dealer: Organisation
    script: Script
    person: Person
    at: datetime
    now: datetime
    rng: Random
    who: Shopper
    token: bytes = b""
    letter: UUID = field(default_factory=lambda: UUID(int=0))
    lead: int = 0

    def have(self, waited_s: int | None) -> int:
        """Write it; the number of its lead."""
        self.token = hashlib.sha256(f"{self.at.isoformat()} {self.dealer.pk}".encode()).digest()
        self.letter = uuid7(self.at)
        first, *rest = self.script.lines
        self._door(
            "leadbell_chat_begin(%s, %s, %s, null, %s, %s, %s, %s, %s, '', %s)",
            [
                self.letter,
                self.who.language,
                self.script.page,
                self.script.title,
                self._key(0),
                first,
                self.at,
            ],
        )
        self._received(self.letter)
        self._ring()
        if waited_s is None:
            self._nobody_answers()
        else:
            self._pass(waited_s)
            self._turns(rest)
        self._what_came_of_it()
        return self.lead

    def _door(self, what: str, about: Sequence[str | datetime | UUID]) -> None:
        """What the visitor's browser asks of the chat's door."""
        with connection.cursor() as cursor:
            cursor.execute(f"select {what}", [self.site.pk, self.token, *about])

    def _key(self, nth: int) -> str:
        return hashlib.sha256(self.token + bytes([nth])).hexdigest()[:32]

    def _pass(self, seconds: float) -> datetime:
        self.at += seconds * SECOND
        return self.at

    def _received(self, letter: UUID) -> None:
        """The clockwork reads what the door kept."""
        envelope = Envelope.objects.select_related("dealer", "source").get(pk=letter)
        inquiries = read_envelope(envelope)
        claim([(envelope, inquiries)])
        (lead,) = receive(envelope, inquiries, self.at).leads
        chat.found_its_lead(self.letter, lead)
        self.lead = lead.pk

    def _ring(self) -> None:
        lead = locked(self.lead)
        because = (say("free"),)
        ring.ring(lead, [self.person.pk], "best", 20, self.at + 0.2 * SECOND, because, phones=False)

    def _turns(self, lines: Sequence[str]) -> None:
        """One after the other, beginning with the salesperson."""
        for nth, text in enumerate(lines):
            if nth % 2:
                self._door(
                    "leadbell_chat_said(%s, %s, %s, %s, 500, %s)",
                    [self._key(nth + 1), text, self._pass(self.rng.uniform(9, 45))],
                )
                continue
            if nth == 0:
                ring.accept(locked(self.lead), self.person.pk, self.at - 3 * SECOND)
            else:
                self._pass(self.rng.uniform(6, 24))
            chat.write(locked(self.lead), self.person.pk, text, self.at, self._key(nth + 1))
        if self.script.outcome != "lost":
            self._tell_contact()
        self._end("leadbell_chat_left(%s, %s, %s)")

    def _tell_contact(self) -> None:
        letter, phone = uuid7(self._pass(self.rng.uniform(15, 50))), self.who.phone or ""
        self._door(
            "leadbell_chat_contact(%s, %s, %s, %s, %s, %s, %s)",
            [letter, self.who.name, phone, self.who.email or "", self.at],
        )
        self._received(letter)

    def _end(self, how: str) -> None:
        self._door(how, [self._pass(self.rng.uniform(20, 90))])
        self._journal()

    def _journal(self) -> None:
        number = Chat.objects.values_list("pk", flat=True).get(envelope=self.letter)
        chat.tell_the_journal(number, self.lead, self.at)

    def _nobody_answers(self) -> None:
        """The patience is over; they say how to reach them and go, and somebody accepts too late for the chat."""
        self._pass(30)
        self._journal()
        self._tell_contact()
        self._end("leadbell_chat_left(%s, %s, %s)")
        ring.ring(
            locked(self.lead),
            [self.person.pk],
            "all",
            30,
            self._pass(25),
            (say("nobody accepted"),),
            phones=False,
        )
        ring.accept(locked(self.lead), self.person.pk, self._pass(7))

    def _what_came_of_it(self) -> None:
        lead, person = locked(self.lead), self.person.pk
        if self.script.outcome == "lost":
            sale.lose(lead, person, "no_interest", self._pass(60))
        elif self.script.outcome == "visit" and isinstance(self._book(lead), Booked):
            return
        elif self.who.phone is not None:
            self._talk(lead)
        else:
            conversation.promise_quote(lead, person, self._pass(90))

    def _book(self, lead: Lead) -> Booked | None:
        """At a time in the coming days at which they are free."""
        hours = self.dealer.opening_hours
        for nth in range(24):
            day = hours.local_day(self.now) + DAY * (1 + nth // 6)
            starts_at = hours.time_on(day, f"{10 + nth % 6}:30")
            if starts_at is None or not hours.is_open(starts_at):
                continue
            booked = appointment.book(
                lead, self.person.pk, starts_at, self.at + 45 * SECOND, self.script.title
            )
            if isinstance(booked, Booked):
                confirmed_at = self._pass(45) + timedelta(minutes=95)
                if confirmed_at < self.now - timedelta(hours=1):
                    appointment.confirm(locked(lead.pk), self.person.pk, "phone", confirmed_at)
                return booked
        return None

    def _talk(self, lead: Lead) -> None:
        """Called in the hour that was agreed, and again in the days to come."""
        person = self.person.pk
        conversation.start_attempt(lead, person, self._pass(self.rng.uniform(60, 400)))
        answered_at = self._pass(9)
        talked_s = self.rng.uniform(80, 210)
        conversation.end_attempt(lead, person, "conversation", self._pass(talked_s), answered_at)
        hours = self.dealer.opening_hours
        due_at = hours.shift_into_hours(self.now + timedelta(hours=self.rng.choice((3, 20, 27, 44))))
        conversation.agree_call_back(lead, person, due_at, self._pass(20), self.script.title)

"""Who plays in the demo: an importer, a dealer group, its three dealers and their people. All are invented.

The importer's other dealers are in `neighbours`.

Nobody can be reached by accident: addresses end in `.example` (RFC 2606), telephones are never given out (see
`shoppers`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from leadbell.lead.facts import Origin

#: Opening hours as `dealers.hours` reads them.
Week = Mapping[str, Sequence[Sequence[str]]]
#: How leads of a channel look when they arrive.
Format = Literal["adf", "json", "form", "meta", "google", "portal_mail", "adf_mail", "hand"]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
ROUND_THE_CLOCK: Week = {
    day: [["00:00", "24:00"]] for day in (*_WEEKDAYS, "saturday", "sunday")
}  # fmt: skip


def hours(days: str, saturday: str = "") -> Week:
    """`09:00-18:00` from Monday to Friday, and the hours of Saturday."""
    week = {day: [days.split("-")] for day in _WEEKDAYS}
    return week | ({"saturday": [saturday.split("-")]} if saturday else {})


@dataclass(frozen=True, slots=True)
class Habits:
    """How somebody works; chances from 0 to 1."""

    #: Chance to accept a ring.
    accepts: float = 0.85
    #: Seconds between accepting and calling: the median, and the spread of their logarithm.
    prepares_s: float = 75
    spread: float = 0.7
    #: Chance to make each attempt after the first when it is due.
    persists: float = 0.85
    #: How many appointments, compared with everybody.
    persuades: float = 1.0
    #: Chance to write instead of calling a new lead.
    writes_first: float = 0.02


@dataclass(frozen=True, slots=True)
class Player:
    """One person of the demo. `worked` is when they worked before the demo began, where it isn't the dealer's hours."""

    name: str
    email: str
    role: Literal["salesperson", "manager", "bdc", "reception", "importer"] = "salesperson"
    language: str = "en"
    speaks: tuple[str, ...] = ("en",)
    brands: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    phone: str = ""
    worked: Week | None = None
    habits: Habits = Habits()
    #: How they work since they learned it, LEARNED_AFTER the demo's history begins; None: as before.
    learned: Habits | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A source of leads: `weight` is its share of the dealer's leads, `sender` who sends them.

    A campaign began `began_days` ago and is answered less every day.
    """

    name: str
    origin: Origin
    format: Format
    weight: float
    sender: str = ""
    began_days: int | None = None


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    kind: Literal["importer", "group", "dealer"]
    country: str = "NL"
    zone: str = "Europe/Amsterdam"
    language: str = "en"
    brands: tuple[str, ...] = ()
    #: When they were open before the demo began, and since.
    week: Week = field(default_factory=lambda: hours("09:00-18:00", "10:00-17:00"))
    round_the_clock: bool = False
    people: tuple[Player, ...] = ()
    lines: tuple[Line, ...] = ()
    #: Languages of the customers, with their shares.
    tongues: tuple[tuple[str, float], ...] = (("en", 1.0),)
    #: Leads on an ordinary day.
    leads_a_day: float = 10.0
    #: Chance that somebody who has an appointment comes; and that who came buys.
    comes: float = 0.84
    buys: float = 0.55


#: The source of leads that people type in, as `intake.sources` calls it.
BY_HAND = "by hand"
#: So many days lie behind the demo when it begins.
DAYS = 90
LEARNED_AFTER = timedelta(days=60)
#: A demo that was away for this long tells what happened meanwhile; less is left to the clockwork and the players.
STALE_AFTER = timedelta(days=1)

#: Who is rung in the README: the visitor's own part, never played by the demo.
STAR = "rosa@northside.example"

PORTAL = "Rijwijzer"
_PORTAL_LV = "Avtolist"

AURORA = Company(
    "Aurora Import", "importer", brands=("Hyundai", "Kia"),
    people=(Player("Femke Aalders", "femke@aurora.example", "importer", speaks=("nl", "en")),),
)  # fmt: skip

MERIDIAN = Company(
    "Meridian Mobility", "group", brands=("Hyundai", "Kia"),
    people=(
        Player(
            "Noor Haddad", "noor@meridian.example", "bdc", speaks=("nl", "en", "ar"), phone="+31200101900",
            worked=hours("17:30-21:30", "17:00-20:00"), habits=Habits(1.0, 60, 0.6, 0.95, 0.85, 0.0),
        ),
        Player("Thijs Verhoeven", "thijs@meridian.example", "manager", speaks=("nl", "en"), phone="+31200101901"),
    ),
)  # fmt: skip

#: Fast, and it follows up. Round the clock, so that it rings whenever somebody tries the demo.
NORTHSIDE = Company(
    "Northside", "dealer", brands=("Hyundai", "Kia"), round_the_clock=True, week=hours("08:30-18:30", "09:00-17:00"),
    tongues=(("nl", 0.62), ("en", 0.38)), leads_a_day=9.4, comes=0.88, buys=0.47,
    people=(
        Player("Ines Bakker", "ines@northside.example", "manager", speaks=("nl", "en", "pt"), phone="+31200101000",
            habits=Habits(0.95, 60, 0.5, 0.95, 1.0)),
        Player("Rosa Visser", STAR, speaks=("nl", "en", "es"), phone="+31200101001",
            habits=Habits(0.93, 46, 0.55, 0.96, 1.15, 0.0)),
        Player("Samir El Amrani", "samir@northside.example", speaks=("nl", "en", "ar", "fr"), phone="+31200101002",
            habits=Habits(0.88, 68, 0.6, 0.9, 1.0, 0.01)),
        Player("Lotte Brouwer", "lotte@northside.example", speaks=("nl", "en", "de"), phone="+31200101003",
            conditions=("new",), habits=Habits(0.85, 85, 0.65, 0.88, 0.97, 0.02)),
        Player("Daan Kuipers", "daan@northside.example", speaks=("nl", "en"), phone="+31200101004",
            conditions=("used",), habits=Habits(0.8, 120, 0.75, 0.8, 0.95, 0.03)),
        Player("Emre Yıldız", "emre@northside.example", speaks=("nl", "en", "tr"), phone="+31200101005",
            brands=("Kia",), habits=Habits(0.9, 75, 0.6, 0.9, 1.02, 0.01)),
        Player("Yvonne Smit", "yvonne@northside.example", "reception", speaks=("nl", "en")),
    ),
    lines=(
        Line("Website", "online", "adf", 30, "northside.example"),
        Line(PORTAL, "online", "portal_mail", 18, "rijwijzer.example"),
        Line("Facebook & Instagram", "online", "meta", 12),
        Line("Google Ads", "online", "google", 9),
        Line("Trade-in check", "online", "json", 8, "inruilcheck.example"),
        Line("Aurora Import", "online", "adf_mail", 8, "aurora.example"),
        Line(BY_HAND, "walk_in", "hand", 8),
        Line("Test drive weeks", "direct_mail", "form", 14, "northside.example", began_days=38),
        Line("Second chance", "lost_sale", "json", 10, "northside.example", began_days=19),
    ),
)  # fmt: skip

#: The classic leak: leads are prepared instead of called, and the second and third attempt are not made [S3].
LINDE = Company(
    "De Linde", "dealer", language="nl", brands=("Hyundai",), week=hours("09:00-18:00", "10:00-16:00"),
    tongues=(("nl", 0.93), ("en", 0.07)), leads_a_day=8.0, comes=0.8, buys=0.42,
    people=(
        Player("Henk Wolters", "henk@delinde.example", "manager", "nl", ("nl", "en", "de"), phone="+31380101000",
            habits=Habits(0.7, 200, 0.8, 0.7, 0.9)),
        Player("Bram Dijkstra", "bram@delinde.example", "salesperson", "nl", ("nl", "en"), phone="+31380101001",
            habits=Habits(0.72, 780, 0.9, 0.3, 0.85, 0.22)),
        Player("Sanne Postma", "sanne@delinde.example", "salesperson", "nl", ("nl", "en", "de"),
            phone="+31380101002", habits=Habits(0.85, 330, 0.8, 0.6, 1.05, 0.1)),
        Player("Wouter ten Cate", "wouter@delinde.example", "salesperson", "nl", ("nl", "de"),
            phone="+31380101003", habits=Habits(0.65, 1150, 0.8, 0.22, 0.75, 0.3)),
        Player("Marieke Veenstra", "marieke@delinde.example", "salesperson", "nl", ("nl", "en"),
            phone="+31380101004", conditions=("used",), worked=hours("09:00-14:00"),
            habits=Habits(0.8, 520, 0.8, 0.4, 0.95, 0.16)),
    ),
    lines=(
        Line("Website", "online", "form", 32, "delinde.example"),
        Line(PORTAL, "online", "portal_mail", 26, "rijwijzer.example"),
        Line("Facebook", "online", "meta", 10),
        Line("Google Ads", "online", "google", 8),
        Line("Aurora Import", "online", "adf_mail", 12, "aurora.example"),
        Line(BY_HAND, "walk_in", "hand", 12),
        Line("Voorjaarsmailing", "direct_mail", "form", 18, "delinde.example", began_days=52),
    ),
)  # fmt: skip

#: In between; many appointments, and many who don't come to them.
LANTERNA = Company(
    "Lanterna Riga", "dealer", country="LV", zone="Europe/Riga", language="ru", brands=("Hyundai", "Kia"),
    week=hours("09:00-19:00", "10:00-16:00"), tongues=(("ru", 0.66), ("lv", 0.28), ("en", 0.06)), leads_a_day=7.2,
    comes=0.72, buys=0.46,
    people=(
        Player("Ольга Соколова", "olga@lanterna.example", "manager", "ru", ("ru", "lv", "en"), phone="+37160010100",
            habits=Habits(0.9, 110, 0.6, 0.9, 1.0)),
        Player("Игорь Петров", "igor@lanterna.example", "salesperson", "ru", ("ru", "lv"), phone="+37160010101",
            habits=Habits(0.85, 170, 0.75, 0.8, 1.1, 0.03)),
        Player("Анна Лебедева", "anna@lanterna.example", "salesperson", "ru", ("ru", "lv", "en"),
            phone="+37160010102", habits=Habits(0.9, 120, 0.6, 0.85, 1.15, 0.02)),
        Player("Максим Волков", "maxim@lanterna.example", "salesperson", "ru", ("ru", "en"), phone="+37160010103",
            brands=("Kia",), habits=Habits(0.75, 240, 0.8, 0.6, 0.9, 0.05)),
        Player("Светлана Ким", "svetlana@lanterna.example", "salesperson", "ru", ("ru", "lv", "ko"),
            phone="+37160010104", habits=Habits(0.85, 150, 0.7, 0.75, 1.0, 0.04)),
        Player("Артур Озолс", "artur@lanterna.example", "salesperson", "ru", ("lv", "ru", "en"),
            phone="+37160010105", conditions=("used",), habits=Habits(0.8, 210, 0.75, 0.65, 0.9, 0.05)),
    ),
    lines=(
        Line("Website", "online", "adf", 34, "lanterna.example"),
        Line(_PORTAL_LV, "online", "json", 24, "avtolist.example"),
        Line("Instagram", "online", "meta", 16),
        Line("Google Ads", "online", "google", 10),
        Line(BY_HAND, "walk_in", "hand", 8),
        Line("Сервисная рассылка", "direct_mail", "form", 12, "lanterna.example", began_days=30),
        Line("Вернитесь к нам", "lost_sale", "json", 9, "lanterna.example", began_days=24),
    ),
)  # fmt: skip

DEALERS = (NORTHSIDE, LINDE, LANTERNA)

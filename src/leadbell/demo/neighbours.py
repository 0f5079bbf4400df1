"""The importer's other dealers in the demo: a second group and six houses of their own, each with its people.

Enough of them that a dealer can be compared: five of Northside's size, four smaller ones.
"""

from leadbell.demo.cast import (
    AURORA,
    BY_HAND,
    DEALERS,
    MERIDIAN,
    PORTAL,
    Company,
    Habits,
    Line,
    Player,
    hours,
)

#: They call at once, and again; they mean to, and are busy; they prepare, and give up early.
QUICK, BUSY, SLOW = (
    Habits(0.94, 42, 0.5, 0.96, 1.22, 0.0),
    Habits(0.82, 190, 0.7, 0.62, 0.95, 0.06),
    Habits(0.7, 640, 0.85, 0.3, 0.78, 0.2),
)

KUSTLIJN = Company(
    "Kustlijn Groep", "group", brands=("Hyundai", "Kia"),
    people=(Player("Annemiek Faber", "annemiek@kustlijn.example", "manager", speaks=("nl", "en"),
        phone="+31230101900"),),
)  # fmt: skip


def _dealer(
    name: str, address: str, dial: str, people: str, habits: Habits, a_day: float, comes: float, buys: float,
    *, brands: tuple[str, ...] = ("Hyundai", "Kia"), learned: Habits | None = None,
) -> Company:  # fmt: skip
    """A Dutch dealer; of its people, by commas, the first is the manager. They all work alike."""
    players = tuple(
        Player(
            one, f"{one.split()[0].lower()}@{address}", "salesperson" if place else "manager", "nl", ("nl", "en"),
            phone=f"{dial}0101{place:0{8 - len(dial)}}", habits=habits, learned=learned,
        )
        for place, one in enumerate(people.split(", "))
    )  # fmt: skip
    lines = (
        Line("Website", "online", "form", 40, address),
        Line(PORTAL, "online", "portal_mail", 22, "rijwijzer.example"),
        Line("Google Ads", "online", "google", 14),
        Line("Aurora Import", "online", "adf_mail", 5, "aurora.example"),
        Line(BY_HAND, "walk_in", "hand", 9),
    )
    return Company(
        name, "dealer", language="nl", brands=brands, week=hours("09:00-18:00", "10:00-16:00"), people=players,
        lines=lines, tongues=(("nl", 0.92), ("en", 0.08)), leads_a_day=a_day, comes=comes, buys=buys,
    )  # fmt: skip


#: How they work, leads a day, the chances to come and to buy stand at the end, as `_dealer` takes them.
OF_KUSTLIJN = (
    _dealer("Kustlijn Haarlem", "haarlem.kustlijn.example", "+3123",
        "Jorrit Bouma, Linda Aerts, Stijn Jacobs, Mila Peeters", QUICK, 5.2, 0.93, 0.56),
    _dealer("Kustlijn Alkmaar", "alkmaar.kustlijn.example", "+3172",
        "Petra Groen, Rik Schuurman, Yara Cohen", QUICK, 5.2, 0.92, 0.53),
    _dealer("Kustlijn Den Helder", "denhelder.kustlijn.example", "+31223",
        "Klaas Zwart, Demi Visscher", BUSY, 0.8, 0.78, 0.36),
)  # fmt: skip
OF_NO_GROUP = (
    _dealer("Maaszicht", "maaszicht.example", "+3110",
        "Carola Vink, Jesse Molenaar, Naomi Sardjoe, Tim de Wit", QUICK, 5.2, 0.92, 0.57),
    _dealer("Autohuis Heuvelrug", "heuvelrug.example", "+3133",
        "Gerard Blom, Kim Terpstra, Wesley Pinas", SLOW, 5.2, 0.74, 0.34),
    # Learned to call at once, a month ago.
    _dealer("Zuiderpoort Breda", "zuiderpoort.example", "+3176",
        "Fred Oomen, Eline Maes, Jordy van Gils", SLOW, 5.2, 0.78, 0.36,
        learned=Habits(0.93, 60, 0.5, 0.94, 1.25, 0.0)),
    _dealer("De Esdoorn", "deesdoorn.example", "+3155",
        "Truus Wassink, Bart Lubbers", SLOW, 0.8, 0.75, 0.33, brands=("Hyundai",)),
    _dealer("Autohof Peelland", "peelland.example", "+31492",
        "Harrie Vogels, Sanne van Bree", SLOW, 0.8, 0.76, 0.33),
    _dealer("Garage Terpland", "terpland.example", "+3158",
        "Sjoerd Hiemstra, Aukje Dykstra", BUSY, 0.8, 0.8, 0.34, brands=("Kia",)),
)  # fmt: skip

NEIGHBOURS = (*OF_KUSTLIJN, *OF_NO_GROUP)
#: All of the importer's dealers.
NETWORK = (*DEALERS, *NEIGHBOURS)
#: Each with what stands above it.
TREE: tuple[tuple[Company, Company | None], ...] = (
    (AURORA, None),
    (MERIDIAN, AURORA),
    *((dealer, MERIDIAN) for dealer in DEALERS),
    (KUSTLIJN, AURORA),
    *((dealer, KUSTLIJN) for dealer in OF_KUSTLIJN),
    *((dealer, AURORA) for dealer in OF_NO_GROUP),
)

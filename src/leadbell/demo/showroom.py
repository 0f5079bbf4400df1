"""The cars people ask about."""

from dataclasses import dataclass
from random import Random
from typing import Literal

NEW = {
    "Hyundai": (
        ("Kona", "Electric"), ("Kona", "Hybrid"), ("IONIQ 5", "Long Range"), ("IONIQ 6", "First Edition"),
        ("Inster", ""), ("Tucson", "Plug-in"), ("Tucson", "Hybrid"), ("Santa Fe", "Hybrid"),
        ("i10", "Comfort"), ("i20", "N Line"), ("i30", "Wagon"), ("Bayon", "Premium"),
    ),
    "Kia": (
        ("EV3", "Long Range"), ("EV6", "GT-Line"), ("EV9", ""), ("Niro", "Hybrid"), ("Sportage", "Plug-in"),
        ("Picanto", "DynamicLine"), ("Stonic", ""), ("Ceed", "Sportswagon"), ("Sorento", "Hybrid"),
    ),
}  # fmt: skip
USED = (
    ("Hyundai", "Kona"), ("Hyundai", "Tucson"), ("Hyundai", "i20"), ("Hyundai", "IONIQ 5"), ("Kia", "Niro"),
    ("Kia", "Sportage"), ("Kia", "Picanto"), ("Volkswagen", "Golf"), ("Toyota", "Yaris"), ("Skoda", "Octavia"),
    ("Volvo", "XC40"), ("Peugeot", "208"), ("Ford", "Focus"), ("Renault", "Clio"), ("Opel", "Corsa"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Car:
    make: str
    model: str
    year: int
    condition: Literal["new", "used"]
    trim: str = ""
    #: The dealer's own number of a car that stands there.
    stock: str = ""

    def __str__(self) -> str:
        return f"{self.make} {self.model}"


def new_car(rng: Random, brands: tuple[str, ...], year: int) -> Car:
    make = rng.choice(brands)
    model, trim = rng.choice(NEW[make])
    return Car(make, model, year, "new", trim)


def used_car(rng: Random, year: int) -> Car:
    make, model = rng.choice(USED)
    age = min(9, 1 + int(rng.expovariate(0.35)))
    return Car(make, model, year - age, "used", stock=f"{model[0].upper()}{rng.randrange(1000, 9999)}")


def traded_in(rng: Random, year: int) -> Car:
    make, model = rng.choice(USED)
    return Car(make, model, year - rng.randrange(4, 14), "used")

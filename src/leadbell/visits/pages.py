"""What a page tells by its address and its own words: its path, its part of the website, its car."""

import re
from functools import lru_cache
from urllib.parse import unquote

import msgspec

LONGEST_PART = 30
LONGEST_PATH, LONGEST_WORD = 300, 80
MOST_PRICE = 100_000_000
MOST_PATTERNS = 10


class Car(msgspec.Struct, frozen=True, gc=False):
    """What a page shows: `price` is in whole units of the page's currency."""

    stock: str = ""
    make: str = ""
    model: str = ""
    price: int | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.stock or self.model)

    @property
    def name(self) -> str:
        """`Hyundai Kona`, or the stock number where the page says no more."""
        name = f"{self.make} {self.model}".strip() or self.stock
        return " ".join(map(_written, name.split())) if name.islower() else name

    @property
    def key(self) -> str:
        """By which it is the same car on every page of a dealer."""
        return self.stock or f"{self.make} {self.model}".lower()


#: Makes and models that are written in capitals, as an address doesn't.
_CAPITALS = frozenset({"bmw", "byd", "ds", "gla", "glc", "gt", "gti", "gwm", "kgm", "mg", "tt", "vw"})
_TYPE_NUMBER = re.compile(r"[a-z]{1,3}\.?\d+")


def _written(part: str) -> str:
    """A word of an address as the make writes it: `BMW`, `EV6`, `ID.3`, `i20`, else `Hyundai`."""
    if not _TYPE_NUMBER.fullmatch(part):
        return part.upper() if part in _CAPITALS else part.title()
    return part if re.fullmatch(r"i\d+", part) else part.upper()


class SaidCar(msgspec.Struct, frozen=True, gc=False):
    """A page's car as the script found it."""

    stock: str | float | None = None
    make: str | float | None = None
    model: str | float | None = None
    price: str | float | None = None
    image: str | float | None = None


NO_CAR = SaidCar()


@lru_cache(maxsize=4096)
def path_of(address: str) -> str:
    """The path alone: what stands behind ? or # may be somebody's name or address."""
    return word(address.partition("#")[0].partition("?")[0])[:LONGEST_PATH] or "/"


@lru_cache(maxsize=4096)
def part_of(path: str) -> str:
    """The part of a website that a page belongs to: `/cars` for `/cars/hyundai/kona/N-41`."""
    return "/" + path.strip("/").partition("/")[0][:LONGEST_PART].lower()


@lru_cache(maxsize=4096)
def car_of(said: SaidCar, address: str, patterns: tuple[re.Pattern[str], ...]) -> Car:
    """The car of a page: what the page itself says first, then what its address says. A car is looked at often."""
    found = _car_in(address, patterns)
    if said == NO_CAR:
        return found
    stock, make, model, price = (
        word(one)[:LONGEST_WORD] for one in (said.stock, said.make, said.model, said.price)
    )
    return Car(
        stock or found.stock,
        make or found.make,
        model or found.model,
        price_of(price) if price else found.price,
    )


def _car_in(address: str, patterns: tuple[re.Pattern[str], ...]) -> Car:
    """What the first pattern that fits finds."""
    for pattern in patterns:
        if found := pattern.search(address):
            known = dict.fromkeys(_HOLES, "")
            for name, text in found.groupdict().items():
                plain = unquote(text) if name == "stock" else unquote(text).replace("-", " ")
                known[name] = word(plain)[:LONGEST_WORD]
            return Car(known["stock"], known["make"], known["model"], price_of(known["price"]))
    return Car()


def price_of(said: str) -> int | None:
    """Whole units: `24.950,00`, `24,950.00`, `€ 24 950` and `24950` are all 24950."""
    digits = re.sub(r"[^\d.,]", "", said)
    whole = re.sub(r"[.,]\d{1,2}$", "", digits)
    number = re.sub(r"\D", "", whole)
    return int(number) if 0 < len(number) < 10 and int(number) <= MOST_PRICE else None


_HOLES = ("stock", "make", "model", "price")
_HOLE = re.compile(r"\{(\w+)\}")


def pattern_of(written: str) -> re.Pattern[str] | None:
    """`/cars/{make}/{model}/{stock}`, `*` for anything within a part, as an expression; None where it is none."""
    written = written.strip()
    holes = _HOLE.findall(written)
    if not written.startswith("/") or len(written) > 200 or not holes or len(holes) != len(set(holes)):
        return None
    if not set(holes) <= set(_HOLES) or "}{" in written:
        return None
    parts = _HOLE.split(written)
    # Each hole and star ends at the next sign of an address: no address makes the search long.
    made = "".join(
        f"(?P<{part}>[^/?&#]+)" if place % 2 else re.escape(part).replace(r"\*", "[^/?&#]*")
        for place, part in enumerate(parts)
    )
    return re.compile(f"^{made}(?:[/?&#]|$)")


_UNSTORABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]+"
)


def word(said: object) -> str:
    """As one line that can be stored and shown."""
    if isinstance(said, str) and len(said) < 2000 and said.isprintable():
        return said.strip()
    if said is None:
        return ""
    if isinstance(said, float) and said == int(said):
        said = int(said)
    return _UNSTORABLE.sub(" ", str(said)[:2000]).strip()

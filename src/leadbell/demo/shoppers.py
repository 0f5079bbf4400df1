"""The demo's customers. All are invented, and nobody real can be reached by mistake.

E-mail addresses end in example.org, .com or .nl. Telephone numbers are valid in form and ring nobody: Dutch ones
begin with 0 after the area code, which no local number does; Latvian ones lie in the unused series 60; foreign ones
in the ranges that regulators keep free for films (Ofcom's 020 7946 0xxx, the Bundesnetzagentur's 030 23125 xxx).
"""

import unicodedata
from dataclasses import dataclass, replace
from random import Random

from leadbell.demo.cast import Company
from leadbell.demo.names import BY_LANGUAGE, latin
from leadbell.demo.showroom import Car, new_car, traded_in, used_car
from leadbell.demo.talk import WORDS

_AREAS = {
    "NL": ("20", "10", "30", "38", "23", "75", "36", "70", "26", "33"),
    "LV": ("60",),
}
_ABROAD = ("+44 20 7946 0", "+49 30 23125 ")
_MAIL = {"nl": ("example.nl", "example.org", "example.com"), "lv": ("example.org", "example.com")}


@dataclass(frozen=True, slots=True)
class Shopper:
    """A person as they write themselves; None is not told."""

    first: str
    last: str
    language: str
    email: str | None
    phone: str | None

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}".strip()


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks a dealer, at one moment, through whatever channel."""

    shopper: Shopper
    car: Car
    message: str
    interest: str = "buy"
    trade_in: Car | None = None


def somebody(rng: Random, country: str, language: str) -> Shopper:
    """A new customer. About one in twelve gives no telephone number, one in ten no e-mail address."""
    families = BY_LANGUAGE[language]
    names = rng.choices([names for names, _ in families], [share for _, share in families])[0]
    first, last = rng.choice(names.first), rng.choice(names.last)
    if names.russian and first[-1] in "ая":
        last += "а"
    tells = rng.random()
    email = None if tells > 0.9 else _mailbox(rng, first, last, language)
    phone = None if tells < 0.085 else _number(rng, country, abroad=rng.random() < 0.05)
    return Shopper(first, last, language, email, phone)


def wish(rng: Random, shopper: Shopper, brands: tuple[str, ...], year: int, kind: str = "online") -> Wish:
    """What this customer writes. `kind` is the lead's origin."""
    talk = WORDS[shopper.language]
    chance = rng.random()
    if kind in ("direct_mail", "lost_sale"):
        car = new_car(rng, brands, year)
        return Wish(shopper, car, rng.choice(talk[kind]).format(car=car, model=car.model))
    if chance < 0.36:
        car = used_car(rng, year)
        message = rng.choice(talk["used"])
        interest = "buy"
    elif chance < 0.56:
        car = new_car(rng, brands, year)
        message = rng.choice(talk["test_drive"])
        interest = "test-drive"
    elif chance < 0.68:
        car = new_car(rng, brands, year)
        message = rng.choice(talk["lease"])
        interest = "lease"
    else:
        car = new_car(rng, brands, year)
        message = rng.choice(talk["new"])
        interest = "buy"
    own = traded_in(rng, year) if rng.random() < 0.22 else None
    if own:
        message += " " + rng.choice(talk["trade_in"]).format(own=f"{own} ({own.year})")
    return Wish(shopper, car, message.format(car=car, model=car.model), interest, own)


def again(rng: Random, before: Wish, brands: tuple[str, ...], year: int) -> Wish:
    """The same customer writes once more: about the same car, or about another."""
    talk = WORDS[before.shopper.language]
    if rng.random() < 0.6:
        return replace(
            before, message=rng.choice(talk["again"]).format(car=before.car, model=before.car.model)
        )
    return wish(rng, before.shopper, brands, year)


def as_they_were(
    rng: Random, name: str, email: str | None, phone: str | None, company: Company, year: int
) -> Wish:
    """Somebody known by name and handles only, with a wish of the kind they may have had."""
    first, _, last = name.partition(" ")
    tongues = {tongue for tongue, _ in company.tongues}
    cyrillic = any("а" <= sign <= "я" for sign in name.lower())
    language = "ru" if cyrillic and "ru" in tongues else next(t for t, _ in company.tongues if t != "ru")
    return wish(rng, Shopper(first, last, language, email, phone), company.brands, year)


def _mailbox(rng: Random, first: str, last: str, language: str) -> str:
    name = f"{_plain(first)}.{_plain(last)}"
    if rng.random() < 0.55:
        name += str(rng.randrange(1, 100))
    return f"{name}@{rng.choice(_MAIL.get(language, _MAIL['lv']))}"


def _plain(name: str) -> str:
    """The name in letters that a mailbox has."""
    bare = unicodedata.normalize("NFKD", latin(name).replace("ı", "i"))
    return "".join(sign for sign in bare if sign.isascii() and sign.isalpha())


def _number(rng: Random, country: str, abroad: bool) -> str:
    """As people write it: with blanks, in one piece, with the country in front."""
    if abroad:
        return f"{rng.choice(_ABROAD)}{rng.randrange(1000):03}"
    area = rng.choice(_AREAS[country])
    if country == "LV":
        rest = f"{rng.randrange(10**6):06}"
        return rng.choice(("{a}{r}", "+371 {a} {x} {y}", "{a} {x} {y}")).format(
            a=area, r=rest, x=rest[:3], y=rest[3:]
        )
    rest = f"0{rng.randrange(10**6):06}"
    return rng.choice(("0{a}{r}", "0{a} {x} {y}", "+31 {a} {x} {y}", "0{a}-{r}", "0{a} {x} {y}")).format(
        a=area, r=rest, x=rest[:3], y=rest[3:]
    )

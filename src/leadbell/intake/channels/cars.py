"""Cars as senders tell of them: in fields, or in one breath."""

import re
from dataclasses import dataclass, field

from leadbell.intake.channels.labels import folded, listed
from leadbell.intake.channels.markup import plain
from leadbell.intake.inquiry import LONGEST_NAME, Vehicle, one_line, paragraphs

MOST_NOTES = 200

#: What senders write where they have nothing to say.
NOTHING = listed(
    "null none nil n/a nvt n.v.t. undefined nan - -- — . unknown onbekend unbekannt (null) keine geen нет"
)
_WORDS = re.compile(r"[\s,/]+")
_YEAR = re.compile(r"(?<!\d)(?:19[3-9]|20[0-4])\d(?!\d)")
_TWO_WORDS = frozenset(
    ("alfa romeo", "aston martin", "land rover", "mercedes benz", "rolls royce", "great wall")
)
_MAKES = listed(
    "abarth aiways alfa alpine aston audi bentley bmw buick byd cadillac chery chevrolet chevy chrysler citroen "
    "citroën cupra dacia daewoo daf daihatsu dodge dongfeng ds exeed ferrari fiat fisker ford geely genesis gmc "
    "great haval honda hongqi hummer hyundai ineos infiniti isuzu iveco jac jaecoo jaguar jeep kia lada "
    "lamborghini lancia land leapmotor lexus ligier lincoln lotus lucid lynk mahindra man maserati maxus maybach "
    "mazda mclaren mercedes mercedes-benz mercury mg microcar mini mitsubishi morgan moskvich nio nissan omoda "
    "opel peugeot piaggio polestar pontiac porsche ram range renault rivian rolls rolls-royce rover saab saturn "
    "scion seat skoda škoda smart ssangyong subaru suzuki tank tata tesla toyota uaz vauxhall vinfast volkswagen "
    "volvo voyah vw wiesmann xpeng zeekr ваз лада уаз газ москвич тойота хендай киа рено ниссан фольксваген "
    "шкода мазда хонда бмв мерседес ауди чери джили хавал"
)
INTERESTS = {
    "buy": "buy", "purchase": "buy", "buying": "buy", "kopen": "buy", "koop": "buy", "kaufen": "buy", "kauf": "buy",
    "купить": "buy", "покупка": "buy",
    "lease": "lease", "leasing": "lease", "leasen": "lease", "privatelease": "lease", "лизинг": "lease",
    "sell": "sell", "selling": "sell", "verkopen": "sell", "verkaufen": "sell", "продать": "sell", "продажа": "sell",
    "tradein": "trade-in", "trade": "trade-in", "inruil": "trade-in", "inruilen": "trade-in",
    "inzahlungnahme": "trade-in", "partexchange": "trade-in", "трейдин": "trade-in",
    "testdrive": "test-drive", "proefrit": "test-drive", "probefahrt": "test-drive", "тестдрайв": "test-drive",
    "proefritaanvragen": "test-drive", "requesttestdrive": "test-drive", "booktestdrive": "test-drive",
}  # fmt: skip
STATUSES = {
    "new": "new", "nieuw": "new", "neu": "new", "neuwagen": "new", "новый": "new", "новая": "new", "brandnew": "new",
    "newcar": "new", "newvehicle": "new",
    "used": "used", "gebruikt": "used", "occasion": "used", "occasions": "used", "tweedehands": "used",
    "gebraucht": "used", "gebrauchtwagen": "used", "preowned": "used", "certified": "used", "cpo": "used",
    "usedcar": "used", "usedvehicle": "used", "спробегом": "used", "бу": "used", "подержанный": "used",
    "demo": "used",
}  # fmt: skip
PARTS = frozenset({"make", "model", "trim", "year", "vin", "stock", "condition", "interest", "car"})


@dataclass(slots=True)
class Car:
    """A vehicle being read; `notes` are what has no field of its own, `whole` is what was told in one breath."""

    interest: str | None = None
    status: str | None = None
    parts: dict[str, str] = field(default_factory=dict)
    whole: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)

    def put(self, part: str, text: str) -> None:
        """File a value under one of PARTS; the first that says something stands."""
        text = one_line(plain(text))
        if not text or text.casefold() in NOTHING:
            return
        if part == "interest":
            self.interest = INTERESTS.get(folded(text), text.lower()[:40])
        elif part == "condition":
            known = STATUSES.get(folded(text))
            self.status = self.status or known
            if not known:
                self.note("Condition", text)
        elif part == "car":
            self.whole = self.whole or text
        else:
            self.parts.setdefault(part, text)

    def note(self, label: str, text: str) -> None:
        text = paragraphs(plain(text))
        if text and text.casefold() not in NOTHING and len(self.notes) < MOST_NOTES:
            self.notes.append((label, text))

    def is_empty(self) -> bool:
        return not (self.parts or self.whole or self.notes)

    def settle(self) -> Vehicle:
        """The vehicle. A year that is none becomes a note."""
        parts = (car_in(self.whole) if self.whole else {}) | self.parts
        year = _YEAR.search(parts.get("year", ""))
        if "year" in parts and not year:
            self.note("Year", parts["year"])
        vin = parts.get("vin", "").replace(" ", "").upper()
        return Vehicle(
            interest=self.interest,
            status=self.status or parts.get("status"),
            year=int(year[0]) if year else None,
            make=parts.get("make", "")[:LONGEST_NAME] or None,
            model=parts.get("model", "")[:LONGEST_NAME] or None,
            trim=parts.get("trim", "")[:LONGEST_NAME] or None,
            vin=vin[:LONGEST_NAME] or None,
            stock=parts.get("stock", "")[:LONGEST_NAME] or None,
        )


def car_in(text: str) -> dict[str, str]:
    """Year, make, model and status out of `Used 2021 Ford F-150`; all of it is the model where no make is known."""
    text = text[:LONGEST_NAME]
    year = _YEAR.search(text)
    words = [word for word in _WORDS.split(_YEAR.sub(" ", text, count=1)) if word.strip("-–:;.()")]
    told = {"year": year[0]} if year else {}
    for at, word in enumerate(words[:5]):
        if word.casefold() in _MAKES:
            size = 2 if " ".join(words[at : at + 2]).casefold() in _TWO_WORDS else 1
            told["make"] = " ".join(words[at : at + size])
            told["model"] = " ".join(words[at + size :])
            if status := STATUSES.get(folded(words[0])):
                told["status"] = status
            return {part: said for part, said in told.items() if said}
    return told | ({"model": " ".join(words)} if words else {})


def names_a_car(text: str) -> bool:
    """Whether free text tells a car by make or by year."""
    told = car_in(text)
    return "make" in told or ("year" in told and "model" in told)


def car_name(vehicle: Vehicle) -> str:
    """How a salesperson would call the car."""
    return " ".join(str(part) for part in (vehicle.year, vehicle.make, vehicle.model) if part)

"""To which dealer an importer's lead goes: rules in order, each with its reason. Pure.

Each rule keeps the dealers it prefers, or all where it has nothing to say; the shares agreed on decide among those
that are left, so that exactly one remains and the shares come out exactly.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from leadbell.words import Words, say

#: Minutes of opening time that a dealer has to accept or answer, and to how many dealers a lead goes at most.
ANSWER_MINUTES, MOST_DEALERS = 15, 3
LONGEST_POSTCODE = 10
EARTH_KM = 6371.0

#: Latitude and longitude in degrees.
Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is known of the lead: brand, postcode and dealer as they were written, and who knows the customer."""

    brand: str = ""
    postcode: str = ""
    dealer_named: str = ""
    known_at: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A dealer of the network. No brands: sells all; no postcodes: has no area; `most_a_day` None: no limit.

    `share` is a whole weight beside the others', 0: none by share. `given` is how many it has got so far.
    """

    dealer: int
    name: str
    brands: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()
    place: Place | None = None
    share: int = 1
    given: int = 0
    most_a_day: int | None = None
    given_today: int = 0

    @property
    def is_full(self) -> bool:
        return self.most_a_day is not None and self.given_today >= self.most_a_day


@dataclass(frozen=True, slots=True)
class Choice:
    """The dealer, and why, in the order of the rules."""

    dealer: int
    because: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Nobody:
    """No dealer can have it: a person at the importer decides."""

    because: Words


@dataclass(frozen=True, slots=True)
class Map:
    """Where postcodes are: the longest known beginning of a postcode gives its place."""

    places: Mapping[str, Place] = field(default_factory=dict)

    def place_of(self, postcode: str) -> Place | None:
        for length in range(len(postcode), 0, -1):
            if place := self.places.get(postcode[:length]):
                return place
        return None


class Turn:
    """The dealers while an importer's leads are given one after the other: what one got counts for the next lead."""

    def __init__(
        self, candidates: Iterable[Candidate], where: Map, *, answer_minutes: int, most_dealers: int
    ) -> None:
        self._candidates = {one.dealer: one for one in candidates}
        self._where, self.answer_minutes, self._most_dealers = where, answer_minutes, most_dealers
        #: How many each dealer got in this turn.
        self.given: Counter[int] = Counter()

    def choose(self, wish: Wish, tried: frozenset[int], by_hand: int | None) -> Choice | Nobody:
        """Whose turn it is; `tried` dealers had this lead before, `by_hand` is who a person chose for it."""
        if by_hand is not None:
            return self._give(Choice(by_hand, (say("chosen by hand"),)))
        if len(tried) >= self._most_dealers:
            return Nobody(say("%(dealers)s dealers had it and none answered", dealers=len(tried)))
        decision = choose(wish, list(self._candidates.values()), tried, self._where)
        return decision if isinstance(decision, Nobody) else self._give(decision)

    def _give(self, choice: Choice) -> Choice:
        self.given[choice.dealer] += 1
        if one := self._candidates.get(choice.dealer):
            self._candidates[one.dealer] = replace(one, given=one.given + 1, given_today=one.given_today + 1)
        return choice


def choose(
    wish: Wish, candidates: Sequence[Candidate], tried: frozenset[int] = frozenset(), where: Map | None = None
) -> Choice | Nobody:
    """One of the dealers that were not tried yet."""
    left = [one for one in candidates if one.dealer not in tried]
    if not left:
        return Nobody(
            say("every dealer that could have it was asked") if tried else say("no dealer takes leads")
        )
    left = _selling(wish.brand, left)
    if not left:
        if tried:
            return Nobody(say("no other dealer sells %(brand)s", brand=wish.brand))
        return Nobody(say("no dealer sells %(brand)s", brand=wish.brand))
    because: list[Words] = []
    if wish.brand and len(left) < len(candidates) - len(tried):
        because.append(say("sells %(brand)s", brand=wish.brand))
    asked_for = _first([_named, _known], wish, left, because)
    if asked_for is not None:
        return Choice(_by_share(asked_for).dealer, tuple(because))
    left = [one for one in left if not one.is_full and one.share > 0]
    if not left:
        return Nobody(say("all dealers that could have it have as many leads today as was agreed"))
    for narrow in (_area, _nearest(where or Map())):
        kept, reason = narrow(wish, left)
        if reason is not None:
            left = kept
            because.append(reason)
    if len(left) > 1:
        because.append(say("next by the shares agreed on"))
    elif not because:
        because.append(say("the only dealer that could have it"))
    return Choice(_by_share(left).dealer, tuple(because))


Narrow = Callable[[Wish, Sequence[Candidate]], tuple[list[Candidate], Words | None]]


def _first(
    rules: Sequence[Narrow], wish: Wish, left: Sequence[Candidate], because: list[Words]
) -> list[Candidate] | None:
    """Who the customer's own ties lead to, whatever was agreed about areas and shares."""
    for rule in rules:
        kept, reason = rule(wish, left)
        if reason is not None:
            because.append(reason)
            return kept
    return None


def _selling(brand: str, left: list[Candidate]) -> list[Candidate]:
    asked = folded(brand)
    return [
        one for one in left if not (brand and one.brands) or asked in {folded(known) for known in one.brands}
    ]


def _named(wish: Wish, left: Sequence[Candidate]) -> tuple[list[Candidate], Words | None]:
    name = folded(wish.dealer_named)
    if not name:
        return [], None
    kept = [one for one in left if folded(one.name) == name or str(one.dealer) == name]
    return kept, say("the customer chose this dealer") if kept else None


def _known(wish: Wish, left: Sequence[Candidate]) -> tuple[list[Candidate], Words | None]:
    kept = [one for one in left if one.dealer in wish.known_at]
    return kept, say("the customer is known there") if kept else None


def _area(wish: Wish, left: Sequence[Candidate]) -> tuple[list[Candidate], Words | None]:
    """The longest beginning of the postcode that is in somebody's list wins."""
    if not wish.postcode:
        return list(left), None
    lengths = {
        one.dealer: max((len(p) for p in map(postcode, one.postcodes) if p and wish.postcode.startswith(p)), default=0)
        for one in left
    }  # fmt: skip
    longest = max(lengths.values())
    if not longest:
        return list(left), None
    kept = [one for one in left if lengths[one.dealer] == longest]
    return kept, say("the area of %(postcode)s", postcode=wish.postcode[:longest])


def _nearest(where: Map) -> Narrow:
    def narrow(wish: Wish, left: Sequence[Candidate]) -> tuple[list[Candidate], Words | None]:
        here = where.place_of(wish.postcode)
        away = {one.dealer: kilometres(here, one.place) for one in left if here and one.place}
        if len(left) < 2 or not away:
            return list(left), None
        nearest = min(away.values())
        kept = [one for one in left if away.get(one.dealer) == nearest]
        return kept, say("the nearest with room for more: %(km)s km", km=round(nearest))

    return narrow


def _by_share(left: Sequence[Candidate]) -> Candidate:
    """Who lags furthest behind its share, so that no share is ever off by a whole lead; then by number."""
    shares = sum(one.share for one in left) or 1
    given = sum(one.given for one in left)
    return max(left, key=lambda one: (one.share * (given + 1) - one.given * shares, -one.dealer))


@lru_cache(maxsize=10_000)
def folded(text: str) -> str:
    """As names are compared: without case, spaces and signs."""
    return "".join(c for c in text.casefold() if c.isalnum())


def postcode(written: str) -> str:
    """As postcodes are compared: letters and digits in capitals, at most 10."""
    return "".join(c for c in written.upper() if c.isalnum())[:LONGEST_POSTCODE]


#: Dutch, British, then plain digits as most countries have them; the last one in an address is meant.
_POSTCODES = (
    re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b"),
    re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"),
    re.compile(r"\b\d{4,6}\b"),
)


def postcode_in(address: str) -> str:
    """The postcode of an address in one line; empty where there is none."""
    for pattern in _POSTCODES:
        if found := pattern.findall(address.upper()):
            return postcode(found[-1])
    return ""


def kilometres(a: Place, b: Place) -> float:
    """Along the earth's surface."""
    (lat_a, lon_a), (lat_b, lon_b) = ((math.radians(d) for d in place) for place in (a, b))
    across = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, across)))

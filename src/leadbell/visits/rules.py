"""What a browser tells of a visit, read and judged: kept, counted without a person, or dropped for a reason."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

import msgspec

from leadbell.visits.pages import NO_CAR, Car, SaidCar, car_of, path_of, word
from leadbell.visits.pictures import picture_of

#: A page view with a long address, a long title and a car is well below it.
LARGEST_BEACON = 8_192
LONGEST_ID, LONGEST_TITLE = 40, 200
#: A clock that is further off than this belongs to no visitor.
ABSURD_S = timedelta(days=1).total_seconds()
LONGEST_LOOK_MS = 24 * 3_600_000

KINDS = frozenset({"view", "time", "form_opened", "form_sent", "chat_opened", "chat_sent", "tel", "mail"})


Network = IPv4Network | IPv6Network


class Drop(StrEnum):
    """Why nothing of a beacon is kept; each is counted per site and day and shown on the Sites page."""

    WRONG_KEY = "wrong_key"
    FOREIGN_ORIGIN = "foreign_origin"
    OVERSIZED = "oversized"
    SLOW = "slow"
    UNREADABLE = "unreadable"
    ABSURD_CLOCK = "absurd_clock"
    OWN_PEOPLE = "own_people"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    BOT_SEARCH = "bot_search"
    BOT_PREVIEW = "bot_preview"
    BOT_MONITOR = "bot_monitor"
    BOT_AI = "bot_ai"
    BOT_TOOL = "bot_tool"
    BOT_HEADLESS = "bot_headless"
    BOT_OTHER = "bot_other"
    BOT_NAMELESS = "bot_nameless"
    TOO_MANY = "too_many"
    DATABASE_AWAY = "database_away"


#: What is counted beside them and is no reason why something wasn't kept.
NO_DROPS = frozenset({"kept", "anonymous", "number_given", "number_empty", "number_refused"})

#: Of these the page views are real visits of people we don't know: they are the anonymous count.
ANONYMOUS = frozenset({Drop.NO_CONSENT, Drop.OPTED_OUT})

#: Asked in this order; the first that a browser's name holds is its kind.
_BOTS: tuple[tuple[Drop, re.Pattern[str]], ...] = (
    (Drop.BOT_HEADLESS, re.compile(r"headless|phantomjs|puppeteer|playwright|selenium|electron/", re.I)),
    (Drop.BOT_AI, re.compile(r"gptbot|chatgpt|oai-searchbot|claude|anthropic|perplexity|ccbot|bytespider|"
        r"google-extended|meta-externalagent|amazonbot|cohere", re.I)),
    (Drop.BOT_SEARCH, re.compile(r"googlebot|adsbot|mediapartners|google-inspection|bingbot|"
        r"yandex\w*bot|duckduckbot|baiduspider|applebot|petalbot|seznambot|slurp", re.I)),
    (Drop.BOT_PREVIEW, re.compile(r"facebookexternalhit|facebot|whatsapp/|telegrambot|twitterbot|slackbot|linkedinbot|"
        r"discordbot|skypeuripreview|pinterestbot|embedly", re.I)),
    (Drop.BOT_MONITOR, re.compile(r"uptimerobot|pingdom|statuscake|site24x7|lighthouse|gtmetrix|pagespeed|newrelic|"
        r"datadog|checkly|ahrefs|semrush|mj12bot|screaming frog|sitebulb", re.I)),
    (Drop.BOT_TOOL, re.compile(r"^(?:curl|wget|python|java|go-http|okhttp|axios|node|ruby|perl|php|libwww|httpie|"
        r"aiohttp|postman|insomnia)|python-requests|scrapy|httpclient", re.I)),
    (Drop.BOT_OTHER, re.compile(r"(?<!cu)bots?\b|crawl|spider|scraper|archiver|fetcher", re.I)),
)  # fmt: skip


@lru_cache(maxsize=4096)
def bot_of(user_agent: str) -> Drop | None:
    """The kind of machine that calls itself so; None for a browser."""
    if len(user_agent) < 10:
        return Drop.BOT_TOOL if user_agent else Drop.BOT_NAMELESS
    return next((kind for kind, name in _BOTS if name.search(user_agent)), None)


@dataclass(frozen=True, slots=True)
class Site:
    """A dealer's website, as the door knows it. `patterns` find a car in an address."""

    id: int
    dealer: int
    key: str
    origins: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    keep_days: int
    #: Whether visitors who consent may be recognised at all.
    recognises: bool
    #: Where the dealer's own people sit.
    networks: tuple[Network, ...] = ()
    #: The origins its pictures of cars may come from.
    pictures: frozenset[str] = frozenset()


class Told(msgspec.Struct, gc=False, rename={
    "site": "s", "visitor": "v", "consent": "c", "opted_out": "g", "clock": "t", "kind": "k", "page": "p",
    "url": "u", "title": "h", "ms": "d", "link": "l",
}):  # fmt: skip
    """A beacon as the script writes it; nothing in it is believed."""

    site: str
    kind: str
    clock: float
    visitor: str = ""
    consent: bool = False
    opted_out: bool = False
    page: str = ""
    url: str = ""
    title: str = ""
    ms: float = 0
    link: str = ""
    car: SaidCar = NO_CAR


class Request(msgspec.Struct, frozen=True, gc=False):
    """What the request says beside its body."""

    origin: str
    user_agent: str
    opted_out: bool
    #: The sender's, judged and forgotten: it is never stored.
    address: str = ""


class Looked(msgspec.Struct, frozen=True, gc=False):
    """Something a visitor did on a page. `path` is without its query, which may name people."""

    at: datetime
    kind: str
    page: str
    path: str
    title: str
    car: Car
    ms: int


class Look(Looked, frozen=True, gc=False):
    """Something a consenting visitor did: what is kept."""

    site: Site
    #: 32 hexadecimal digits.
    visitor: str
    link: str
    #: The address of the car's picture, of a page that was opened.
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Nothing is kept but the count; `site` is None where nobody's count can grow. `is_view`: a page was looked at."""

    because: Drop
    site: Site | None = None
    is_view: bool = False
    #: Of a page looked at without consent: its part of the website is counted.
    path: str = ""


_READ = msgspec.json.Decoder(Told)


def read_beacon(body: bytes) -> Told | Drop:
    """What was sent, or why it can't be read."""
    if len(body) > LARGEST_BEACON:
        return Drop.OVERSIZED
    try:
        told = _READ.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Drop.UNREADABLE
    return told if told.kind in KINDS else Drop.UNREADABLE


def judge(
    told: Told | Drop,
    request: Request,
    by_key: Mapping[str, Site],
    by_origin: Mapping[str, Site],
    now: datetime,
) -> Look | Dropped:
    """Keep, count or drop. What is refused is counted for the site whose key or, failing that, origin it names."""
    nearest = by_origin.get(request.origin)
    if isinstance(told, Drop):
        return Dropped(told, nearest)
    site = by_key.get(told.site)
    if site is None:
        return Dropped(Drop.WRONG_KEY, nearest)
    if request.origin not in site.origins:
        return Dropped(Drop.FOREIGN_ORIGIN, site)
    if bot := bot_of(request.user_agent):
        return Dropped(bot, site)
    if abs(told.clock / 1000 - now.timestamp()) > ABSURD_S or not 0 <= told.ms <= LONGEST_LOOK_MS:
        return Dropped(Drop.ABSURD_CLOCK, site)
    if site.networks and is_within(request.address, site.networks):
        return Dropped(Drop.OWN_PEOPLE, site)
    if request.opted_out or told.opted_out:
        return Dropped(Drop.OPTED_OUT, site, told.kind == "view", path_of(told.url[:2000]))
    if not told.consent or not told.visitor or not site.recognises:
        return Dropped(Drop.NO_CONSENT, site, told.kind == "view", path_of(told.url[:2000]))
    visitor = visitor_id(told.visitor)
    if visitor is None:
        return Dropped(Drop.UNREADABLE, site)
    address = told.url[:2000]
    path, car, image = path_of(address), car_of(told.car, address, site.patterns), told.car.image
    shown = isinstance(image, str) and told.kind == "view" and car.is_known
    return Look(
        now, told.kind, word(told.page)[:LONGEST_ID], path, word(told.title)[:LONGEST_TITLE], car, int(told.ms),
        site, visitor, told.link[:400],
        picture_of(str(image), f"{request.origin}{path}", site.pictures) if shown else "",
    )  # fmt: skip


def network_of(written: str) -> Network | None:
    """`192.0.2.0/24`, or one address; None where it is none, or half of the Internet."""
    try:
        network = ip_network(written.strip(), strict=False)
    except ValueError:
        return None
    return network if network.prefixlen >= 8 else None


@lru_cache(maxsize=4096)
def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks; one that can't be read is in none."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found.version == network.version and found in network for network in networks)


def neighbourhood(address: str) -> str:
    """Who shares an address: of IPv6 a household has a whole /64."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Network((found, 64), strict=False)) if isinstance(found, IPv6Address) else address


def may_have_a_number(site: Site, request: Request) -> bool:
    """Whether this browser can be a visitor who is shown a phone number of their own: no machine, none of our people,
    nobody who doesn't want to be recognised."""
    return (
        site.recognises
        and not request.opted_out
        and bot_of(request.user_agent) is None
        and not is_within(request.address, site.networks)
    )


_RANDOM = re.compile(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}")


@lru_cache(maxsize=20_000)
def visitor_id(said: str) -> str | None:
    """A random (version 4) UUID as 32 hexadecimal digits; ids that could be counted through are nobody's."""
    if len(said) == 32 and _RANDOM.fullmatch(said):
        return said
    digits = said[: LONGEST_ID + 1].replace("-", "").lower()
    return digits if _RANDOM.fullmatch(digits) else None


def origin_of(written: str) -> str | None:
    """`https://www.northside.example`, whatever of an address was pasted; None where it is none."""
    written = written.strip()
    if not written:
        return None
    if "://" not in written:
        written = f"https://{written}"
    try:
        parts = urlsplit(written)
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").lower()
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or len(host) > 253:
        return None
    try:
        host = host if ":" in host else host.encode("idna").decode()
    except UnicodeError:
        return None
    if not re.fullmatch(r"[a-z0-9_.:-]+", host):
        return None
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != usual else "")

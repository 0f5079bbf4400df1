"""What is judged, found in an address, added up to visits, and whose it was."""

import re
from datetime import timedelta

import pytest

from leadbell.visits.rules import (
    NO_CAR,
    Car,
    Drop,
    SaidCar,
    bot_of,
    car_of,
    origin_of,
    path_of,
    pattern_of,
    price_of,
    visitor_id,
)
from leadbell.visits.visit import Joined, Seen, spans_of, visits_in
from tests.conftest import NOON

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("user_agent", "kind"),
    [
        (CHROME, None),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
            None,
        ),
        ("Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/140.0", None),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 Mobile Safari/537.36 YaBrowser/24.1 (CUBOT X30)", None),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", Drop.BOT_SEARCH),
        ("Mozilla/5.0 (compatible; YandexMobileBot/3.0)", Drop.BOT_SEARCH),
        ("Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2)", Drop.BOT_AI),
        ("facebookexternalhit/1.1", Drop.BOT_PREVIEW),
        ("WhatsApp/2.23.20", Drop.BOT_PREVIEW),
        ("Mozilla/5.0 (compatible; UptimeRobot/2.0)", Drop.BOT_MONITOR),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/140.0", Drop.BOT_HEADLESS),
        ("curl/8.5.0 with a long name", Drop.BOT_TOOL),
        ("Mozilla/5.0 (compatible; some-crawler/1.0)", Drop.BOT_OTHER),
        ("x", Drop.BOT_TOOL),
        ("", Drop.BOT_NAMELESS),
    ],
)
def test_bots_are_known_by_kind(user_agent: str, kind: Drop | None) -> None:
    assert bot_of(user_agent) == kind


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("https://www.northside.example", "https://www.northside.example"),
        ("https://WWW.Northside.example:443/cars?x#y", "https://www.northside.example"),
        ("northside.example", "https://northside.example"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:80", "http://[::1]"),
        ("ftp://northside.example", None),
        ("https://user@northside.example", None),
        ("https://northside.example:99999", None),
        ("https://*.example", None),
        ("null", "https://null"),
        ("", None),
    ],
)
def test_an_origin_is_found_in_whatever_was_pasted(written: str, origin: str | None) -> None:
    assert origin_of(written) == origin


@pytest.mark.parametrize(
    ("pattern", "address", "car"),
    [
        (
            "/cars/{make}/{model}/{stock}",
            "/cars/alfa-romeo/giulia/N-41/?utm=1",
            Car("N-41", "alfa romeo", "giulia"),
        ),
        ("/cars/{make}/{model}/{stock}", "/cars/kia/ev3", Car()),
        ("/occasion?id={stock}", "/occasion?id=N41&page=2", Car("N41")),
        ("/*/{stock}/{price}", "/nl/N41/24.950,00", Car("N41", price=24950)),
        ("/c/{model}", "/c/%D0%9B%D0%B0%D0%B4%D0%B0", Car(model="Лада")),
    ],
)
def test_a_car_is_found_in_an_address(pattern: str, address: str, car: Car) -> None:
    made = pattern_of(pattern)
    assert made
    assert car_of(NO_CAR, address, (made,)) == car


def test_what_the_page_says_comes_first() -> None:
    made = pattern_of("/{make}/{stock}")
    assert made
    assert car_of(SaidCar(make="Kia", price=1e4), "/hyundai/N41", (made,)) == Car("N41", "Kia", "", 10_000)


@pytest.mark.parametrize(
    "written",
    ["", "cars/{make}", "/cars", "/{make}{model}", "/{wheels}", "/{make}/{make}", "/" + "x" * 300 + "{make}"],
)
def test_what_names_no_car_is_no_pattern(written: str) -> None:
    assert pattern_of(written) is None


def test_a_pattern_takes_no_time_on_a_long_address() -> None:
    made = pattern_of("/*/*/*/{make}/*/{stock}")
    assert made
    assert "(?:" in made.pattern
    assert re.search(made, "/" + "a" * 100_000) is None


@pytest.mark.parametrize(
    ("written", "price"),
    [("24.950,00", 24950), ("24,950.00", 24950), ("€ 24 950", 24950), ("24950", 24950), ("24.950", 24950), ("36500.5", 36500),
     ("on request", None), ("", None), ("9" * 30, None)],
)  # fmt: skip
def test_prices_as_pages_write_them(written: str, price: int | None) -> None:
    assert price_of(written) == price


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("/a?email=okafor@example.org", "/a"),
        ("/a#okafor", "/a"),
        ("", "/"),
        ("?x", "/"),
        ("/" + "x" * 900, "/" + "x" * 299),
    ],
)
def test_only_the_path_is_kept(address: str, path: str) -> None:
    assert path_of(address) == path


@pytest.mark.parametrize(
    "said", ["", "1", "0" * 32, "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "x" * 9000, "６" * 32]
)
def test_only_random_ids_are_visitors(said: str) -> None:
    assert visitor_id(said) is None


HIS, HERS = 1, 2


@pytest.mark.parametrize(
    ("joins", "his", "hers"),
    [
        ([], [], []),
        ([(7, HIS, 0)], [(7, None, None)], []),
        ([(7, HIS, 0), (7, HERS, 5)], [(7, None, 5)], [(7, 5, None)]),
        ([(7, HIS, 0), (7, HERS, 5), (7, HIS, 9)], [(7, None, 5), (7, 9, None)], [(7, 5, 9)]),
        ([(7, HIS, 0), (7, HIS, 5)], [(7, None, None)], []),
        ([(7, HIS, 0), (8, HIS, 5)], [(7, None, None), (8, None, None)], []),
    ],
)
def test_whose_a_device_was_when(
    joins: list[tuple[int, int, int]],
    his: list[tuple[int, int | None, int | None]],
    hers: list[tuple[int, int | None, int | None]],
) -> None:
    stood = [Joined(visitor, who, NOON + at * MINUTE) for visitor, who, at in joins]

    def told(customer: int) -> list[tuple[int, int | None, int | None]]:
        return [
            (
                span.visitor,
                *(None if at is None else round((at - NOON) / MINUTE) for at in (span.since, span.until)),
            )
            for span in spans_of(customer, stood)
        ]

    assert (told(HIS), told(HERS)) == (his, hers)


def seen(
    minute: float, page: str, kind: str = "view", ms: int = 0, visitor: int = 7, stock: str = ""
) -> Seen:
    return Seen(NOON + minute * MINUTE, kind, page, "/", page, Car(stock), ms, visitor)


def test_beacons_add_up_to_visits() -> None:
    visits = visits_in([
        seen(0, "home"), seen(1, "kona", stock="N-41"), seen(2, "kona", "time", 30_000), seen(3, "kona", "tel"),
        seen(4, "kona", "time", 90_000), seen(40, "ev3"), seen(41, "home", visitor=8),
    ])  # fmt: skip
    assert [(visit.visitor, [page.title for page in visit.pages], visit.seconds) for visit in visits] == [
        (8, ["home"], 0), (7, ["ev3"], 0), (7, ["home", "kona"], 90),
    ]  # fmt: skip
    kona = visits[-1].pages[1]
    assert (kona.car.stock, kona.seconds, kona.did) == ("N-41", 90, ("tel",))

"""Who is judged how, what adds up to visits, and whose it was."""

from datetime import timedelta
from ipaddress import ip_network

import pytest

from leadbell.visits.pages import Car
from leadbell.visits.rules import Drop, bot_of, is_within, network_of, origin_of, visitor_id
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


def test_networks_are_read_and_compared() -> None:
    ours = tuple(filter(None, map(network_of, ["192.0.2.7/24", "2001:db8::/32", "10.0.0.1"])))
    assert ours == (ip_network("192.0.2.0/24"), ip_network("2001:db8::/32"), ip_network("10.0.0.1/32"))
    within = ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1", "10.0.0.1"]
    assert all(is_within(one, ours) for one in within)
    assert not any(is_within(one, ours) for one in ["192.0.3.1", "10.0.0.2", "::1", "", "unix:", "1.2.3"])
    assert [network_of(one) for one in ("0.0.0.0/0", "::/0", "northside.example", "1.2.3.4/33")] == [None] * 4


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

"""The door for visits over real HTTP: what it keeps, what it only counts, and what hostile senders achieve."""

import asyncio
import gzip
import json
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest
from structlog.testing import capture_logs

from leadbell import roles
from leadbell.visits import showing
from leadbell.visits.beacon import Beacons
from leadbell.visits.links import own_link_for
from leadbell.visits.pages import Car
from leadbell.visits.rules import LARGEST_BEACON, Look
from leadbell.visits.writer import MOST_PARTS, MOST_WAITING, Writer
from leadbell.web import answering
from tests.fakes.front import Alone, Answer, Town, ask, serving, town
from tests.waiting import eventually

BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
HOME = "https://www.northside.example"


@dataclass
class Website:
    """A site of Northside, its visitors' browser, and what the database knows of them."""

    here: Town
    port: int
    dealer: int
    id: int
    key: str

    def told(self, **about: Any) -> dict[str, Any]:
        return {
            "s": self.key, "v": uuid.uuid4().hex, "c": True, "t": time.time() * 1000, "k": "view", "p": "page1",
            "u": "/cars/hyundai/kona/N-41?name=Okafor", "h": "Hyundai Kona", "d": 0, "l": "", "car": {}, **about,
        }  # fmt: skip

    def send(self, told: dict[str, Any] | bytes, **headers: str) -> Answer:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return ask(self.port, "/v", body, **{"origin": HOME, "user_agent": BROWSER, **headers})

    def counts(self) -> dict[str, int]:
        rows = self.here.db.execute(
            "select what, beacons from leadbell_sitecount where site_id = %s", [self.id]
        )
        return {row["what"]: row["beacons"] for row in rows}

    def looks(self) -> list[dict[str, Any]]:
        return list(
            self.here.db.execute("select * from leadbell_beacon where site_id = %s order by at", [self.id])
        )

    def counted(self, **expected: int) -> bool:
        return eventually(lambda: self.counts() == expected, 5)


@pytest.fixture(scope="module")
def here(cluster: roles.Urls, django_db_setup: None) -> Iterator[Town]:
    with town(cluster) as there:
        yield there
        ours = [there.organisations]
        for table in (
            "numberlease",
            "numberpool",
            "trackingnumber",
            "knownvisit",
            "visitorjoin",
            "visitor",
            "sitecount",
            "sitepulse",
            "sitecar",
            "beacon",
            "site",
            "customer",
        ):
            there.db.execute(f"delete from leadbell_{table} where dealer_id = any(%s)", ours)


@pytest.fixture(scope="module")
def running(here: Town) -> Iterator[tuple[int, Alone]]:
    alone = Alone(lambda: Beacons(here.urls.mouth, body_within_s=0.4))
    with pytest.MonkeyPatch.context() as sooner:
        sooner.setattr(showing, "FRESH_S", 0.05)  # what a test prints is known when it begins
        with serving(alone, http=answering(QuickOf(alone))) as port:
            yield port, alone


class QuickOf:
    """The server's own answers, as in the web process, of an application that is opened with the server."""

    path, most = b"/v", LARGEST_BEACON

    def __init__(self, alone: Alone) -> None:
        self.alone = alone

    def __call__(self, *about: Any) -> bytes:
        answer: bytes = self.alone.inner.quick(*about)
        return answer


@pytest.fixture
def website(here: Town, running: tuple[int, Alone]) -> Website:
    return open_site(here, running)


def open_site(here: Town, running: tuple[int, Alone], origin: str = HOME) -> Website:
    here.db.execute("update leadbell_site set removed_at = now() where removed_at is null")
    port, alone = running
    dealer, key = here.dealer(), uuid.uuid4().hex[:20]
    row = here.one(
        "insert into leadbell_site (dealer_id, name, key, origins, patterns, keep_days, consent, created_at)"
        " values (%s, 'Website', %s, %s, %s, 60, 'ask', now()) returning id",
        dealer, key, [origin], ["/cars/{make}/{model}/{stock}"],
    )  # fmt: skip
    alone.inner.writer.site_known_at = float("-inf")
    assert eventually(lambda: key in alone.inner.writer.by_key, 5)
    return Website(here, port, dealer, int(row["id"]), key)


def test_a_visit_with_consent_is_kept_without_its_query(website: Website) -> None:
    told = website.told()
    answer = website.send(told)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == HOME
    assert website.counted(kept=1)
    [look] = website.looks()
    assert str(look["visitor"]) == str(uuid.UUID(told["v"]))
    assert (look["path"], look["make"], look["model"], look["stock"]) == (
        "/cars/hyundai/kona/N-41", "hyundai", "kona", "N-41",
    )  # fmt: skip
    assert "Okafor" not in str(look)


def _long_ago() -> float:
    return (time.time() - 3 * 86_400) * 1000


@pytest.mark.parametrize(
    ("about", "headers", "counted"),
    [
        ({"c": False, "v": ""},           {},                               {"no_consent": 1, "anonymous": 1}),
        ({"c": False},                    {},                               {"no_consent": 1, "anonymous": 1}),
        ({"c": False, "k": "tel"},        {},                               {"no_consent": 1}),
        ({"g": True},                     {},                               {"opted_out": 1, "anonymous": 1}),
        ({},                              {"sec_gpc": "1"},                 {"opted_out": 1, "anonymous": 1}),
        ({},                              {"dnt": "1"},                     {"opted_out": 1, "anonymous": 1}),
        ({"s": "nobodys-key"},            {},                               {"wrong_key": 1}),
        ({},                              {"origin": "https://evil.example"}, {"foreign_origin": 1}),
        ({},                              {"origin": "null"},               {"foreign_origin": 1}),
        ({"t": _long_ago()},              {},                               {"absurd_clock": 1}),
        ({"t": 0},                        {},                               {"absurd_clock": 1}),
        ({"t": 1e300},                    {},                               {"absurd_clock": 1}),
        ({"d": -1},                       {},                               {"absurd_clock": 1}),
        ({"h": "x" * LARGEST_BEACON},     {},                               {"oversized": 1}),
        ({"k": "delete"},                 {},                               {"unreadable": 1}),
        ({"v": "1"},                      {},                               {"unreadable": 1}),
        ({"v": str(uuid.UUID(int=7))},    {},                               {"unreadable": 1}),
        ({},                              {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, {"bot_search": 1}),
        ({},                              {"user_agent": "python-requests/2.32"}, {"bot_tool": 1}),
        ({},                              {"user_agent": ""},               {"bot_nameless": 1}),
    ],
)  # fmt: skip
def test_what_is_not_kept_is_counted_by_its_reason(
    website: Website, about: dict[str, Any], headers: dict[str, str], counted: dict[str, int]
) -> None:
    answer = website.send(website.told(**about), **headers)
    assert (answer.status, answer.body) == (204, b"")
    assert ("access-control-allow-origin" in answer.headers) == (headers.get("origin", HOME) == HOME)
    assert website.counted(**counted)
    assert website.looks() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"s":1}', b"[" * 8000])
def test_nonsense_is_counted_too(website: Website, body: bytes) -> None:
    assert website.send(body).status == 204
    assert website.counted(unreadable=1)


def test_ten_megabytes_are_not_read(website: Website) -> None:
    with socket.create_connection(("127.0.0.1", website.port), 5) as sent:
        head = f"POST /v HTTP/1.1\r\nhost: x\r\norigin: {HOME}\r\ncontent-length: 10485760\r\n\r\n"
        sent.sendall(head.encode())
        assert sent.recv(4000).startswith(b"HTTP/1.1 204")
    with socket.create_connection(("127.0.0.1", website.port), 5) as sent:
        head = f"POST /v HTTP/1.1\r\nhost: x\r\norigin: {HOME}\r\ntransfer-encoding: chunked\r\n\r\n"
        sent.sendall(head.encode() + b"4000\r\n" + b"x" * 0x4000)
        assert sent.recv(4000).startswith(b"HTTP/1.1 204")
    assert website.counted(oversized=2)


def test_a_slow_sender_holds_nothing_up(website: Website) -> None:
    with socket.create_connection(("127.0.0.1", website.port), 5) as sent:
        head = f"POST /v HTTP/1.1\r\nhost: x\r\norigin: {HOME}\r\ncontent-length: 500\r\n\r\n"
        sent.sendall(head.encode() + b"{")
        assert website.send(website.told()).status == 204
        assert sent.recv(4000).startswith(b"HTTP/1.1 204")
    assert website.counted(slow=1, kept=1)


def test_what_a_page_says_is_kept_as_text(website: Website) -> None:
    nasty = '<script>alert(1)</script>\t\\N\n\x00\u202e"; drop table leadbell_beacon; --'
    website.send(website.told(h=nasty, u="/a\tb\\N", car={"stock": nasty, "price": "€ 24.950,00"}))
    assert website.counted(kept=1)
    [look] = website.looks()
    assert look["title"] == '<script>alert(1)</script> \\N "; drop table leadbell_beacon; --'
    assert look["path"] == "/a b\\N"
    assert look["price"] == 24950


def test_only_the_sites_own_origin_may_ask_first(website: Website) -> None:
    ours = ask(website.port, "/v", method="OPTIONS", origin=HOME)
    theirs = ask(website.port, "/v", method="OPTIONS", origin="https://evil.example")
    assert ours.headers["access-control-allow-origin"] == HOME
    assert not any(name.startswith("access-control") for name in theirs.headers)


def test_another_dealers_site_can_neither_write_nor_read_here(
    here: Town, running: tuple[int, Alone], website: Website
) -> None:
    told = website.told()
    website.send(told)
    assert website.counted(kept=1)
    ours = website
    theirs = open_site(here, running, "https://southside.example")
    here.db.execute("update leadbell_site set removed_at = null where id = %s", [ours.id])
    running[1].inner.writer.site_known_at = float("-inf")
    assert eventually(lambda: ours.key in running[1].inner.writer.by_key, 5)
    ours.send(ours.told(), origin="https://southside.example")
    assert ours.counted(kept=1, foreign_origin=1)
    assert theirs.counts() == {}
    for origin, key in (
        ("https://southside.example", ours.key),
        ("https://southside.example", theirs.key),
        (HOME, theirs.key),
    ):
        me = ask(ours.port, f"/v/me?site={key}", None, "GET", origin=origin, leadbell_visitor=told["v"])
        assert (me.status, me.body) in ((404, b""), (200, b'{"known":false}'))


def test_a_visitor_sees_what_is_known_and_erases_it(website: Website) -> None:
    told = website.told()
    website.send(told)
    assert website.counted(kept=1)
    path = f"/v/me?site={website.key}"
    known = ask(website.port, path, None, "GET", origin=HOME, leadbell_visitor=told["v"]).json
    assert (known["known"], known["joined"]) == (True, [])
    assert [look["path"] for look in known["looks"]] == ["/cars/hyundai/kona/N-41"]
    stranger = ask(website.port, path, None, "GET", origin=HOME, leadbell_visitor=uuid.uuid4().hex)
    assert stranger.json == {"known": False}
    asked = json.dumps({"site": website.key, "visitor": told["v"]}).encode()
    assert ask(website.port, "/v/me", asked, origin=HOME).json == {"erased": True}
    website.send(told)
    assert website.looks() == []
    again = ask(website.port, path, None, "GET", origin=HOME, leadbell_visitor=told["v"])
    assert again.json == {"known": False}


def cars(website: Website) -> dict[str, tuple[str, int | None, str]]:
    rows = website.here.db.execute("select * from leadbell_sitecar where site_id = %s", [website.id])
    return {row["key"]: (f"{row['make']} {row['model']}", row["price"], row["picture"]) for row in rows}


def test_a_car_is_remembered_with_its_picture_and_without_its_visitor(website: Website) -> None:
    page = {"k": "view", "car": {"price": "24950", "image": "/pictures/kona.jpg?w=400"}}
    website.send(website.told(**page))
    picture = f"{HOME}/pictures/kona.jpg?w=400"
    assert eventually(lambda: cars(website) == {"N-41": ("hyundai kona", 24950, picture)}, 5), cars(website)
    website.send(website.told(car={"price": "23950"}))
    assert eventually(lambda: cars(website) == {"N-41": ("hyundai kona", 23950, picture)}, 5), cars(website)
    website.send(website.told(u="/", car={"image": "/nothing.jpg"}))
    website.send(website.told(k="time", u="/cars/kia/ev3/N-42", car={"image": "/ev3.jpg"}))
    website.send(website.told(c=False, u="/cars/kia/ev6/N-43", car={"image": "/ev6.jpg"}))
    website.send(website.told(u="/cars/kia/ev9/N-44", car={"image": "https://evil.example/ev9.jpg"}))
    assert website.counted(kept=5, no_consent=1, anonymous=1)
    assert cars(website) == {"N-41": ("hyundai kona", 23950, picture), "N-44": ("kia ev9", None, "")}


def test_made_up_cars_fill_no_disk(website: Website) -> None:
    website.here.db.execute(
        "insert into leadbell_sitecar (dealer_id, site_id, key, stock, make, model, picture, seen_at)"
        " select %s, %s, n, n, '', '', '', now() from generate_series(1, 5000) as n",
        [website.dealer, website.id],
    )
    website.send(website.told())
    website.send(website.told(u="/cars/a/b/17"))
    assert website.counted(kept=2)
    known = cars(website)
    assert (len(known), "N-41" in known, known["17"][0]) == (5000, False, "a b")


def test_the_script_is_small_cached_and_for_every_site(website: Website) -> None:
    plain = ask(website.port, "/v.js", None, "GET")
    packed = ask(website.port, "/v.js", None, "GET", accept_encoding="gzip")
    assert (plain.status, packed.headers["content-encoding"]) == (200, "gzip")
    assert len(packed.body) <= 2048
    assert gzip.decompress(packed.body) == plain.body
    assert "max-age=3600" in plain.headers["cache-control"]
    again = ask(website.port, "/v.js", None, "GET", if_none_match=plain.headers["etag"])
    assert (again.status, again.body) == (304, b"")


def test_it_outlives_the_database(here: Town, running: tuple[int, Alone], website: Website) -> None:
    with capture_logs() as lines:
        with here.away("leadbell_mouth"):
            for _ in range(3):
                assert website.send(website.told(h="Mr Okafor's favourite")).status == 204
            assert eventually(lambda: any(line["event"] == "beacons dropped" for line in lines), 5)
        assert eventually(lambda: website.counts().get("database_away") == 3, 10)
    website.send(website.told())
    assert eventually(lambda: website.counts().get("kept") == 1, 5)
    assert "Okafor" not in str(lines)


def test_a_full_queue_drops_and_counts(here: Town, running: tuple[int, Alone], website: Website) -> None:
    writer = Writer(here.urls.mouth)
    site = running[1].inner.writer.by_key[website.key]
    now = datetime.now(UTC)
    look = Look(now, "view", "p", "/", "", Car(), 0, site, uuid.uuid4().hex, "")
    for _ in range(MOST_WAITING + 5):
        writer.keep(look)
    asyncio.run(writer.close())
    assert website.counts() == {"kept": MOST_WAITING, "too_many": 5}


def test_what_is_heard_and_not_judged_yet_is_bounded_too(
    running: tuple[int, Alone], website: Website
) -> None:
    site = running[1].inner.writer.by_key[website.key]
    door = Beacons("postgresql://nobody")
    door.writer.by_key, door.writer.by_origin = {site.key: site}, {HOME: site}
    headers = {b"origin": HOME.encode(), b"user-agent": BROWSER.encode()}
    body = json.dumps(website.told()).encode()
    for _ in range(MOST_WAITING + 5):
        door.hear(headers, body, "127.0.0.1")
    asyncio.run(door.judge())
    assert len(door.writer._waiting) == MOST_WAITING
    assert {name[3]: n for name, (n, _at) in door.writer._counts.items()} == {"too_many": 5}


def test_partitions_are_made_ahead_and_dropped_in_time(here: Town) -> None:
    def days() -> set[str]:
        rows = here.db.execute(
            "select relname from pg_class where relname like 'leadbell_beacon\\_30\\_%' and relkind = 'r'"
        )
        return {row["relname"][-8:] for row in rows}

    with here.db.transaction(force_rollback=True):
        here.db.execute("select leadbell_keep_beacons_on('2030-01-10')")
        assert days() >= {"20300109", "20300110", "20300111", "20300112"}
        here.db.execute("select leadbell_keep_beacons_on('2030-02-09')")
        assert "20300109" not in days()
        assert days() >= {"20300110", "20300209"}


@pytest.mark.parametrize(
    "table", ["leadbell_beacon", "leadbell_visitorjoin", "leadbell_lead", "leadbell_customer"]
)
def test_the_door_cant_read_what_it_writes(here: Town, table: str) -> None:
    with (
        psycopg.connect(here.urls.mouth) as mouth,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        mouth.execute(f"select count(*) from {table}")


def test_the_door_doesnt_know_whose_visitor_it_is(here: Town) -> None:
    with (
        psycopg.connect(here.urls.mouth) as mouth,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        mouth.execute("select customer_id from leadbell_visitor")


def test_page_views_are_counted_by_minute_and_part_whoever_looked(website: Website) -> None:
    website.send(website.told())
    website.send(website.told(c=False, v=""))
    website.send(website.told(k="time", d=5))
    website.send(website.told(c=False, v="", u="/Finance/<b>?name=Okafor"))
    assert website.counted(kept=2, no_consent=2, anonymous=2)
    rows = website.here.db.execute(
        "select part, sum(views)::int as views from leadbell_sitepulse where site_id = %s group by part",
        [website.id],
    )
    assert {row["part"]: row["views"] for row in rows} == {"/cars": 2, "/finance": 1}


def test_a_flood_of_made_up_parts_stays_small(
    here: Town, running: tuple[int, Alone], website: Website
) -> None:
    writer = Writer(here.urls.mouth)
    site = running[1].inner.writer.by_key[website.key]
    now = datetime.now(UTC)
    for n in range(MOST_PARTS * 3):
        writer.keep(Look(now, "view", "p", f"/{n}/{n}", "", Car(), 0, site, uuid.uuid4().hex, ""))
    writer._beat_for(writer._waiting)
    assert len(writer._pulse) <= MOST_PARTS + 1
    assert sum(writer._pulse.values()) == MOST_PARTS * 3


@pytest.mark.parametrize(
    ("networks", "dropped"), [(["127.0.0.0/8"], True), (["192.0.2.0/24", "::1"], False), ([], False)]
)
def test_the_dealers_own_network_is_no_visit(
    here: Town, running: tuple[int, Alone], website: Website, networks: list[str], dropped: bool
) -> None:
    here.db.execute("update leadbell_site set own_networks = %s where id = %s", [networks, website.id])
    writer = running[1].inner.writer
    writer.site_known_at = float("-inf")
    assert eventually(lambda: len(writer.by_key[website.key].networks) == len(networks), 5)
    website.send(website.told())
    website.send(website.told(c=False, v=""))
    assert website.counted(**({"own_people": 2} if dropped else {"kept": 1, "no_consent": 1, "anonymous": 1}))


def test_who_is_known_is_seen_in_the_commit_of_their_beacon(here: Town, website: Website) -> None:
    told = website.told()
    website.send(told)
    assert website.counted(kept=1)
    assert not sightings(website)
    customer = here.one(
        "insert into leadbell_customer (dealer_id, full_name, first_name, last_name, language, emails, phones,"
        " created_at) values (%s, 'Mr Okafor', '', '', '', '{}', '[]', now()) returning id", website.dealer,
    )  # fmt: skip
    here.db.execute(
        "update leadbell_visitor set customer_id = %s where site_id = %s", [customer["id"], website.id]
    )
    website.send(told | {"k": "form_sent"})
    assert website.counted(kept=2)
    assert eventually(lambda: len(sightings(website)) == 1, 5)
    first = sightings(website)[0]
    website.send(told | {"p": "page2"})
    assert website.counted(kept=3)
    [again] = sightings(website)
    assert again["began_at"] == first["began_at"]
    assert again["last_at"] > first["last_at"]

    link = own_link_for(HOME, website.dealer, datetime.now(UTC)).partition("=")[2]
    website.send(told | {"l": unquote(link)})
    assert website.counted(kept=4)
    assert eventually(lambda: not sightings(website), 5)
    website.send(told)
    assert website.counted(kept=5)
    assert not sightings(website)
    here.db.execute("update leadbell_visitor set customer_id = null where site_id = %s", [website.id])


def sightings(website: Website) -> list[dict[str, Any]]:
    return list(
        website.here.db.execute(
            "select * from leadbell_knownvisit where site_id = %s order by id", [website.id]
        )
    )

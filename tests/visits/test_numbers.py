"""Numbers of their own over real HTTP: who is shown one, for how long, and what those achieve who shouldn't get any."""

import asyncio
import itertools
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from leadbell.visits.rules import neighbourhood
from leadbell.visits.showing import ADDRESS_ASKS, BEGINS, VISITOR_ASKS, Numbers, digits_of
from tests.fakes.front import Alone, Answer, Town, ask
from tests.visits.test_beacon import BROWSER, HOME, Website, here, open_site, running, website
from tests.waiting import eventually

__all__ = ["here", "running", "website"]

Pool = Callable[..., "Given"]
#: No two of these tests have a number in common.
SUBSCRIBERS = itertools.count(7_000_000)


class Given:
    """A website's pool, its visitors, and what the database knows of both."""

    def __init__(self, website: Website, numbers: list[str]) -> None:
        self.website, self.numbers = website, numbers

    def visitor(self) -> str:
        """Somebody who agreed and looked at a page, which is committed."""
        told = self.website.told()
        self.website.send(told)
        assert eventually(lambda: self.knows(told["v"]))
        return str(told["v"])

    def knows(self, visitor: str) -> bool:
        found = self.website.here.db.execute("select from leadbell_visitor where uid = %s::uuid", [visitor])
        return found.fetchone() is not None

    def asks(self, visitor: str, gone: bool = False, **headers: str) -> Answer:
        body = json.dumps({"site": self.website.key, "visitor": visitor, "gone": gone}).encode()
        fine = {"origin": HOME, "user_agent": BROWSER}
        return ask(self.website.port, "/v/number", body, **{**fine, **headers})

    def shown(self, visitor: str, **headers: str) -> str | None:
        """The number that this visitor's page shows in place of the website's."""
        answer = self.asks(visitor, **headers)
        assert answer.status == 200
        number = answer.json["number"]
        return number["tel"] if number else None

    def leases(self) -> list[dict[str, Any]]:
        return list(
            self.website.here.db.execute(
                "select l.*, t.number as dialled from leadbell_numberlease l join leadbell_trackingnumber t"
                " on t.id = l.number where l.site_id = %s order by l.id",
                [self.website.id],
            )
        )

    def counts(self) -> dict[str, int]:
        return {what: n for what, n in self.website.counts().items() if what.startswith("number_")}

    def later(self, by: timedelta) -> None:
        """As if all of it had happened so much earlier."""
        self.website.here.db.execute(
            "update leadbell_numberlease set began_at = began_at - %(by)s, shown_at = shown_at - %(by)s,"
            " held_until = held_until - %(by)s where site_id = %(site)s",
            {"by": by, "site": self.website.id},
        )


@pytest.fixture
def pool(here: Town, running: tuple[int, Alone], website: Website) -> Pool:
    return lambda size, **about: open_pool(here, running, website, size, **about)


def open_pool(here: Town, running: tuple[int, Alone], site: Website, size: int, **about: Any) -> Given:
    numbers = [f"+3120{next(SUBSCRIBERS)}" for _ in range(size)]
    for number in numbers:
        here.db.execute(
            "insert into leadbell_trackingnumber (dealer_id, number, source, name, site, created_at)"
            " values (%s, %s, 1, 'Calls', %s, now())",
            [site.dealer, number, site.id],
        )
    chosen = {"is_on": True, "selector": "", **about}
    here.db.execute(
        "insert into leadbell_numberpool (dealer_id, site_id, is_on, printed, selector, lease_minutes, rest_hours,"
        " changed_at) values (%s, %s, %s, '+31201234567', %s, 30, 2, now())",
        [site.dealer, site.id, chosen["is_on"], chosen["selector"]],
    )
    if chosen["is_on"]:
        assert eventually(lambda: site.id in running[1].inner.numbers.printed, 10)
    return Given(site, numbers)


def test_each_visitor_has_one_of_their_own_until_none_is_left(pool: Pool) -> None:
    there = pool(2)
    first, second, third = (there.visitor() for _ in range(3))
    numbers = [there.shown(first), there.shown(second)]
    assert sorted(map(str, numbers)) == sorted(there.numbers)
    assert [there.shown(third), there.shown(third)] == [None, None]
    assert there.shown(first) == numbers[0]
    assert there.counts() == {"number_given": 2, "number_empty": 1}


def test_a_page_is_told_how_the_number_is_written(pool: Pool) -> None:
    there = pool(1)
    there.website.here.db.execute(
        "update leadbell_trackingnumber set number = '+31209998877' where site = %s",
        [there.website.id],
    )
    answer = there.asks(there.visitor())
    assert answer.headers["access-control-allow-origin"] == HOME
    assert answer.json == {
        "number": {"tel": "+31209998877", "national": "020 999 8877", "international": "+31 20 999 8877"},
        "minutes": 30,
    }


def test_a_number_rests_before_somebody_else_is_shown_it(pool: Pool) -> None:
    there = pool(1)
    first, second, third = (there.visitor() for _ in range(3))
    [number] = there.numbers
    assert there.shown(first) == number
    there.later(timedelta(minutes=25))
    before = there.leases()[0]
    assert there.shown(first) == number, "an active visitor keeps it"
    assert there.leases()[0]["held_until"] > before["held_until"]
    there.later(timedelta(minutes=149))
    assert there.shown(second) is None, "it rests for two hours after its last half hour"
    there.later(timedelta(minutes=2))
    assert there.shown(third) == number
    assert [lease["visitor"] for lease in there.leases()] == [uuid.UUID(first), uuid.UUID(third)]


def test_who_is_not_known_yet_asks_again(pool: Pool) -> None:
    there = pool(1)
    told = there.website.told()
    assert there.asks(told["v"]).json == {"number": None, "again_ms": 2000}
    there.website.send(told)
    assert eventually(lambda: there.knows(told["v"]))
    assert there.shown(told["v"]) is not None
    assert there.counts() == {"number_given": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        {"user_agent": "Mozilla/5.0 HeadlessChrome/140.0"},
        {"user_agent": ""},
        {"sec_gpc": "1"},
        {"dnt": "1"},
    ],
)
def test_machines_and_those_who_want_no_tracking_get_none(pool: Pool, headers: dict[str, str]) -> None:
    there = pool(1)
    assert there.shown(there.visitor(), **headers) is None
    assert (there.leases(), there.counts()) == ([], {})


@pytest.mark.parametrize(
    "chosen", ["consent = 'never'", "own_networks = '{127.0.0.0/8}'"], ids=["nobody", "own people"]
)
def test_a_website_that_recognises_nobody_gives_none(
    pool: Pool, running: tuple[int, Alone], chosen: str
) -> None:
    there = pool(1)
    visitor, writer = there.visitor(), running[1].inner.writer
    before = writer.by_key[there.website.key]
    there.website.here.db.execute(f"update leadbell_site set {chosen} where id = %s", [there.website.id])
    assert eventually(lambda: writer.by_key[there.website.key] != before, 10)
    assert there.shown(visitor) is None
    assert there.leases() == []


def test_another_page_gets_nothing_by_a_visitors_id(
    here: Town, running: tuple[int, Alone], pool: Pool
) -> None:
    there = pool(1)
    visitor = there.visitor()
    theirs = open_site(here, running, "https://southside.example")
    here.db.execute("update leadbell_site set removed_at = null where id = %s", [there.website.id])
    assert eventually(lambda: there.website.key in running[1].inner.writer.by_key, 10)
    foreign = there.asks(visitor, origin="https://southside.example")
    assert (foreign.status, foreign.body) == (404, b"")
    body = json.dumps({"site": theirs.key, "visitor": visitor}).encode()
    own = ask(there.website.port, "/v/number", body, origin="https://southside.example", user_agent=BROWSER)
    assert own.json == {"number": None}
    assert there.leases() == []


def test_another_dealers_pool_is_never_touched(here: Town, running: tuple[int, Alone], pool: Pool) -> None:
    """Also where somebody else's row names this website."""
    there = pool(0)
    other = here.dealer("Southside")
    here.db.execute(
        "insert into leadbell_trackingnumber (dealer_id, number, source, name, site, created_at)"
        " values (%s, %s, 1, 'Theirs', %s, now())",
        [other, f"+3110{next(SUBSCRIBERS)}", there.website.id],
    )
    assert there.shown(there.visitor()) is None


def test_one_address_can_not_empty_the_pool(pool: Pool) -> None:
    there = pool(8)
    visitors = [there.visitor() for _ in range(7)]
    got = [there.shown(visitor, x_forwarded_for="192.0.2.7") for visitor in visitors]
    assert sum(number is not None for number in got) == BEGINS[1]
    assert there.counts() == {"number_given": 4, "number_refused": 3}
    assert there.shown(there.visitor(), x_forwarded_for="192.0.2.8") is not None


def test_a_household_of_ipv6_is_one_address() -> None:
    assert neighbourhood("2001:db8:1:2::1") == neighbourhood("2001:db8:1:2:ffff::9")
    assert neighbourhood("2001:db8:1:2::1") != neighbourhood("2001:db8:1:3::1")
    assert neighbourhood("192.0.2.7") != neighbourhood("192.0.2.8")
    assert neighbourhood("no address") == "no address"


def test_guessed_ids_get_nothing(pool: Pool) -> None:
    there = pool(2)
    for guess in (uuid.uuid4().hex, "1", "", "../../etc", "x" * 200):
        answer = there.asks(guess)
        assert answer.status in (200, 404)
        assert b"tel" not in answer.body
    assert (there.leases(), there.counts()) == ([], {})


def test_who_asks_all_the_time_is_told_to_wait(pool: Pool) -> None:
    there = pool(1)
    visitor = there.visitor()
    statuses = [there.asks(visitor).status for _ in range(int(VISITOR_ASKS[1]) * 4)]
    assert statuses[0] == 200
    assert 429 in statuses
    assert len(there.leases()) == 1


def test_who_gives_back_all_the_time_is_told_to_wait(
    here: Town, running: tuple[int, Alone], website: Website
) -> None:
    async def given_back() -> list[bool]:
        numbers, site = (
            Numbers(here.urls.mouth, clock=lambda: 0.0),
            running[1].inner.writer.by_key[website.key],
        )
        try:
            return [
                await numbers.given_back(site, uuid.uuid4().hex, "192.0.2.9") is not None
                for _ in range(int(ADDRESS_ASKS[1]) + 1)
            ]
        finally:
            await numbers.close()

    *heard, last = asyncio.run(given_back())
    assert (all(heard), last) == (True, False)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 8000, b"x" * 9000])
def test_nonsense_is_answered_with_nothing(pool: Pool, body: bytes) -> None:
    there = pool(1)
    answer = ask(there.website.port, "/v/number", body, origin=HOME, user_agent=BROWSER)
    assert (answer.status in (404, 413), answer.body) == (True, b"")


def test_many_at_once_never_share_one(pool: Pool) -> None:
    there = pool(2)
    visitors = [there.visitor() for _ in range(8)]
    got: list[str | None] = []

    def one(nth: int) -> None:
        got.append(there.shown(visitors[nth], x_forwarded_for=f"198.51.100.{nth}"))

    threads = [threading.Thread(target=one, args=[nth]) for nth in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(number for number in got if number) == sorted(there.numbers)
    assert len(got) == 8


def test_the_database_itself_lets_no_two_share_one(here: Town, pool: Pool) -> None:
    there = pool(1)
    there.shown(there.visitor())
    with pytest.raises(psycopg.errors.ExclusionViolation):
        here.db.execute(
            "insert into leadbell_numberlease (dealer_id, site_id, number, visitor, began_at, shown_at, held_until)"
            " select dealer_id, site_id, number, %s, now(), now(), now() + interval '1 hour' from leadbell_numberlease"
            " where site_id = %s",
            [uuid.uuid4(), there.website.id],
        )


def test_consent_is_taken_back_also_where_no_numbers_are_given_out_any_more(
    here: Town, running: tuple[int, Alone], pool: Pool
) -> None:
    there = pool(1)
    visitor = there.visitor()
    assert there.shown(visitor)
    here.db.execute("update leadbell_numberpool set is_on = false where site_id = %s", [there.website.id])
    assert eventually(lambda: there.website.id not in running[1].inner.numbers.printed, 10)
    assert there.asks(visitor, gone=True).status == 200
    assert [lease["visitor"] for lease in there.leases()] == [None]


@pytest.mark.parametrize("how", ["gone", "erased"])
def test_consent_taken_back_leaves_a_number_that_rests(pool: Pool, how: str) -> None:
    there = pool(1)
    visitor = there.visitor()
    assert there.shown(visitor)
    if how == "gone":
        assert there.asks(visitor, gone=True).json == {"number": None}
    else:
        asked = json.dumps({"site": there.website.key, "visitor": visitor}).encode()
        assert ask(there.website.port, "/v/me", asked, origin=HOME).json == {"erased": True}
    [lease] = there.leases()
    assert lease["visitor"] is None
    assert there.shown(there.visitor()) is None, "who wrote it down may still call"


def test_a_visitor_sees_which_number_was_theirs(pool: Pool) -> None:
    there = pool(1)
    visitor = there.visitor()
    number = there.shown(visitor)
    path = f"/v/me?site={there.website.key}"
    known = ask(there.website.port, path, None, "GET", origin=HOME, leadbell_visitor=visitor).json
    assert [one["number"] for one in known["numbers"]] == [number]


def test_the_script_comes_only_where_there_are_numbers(pool: Pool) -> None:
    there = pool(1, selector='.phone"</script>')
    more = ask(there.website.port, f"/v/more?site={there.website.key}", None, "GET").body.decode()
    about = json.loads(more.strip().rpartition("})(")[2].removesuffix(");"))
    assert about == {
        "site": there.website.key, "selector": '.phone"</script>', "country": "31", "trunk": "0",
        "digits": "201234567",
    }  # fmt: skip


def test_a_website_without_numbers_gets_no_script(pool: Pool) -> None:
    there = pool(1, is_on=False)
    assert ask(there.website.port, f"/v/more?site={there.website.key}", None, "GET").body == b""
    assert there.shown(there.visitor()) is None


@pytest.mark.parametrize(
    ("number", "country", "trunk", "digits"),
    [
        ("+31201234567", "31", "0", "201234567"),
        ("+12125550142", "1", "", "2125550142"),
        ("+74951234567", "7", "8", "4951234567"),
        ("+390612345678", "39", "", "0612345678"),
    ],
)
def test_a_number_is_looked_for_by_its_digits(number: str, country: str, trunk: str, digits: str) -> None:
    assert digits_of(number) == {"country": country, "trunk": trunk, "digits": digits}


def test_the_door_can_not_read_who_is_shown_what(here: Town) -> None:
    with (
        psycopg.connect(here.urls.mouth) as mouth,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        mouth.execute("select * from leadbell_numberlease")


def test_leases_are_forgotten_a_day_after_their_rest(here: Town, pool: Pool) -> None:
    there = pool(1)
    there.shown(there.visitor())
    there.later(timedelta(hours=26))
    with psycopg.connect(here.urls.mouth, autocommit=True) as mouth:
        mouth.execute("select leadbell_forget_leases()")
        assert len(there.leases()) == 1
        there.later(timedelta(hours=1))
        mouth.execute("select leadbell_forget_leases()")
    assert there.leases() == []

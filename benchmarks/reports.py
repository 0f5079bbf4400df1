"""Every report page over a million leads' rows, through the web server, and how soon a new lead stands on one."""

import json
import math
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.figures import Figure, said
from benchmarks.fill import FAST, _superuser
from benchmarks.house import ask, house
from benchmarks.leads import adf
from leadbell import postgres

DEALERS, PEOPLE, GROUPED = 200, 4, 10
P95_MS, EFFECT_S = 150.0, 1.0
#: Of the filled rows; the leads of the house itself have lower numbers.
FIRST = 10_000_000
#: Leads posted between the pages have numbers from here on.
FACTS = 100
PAGES = (
    "/verdict/?period=90", "/verdict/", "/reports/?section=funnel", "/reports/?section=talks",
    "/reports/?section=sales", "/reports/?section=back", "/reports/?section=automation", "/reports/comparison/?by=source",
)  # fmt: skip
LEAGUE = ("/league/?figure=sales_conversion", "/reports/comparison/?by=dealer", "/reports/months/")
_HOUR, _DAY = "3600000::bigint", "86400000::bigint"

#: Two years of leads, the newest now; lead n is dealer n mod 200's. `h` scatters.
_ROWS = f"""
insert into leadbell_leadrow (lead, dealer_id, made_with, dealer, salesperson, origin, source, campaign, channel, brand,
    received_ms, received_on, in_hours, somebody_free, opened_ms, booked_ms, confirmed_ms, shown_ms, dropped, sold_ms,
    sold_on, sold_weekday, lost_ms, ended_ms, active, rings, forwarded, by_phone, no_shows, first_attempt_ms,
    first_contact, attempts, conversations, reviewed, opportunities, appointments_of_opportunities,
    appointments_of_reviewed, hands, automated_touches, human_messages, human_calls, calls_answered, touches_answered,
    first_touch_ms, last_in_ms, last_seen_ms, response_ms, response_open_ms, connect_ms, connect_open_ms, talk_ms,
    sale_ms, odd_response, odd_connect, odd_talk, odd_sale, lost_7_ms, lost_14_ms, lost_21_ms)
select {FIRST} + n, dealer, %(version)s, dealer::text, person::text, (array['online', 'online', 'call', 'walk_in'])[1 + h %% 4],
    'source ' || h %% 9, '', 'adf', 'Hyundai', at, to_char(to_timestamp(at / 1000), 'YYYYMMDD')::int, h %% 3 > 0, h %% 2 = 0,
    at + 5000, case when reached and h %% 3 = 0 then at + {_HOUR} end, case when reached and h %% 6 = 0 then at + 2 * {_HOUR} end,
    case when reached and h %% 9 = 0 then at + 2 * {_DAY} end, false,
    case when sold then at + wait end, case when sold then to_char(to_timestamp((at + wait) / 1000), 'YYYYMMDD')::int end,
    case when sold then 1 + h %% 7 end, case when not sold and h %% 4 = 1 then at + 20 * {_DAY} end,
    case when sold then at + wait when h %% 4 = 1 then at + 20 * {_DAY} end, true, true, true, h %% 20 > 0, 0,
    case when tries > 0 then at + response end, case when tries > 0 then reached::int end, tries, reached::int,
    reached::int, reached::int, (reached and h %% 3 = 0)::int, (reached and h %% 3 = 0)::int, 1 + h %% 2, h %% 3, h %% 4,
    tries, reached::int, reached::int, case when tries > 0 then at + response end,
    case when reached then at + response end, case when h %% 5 = 0 then at + 30 * {_DAY} end,
    case when tries > 0 then response end, case when tries > 0 then response end,
    case when reached then response + 9000 end, case when reached then response + 9000 end,
    case when reached then 20000 + h %% 300 * 1000 end, case when sold then wait end, 0, 0, 0, 0,
    at + 7 * {_DAY}, at + 14 * {_DAY}, at + 21 * {_DAY}
from (
    select n, h, d.dealer, d.people[1 + h %% array_length(d.people, 1)] as person, h %% 7 as tries,
        h %% 7 > 0 and h %% 5 < 3 as reached, h %% 11 = 0 as sold, (h %% 40) * {_DAY} as wait,
        (power(h %% 100, 3))::bigint as response,
        (extract(epoch from now()) * 1000)::bigint - (%(leads)s - n) * (730 * {_DAY} / %(leads)s) as at
    from (select n, hashint4(n) & 2147483647 as h from generate_series(0, %(leads)s - 1) n) as n
    join (
        select row_number() over (order by o.id) - 1 as place, o.id as dealer,
            array(select p.id from leadbell_person p where p.organisation_id = o.id and p.role = 'salesperson') as people
        from leadbell_organisation o where o.kind = 'dealer'
    ) as d on d.place = n.n %% %(dealers)s
) as n
"""


def measure(quick: bool) -> Iterator[Figure]:
    """Each page asked again and again, by each who may; the clock stops with the last byte.

    No fact comes meanwhile. Beside it stands what a page takes the first time after a start, and once more when a fact of
    one dealer has come; the slowest of either as a figure.
    """
    leads, turns = (100_000, 8) if quick else (1_000_000, 25)
    sessions: dict[str, str] = {}
    fill = partial(prepare, leads=leads, sessions=sessions)
    jobs = ("web", "clockwork", "smtp", "figures")
    with house("reports", *jobs, dealers=DEALERS, people=PEOPLE, prepare=fill) as (built, told):
        dealer = told["dealers"][0]
        people = {
            "salesperson": dealer["sessions"][1], "manager": dealer["sessions"][0],
            f"group of {GROUPED}": sessions["manager"], f"importer of {DEALERS}": sessions["importer"],
        }  # fmt: skip
        for turn, (who, session) in enumerate(people.items()):
            pages = (*PAGES, *LEAGUE) if " of " in who else PAGES
            slowest = (0.0, "")
            for page in pages:
                anew = _get(built.port, session, page)[0] * 1000
                slowest = max(slowest, (anew, page))
                yield _page(built.port, session, who, page, turns, anew)
            yield Figure(
                "reports", f"{who}: the slowest, worked out anew", slowest[0], "ms", P95_MS, False, slowest[1]
            )
            _effect(built.port, dealer, FACTS + turn)
            changed = max((_get(built.port, session, page)[0] * 1000, page) for page in pages)
            yield Figure(
                "reports", f"{who}: the slowest after a fact", changed[0], "ms", P95_MS, False, changed[1]
            )
        waits = sorted(_effect(built.port, dealer, number) for number in range(1, 6))
        about = f"median {said(statistics.median(waits), 's')} of {len(waits)}, {leads:,} leads"
        yield Figure(
            "reports", "posted lead, until the report counts it", waits[-1], "s", EFFECT_S, False, about
        )


def prepare(folder: Path, leads: int, sessions: dict[str, str]) -> None:
    """Fill the rows; `sessions` gets those of the people above the dealers."""
    network = ask("benchmarks.network", folder, GROUPED)
    sessions.update(network["sessions"])
    with (
        postgres.database(folder, FAST) as urls,
        psycopg.connect(_superuser(folder, urls), autocommit=True) as database,
    ):
        database.execute("set session_replication_role = replica")
        database.execute(_ROWS, {"version": network["version"], "leads": leads, "dealers": DEALERS})
        database.execute("vacuum analyze leadbell_leadrow")


def _page(port: int, session: str, who: str, page: str, turns: int, anew: float) -> Figure:
    took = sorted(_get(port, session, page)[0] * 1000 for _ in range(turns))
    p95 = took[math.ceil(0.95 * turns) - 1]
    beside = f"p50 {said(statistics.median(took), 'ms')} of {turns}; worked out anew {said(anew, 'ms')}"
    return Figure("reports", f"{who}: {page}", p95, "ms", P95_MS, False, beside)


def _get(port: int, session: str, page: str) -> tuple[float, str]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        began = time.perf_counter()
        connection.request("GET", page, headers={"Cookie": f"leadbell={session}"})
        answer = connection.getresponse()
        body = answer.read().decode()
        took = time.perf_counter() - began
    if answer.status != 200:
        raise RuntimeError(f"{page}: {answer.status} {body[:300]}")
    return took, body


def _effect(port: int, dealer: dict[str, Any], number: int) -> float:
    """Seconds from the answer to a posted lead until the manager's report counts one lead more."""
    session = dealer["sessions"][0]
    page = "/reports/?section=funnel&period=7"
    before = _received(_get(port, session, page)[1])
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", f"/in/{dealer['key']}", adf(number), {"Content-Type": "application/xml"})
        answered = json.loads(connection.getresponse().read())
    began = time.perf_counter()
    while _received(_get(port, session, page)[1]) <= before:
        if time.perf_counter() - began > 30:
            raise RuntimeError(f"the report never counted {answered}")
        time.sleep(0.02)
    return time.perf_counter() - began


def _received(body: str) -> int:
    """Of the funnel's first step."""
    found = re.search(r'funnel-said"><b class="clock">(\d+)<', body)
    return int(found.group(1)) if found else 0

"""A customer follows a link in our message, and the website knows who is back: from the letter to the join."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from leadbell.followup.posting import signed_for
from leadbell.lead.thread import Thread
from tests.fakes.front import Town
from tests.visits.test_beacon import HOME, Website, here, running, website
from tests.waiting import eventually

__all__ = ["here", "running", "website"]

_EMPTY = {"jsonb": "{}", "ARRAY": "{}", "boolean": False, "integer": 0, "bigint": 0, "text": "",
          "character varying": ""}  # fmt: skip
JOINED = """
select j.how, j.lead_id from leadbell_visitorjoin j join leadbell_visitor v on v.id = j.visitor_id where v.site_id = %s
"""


def a_lead(here: Town, dealer: int) -> int:
    """A row that the database takes: what the visits need of a lead is its customer."""
    customer = here.one(
        "insert into leadbell_customer (dealer_id, full_name, first_name, last_name, language, emails, phones,"
        " created_at) values (%s, 'Mr Okafor', '', '', '', '{}', '[]', now()) returning id", dealer,
    )  # fmt: skip
    needed = here.db.execute(
        "select column_name, data_type from information_schema.columns where table_name = 'leadbell_lead'"
        " and is_nullable = 'NO' and column_default is null and is_identity = 'NO' and is_generated = 'NEVER'"
    ).fetchall()
    values: dict[str, Any] = {
        one["column_name"]: _EMPTY.get(one["data_type"], datetime.now(UTC)) for one in needed
    } | {"dealer_id": dealer, "customer_id": customer["id"], "standing": "{}"}
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(["%s"] * len(values))
    made = here.db.execute(
        f"insert into leadbell_lead ({names}) values ({marks}) returning id", list(values.values())
    ).fetchone()
    assert made
    return int(made["id"])


@pytest.mark.django_db
def test_whoever_follows_our_link_is_recognised(here: Town, website: Website) -> None:
    lead = a_lead(here, website.dealer)
    url = signed_for(Thread(website.dealer, lead), datetime.now(UTC))(f"{HOME}/cars/kona")
    (said,) = parse_qs(urlsplit(url).query)["leadbell"]
    told = website.told()
    website.send(told | {"l": said})
    assert website.counted(kept=1)
    assert eventually(lambda: here.db.execute(JOINED, [website.id]).fetchall(), 5)
    assert [dict(row) for row in here.db.execute(JOINED, [website.id]).fetchall()] == [
        {"how": "link", "lead_id": lead}
    ]
    here.db.execute("delete from leadbell_visitorjoin where lead_id = %s", [lead])
    here.db.execute("update leadbell_visitor set customer_id = null where site_id = %s", [website.id])
    here.db.execute("delete from leadbell_knownvisit where site_id = %s", [website.id])
    here.db.execute("delete from leadbell_lead where id = %s", [lead])

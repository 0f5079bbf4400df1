"""Furnishes the demo before its other processes start; later starts let the missing days pass."""

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from leadbell.demo.cast import DAYS, STALE_AFTER, STAR
from leadbell.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the database: when the last delivery came, and the key that the visitor is told."""

    newest: datetime | None
    key: str | None
    #: Of the example website.
    site: str | None = None

    def has_slept(self, now: datetime) -> bool:
        return self.newest is not None and now - self.newest >= STALE_AFTER


_FIND = """
select (select max(received_at) from leadbell_envelope), (
    select s.key from leadbell_source s join leadbell_person p on p.organisation_id = s.dealer_id
    where p.email = %(star)s and s.revoked_at is null order by s.id limit 1
), (
    select w.key from leadbell_site w join leadbell_person p on p.organisation_id = w.dealer_id
    where p.email = %(star)s order by w.id limit 1
)
"""


def find() -> Found:
    """Look without Django: most starts have nothing to do here, and nobody likes to wait."""
    with psycopg.connect(os.environ["LEADBELL_DB_OWNER"]) as connection:
        row = connection.execute(_FIND, {"star": STAR}).fetchone()
    return Found(*row) if row else Found(None, None)


def main(fresh: bool) -> None:
    now = datetime.now(UTC)
    found = find()
    if fresh or found.key is None or found.has_slept(now):
        _prepare(fresh, found, now)
        found = find()
    _connect()
    _invite(found)


def _prepare(fresh: bool, found: Found, now: datetime) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    django.setup()
    _say_less()
    from leadbell.demo import (
        actions,
        bdc,
        chatting,
        diaries,
        dms,
        filming,
        importing,
        listening,
        receiving,
        stage,
    )

    if fresh:
        actions.clear()
    if fresh or not stage.is_set_up():
        with _told("Inventing 90 days at an importer and twelve dealers", DAYS, now) as progress:
            actions.furnish(now, progress=progress)
            listening.listen_back(now, actions.SEED)
            diaries.keep_diaries(now, actions.SEED)
            receiving.expect_visitors(now)
            filming.send_films(now)
            chatting.chat_away(now, actions.SEED)
            bdc.begin_between(now)
            bdc.keep_some(now)
            importing.send_leads(now, actions.SEED)
            dms.connect_system(now)
    elif found.newest is not None and found.has_slept(now):
        days = (now - found.newest).days
        with _told("Telling what happened since the demo ran last", days, now) as progress:
            actions.move_on(found.newest, now, progress=progress)
            listening.listen_back(now, actions.SEED)
            diaries.keep_diaries(now, actions.SEED)
            receiving.expect_visitors(now)
            bdc.begin_between(now)
            bdc.keep_some(now)


def _say_less() -> None:
    """What is invented, its failures with it, needs no line in a log."""
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


#: The demo's telephones are never given out: where there is an exchange, everybody's phone is in the browser alone.
_CONNECT = """
with connected as (
    insert into leadbell_phoneline (dealer_id, kind, place, enabled, caller_id, trunk, created_at)
    select id, 'asterisk', 1, true, '', '', now() from leadbell_organisation where kind = 'dealer'
    on conflict (dealer_id, kind) do nothing returning dealer_id
)
update leadbell_person set in_browser = true, phone = '', extension = ''
where organisation_id in (select dealer_id from connected)
"""


def _connect() -> None:
    """Give the dealers the Asterisk of this data folder, the first time that there is one."""
    from leadbell.ring.asterisk.own_node import is_chosen

    if is_chosen(Path(os.environ["LEADBELL_DATA"])):
        with psycopg.connect(os.environ["LEADBELL_DB_OWNER"]) as connection:
            connection.execute(_CONNECT)


@contextmanager
def _told(what: str, days: int, now: datetime) -> Iterator[Callable[[datetime], None]]:
    """A bar that fills as the days are told. Nothing of it is thrown away meanwhile: no garbage is looked for."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(highlight=False)
    began = time.monotonic()
    gc.disable()
    with Progress(TextColumn("{task.description}"), BarColumn(), console=console, transient=True) as bar:
        task = bar.add_task(what, total=days * 86_400)
        yield lambda at: bar.update(task, completed=days * 86_400 - (now - at).total_seconds())
    gc.enable()
    console.print(f"{what}: done in {time.monotonic() - began:.1f} s.")


def _invite(found: Found) -> None:
    from leadbell.settings import PUBLIC_URL

    print(f"  1. Open {PUBLIC_URL} and sign in as Rosa Visser with one click.")
    if found.key:
        print("  2. Send a lead from another terminal, and her desk rings:")
        print(f"     curl --data-binary @examples/lead.adf.xml {PUBLIC_URL}/in/{found.key}")
    if found.key and found.site:
        print("  3. Open Northside's website, agree, send its form, and come back after the lead was lost:")
        print(f"     python3 examples/dealer-site/serve.py {PUBLIC_URL} {found.site} {found.key}")
    print("  Northside's demo hours are round the clock, so that it rings whenever you try it.")
    print("  Colleagues are played by the demo as long as nobody is signed in as them.", flush=True)


if __name__ == "__main__":
    try:
        main("--fresh" in sys.argv[1:])
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        sys.exit(1)

"""A database with years of leads, made once and kept in var/bench."""

import hashlib
import inspect
import json
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from rich.console import Console

from benchmarks import leads as adf_leads
from benchmarks.house import populate
from leadbell import migrate, postgres, roles

DEALERS, PEOPLE = 200, 8
#: For filling only: a crash means filling again.
FAST = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "16GB",
    "wal_level": "minimal", "max_wal_senders": "0", "maintenance_work_mem": "512MB", "shared_buffers": "512MB",
    "checkpoint_timeout": "1h", "autovacuum": "off", "max_parallel_maintenance_workers": "2",
}  # fmt: skip

#: Lead n of dealer n mod 200; three years of them, the newest now. Of the last 45 days one in three is open.
_PLACES = """
create temp table place as
select n, d.id as dealer, d.source, d.people[1 + (n / %(dealers)s) %% array_length(d.people, 1)] as owner,
    now() - interval '1095 days' * (1 - n / %(leads)s::float) as at,
    now() - interval '1095 days' * (1 - n / %(leads)s::float) > now() - interval '45 days' and n %% 3 = 0 as open,
    md5('envelope' || n)::uuid as envelope
from generate_series(0, %(leads)s - 1) n
join (
    select row_number() over (order by o.id) - 1 as place, o.id, s.id as source,
        array(select p.id from leadbell_person p where p.organisation_id = o.id and p.role = 'salesperson' order by p.id)
            as people
    from leadbell_organisation o join leadbell_source s on s.dealer_id = o.id
) d on d.place = n %% %(dealers)s
"""
_FILL = (
    ("customers", """
    insert into leadbell_customer (id, dealer_id, full_name, first_name, last_name, language, emails, phones, created_at)
    select n + 1, dealer, 'Customer ' || n, '', '', '', array['customer' || n || '@example.org'],
        jsonb_build_array(jsonb_build_object('number', '+316' || 10000000 + n, 'raw', '+316' || 10000000 + n,
            'kind', 'cell')), at
    from place"""),
    ("handles", """
    insert into leadbell_handle (dealer_id, kind, value, customer_id)
    select dealer, 'phone', '+316' || 10000000 + n, n + 1 from place
    union all select dealer, 'email', 'customer' || n || '@example.org', n + 1 from place"""),
    ("leads", """
    insert into leadbell_lead (id, dealer_id, customer_id, origin, channel, source, cars, message, received_at,
        received_on, in_hours, standing, state, owner_id, ringing, attempts, first_attempt_at, first_attempt_reached,
        last_outcome, reached_at, worked_at, accepted_at, closed_at, lost_reason, next_kind, next_for, next_at, wake_at)
    select n + 1, dealer, n + 1, 'online', 'adf', 'Website',
        '[{"interest": "buy", "make": "Hyundai", "model": "Kona", "year": 2026}]', 'Is the blue one in stock?', at,
        at::date, true,
        jsonb_build_object('state', case when open then 'attempted' else 'lost' end, 'origin', 'online', 'by_phone', true,
            'by_email', true, 'received_at', said, 'asked_at', said, 'owner', owner, 'owned_at', said, 'hands',
            jsonb_build_array(owner), 'ring_count', 1, 'accepted_at', said, 'attempts', 1, 'tries', 1, 'last_outcome',
            'no_answer', 'last_attempt_at', said, 'first_attempt_at', said, 'worked_at', said, 'touches', 1)
            || case when open then '{}' else jsonb_build_object('closed_at', said, 'lost_reason', 'price') end,
        case when open then 'attempted' else 'lost' end, owner, '{}', 1, at, false, 'no_answer',
        case when n % 2 = 0 then at end, at, at, case when open then null else at end,
        case when open then '' else 'price' end, case when open then 'call' else 'rest' end,
        case when open then owner end, case when open then now() + interval '1 day' end,
        case when open then now() + interval '30 days' end
    from (select *, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as said from place) p"""),
    ("facts", """
    insert into leadbell_fact (lead_id, dealer_id, at, kind, key, by, body)
    select n + 1, dealer, at, f.kind, f.key, case when f.by then owner end,
        f.body || jsonb_build_object('type', f.kind, 'at', at) || case when f.by then jsonb_build_object('by', owner)
            else '{}' end || case when f.kind = 'rang' then jsonb_build_object('people', array[owner]) else '{}' end
    from place cross join (values
        (1, 'arrived', null, false, '{"origin": "online", "channel": "adf", "source": "Website", "by_phone": true,
            "by_email": true, "envelope": "-", "because": {"text": "new customer"}}'::jsonb),
        (2, 'rang', 'ring:1', false, '{"how": "best", "ring_s": 20, "because": [{"text": "new lead in opening hours"}]}'),
        (3, 'accepted', null, true, '{}'),
        (4, 'attempted', 'attempt:1', true, '{"key": "attempt:1"}'),
        (5, 'attempt_ended', 'attempt:1:ended', true, '{"key": "attempt:1", "outcome": "no_answer"}'),
        (6, 'lost', null, true, '{"reason": "price"}')
    ) as f(place, kind, key, by, body)
    where f.kind <> 'lost' or not open
    order by n, f.place"""),
    ("envelopes", """
    insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
        items, read_at)
    select envelope, dealer, source, at, 'http', 'application/xml', convert_to(repeat('<lead/>', 60) || n, 'UTF8'),
        sha256(convert_to('envelope' || n, 'UTF8')), 'read', 1, at
    from place"""),
    ("inquiries", """
    insert into leadbell_inquiry (envelope_id, place, dealer_id, source_id, lead_id, outcome, sender_id, understood,
        received_at)
    select envelope, 0, dealer, source, n + 1, 'opened', 'portal-' || n,
        '{"vehicles": [{"make": "Hyundai", "model": "Kona"}], "message": "Is the blue one in stock?"}', at
    from place"""),
)  # fmt: skip
TABLES = ("customer", "handle", "lead", "fact", "envelope", "inquiry")
_INDEXES = """
select indexdef, format('drop index %%I', indexname) from pg_indexes i
where tablename = any(%s) and not exists (select from pg_constraint c where c.conname = i.indexname)
"""


def make(folder: Path, leads: int) -> None:
    """Fill it, unless that was done before with the same tables and rows."""
    stamp = folder / "filled.json"
    recipe = _recipe(leads)
    if stamp.exists() and json.loads(stamp.read_text())["recipe"] == recipe:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    told = populate(folder, DEALERS, PEOPLE)
    with (
        postgres.database(folder, FAST) as urls,
        psycopg.connect(_superuser(folder, urls), autocommit=True) as database,
    ):
        _fill(database, leads)
    stamp.write_text(json.dumps({"recipe": recipe, "leads": leads, **told}))


def told(folder: Path) -> dict[str, Any]:
    """The dealers with their sources."""
    return dict(json.loads((folder / "filled.json").read_text()))


def _recipe(leads: int) -> str:
    """Changes when the tables, the rows or the leads do."""
    parts = (
        str(leads),
        inspect.getsource(sys.modules[__name__]),
        inspect.getsource(adf_leads),
        migrate._fingerprint(),
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _superuser(folder: Path, urls: roles.Urls) -> str:
    """Only it may leave out the checks of foreign keys."""
    kept = roles.keep_secrets(folder)
    named = urls.owner.replace(roles.OWNER, roles.SUPERUSER, 1)
    return named.replace(quote(kept[roles.OWNER], safe=""), quote(kept[roles.SUPERUSER], safe=""))


def _fill(database: "psycopg.Connection[Any]", leads: int) -> None:
    tables = [f"leadbell_{name}" for name in TABLES]
    progress = Console(stderr=True)
    indexes = database.execute(_INDEXES, [tables]).fetchall()
    database.execute("set session_replication_role = replica; set work_mem = '256MB'")
    for _, drop in indexes:
        database.execute(drop)
    values = {"leads": leads, "dealers": DEALERS}
    database.execute(_PLACES, values)
    for name, statement in _FILL:
        progress.print(f"  filling {leads:,} {name} …")
        database.execute(statement)
    progress.print(f"  making {len(indexes)} indexes …")
    for definition, _ in indexes:
        database.execute(definition)
    for table in tables:
        database.execute(f"vacuum analyze {table}")
    for name in ("customer", "lead"):
        database.execute(f"select setval(pg_get_serial_sequence('leadbell_{name}', 'id'), %s)", [leads])
    database.execute("vacuum analyze")


def remove_the_new(database: "psycopg.Connection[Any]", folder: Path) -> None:
    """Back to what was filled: what measuring added goes."""
    leads = told(folder)["leads"]
    database.execute("delete from leadbell_inquiry where received_at > %s", [_end(database, leads)])
    database.execute("delete from leadbell_envelope where received_at > %s", [_end(database, leads)])
    for table, column in (("fact", "lead_id"), ("lead", "id"), ("handle", "customer_id"), ("customer", "id")):
        database.execute(f"delete from leadbell_{table} where {column} > %s", [leads])
    for table in TABLES:
        database.execute(f"vacuum (analyze) leadbell_{table}")


def _end(database: "psycopg.Connection[Any]", leads: int) -> Any:
    """When the newest filled lead came."""
    row = database.execute("select received_at from leadbell_lead where id = %s", [leads]).fetchone()
    assert row
    return row[0]

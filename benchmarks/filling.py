"""A database with many leads in it: rows in every table that the hot path touches, made by PostgreSQL itself."""

from benchmarks.stage import Stage

#: Spread over the dealers and the last two years; one in fifty is still open, with an owner and a next step.
_STEPS = (
    """
    insert into leadbell_customer (id, dealer_id, full_name, first_name, last_name, language, emails, phones, created_at)
    select n, d.id, 'Customer ' || n, '', '', '', array['c' || n || '@example.org'],
        jsonb_build_array(jsonb_build_object('number', '+3197' || lpad(n::text, 9, '0'), 'raw', '', 'kind', null)), now()
    from generate_series(%(first)s, %(last)s) n join _dealers d on d.place = n %% %(dealers)s
    """,
    """
    insert into leadbell_handle (dealer_id, kind, value, customer_id)
    select c.dealer_id, h.kind, h.value, c.id from leadbell_customer c,
        lateral (values ('phone', c.phones->0->>'number'), ('email', c.emails[1])) h(kind, value)
    where c.id between %(first)s and %(last)s
    """,
    """
    insert into leadbell_lead (id, dealer_id, customer_id, origin, channel, source, cars, message, received_at,
        received_on, in_hours, standing, state, owner_id, ringing, attempts, first_attempt_reached, last_outcome,
        closed_at, lost_reason, next_kind, next_for, next_at, first_attempt_at, reached_at, appointment_at)
    select n, c.dealer_id, c.id, 'online', 'adf', 'Website', '[]', '', at, at::date, true,
        jsonb_build_object('state', case when n %% 50 = 0 then 'attempted' else 'lost' end, 'owner', p.id),
        case when n %% 50 = 0 then 'attempted' else 'lost' end, p.id, '{}', 1, n %% 3 = 0, 'no_answer',
        case when n %% 50 = 0 then null else at + interval '20 days' end, case when n %% 50 = 0 then '' else 'price' end,
        'call', p.id, at + interval '30 days', at + interval '1 minute',
        case when n %% 3 > 0 then at + interval '2 minutes' end, case when n %% 5 = 0 then at + interval '2 days' end
    from leadbell_customer c
    cross join lateral (select c.id as n, now() - interval '1 minute' * (c.id %% 1000000) as at) t
    join _people p on p.dealer = c.dealer_id and p.place = c.id / %(dealers)s %% p.many
    where c.id between %(first)s and %(last)s
    """,
    """
    insert into leadbell_fact (lead_id, dealer_id, at, kind, by, body)
    select l.id, l.dealer_id, l.received_at, f.kind, null, jsonb_build_object('type', f.kind, 'at', l.received_at)
    from leadbell_lead l, (values ('arrived'), ('rang'), ('accepted'), ('attempted')) f(kind)
    where l.id between %(first)s and %(last)s
    """,
    """
    insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
        items, read_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(l.id), 12, '0'))::uuid, l.dealer_id, s.id, l.received_at, 'http', '',
        convert_to('lead ' || l.id, 'UTF8'), sha256(convert_to('lead ' || l.id, 'UTF8')), 'read', 1, l.received_at
    from leadbell_lead l join leadbell_source s on s.dealer_id = l.dealer_id where l.id between %(first)s and %(last)s
    """,
    """
    insert into leadbell_inquiry (envelope_id, place, dealer_id, source_id, lead_id, outcome, sender_id, understood,
        received_at)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(l.id), 12, '0'))::uuid, 0, l.dealer_id, s.id, l.id, 'opened',
        'S' || l.id, '{"vehicles": [], "message": null}', l.received_at
    from leadbell_lead l join leadbell_source s on s.dealer_id = l.dealer_id where l.id between %(first)s and %(last)s
    """,
)

_DEALERS = """
create temporary table _dealers as
    select id, row_number() over (order by id) - 1 as place from leadbell_organisation;
create temporary table _people as
    select id, organisation_id as dealer, row_number() over (partition by organisation_id order by id) - 1 as place,
        count(*) over (partition by organisation_id) as many from leadbell_person;
analyze _dealers; analyze _people
"""
AT_ONCE = 100_000
TABLES = (
    "leadbell_customer, leadbell_handle, leadbell_lead, leadbell_fact, leadbell_envelope, leadbell_inquiry"
)


def fill(where: Stage, leads: int) -> None:
    """Bring the database to this many leads; does nothing where it has them. Shows how far it is."""
    import psycopg
    from rich.progress import Progress

    with psycopg.connect(where.urls.owner, autocommit=True) as database, Progress(transient=True) as bar:
        ((have,),) = database.execute(
            "select coalesce(max(id), 0) from leadbell_customer where full_name like 'Customer %%'"
        )
        if have >= leads:
            return
        task = bar.add_task(f"Filling {where.folder.name}", total=leads - have)
        database.execute("set synchronous_commit = off")
        database.execute(_DEALERS)
        ((dealers,),) = database.execute("select count(*) from _dealers")
        for first in range(have + 1, leads + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, leads)
            with database.transaction():
                for step in _STEPS:
                    database.execute(step, {"first": first, "last": last, "dealers": dealers})
            bar.update(task, advance=last - first + 1)
        for table in ("customer", "lead", "fact", "handle", "inquiry"):
            database.execute(
                f"select setval(pg_get_serial_sequence('leadbell_{table}', 'id'), (select max(id) from leadbell_{table}))"
            )
        database.execute(f"vacuum analyze {TABLES}")

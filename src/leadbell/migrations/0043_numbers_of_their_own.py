from typing import Any

import django.db.models.deletion
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = ("leadbell_numberpool", "leadbell_numberlease")

#: A number as a range of one spares the extension btree_gist. Leases of one website are made one after the other; the
#: constraint stands behind that. What is counted is counted in the same commit.
LEASES = """
alter table leadbell_numberlease add constraint one_visitor_at_a_time exclude using gist (
    int8range(number, number, '[]') with &&, tstzrange(began_at, held_until) with &&
);

create function leadbell_number_shown(on_site bigint, browser uuid, may_begin boolean, since timestamptz)
    returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
    pool leadbell_numberpool; free leadbell_trackingnumber; dialled text; held timestamptz; why text;
begin
    select * into pool from leadbell_numberpool p where p.site_id = on_site and p.is_on;
    if pool.id is null then return jsonb_build_object('why', 'off'); end if;
    if not exists (
        select from leadbell_visitor v where v.site_id = on_site and v.uid = browser and v.own_since is null
    ) then return jsonb_build_object('why', 'unknown'); end if;
    perform pg_advisory_xact_lock(x'1EADBE4E'::int, hashint8(on_site));
    held := since + pool.lease_minutes * interval '1 minute' + pool.rest_hours * interval '1 hour';
    update leadbell_numberlease l set shown_at = since, held_until = greatest(l.held_until, held)
    from leadbell_trackingnumber t
    where t.id = l.number and l.id = (
        select m.id from leadbell_numberlease m join leadbell_trackingnumber n on n.id = m.number
        where m.site_id = on_site and m.visitor = browser and m.held_until > since and n.site = on_site
            and n.removed_at is null
        order by m.shown_at desc limit 1)
    returning t.number into dialled;
    if dialled is not null then
        return jsonb_build_object('number', dialled, 'minutes', pool.lease_minutes);
    end if;
    if not may_begin then
        why := 'refused';
    else
        select t.* into free from leadbell_trackingnumber t
        where t.site = on_site and t.dealer_id = pool.dealer_id and t.removed_at is null and not exists (
            select from leadbell_numberlease l where l.number = t.id and l.held_until > since)
        order by (select max(l.held_until) from leadbell_numberlease l where l.number = t.id) nulls first, t.id
        limit 1;
        why := case when free.id is null then 'empty' else 'given' end;
    end if;
    if why = 'given' then
        insert into leadbell_numberlease (dealer_id, site_id, number, visitor, began_at, shown_at, held_until)
        values (pool.dealer_id, on_site, free.id, browser, since, since, held);
    end if;
    insert into leadbell_sitecount as c (dealer_id, site_id, day, what, beacons, last_at)
    values (pool.dealer_id, on_site, (since at time zone 'UTC')::date, 'number_' || why, 1, since)
    on conflict (site_id, day, what) do update
        set beacons = c.beacons + 1, last_at = greatest(c.last_at, excluded.last_at);
    return case when why = 'given'
        then jsonb_build_object('number', free.number, 'minutes', pool.lease_minutes, 'new', true)
        else jsonb_build_object('why', why) end;
end $$;

create function leadbell_number_given_back(on_site bigint, browser uuid) returns void language sql security definer
    set search_path = public, pg_temp
    as $$ update leadbell_numberlease set visitor = null where site_id = on_site and visitor = browser $$;

create function leadbell_forget_leases() returns void language sql security definer
    set search_path = public, pg_temp
    as $$ delete from leadbell_numberlease where held_until < now() - interval '1 day' $$;

create or replace function leadbell_visitor_erased(on_site bigint, browser uuid) returns boolean language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    known bigint; spoke bigint[];
begin
    delete from leadbell_beacon where site_id = on_site and visitor = browser;
    perform leadbell_number_given_back(on_site, browser);
    select id into known from leadbell_visitor where site_id = on_site and uid = browser for update;
    select array_agg(id) into spoke from leadbell_chat where visitor = browser and site = on_site;
    if spoke is not null then perform leadbell_chat_forget(one) from unnest(spoke) as one; end if;
    delete from leadbell_visitorjoin where visitor_id = known;
    delete from leadbell_visitor where id = known;
    return known is not null or spoke is not null;
end $$;

create or replace function leadbell_visitor_known(on_site bigint, browser uuid) returns jsonb language sql stable
    security definer set search_path = public, pg_temp as $$
select jsonb_build_object(
    'first_seen_at', v.first_seen_at, 'last_seen_at', v.last_seen_at,
    'joined', coalesce((select jsonb_agg(jsonb_build_object('how', j.how, 'at', j.at) order by j.at)
        from leadbell_visitorjoin j where j.visitor_id = v.id and j.undone_at is null), '[]'),
    'numbers', coalesce((select jsonb_agg(jsonb_build_object('number', t.number, 'shown_at', l.shown_at,
            'until', l.held_until) order by l.shown_at)
        from leadbell_numberlease l join leadbell_trackingnumber t on t.id = l.number
        where l.site_id = on_site and l.visitor = browser), '[]'),
    'looks', coalesce((select jsonb_agg(jsonb_build_object('at', b.at, 'kind', b.kind, 'path', b.path,
            'title', b.title, 'stock', b.stock, 'make', b.make, 'model', b.model, 'ms', b.ms) order by b.at desc)
        from (select * from leadbell_beacon where site_id = on_site and visitor = browser
            order by at desc limit 500) b), '[]'))
from leadbell_visitor v where v.site_id = on_site and v.uid = browser
$$;

revoke execute on function leadbell_number_shown(bigint, uuid, boolean, timestamptz),
    leadbell_number_given_back(bigint, uuid), leadbell_forget_leases() from public;
"""

#: The door knows which websites have numbers to give, and what these websites print anyway; no lease.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_numberpool to leadbell_app;
grant select on leadbell_numberlease to leadbell_app;
grant select on leadbell_numberpool, leadbell_numberlease to leadbell_clockwork;
grant select on leadbell_numberpool to leadbell_mouth;
create policy mouth_numbers on leadbell_numberpool for select to leadbell_mouth using (true);
grant execute on function leadbell_number_shown(bigint, uuid, boolean, timestamptz),
    leadbell_number_given_back(bigint, uuid), leadbell_forget_leases() to leadbell_mouth;
"""


def _id() -> "models.BigAutoField[int, int]":
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def _dealer() -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="leadbell.organisation",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0042_reception"),
    ]

    operations = [
        migrations.AddField(
            model_name="trackingnumber",
            name="site",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="trackingnumber",
            index=models.Index(
                condition=models.Q(("site__isnull", False)), fields=["site"], name="numbers_of_site"
            ),
        ),
        migrations.CreateModel(
            name="NumberPool",
            fields=[
                ("id", _id()),
                ("is_on", models.BooleanField(default=False)),
                ("printed", models.CharField(max_length=20)),
                ("selector", models.CharField(blank=True, max_length=200)),
                ("lease_minutes", models.SmallIntegerField(default=30)),
                ("rest_hours", models.SmallIntegerField(default=2)),
                ("changed_at", models.DateTimeField()),
                ("dealer", _dealer()),
                (
                    "site",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="leadbell.site"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="NumberLease",
            fields=[
                ("id", _id()),
                ("number", models.BigIntegerField()),
                ("visitor", models.UUIDField(blank=True, null=True)),
                ("began_at", models.DateTimeField()),
                ("shown_at", models.DateTimeField()),
                ("held_until", models.DateTimeField()),
                ("dealer", _dealer()),
                (
                    "site",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.site",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["site", "visitor"], name="lease_of_visitor")],
            },
        ),
        migrations.RunSQL(LEASES + walls(TENANT_TABLES) + GRANTS, migrations.RunSQL.noop),
    ]

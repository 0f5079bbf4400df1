import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = (
    "leadbell_site", "leadbell_visitor", "leadbell_visitorjoin", "leadbell_sitecount", "leadbell_beacon",
)  # fmt: skip

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

#: One table per day and time to keep. Only the parent has a wall and readers; the door writes into the leaves.
BEACONS = """
create table leadbell_beacon (
    at timestamptz not null, dealer_id bigint not null, site_id bigint not null, keep_days smallint not null,
    visitor uuid not null, kind text not null, page text not null, path text not null, title text not null,
    stock text not null, make text not null, model text not null, price integer, ms integer not null
) partition by list (keep_days);
create table leadbell_beacon_30 partition of leadbell_beacon for values in (30) partition by range (at);
create table leadbell_beacon_60 partition of leadbell_beacon for values in (60) partition by range (at);
create table leadbell_beacon_90 partition of leadbell_beacon for values in (90) partition by range (at);
create index beacon_of_visitor on leadbell_beacon (visitor, site_id, at);

create function leadbell_keep_beacons_on(today date) returns void language plpgsql
    set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
    keep int; day date; leaf text;
begin
    perform pg_advisory_xact_lock(x'1EADBE21'::bigint);
    foreach keep in array array[30, 60, 90] loop
        for n in -1..2 loop
            day := today + n;
            leaf := format('leadbell_beacon_%s_%s', keep, to_char(day, 'YYYYMMDD'));
            if to_regclass(leaf) is null then
                execute format('create table %I (like leadbell_beacon_%s including defaults)', leaf, keep);
                execute format('grant insert on %I to leadbell_mouth', leaf);
                execute format('alter table leadbell_beacon_%s attach partition %I for values from (%L) to (%L)',
                    keep, leaf, day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
            end if;
        end loop;
        for leaf in
            select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = format('leadbell_beacon_%s', keep)::regclass
                and right(c.relname, 8) < to_char(today - keep, 'YYYYMMDD')
        loop
            execute format('drop table %I', leaf);
        end loop;
    end loop;
    delete from leadbell_visitorjoin j using leadbell_visitor v, leadbell_site s
    where v.id = j.visitor_id and s.id = v.site_id and v.last_seen_at < (today - s.keep_days) at time zone 'UTC';
    delete from leadbell_visitor v using leadbell_site s
    where s.id = v.site_id and v.last_seen_at < (today - s.keep_days) at time zone 'UTC';
end $$;

create function leadbell_keep_beacons() returns void language sql security definer
    set search_path = public, pg_temp
    as $$ select leadbell_keep_beacons_on((now() at time zone 'UTC')::date) $$;

create function leadbell_join_visitor(for_dealer bigint, browser uuid, by_lead bigint, in_way text, proof jsonb,
    since timestamptz) returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
    seen record; who bigint;
begin
    select customer_id into who from leadbell_lead where id = by_lead and dealer_id = for_dealer;
    if who is null then return; end if;
    for seen in select id from leadbell_visitor where dealer_id = for_dealer and uid = browser for update loop
        if (select (j.customer_id, j.lead_id) is not distinct from (who, by_lead) from leadbell_visitorjoin j
            where j.visitor_id = seen.id and j.undone_at is null order by j.at desc, j.id desc limit 1)
        then continue; end if;
        insert into leadbell_visitorjoin (dealer_id, visitor_id, customer_id, lead_id, how, evidence, at)
        values (for_dealer, seen.id, who, by_lead, in_way, proof, since);
        update leadbell_visitor set customer_id = who where id = seen.id;
    end loop;
end $$;

create function leadbell_visitor_known(on_site bigint, browser uuid) returns jsonb language sql stable
    security definer set search_path = public, pg_temp as $$
select jsonb_build_object(
    'first_seen_at', v.first_seen_at, 'last_seen_at', v.last_seen_at,
    'joined', coalesce((select jsonb_agg(jsonb_build_object('how', j.how, 'at', j.at) order by j.at)
        from leadbell_visitorjoin j where j.visitor_id = v.id and j.undone_at is null), '[]'),
    'looks', coalesce((select jsonb_agg(jsonb_build_object('at', b.at, 'kind', b.kind, 'path', b.path,
            'title', b.title, 'stock', b.stock, 'make', b.make, 'model', b.model, 'ms', b.ms) order by b.at desc)
        from (select * from leadbell_beacon where site_id = on_site and visitor = browser
            order by at desc limit 500) b), '[]'))
from leadbell_visitor v where v.site_id = on_site and v.uid = browser
$$;

create function leadbell_visitor_erased(on_site bigint, browser uuid) returns boolean language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    known bigint;
begin
    delete from leadbell_beacon where site_id = on_site and visitor = browser;
    select id into known from leadbell_visitor where site_id = on_site and uid = browser for update;
    delete from leadbell_visitorjoin where visitor_id = known;
    delete from leadbell_visitor where id = known;
    return known is not null;
end $$;

revoke execute on function leadbell_keep_beacons_on(date), leadbell_keep_beacons(),
    leadbell_join_visitor(bigint, uuid, bigint, text, jsonb, timestamptz),
    leadbell_visitor_known(bigint, uuid), leadbell_visitor_erased(bigint, uuid) from public;
"""


def _walls() -> str:
    lines = []
    for table in TENANT_TABLES:
        lines += [
            f"alter table {table} enable row level security;",
            f"create policy tenant on {table} to leadbell_app using ({SEEN}) with check ({SEEN});",
            f"create policy clockwork on {table} to leadbell_clockwork using (true) with check (true);",
        ]
    return "\n".join(lines)


#: The door may say that a visitor was seen, and counts; whose visitor it is, and what was looked at, it can't read.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_site to leadbell_app;
grant select, update on leadbell_visitor, leadbell_visitorjoin to leadbell_app;
grant select on leadbell_sitecount, leadbell_beacon to leadbell_app;
grant select on leadbell_site, leadbell_visitor, leadbell_visitorjoin, leadbell_sitecount, leadbell_beacon
    to leadbell_clockwork;

grant select on leadbell_site to leadbell_mouth;
grant select (site_id, uid, last_seen_at), insert (dealer_id, site_id, uid, first_seen_at, last_seen_at),
    update (last_seen_at) on leadbell_visitor to leadbell_mouth;
grant select (site_id, day, what, beacons, last_at), insert (dealer_id, site_id, day, what, beacons, last_at),
    update (beacons, last_at) on leadbell_sitecount to leadbell_mouth;
create policy mouth_sites on leadbell_site for select to leadbell_mouth using (true);
create policy mouth on leadbell_visitor to leadbell_mouth using (true) with check (true);
create policy mouth on leadbell_sitecount to leadbell_mouth using (true) with check (true);
grant execute on function leadbell_keep_beacons() to leadbell_mouth, leadbell_clockwork;
grant execute on function leadbell_join_visitor(bigint, uuid, bigint, text, jsonb, timestamptz)
    to leadbell_mouth, leadbell_clockwork;
grant execute on function leadbell_visitor_known(bigint, uuid), leadbell_visitor_erased(bigint, uuid)
    to leadbell_mouth;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0009_consents"),
    ]

    operations = [
        migrations.CreateModel(
            name="Site",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("key", models.CharField(max_length=40, unique=True)),
                (
                    "origins",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=280), default=list, size=None
                    ),
                ),
                (
                    "patterns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                ("keep_days", models.SmallIntegerField(default=60)),
                (
                    "consent",
                    models.CharField(
                        choices=[
                            ("ask", "recognise visitors who agreed"),
                            ("never", "never recognise anybody: anonymous counts only"),
                        ],
                        default="ask",
                        max_length=5,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SiteCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("what", models.CharField(max_length=20)),
                ("beacons", models.BigIntegerField()),
                ("last_at", models.DateTimeField()),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
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
        ),
        migrations.CreateModel(
            name="Visitor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField()),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                (
                    "customer",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.customer",
                    ),
                ),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
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
        ),
        migrations.CreateModel(
            name="VisitorJoin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("form", "sent a form"),
                            ("chat", "sent a chat"),
                            ("link", "followed a link in our message"),
                            ("call", "called the number shown to them"),
                        ],
                        max_length=4,
                    ),
                ),
                ("evidence", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="leadbell.customer"
                    ),
                ),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.lead",
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "visitor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joins",
                        to="leadbell.visitor",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="site",
            index=models.Index(fields=["dealer", "id"], name="site_of_dealer"),
        ),
        migrations.AddConstraint(
            model_name="sitecount",
            constraint=models.UniqueConstraint(fields=("site", "day", "what"), name="one_count_per_day"),
        ),
        migrations.AddIndex(
            model_name="visitor",
            index=models.Index(
                condition=models.Q(("customer__isnull", False)),
                fields=["customer"],
                name="visitor_of_customer",
            ),
        ),
        migrations.AddIndex(
            model_name="visitor",
            index=models.Index(fields=["last_seen_at"], name="visitor_last_seen"),
        ),
        migrations.AddConstraint(
            model_name="visitor",
            constraint=models.UniqueConstraint(fields=("uid", "site"), name="one_visitor_per_browser"),
        ),
        migrations.RunSQL(BEACONS + _walls() + GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL("select leadbell_keep_beacons()", migrations.RunSQL.noop),
    ]

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

TENANT_TABLES = ("leadbell_unlostchoice", "leadbell_alert", "leadbell_knownvisit")

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

#: The writer says who is here in the commit of the beacons: what it said is found again after any crash.
SIGHTED = """
alter table leadbell_site alter price_pages set default '{}', alter trade_in_pages set default '{}',
    alter own_networks set default '{}';
alter table leadbell_knownvisit alter body set default '{}';
alter table leadbell_knownvisit add constraint knownvisit_of_visitor
    foreign key (visitor_id) references leadbell_visitor (id) on delete cascade;

create function leadbell_sighted(sites bigint[], uids uuid[], ats timestamptz[])
    returns table (site bigint, uid uuid) language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    return query
    with seen as (
        select v.id, v.dealer_id, v.site_id, v.uid, v.customer_id, s.at
        from unnest(sites, uids, ats) as s(site, uid, at)
        join leadbell_visitor v on v.uid = s.uid and v.site_id = s.site
        where v.customer_id is not null and v.own_since is null
    ), going as (
        update leadbell_knownvisit k set last_at = greatest(k.last_at, seen.at),
            due_at = least(k.due_at, greatest(seen.at, k.summed_at + interval '3 seconds'))
        from seen
        where k.visitor_id = seen.id and k.customer_id = seen.customer_id
            and k.last_at > seen.at - interval '30 minutes'
        returning k.visitor_id
    ), come as (
        insert into leadbell_knownvisit
            (dealer_id, site_id, visitor_id, customer_id, began_at, last_at, due_at, body)
        select seen.dealer_id, seen.site_id, seen.id, seen.customer_id, seen.at, seen.at, seen.at, '{}'
        from seen where not exists (select from going where going.visitor_id = seen.id)
        on conflict do nothing
    )
    select seen.site_id, seen.uid from seen;
    if found then perform pg_notify('leadbell_clockwork', ''); end if;
end $$;

create function leadbell_own_visitor(for_dealer bigint, browser uuid, since timestamptz) returns void
    language plpgsql security definer set search_path = public, pg_temp as $$
begin
    update leadbell_visitor set own_since = since
    where dealer_id = for_dealer and uid = browser and own_since is null;
    delete from leadbell_knownvisit k using leadbell_visitor v
    where v.id = k.visitor_id and v.dealer_id = for_dealer and v.uid = browser;
end $$;

revoke execute on function leadbell_sighted(bigint[], uuid[], timestamptz[]),
    leadbell_own_visitor(bigint, uuid, timestamptz) from public;
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


#: The door learns which of its visitors are known, and nothing about them.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_unlostchoice, leadbell_alert to leadbell_app;
grant select, update, delete on leadbell_knownvisit to leadbell_app;
grant select on leadbell_unlostchoice to leadbell_clockwork;
grant select, insert on leadbell_alert to leadbell_clockwork;
grant select, update on leadbell_knownvisit to leadbell_clockwork;
grant execute on function leadbell_sighted(bigint[], uuid[], timestamptz[]),
    leadbell_own_visitor(bigint, uuid, timestamptz) to leadbell_mouth;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0010_visits"),
    ]

    operations = [
        migrations.CreateModel(
            name="UnlostChoice",
            fields=[
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="leadbell.organisation",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("quiet_days", models.SmallIntegerField(default=7)),
                ("cap", models.SmallIntegerField(default=8)),
                ("sold_quiet_days", models.SmallIntegerField(default=180)),
            ],
        ),
        migrations.AddField(
            model_name="site",
            name="own_networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=50), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="price_pages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="trade_in_pages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=200), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="visitor",
            name="own_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("visit", models.BigIntegerField()),
                (
                    "people",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("at", models.DateTimeField()),
                ("because", models.JSONField(default=list)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
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
            ],
            options={
                "indexes": [models.Index(fields=["dealer", "-at"], name="alert_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("lead", "visit"), name="one_alert_per_lead_and_visit")
                ],
            },
        ),
        migrations.CreateModel(
            name="KnownVisit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("summed_at", models.DateTimeField(blank=True, null=True)),
                ("body", models.JSONField(default=dict)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
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
                (
                    "visitor",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="visits",
                        to="leadbell.visitor",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="visit_due"
                    ),
                    models.Index(fields=["dealer", "-last_at"], name="visit_newest"),
                    models.Index(fields=["customer", "-last_at"], name="visit_of_customer"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("visitor", "began_at"), name="one_visit_at_a_time")
                ],
            },
        ),
        migrations.RunSQL(SIGHTED + _walls() + GRANTS, migrations.RunSQL.noop),
    ]

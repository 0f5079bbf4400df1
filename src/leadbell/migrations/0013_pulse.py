import django.db.models.deletion
from django.db import migrations, models

TENANT_TABLES = ("leadbell_sitepulse",)

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

PULSE = """
create function leadbell_beat(dealers bigint[], sites bigint[], minutes timestamptz[], parts text[], views bigint[])
    returns void language sql security definer set search_path = public, pg_temp as $$
insert into leadbell_sitepulse as p (dealer_id, site_id, minute, part, views)
select b.dealer, b.site, b.minute, b.part, b.views
from unnest(dealers, sites, minutes, parts, views) as b(dealer, site, minute, part, views)
join leadbell_site s on s.id = b.site and s.dealer_id = b.dealer
order by b.site, b.minute, b.part
on conflict (site_id, minute, part) do update set views = p.views + excluded.views
$$;

create function leadbell_forget_pulse() returns void language sql security definer
    set search_path = public, pg_temp as $$
delete from leadbell_sitepulse where minute < now() - interval '2 hours'
$$;

revoke execute on function leadbell_beat(bigint[], bigint[], timestamptz[], text[], bigint[]),
    leadbell_forget_pulse() from public;

alter table leadbell_sitepulse enable row level security;
"""

WALLS = f"""
create policy tenant on leadbell_sitepulse to leadbell_app using ({SEEN}) with check ({SEEN});
create policy clockwork on leadbell_sitepulse to leadbell_clockwork using (true) with check (true);
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select on leadbell_sitepulse to leadbell_app, leadbell_clockwork;
grant execute on function leadbell_beat(bigint[], bigint[], timestamptz[], text[], bigint[]),
    leadbell_forget_pulse() to leadbell_mouth;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0012_messages"),
    ]

    operations = [
        migrations.CreateModel(
            name="SitePulse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("minute", models.DateTimeField()),
                ("part", models.CharField(max_length=40)),
                ("views", models.BigIntegerField()),
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
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("site", "minute", "part"), name="one_pulse_a_minute")
                ],
            },
        ),
        migrations.RunSQL(PULSE + WALLS, migrations.RunSQL.noop),
    ]

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = ("leadbell_sitecar",)

#: A website has at most 5,000 cars here: whoever makes cars up can't fill the disk.
CARS = """
create function leadbell_cars_seen(dealers bigint[], sites bigint[], keys text[], stocks text[], makes text[],
    models text[], prices int[], pictures text[], ats timestamptz[])
    returns void language sql security definer set search_path = public, pg_temp as $$
insert into leadbell_sitecar as c (dealer_id, site_id, key, stock, make, model, price, picture, seen_at)
select n.dealer, n.site, n.key, n.stock, n.make, n.model, n.price, n.picture, n.at
from unnest(dealers, sites, keys, stocks, makes, models, prices, pictures, ats)
    as n(dealer, site, key, stock, make, model, price, picture, at)
join leadbell_site s on s.id = n.site and s.dealer_id = n.dealer
join (
    select id, (select count(*) from leadbell_sitecar o where o.site_id = of_them.id) as there
    from (select distinct unnest(sites) as id) of_them
) room on room.id = n.site
where room.there < 5000 or exists (select from leadbell_sitecar o where o.site_id = n.site and o.key = n.key)
order by n.site, n.key
on conflict (site_id, key) do update set stock = excluded.stock, make = excluded.make, model = excluded.model,
    price = coalesce(excluded.price, c.price), seen_at = greatest(c.seen_at, excluded.seen_at),
    picture = case when excluded.picture <> '' then excluded.picture else c.picture end
$$;

create function leadbell_forget_cars() returns void language sql security definer
    set search_path = public, pg_temp as $$
delete from leadbell_sitecar where seen_at < now() - interval '120 days'
$$;

revoke execute on function leadbell_cars_seen(bigint[], bigint[], text[], text[], text[], text[], int[], text[],
    timestamptz[]), leadbell_forget_cars() from public;

alter table leadbell_site alter picture_hosts set default '{}';
"""

WALLS = (
    walls(["leadbell_sitecar"])
    + """
grant select on leadbell_sitecar to leadbell_app, leadbell_clockwork;
grant execute on function leadbell_cars_seen(bigint[], bigint[], text[], text[], text[], text[], int[], text[],
    timestamptz[]), leadbell_forget_cars() to leadbell_mouth;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0028_leads_in_hands"),
    ]

    operations = [
        migrations.AddField(
            model_name="site",
            name="picture_hosts",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=280), blank=True, default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="SiteCar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=170)),
                ("stock", models.CharField(blank=True, max_length=80)),
                ("make", models.CharField(blank=True, max_length=80)),
                ("model", models.CharField(blank=True, max_length=80)),
                ("price", models.IntegerField(blank=True, null=True)),
                ("picture", models.CharField(blank=True, max_length=500)),
                ("seen_at", models.DateTimeField()),
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
                "indexes": [
                    models.Index(fields=["dealer", "key"], name="car_of_dealer"),
                    models.Index(fields=["site", "-seen_at"], name="car_last_seen"),
                ],
                "constraints": [models.UniqueConstraint(fields=("site", "key"), name="one_car_of_a_key")],
            },
        ),
        migrations.RunSQL(CARS + WALLS, migrations.RunSQL.noop),
    ]

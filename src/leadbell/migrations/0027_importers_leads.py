import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from leadbell.migrations._walls import MINE, walls

TENANT_TABLES = ("leadbell_agreement", "leadbell_offer", "leadbell_passing")

#: An agreement and an offer have two sides; what an importer received is its own.
WALLS = walls(
    ("leadbell_agreement", "leadbell_offer"), f"importer_id = {MINE} or dealer_id = {MINE}"
) + walls(("leadbell_passing",), f"importer_id = {MINE}")

#: Whom a dealer forgets, the importer who sent them forgets too.
FORGET = """
create function leadbell_passings_forget() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    update leadbell_passing set inquiry = null
    where inquiry is not null and lead in (select id from leadbell_lead where customer_id = new.id);
    return null;
end $$;
revoke execute on function leadbell_passings_forget() from public;
create trigger passings_forget after update of erased_at on leadbell_customer for each row
    when (old.erased_at is null and new.erased_at is not null) execute function leadbell_passings_forget();
"""

#: Screens choose and give back; only the clockwork gives.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_networkplan to leadbell_app;
grant select on leadbell_networkplan to leadbell_clockwork;
grant select, insert on leadbell_agreement to leadbell_app;
grant update (takes_leads, postcodes, latitude, longitude, share, most_a_day, shows_customers)
    on leadbell_agreement to leadbell_app;
grant select, insert, update on leadbell_agreement, leadbell_passing, leadbell_offer to leadbell_clockwork;
grant select on leadbell_passing, leadbell_offer to leadbell_app;
grant update (state, chosen, changed_at, closed_by, inquiry) on leadbell_passing to leadbell_app;
grant update (refused_at, note) on leadbell_offer to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0026_weekly_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name="NetworkPlan",
            fields=[
                (
                    "importer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="leadbell.organisation",
                    ),
                ),
                ("answer_minutes", models.SmallIntegerField(default=15)),
                ("most_dealers", models.SmallIntegerField(default=3)),
                ("places", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("takes_leads", models.BooleanField(default=True)),
                (
                    "postcodes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                ("latitude", models.FloatField(blank=True, null=True)),
                ("longitude", models.FloatField(blank=True, null=True)),
                ("share", models.IntegerField(default=1)),
                ("most_a_day", models.IntegerField(blank=True, null=True)),
                ("shows_customers", models.BooleanField(default=False)),
                ("given", models.BigIntegerField(default=0)),
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "importer",
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
            name="Passing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("envelope", models.UUIDField()),
                ("place", models.IntegerField()),
                ("source", models.BigIntegerField()),
                ("source_name", models.CharField(max_length=120)),
                ("origin", models.CharField(max_length=12)),
                ("sender_id", models.CharField(blank=True, default="", max_length=200)),
                ("inquiry", models.JSONField(null=True)),
                ("brand", models.CharField(blank=True, default="", max_length=60)),
                ("car", models.CharField(blank=True, default="", max_length=120)),
                ("received_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for a dealer"),
                            ("offered", "offered to a dealer"),
                            ("taken", "taken by a dealer"),
                            ("returned", "back at the importer"),
                            ("closed", "closed by the importer"),
                        ],
                        max_length=8,
                    ),
                ),
                ("because", models.JSONField(default=list)),
                ("chosen", models.BigIntegerField(null=True)),
                ("lead", models.BigIntegerField(null=True)),
                ("changed_at", models.DateTimeField()),
                ("closed_by", models.BigIntegerField(null=True)),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "importer",
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
            name="Offer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lead", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("until", models.DateTimeField()),
                ("because", models.JSONField(default=list)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "not answered yet"),
                            ("taken", "taken"),
                            ("expired", "not answered in time"),
                            ("refused", "given back"),
                        ],
                        default="",
                        max_length=7,
                    ),
                ),
                ("outcome_at", models.DateTimeField(null=True)),
                ("refused_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=300)),
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
                    "importer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "passing",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offers",
                        to="leadbell.passing",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="passing",
            index=models.Index(fields=["importer", "-received_at"], name="passing_newest"),
        ),
        migrations.AddIndex(
            model_name="passing",
            index=models.Index(
                condition=models.Q(("state", "waiting")), fields=["changed_at"], name="passing_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="passing",
            constraint=models.UniqueConstraint(fields=("envelope", "place"), name="one_passing_per_prospect"),
        ),
        migrations.AddConstraint(
            model_name="passing",
            constraint=models.UniqueConstraint(
                condition=models.Q(("sender_id", ""), _negated=True),
                fields=("source", "sender_id"),
                name="one_passing_per_sender_id",
            ),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(condition=models.Q(("outcome", "")), fields=["until"], name="offer_open"),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(fields=["lead"], name="offer_of_lead"),
        ),
        migrations.AddIndex(
            model_name="offer",
            index=models.Index(fields=["importer", "dealer", "-at"], name="offer_newest"),
        ),
        migrations.RunSQL(FORGET + WALLS + GRANTS, migrations.RunSQL.noop),
    ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = ("leadbell_dayplan", "leadbell_placement")

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"


def _walls() -> str:
    lines = []
    for table in TENANT_TABLES:
        lines += [
            f"alter table {table} enable row level security;",
            f"create policy tenant on {table} to leadbell_app using ({SEEN}) with check ({SEEN});",
            f"create policy clockwork on {table} to leadbell_clockwork using (true) with check (true);",
        ]
    return "\n".join(lines)


GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_dayplan to leadbell_app, leadbell_clockwork;
grant select, insert, update, delete on leadbell_placement to leadbell_app, leadbell_clockwork;
"""

#: Open leads that somebody has say by themselves, when looked at, whether the cadence comes next.
DECIDED_AFRESH = """
update leadbell_lead set wake_at = least(wake_at, now())
where closed_at is null and owner_id is not null and next_kind in ('call', 'write') and wake_at is not null;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0013_pulse"),
    ]

    operations = [
        migrations.AddField(
            model_name="lead",
            name="next_touch",
            field=models.SmallIntegerField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(
                condition=models.Q(("next_touch__isnull", False)),
                fields=["dealer", "next_at"],
                name="lead_in_cadence",
            ),
        ),
        migrations.CreateModel(
            name="DayPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("per_day", models.SmallIntegerField(blank=True, null=True)),
                (
                    "absent",
                    models.CharField(
                        choices=[
                            ("colleagues", "colleagues with room left make them"),
                            ("waits", "they wait for whose customer it is"),
                        ],
                        default="colleagues",
                        max_length=10,
                    ),
                ),
                ("look_at", models.DateTimeField()),
                ("day", models.DateField(blank=True, null=True)),
                ("made_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
            options={"db_table": "leadbell_dayplan"},
        ),
        migrations.CreateModel(
            name="Placement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("fits", models.BooleanField()),
                ("nth", models.IntegerField()),
                ("of", models.IntegerField()),
                ("because", models.JSONField(default=list)),
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
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"db_table": "leadbell_placement"},
        ),
        migrations.AddConstraint(
            model_name="placement",
            constraint=models.UniqueConstraint(fields=("lead", "day"), name="one_placement_per_day"),
        ),
        migrations.AddIndex(
            model_name="placement",
            index=models.Index(fields=["dealer", "day"], name="placement_of_day"),
        ),
        migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(DECIDED_AFRESH, migrations.RunSQL.noop),
    ]

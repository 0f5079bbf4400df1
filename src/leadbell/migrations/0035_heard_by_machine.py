import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = ("leadbell_heardbymachine",)

#: The process that works on sound keeps it; the web may set it aside, and change nothing of it.
WALLS = (
    walls(["leadbell_heardbymachine"])
    + """
grant select on leadbell_heardbymachine to leadbell_app;
grant update (set_aside_at, set_aside_by_id) on leadbell_heardbymachine to leadbell_app;
grant select, insert on leadbell_heardbymachine to leadbell_clockwork;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0034_rows_seen_at_once"),
    ]

    operations = [
        migrations.CreateModel(
            name="HeardByMachine",
            fields=[
                ("call", models.UUIDField(primary_key=True, serialize=False)),
                ("engine", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("sums", models.JSONField(blank=True, null=True)),
                ("set_aside_at", models.DateTimeField(blank=True, null=True)),
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
                    "set_aside_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["lead"], name="machine_of_lead")],
            },
        ),
        migrations.RunSQL(WALLS, migrations.RunSQL.noop),
    ]

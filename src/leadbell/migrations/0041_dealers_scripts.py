import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = ("leadbell_dealerscript",)

#: A version is never changed: answers name it.
GRANTS = """
grant select, insert on leadbell_dealerscript to leadbell_app;
grant select on leadbell_dealerscript to leadbell_clockwork;
grant usage on all sequences in schema public to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0040_transcripts"),
    ]

    operations = [
        migrations.CreateModel(
            name="DealerScript",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=12)),
                ("version", models.SmallIntegerField()),
                ("text", models.JSONField(blank=True, null=True)),
                ("made_at", models.DateTimeField()),
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
                    "made_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dealer", "name", "version"), name="one_script_per_version"
                    )
                ],
            },
        ),
        migrations.RunSQL(walls(TENANT_TABLES) + GRANTS, migrations.RunSQL.noop),
    ]

import django.db.models.deletion
from django.db import migrations, models

TENANT_TABLES = ("leadbell_caughtforms", "leadbell_settledgap")

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
grant select, insert, update on leadbell_caughtforms to leadbell_app;
grant select, insert on leadbell_settledgap to leadbell_app;
grant select on leadbell_caughtforms, leadbell_settledgap to leadbell_clockwork;
grant select on leadbell_caughtforms to leadbell_mouth;
create policy mouth_forms on leadbell_caughtforms for select to leadbell_mouth using (true);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0018_chats"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="way",
            field=models.CharField(blank=True, db_default="", default="", max_length=4),
        ),
        migrations.CreateModel(
            name="CaughtForms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("site", models.BigIntegerField(unique=True)),
                ("is_on", models.BooleanField(default=False)),
                ("selector", models.CharField(blank=True, default="", max_length=200)),
                ("fields", models.JSONField(blank=True, default=dict)),
                ("changed_at", models.DateTimeField()),
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
                    "source",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.source",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SettledGap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("missing", models.CharField(max_length=4)),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("known", "known: it is in the CRM"),
                            ("sent_on", "sent on by hand"),
                            ("false_alarm", "no lead at all"),
                        ],
                        max_length=11,
                    ),
                ),
                ("by", models.BigIntegerField()),
                ("at", models.DateTimeField()),
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
                "constraints": [models.UniqueConstraint(fields=("lead", "missing"), name="one_word_per_gap")],
            },
        ),
        migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop),
    ]

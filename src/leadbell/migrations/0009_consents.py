import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = ("leadbell_consent",)

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


#: What a customer said stays as it was said.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert on leadbell_consent to leadbell_app, leadbell_clockwork;
revoke update, delete on leadbell_consent from leadbell_app, leadbell_clockwork;
"""

#: Whoever opted out before there was a table for it said so too; what proves it is the lead's story.
KEPT = """
insert into leadbell_consent (customer_id, dealer_id, kind, given, at, by_id, origin, proof)
select c.id, c.dealer_id, 'contact', false, c.opted_out_at, f.by, coalesce(l.origin, 'online'),
    jsonb_strip_nulls(jsonb_build_object('words', '', 'channel', 'story', 'lead', l.id))
from leadbell_customer c
left join lateral (
    select l.id, l.origin from leadbell_lead l join leadbell_fact f on f.lead_id = l.id and f.kind = 'opted_out'
    where l.customer_id = c.id order by f.id desc limit 1
) l on true
left join lateral (
    select p.id as by from leadbell_fact f join leadbell_person p on p.id = f.by
    where f.lead_id = l.id and f.kind = 'opted_out' order by f.id desc limit 1
) f on true
where c.opted_out_at is not null;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0008_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="no_marketing_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("contact", "being contacted"),
                            ("marketing", "marketing"),
                            ("recording", "recording of calls"),
                        ],
                        max_length=9,
                    ),
                ),
                ("given", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("origin", models.CharField(max_length=12)),
                ("proof", models.JSONField()),
                (
                    "by",
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
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
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
            ],
        ),
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(fields=["customer", "kind", "-id"], name="consent_newest"),
        ),
        migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(KEPT, migrations.RunSQL.noop),
    ]

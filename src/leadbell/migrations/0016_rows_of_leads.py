"""One row per lead for the figures, and which leads have changed since. Both are kept by `metrics.rows.keeping`."""

import django.db.models.deletion
from django.db import migrations, models

TENANT_TABLES = ("leadbell_leadrow", "leadbell_leadchange")

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

#: The columns of metrics/lead_facts.sql.
ROWS = """
alter table leadbell_leadrow
    add ref text, add dealer text, add salesperson text, add origin text, add source text, add campaign text, add channel text, add brand text,
    add set_aside text, add received_ms bigint, add received_on integer, add in_hours boolean, add somebody_free boolean,
    add opened_ms bigint, add quoted_ms bigint, add booked_ms bigint, add confirmed_ms bigint, add shown_ms bigint,
    add handed_over_ms bigint, add dropped boolean, add sold_ms bigint, add sold_on integer, add sold_weekday integer,
    add lost_ms bigint, add lost_reason text, add ended_ms bigint, add cost_cents bigint, add margin_cents bigint, add active boolean,
    add rings boolean, add forwarded boolean, add by_phone boolean, add no_shows integer, add first_attempt_ms bigint,
    add first_contact integer, add attempts bigint, add conversations bigint, add reviewed bigint, add opportunities bigint,
    add appointments_of_opportunities bigint, add appointments_of_reviewed bigint, add hands bigint,
    add automated_touches bigint, add human_messages bigint, add human_calls bigint, add calls_answered bigint,
    add touches_answered bigint, add first_touch_ms bigint, add first_email_ms bigint, add last_in_ms bigint,
    add last_email_in_ms bigint, add last_seen_ms bigint, add response_ms bigint, add response_open_ms bigint, add connect_ms bigint,
    add connect_open_ms bigint, add talk_ms bigint, add sale_ms bigint, add odd_response integer, add odd_connect integer,
    add odd_talk integer, add odd_sale integer, add lost_7_ms bigint, add lost_14_ms bigint, add lost_21_ms bigint;
create index leadrow_by_day on leadbell_leadrow (dealer_id, received_on);
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


GRANTS = """
grant select on leadbell_leadrow to leadbell_app;
grant insert on leadbell_leadchange to leadbell_app;
grant select, insert, update on leadbell_leadrow to leadbell_clockwork;
grant select, insert, delete on leadbell_leadchange to leadbell_clockwork;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0015_phones_in_browsers"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadRow",
            fields=[
                ("lead", models.BigIntegerField(primary_key=True, serialize=False)),
                ("made_with", models.TextField()),
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
            name="LeadChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("lead_id", models.BigIntegerField()),
                (
                    "dealer",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(ROWS + _walls() + GRANTS, migrations.RunSQL.noop),
    ]

"""When a customer was last written to and answered by text message and in a chat, and how many messages went out."""

from django.db import migrations

#: Columns of metrics/lead_facts.sql; the rows are made again, being of another version.
ADDED = """
alter table leadbell_leadrow
    add emails bigint, add texts bigint, add chat_lines bigint, add first_text_ms bigint, add last_text_in_ms bigint,
    add first_line_ms bigint, add last_line_in_ms bigint;
"""
TAKEN_AWAY = """
alter table leadbell_leadrow
    drop emails, drop texts, drop chat_lines, drop first_text_ms, drop last_text_in_ms, drop first_line_ms,
    drop last_line_in_ms;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0037_dms_told"),
    ]

    operations = [migrations.RunSQL(ADDED, TAKEN_AWAY)]

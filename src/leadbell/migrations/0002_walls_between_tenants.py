"""Row-level security and grants: what each database role may do (see ARCHITECTURE.md).

`app.dealers` holds the dealers a transaction may see, as '{1,2}'; unset or empty means no rows.
"""

from django.db import migrations

#: Every table with a dealer's data. A new one belongs here: a test compares it with the models.
TENANT_TABLES = (
    "leadbell_customer", "leadbell_handle", "leadbell_lead", "leadbell_fact", "leadbell_source", "leadbell_envelope",
    "leadbell_inquiry", "leadbell_appointment", "leadbell_playbook",
)  # fmt: skip

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
revoke all on all tables in schema public from public;
grant usage on schema public to leadbell_app, leadbell_clockwork, leadbell_mouth;
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;

grant select, insert, update, delete on all tables in schema public to leadbell_app;
revoke insert, update, delete on django_migrations from leadbell_app;
revoke update, delete on leadbell_fact, leadbell_inquiry from leadbell_app;
revoke delete on leadbell_lead, leadbell_customer, leadbell_handle, leadbell_source, leadbell_envelope,
    leadbell_appointment, leadbell_organisation, leadbell_person from leadbell_app;

grant select on all tables in schema public to leadbell_clockwork;
revoke select on django_session from leadbell_clockwork;
grant insert, update on leadbell_customer, leadbell_handle, leadbell_lead, leadbell_appointment to leadbell_clockwork;
grant insert on leadbell_fact, leadbell_inquiry to leadbell_clockwork;
grant update on leadbell_envelope to leadbell_clockwork;

grant select on leadbell_source, leadbell_organisation to leadbell_mouth;
grant select, insert on leadbell_envelope to leadbell_mouth;
create policy mouth_keys on leadbell_source for select to leadbell_mouth using (true);
create policy mouth_again on leadbell_envelope for select to leadbell_mouth using (true);
create policy mouth on leadbell_envelope for insert to leadbell_mouth with check (status in ('accepted', 'quarantined'));
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0001_first_house"),
        ("sessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("account", "0009_emailaddress_unique_primary_email"),
    ]
    operations = [migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop)]

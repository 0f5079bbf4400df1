"""Which dealers' rows a transaction may see is read once per question, not once per row.

A setting in a policy is asked and parsed for each row of a scan; in a query of its own it is asked once. The rows of
leads are what is read by hundreds of thousands.
"""

from django.db import migrations

ONCE = """
alter policy tenant on leadbell_leadrow
    using (dealer_id = any ((select nullif(current_setting('app.dealers', true), '')::bigint[])::bigint[]))
    with check (dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[]));
"""


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0033_chats_answered_in")]

    operations = [migrations.RunSQL(ONCE, migrations.RunSQL.noop)]

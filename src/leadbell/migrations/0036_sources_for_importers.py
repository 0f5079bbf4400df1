from django.db import migrations

#: At a dealer an importer's leads have a source that bears the importer's name; the clockwork opens it.
GRANTS = """
grant insert on leadbell_source to leadbell_clockwork;
grant usage on all sequences in schema public to leadbell_clockwork;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0035_heard_by_machine"),
    ]

    operations = [migrations.RunSQL(GRANTS, migrations.RunSQL.noop)]

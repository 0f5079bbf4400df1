from django.db import migrations


class Migration(migrations.Migration):
    """What is known of an answer once it is read is written down, so that it can be erased with its customer."""

    dependencies = [
        ("leadbell", "0021_customers_deleted"),
    ]

    operations = [
        migrations.RunSQL(
            "grant update (lead) on leadbell_incoming to leadbell_clockwork",
            "revoke update (lead) on leadbell_incoming from leadbell_clockwork",
        ),
    ]

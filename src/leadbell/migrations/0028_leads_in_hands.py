from django.db import migrations


class Migration(migrations.Migration):
    """Leads between BDC and salesperson, and customers who didn't come, are found without reading all open leads."""

    dependencies = [
        ("leadbell", "0027_importers_leads"),
    ]

    operations = [
        migrations.RunSQL(
            "create index lead_in_hands on leadbell_lead (dealer_id) where closed_at is null"
            " and standing ?| array['contract', 'taken_over_at', 'missed_at']",
            "drop index lead_in_hands",
        ),
        migrations.RunSQL(
            "alter table leadbell_leadrow add bdc_agent text, add received_by text",
            "alter table leadbell_leadrow drop bdc_agent, drop received_by",
        ),
    ]

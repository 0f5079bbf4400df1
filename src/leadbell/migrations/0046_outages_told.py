from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0045_handles_by_value"),
    ]

    operations = [
        migrations.AddField(
            model_name="dmsreceiver",
            name="mails",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="dmsreceiver",
            name="outage_told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

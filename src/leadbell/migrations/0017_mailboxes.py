from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0016_rows_of_leads"),
    ]

    operations = [
        migrations.AddField(
            model_name="messagesetup",
            name="imap_looked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

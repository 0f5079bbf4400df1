from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0015_phones_in_browsers"),
    ]

    operations = [
        migrations.AddField(
            model_name="messagesetup",
            name="imap_looked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0029_cars_seen"),
    ]

    operations = [
        migrations.AddField(
            model_name="busycalendar",
            name="left_out",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="diary",
            name="on",
            field=models.BooleanField(default=True),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0014_days_planned")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="in_browser",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="person",
            name="browser_open_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

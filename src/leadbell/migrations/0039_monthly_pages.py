"""The monthly page by e-mail: who wants it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0038_answers_by_channel")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="monthly_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

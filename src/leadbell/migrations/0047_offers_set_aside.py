from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0046_outages_told"),
    ]

    operations = [
        migrations.AddField(
            model_name="offer",
            name="again_at",
            field=models.DateTimeField(null=True),
        ),
    ]

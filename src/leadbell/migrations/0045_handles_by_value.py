from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0044_dms_log"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="handle",
            name="one_customer_per_handle",
        ),
        migrations.AddConstraint(
            model_name="handle",
            constraint=models.UniqueConstraint(
                fields=("value", "kind", "dealer"), name="one_customer_per_handle"
            ),
        ),
    ]

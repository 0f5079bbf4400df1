from django.db import migrations, models
from django.db.models.functions import Lower

LAST_WORD = models.Func("full_name", models.Value(" "), models.Value(-1), function="split_part")


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0004_leads_that_ring")]
    operations = [
        migrations.AddField(
            model_name="customer",
            name="sought_name",
            field=models.GeneratedField(
                db_persist=True,
                expression=Lower("full_name"),
                output_field=models.TextField(db_collation="C"),
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="sought_word",
            field=models.GeneratedField(
                db_persist=True, expression=Lower(LAST_WORD), output_field=models.TextField(db_collation="C")
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["dealer", "sought_name"], name="customer_by_name"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["dealer", "sought_word"], name="customer_by_last_word"),
        ),
    ]

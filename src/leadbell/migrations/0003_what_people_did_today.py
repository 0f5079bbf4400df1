from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0002_walls_between_tenants")]
    operations = [
        migrations.AddIndex(
            model_name="fact",
            index=models.Index(
                condition=models.Q(("by__isnull", False)), fields=["dealer", "at"], name="fact_by_people"
            ),
        ),
    ]

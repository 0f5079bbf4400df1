from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0019_ways_compared"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="way",
            field=models.CharField(choices=[("out", "Out"), ("in", "In"), ("ask", "Ask")], max_length=3),
        ),
    ]

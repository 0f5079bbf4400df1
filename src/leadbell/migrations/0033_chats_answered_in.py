from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0032_videos"),
    ]

    operations = [
        migrations.RunSQL(
            "alter table leadbell_leadrow add chat_response_ms bigint",
            "alter table leadbell_leadrow drop chat_response_ms",
        ),
    ]

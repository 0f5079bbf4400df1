import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = ("leadbell_video",)

WALLS = (
    walls(["leadbell_video"])
    + """
grant select, insert, update on leadbell_video to leadbell_app;
grant select, update on leadbell_video to leadbell_clockwork;
"""
)


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0031_chats_merged"),
    ]

    operations = [
        migrations.CreateModel(
            name="Video",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[("coming", "being uploaded"), ("kept", "saved"), ("deleted", "deleted")],
                        default="coming",
                        max_length=7,
                    ),
                ),
                ("kind", models.CharField(blank=True, default="", max_length=4)),
                (
                    "sizes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), default=list, size=None
                    ),
                ),
                ("length_ms", models.IntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("delete_at", models.DateTimeField(null=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("watched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "lead",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="videos", to="leadbell.lead"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("delete_at__isnull", False)),
                        fields=["delete_at"],
                        name="video_due",
                    )
                ],
            },
        ),
        migrations.RunSQL(WALLS, migrations.RunSQL.noop),
    ]

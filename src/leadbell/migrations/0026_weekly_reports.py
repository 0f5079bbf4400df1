"""The weekly report by e-mail: who wants it, and letters to our own people."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: Letters belong to a person, not to a dealer, and hold no customer: the web may only see what became of them.
GRANTS = """
grant select, insert, update, delete on leadbell_staffmail to leadbell_clockwork;
grant usage on sequence leadbell_staffmail_id_seq to leadbell_clockwork;
grant select (id, person_id, key, status, created_at, settled_at, because) on leadbell_staffmail to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0025_free_and_busy")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="weekly_from",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="StaffMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=40)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "waiting to be sent"),
                            ("sending", "being sent"),
                            ("sent", "sent"),
                            ("delivered", "delivered"),
                            ("failed", "not sent"),
                            ("bounced", "came back"),
                            ("unsure", "perhaps sent"),
                            ("received", "received"),
                        ],
                        max_length=9,
                    ),
                ),
                ("address", models.CharField(max_length=254)),
                ("subject", models.CharField(max_length=250)),
                ("text", models.TextField()),
                ("html", models.TextField()),
                ("opt_out_url", models.CharField(max_length=300)),
                ("message_id", models.CharField(max_length=300)),
                ("created_at", models.DateTimeField()),
                ("send_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.SmallIntegerField(default=0)),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("because", models.JSONField(blank=True, null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "queued")), fields=["send_at"], name="staff_mail_due"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "key"), name="one_staff_mail_per_key")
                ],
            },
        ),
        migrations.RunSQL(GRANTS, migrations.RunSQL.noop),
    ]

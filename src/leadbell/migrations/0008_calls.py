import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = (
    "leadbell_phoneline", "leadbell_phonerules", "leadbell_trackingnumber", "leadbell_call", "leadbell_recording",
    "leadbell_playback",
)  # fmt: skip

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"


def _walls() -> str:
    lines = []
    for table in TENANT_TABLES:
        lines += [
            f"alter table {table} enable row level security;",
            f"create policy tenant on {table} to leadbell_app using ({SEEN}) with check ({SEEN});",
            f"create policy clockwork on {table} to leadbell_clockwork using (true) with check (true);",
        ]
    return "\n".join(lines)


#: The switchboard has the clockwork's rights. What was called and listened to stays on record.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_call, leadbell_recording, leadbell_phoneline, leadbell_phonerules,
    leadbell_trackingnumber to leadbell_app;
grant select, insert on leadbell_playback to leadbell_app;
grant select, insert, update on leadbell_call, leadbell_recording to leadbell_clockwork;
grant select, update on leadbell_phoneline to leadbell_clockwork;
grant select on leadbell_phonerules, leadbell_trackingnumber, leadbell_playback to leadbell_clockwork;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0007_fewer_indexes_to_write"),
    ]

    operations = [
        migrations.AddField(
            model_name="person",
            name="extension",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="at the dealer's exchange", max_length=40
            ),
        ),
        migrations.CreateModel(
            name="Call",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("lead", "new lead"),
                            ("outbound", "from the screen"),
                            ("inbound", "customer called"),
                            ("test", "test"),
                        ],
                        max_length=8,
                    ),
                ),
                ("line", models.CharField(max_length=10)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("wanted", "about to ring"),
                            ("ringing", "ringing"),
                            ("dialling", "connecting the customer"),
                            ("connected", "talking"),
                            ("over", "over"),
                        ],
                        default="wanted",
                        max_length=9,
                    ),
                ),
                (
                    "people",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, size=None
                    ),
                ),
                ("ring_s", models.SmallIntegerField()),
                ("number", models.CharField(blank=True, default="", max_length=20)),
                ("leg", models.CharField(blank=True, default="", max_length=100)),
                ("attempt", models.CharField(blank=True, default="", max_length=80)),
                ("asked_at", models.DateTimeField()),
                ("placed_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("dialled_at", models.DateTimeField(blank=True, null=True)),
                ("connected_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("talk_ms", models.IntegerField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, default="", max_length=14)),
                ("because", models.JSONField(blank=True, null=True)),
                ("steps", models.JSONField(default=list)),
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
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="leadbell.lead",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PhoneLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("asterisk", "Asterisk"),
                            ("twilio", "Twilio"),
                            ("sip", "SIP trunk (experimental)"),
                        ],
                        max_length=10,
                    ),
                ),
                ("place", models.SmallIntegerField(default=1)),
                ("enabled", models.BooleanField(default=True)),
                ("caller_id", models.CharField(blank=True, default="", max_length=20)),
                ("trunk", models.CharField(blank=True, default="", max_length=60)),
                ("down_since", models.DateTimeField(blank=True, null=True)),
                ("down_because", models.JSONField(blank=True, null=True)),
                ("seen_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PhoneRules",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "recording",
                    models.CharField(
                        choices=[
                            ("off", "not recorded"),
                            ("announced", "recorded, and both are told"),
                            ("silent", "recorded without saying so"),
                        ],
                        default="off",
                        max_length=10,
                    ),
                ),
                ("keep_days", models.SmallIntegerField(default=90)),
                (
                    "countries",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2), blank=True, default=list, size=None
                    ),
                ),
                ("prompts", models.JSONField(blank=True, default=dict)),
                ("quiet_from", models.SmallIntegerField(default=1260)),
                ("quiet_until", models.SmallIntegerField(default=480)),
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Recording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("wanted", "being saved"),
                            ("kept", "saved"),
                            ("missing", "missing"),
                            ("deleted", "deleted"),
                        ],
                        default="wanted",
                        max_length=8,
                    ),
                ),
                ("stored_as", models.CharField(blank=True, default="", max_length=120)),
                ("length_ms", models.IntegerField(blank=True, null=True)),
                ("bytes", models.BigIntegerField(blank=True, null=True)),
                ("waveform", models.JSONField(blank=True, null=True)),
                ("gaps", models.JSONField(default=list)),
                ("because", models.JSONField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("delete_at", models.DateTimeField(blank=True, null=True)),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recording",
                        to="leadbell.call",
                    ),
                ),
                (
                    "dealer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Playback",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "dealer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "recording",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="playbacks",
                        to="leadbell.recording",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TrackingNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(help_text="E.164", max_length=20, unique=True)),
                ("source", models.BigIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dealer",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["dealer", "-asked_at"], name="call_newest"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["lead", "-asked_at"], name="call_of_lead"),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("status", "over"), _negated=True),
                fields=["dealer"],
                name="call_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="phoneline",
            constraint=models.UniqueConstraint(fields=("dealer", "kind"), name="one_line_of_a_kind"),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("delete_at__isnull", False)), fields=["delete_at"], name="recording_due"
            ),
        ),
        migrations.AddIndex(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("status", "wanted")), fields=["created_at"], name="recording_wanted"
            ),
        ),
        migrations.AddIndex(
            model_name="trackingnumber",
            index=models.Index(fields=["dealer"], name="tracking_number_of"),
        ),
        migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop),
    ]

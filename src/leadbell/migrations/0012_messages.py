import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = (
    "leadbell_messagesetup", "leadbell_messagesecret", "leadbell_message", "leadbell_incoming",
    "leadbell_messagetemplate", "leadbell_signature", "leadbell_deadaddress",
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


#: Who wrote a message, and what, nobody may change afterwards; the web never reads a password.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert on leadbell_message to leadbell_app, leadbell_clockwork;
grant update (status, provider_id, send_at, tries, tried_at, sent_at, settled_at, because)
    on leadbell_message to leadbell_clockwork;
grant select, insert, update on leadbell_messagesetup to leadbell_app;
grant select, update on leadbell_messagesetup to leadbell_clockwork;
grant select (dealer_id), insert, update (password, imap_password) on leadbell_messagesecret to leadbell_app;
grant select on leadbell_messagesecret to leadbell_clockwork;
grant select, insert, update, delete on leadbell_messagetemplate, leadbell_signature to leadbell_app;
grant select on leadbell_messagetemplate, leadbell_signature to leadbell_clockwork;
grant select, delete on leadbell_deadaddress to leadbell_app;
grant select, insert, update, delete on leadbell_deadaddress to leadbell_clockwork;
grant select, insert on leadbell_incoming to leadbell_app;
grant select, insert, update (status, because) on leadbell_incoming to leadbell_clockwork;
grant insert (dealer_id, carrier, kind, key, lead, body, received_at) on leadbell_incoming to leadbell_mouth;
grant usage on sequence leadbell_incoming_id_seq to leadbell_mouth;
create policy mouth on leadbell_incoming for insert to leadbell_mouth with check (true);

create function leadbell_dealer_of_texts(called text) returns bigint language sql stable security definer
    set search_path = public, pg_temp
    as $$ select dealer_id from leadbell_messagesetup where sms_number = called and called <> '' $$;
revoke execute on function leadbell_dealer_of_texts(text) from public;
grant execute on function leadbell_dealer_of_texts(text) to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0011_unlost"),
    ]

    operations = [
        migrations.CreateModel(
            name="MessageSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(blank=True, default="", max_length=200)),
                ("imap_password", models.CharField(blank=True, default="", max_length=200)),
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
            name="Signature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=500)),
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
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DeadAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "carrier",
                    models.CharField(choices=[("email", "e-mail"), ("sms", "text message")], max_length=5),
                ),
                ("address", models.CharField(max_length=320)),
                ("since", models.DateTimeField()),
                ("because", models.JSONField(blank=True, null=True)),
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
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("dealer", "carrier", "address"), name="one_dead_address")
                ],
            },
        ),
        migrations.CreateModel(
            name="Incoming",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "carrier",
                    models.CharField(choices=[("email", "e-mail"), ("sms", "text message")], max_length=5),
                ),
                ("kind", models.CharField(max_length=6)),
                ("key", models.CharField(max_length=200)),
                ("lead", models.BigIntegerField(blank=True, null=True)),
                ("body", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[("unread", "unread"), ("read", "read"), ("aside", "nobody’s answer")],
                        db_default="unread",
                        default="unread",
                        max_length=6,
                    ),
                ),
                ("because", models.JSONField(blank=True, null=True)),
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
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "unread")),
                        fields=["received_at"],
                        name="incoming_unread",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("dealer", "carrier", "key"), name="one_incoming_per_key")
                ],
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("way", models.CharField(choices=[("out", "Out"), ("in", "In")], max_length=3)),
                (
                    "carrier",
                    models.CharField(choices=[("email", "e-mail"), ("sms", "text message")], max_length=5),
                ),
                ("key", models.CharField(max_length=64)),
                ("automation", models.CharField(blank=True, default="", max_length=20)),
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
                ("address", models.CharField(max_length=320)),
                ("subject", models.CharField(blank=True, default="", max_length=250)),
                ("text", models.TextField()),
                ("calendar", models.TextField(blank=True, default="")),
                (
                    "files",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120), blank=True, default=list, size=None
                    ),
                ),
                ("language", models.CharField(blank=True, default="", max_length=5)),
                ("message_id", models.CharField(blank=True, default="", max_length=300)),
                ("references", models.TextField(blank=True, default="")),
                ("provider_id", models.CharField(blank=True, default="", max_length=100)),
                ("created_at", models.DateTimeField()),
                ("send_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.SmallIntegerField(default=0)),
                ("tried_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("because", models.JSONField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="leadbell.lead",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["lead", "created_at"], name="message_of_lead"),
                    models.Index(
                        condition=models.Q(("status", "queued")), fields=["send_at"], name="message_due"
                    ),
                    models.Index(
                        condition=models.Q(("status", "sending")), fields=["id"], name="message_under_way"
                    ),
                    models.Index(
                        condition=models.Q(("message_id", ""), _negated=True),
                        fields=["dealer", "message_id"],
                        name="message_by_its_id",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("lead", "key"), name="one_message_per_key")],
            },
        ),
        migrations.CreateModel(
            name="MessageSetup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("mail_on", models.BooleanField(default=False)),
                ("sender", models.CharField(blank=True, default="", max_length=254)),
                ("host", models.CharField(blank=True, default="", max_length=253)),
                ("port", models.IntegerField(default=587)),
                (
                    "security",
                    models.CharField(
                        choices=[
                            ("starttls", "STARTTLS"),
                            ("tls", "TLS from the first byte"),
                            ("none", "not encrypted (a server on this machine only)"),
                        ],
                        default="starttls",
                        max_length=8,
                    ),
                ),
                ("login", models.CharField(blank=True, default="", max_length=254)),
                (
                    "replies",
                    models.CharField(
                        choices=[
                            ("mailbox", "to our mailbox, which is read by IMAP"),
                            ("ours", "straight to Leadbell’s own mail address"),
                            ("unseen", "to our mailbox, and Leadbell doesn’t see them"),
                        ],
                        default="unseen",
                        max_length=7,
                    ),
                ),
                ("bounces_here", models.BooleanField(default=False)),
                ("imap_host", models.CharField(blank=True, default="", max_length=253)),
                ("imap_port", models.IntegerField(default=993)),
                (
                    "imap_security",
                    models.CharField(
                        choices=[
                            ("starttls", "STARTTLS"),
                            ("tls", "TLS from the first byte"),
                            ("none", "not encrypted (a server on this machine only)"),
                        ],
                        default="tls",
                        max_length=8,
                    ),
                ),
                ("imap_login", models.CharField(blank=True, default="", max_length=254)),
                ("imap_validity", models.BigIntegerField(default=0)),
                ("imap_uid", models.BigIntegerField(default=0)),
                ("imap_at", models.DateTimeField(blank=True, null=True)),
                ("imap_because", models.JSONField(blank=True, null=True)),
                ("mail_at", models.DateTimeField(blank=True, null=True)),
                ("mail_because", models.JSONField(blank=True, null=True)),
                ("test_to", models.CharField(blank=True, default="", max_length=254)),
                ("test_at", models.DateTimeField(blank=True, null=True)),
                ("test_status", models.CharField(blank=True, default="", max_length=6)),
                ("test_because", models.JSONField(blank=True, null=True)),
                ("sms_number", models.CharField(blank=True, default="", max_length=20)),
                (
                    "automations",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list, size=None
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.organisation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("sms_number", ""), _negated=True),
                        fields=("sms_number",),
                        name="one_dealer_per_sms_number",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=20)),
                (
                    "carrier",
                    models.CharField(choices=[("email", "e-mail"), ("sms", "text message")], max_length=5),
                ),
                ("language", models.CharField(max_length=5)),
                ("subject", models.CharField(blank=True, default="", max_length=250)),
                ("text", models.TextField()),
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
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dealer", "name", "carrier", "language"), name="one_template_of_a_name"
                    )
                ],
            },
        ),
        migrations.RunSQL(_walls() + GRANTS, migrations.RunSQL.noop),
    ]

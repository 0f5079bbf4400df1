import django.db.models.deletion
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = (
    "leadbell_dmsreceiver", "leadbell_dmsplace", "leadbell_dmskey", "leadbell_dmsdelivery", "leadbell_dmstry",
)  # fmt: skip

#: Where a system lies, its password and what we sign with can be written on the screens, and never read there.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update, delete on leadbell_dmsreceiver to leadbell_app;
grant select (id, receiver_id, dealer_id), insert, delete on leadbell_dmsplace to leadbell_app;
grant select (id, receiver_id, dealer_id, made_at, until), insert, update (until), delete on leadbell_dmskey
    to leadbell_app;
grant select, insert, delete on leadbell_dmsdelivery to leadbell_app;
grant update (status, next_at, tries, first_tried_at, settled_at) on leadbell_dmsdelivery to leadbell_app;
grant select, delete on leadbell_dmstry to leadbell_app;
grant select, update on leadbell_dmsreceiver to leadbell_clockwork;
grant select on leadbell_dmsplace, leadbell_dmskey to leadbell_clockwork;
grant select, update, delete on leadbell_dmsdelivery to leadbell_clockwork;
grant select, insert, delete on leadbell_dmstry to leadbell_clockwork;
"""

#: An event is written with the fact it tells of: whoever is killed, both are there or none.
TELL = """
create function leadbell_dms_tell() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    insert into leadbell_dmsdelivery (dealer_id, receiver_id, lead_id, fact, event, number, at, next_at)
    select new.dealer_id, r.id, new.lead_id, new.id, r.kinds ->> new.kind, gen_random_uuid(), new.at, new.at
    from leadbell_dmsreceiver r where r.dealer_id = new.dealer_id and r.kinds ? new.kind;
    if found then
        perform pg_notify('leadbell_messenger', '');
    end if;
    return null;
end $$;
revoke execute on function leadbell_dms_tell() from public;
create trigger dms_tell after insert on leadbell_fact for each row execute function leadbell_dms_tell();
"""

#: Whom the dealer deletes, the log forgets; the systems that know them are asked to.
FORGET = """
create function leadbell_dms_forget() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    update leadbell_dmstry t set answer = '' from leadbell_dmsdelivery d
        where d.id = t.delivery_id and d.lead_id in (select id from leadbell_lead where customer_id = new.id);
    update leadbell_dmsdelivery set body = null
        where body is not null and lead_id in (select id from leadbell_lead where customer_id = new.id);
    insert into leadbell_dmsdelivery (dealer_id, receiver_id, lead_id, event, number, at, next_at)
    select l.dealer_id, r.id, l.id, r.kinds ->> 'deleted', gen_random_uuid(), new.erased_at, new.erased_at
    from leadbell_lead l join leadbell_dmsreceiver r on r.dealer_id = l.dealer_id and r.kinds ? 'deleted'
    where l.customer_id = new.id;
    if found then
        perform pg_notify('leadbell_messenger', '');
    end if;
    return null;
end $$;
revoke execute on function leadbell_dms_forget() from public;
create trigger dms_forget after update of erased_at on leadbell_customer for each row
    when (old.erased_at is null and new.erased_at is not null) execute function leadbell_dms_forget();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0036_sources_for_importers"),
    ]

    operations = [
        migrations.CreateModel(
            name="DmsReceiver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=80)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("webhook", "webhook"),
                            ("adf_http", "ADF by HTTP"),
                            ("adf_mail", "ADF by e-mail"),
                        ],
                        max_length=8,
                    ),
                ),
                ("host", models.CharField(max_length=253)),
                ("kinds", models.JSONField(default=dict)),
                ("paused_at", models.DateTimeField(blank=True, null=True)),
                ("paused_because", models.JSONField(blank=True, null=True)),
                ("failures", models.IntegerField(default=0)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("because", models.JSONField(blank=True, null=True)),
                ("rest_until", models.DateTimeField(blank=True, null=True)),
                ("last_taken_at", models.DateTimeField(blank=True, null=True)),
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
            name="DmsPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=2000)),
                ("login", models.CharField(blank=True, default="", max_length=254)),
                ("password", models.CharField(blank=True, default="", max_length=500)),
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
                    "receiver",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="place",
                        to="leadbell.dmsreceiver",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DmsKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("secret", models.CharField(max_length=120)),
                ("made_at", models.DateTimeField()),
                ("until", models.DateTimeField(blank=True, null=True)),
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
                    "receiver",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="leadbell.dmsreceiver",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DmsDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fact", models.BigIntegerField(blank=True, null=True)),
                ("event", models.CharField(max_length=24)),
                ("number", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("body", models.TextField(blank=True, null=True)),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "on its way"), ("taken", "taken"), ("failed", "given up")],
                        db_default="waiting",
                        default="waiting",
                        max_length=7,
                    ),
                ),
                ("tries", models.IntegerField(db_default=0, default=0)),
                ("first_tried_at", models.DateTimeField(blank=True, null=True)),
                ("next_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
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
                        related_name="+",
                        to="leadbell.lead",
                    ),
                ),
                (
                    "receiver",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="leadbell.dmsreceiver",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DmsTry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("took_ms", models.IntegerField()),
                ("code", models.SmallIntegerField(blank=True, null=True)),
                ("because", models.JSONField(blank=True, null=True)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
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
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="leadbell.dmsdelivery",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="dmsreceiver",
            index=models.Index(fields=["dealer"], name="dms_receiver_of"),
        ),
        migrations.AddIndex(
            model_name="dmsdelivery",
            index=models.Index(
                condition=models.Q(("status", "waiting")),
                fields=["receiver", "at", "id"],
                name="dms_delivery_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="dmsdelivery",
            index=models.Index(fields=["receiver", "-id"], name="dms_delivery_newest"),
        ),
        migrations.AddIndex(
            model_name="dmsdelivery",
            index=models.Index(fields=["lead"], name="dms_delivery_of_lead"),
        ),
        migrations.AddIndex(
            model_name="dmsdelivery",
            index=models.Index(
                condition=models.Q(("settled_at__isnull", False)),
                fields=["settled_at"],
                name="dms_delivery_old",
            ),
        ),
        migrations.AddConstraint(
            model_name="dmsdelivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("fact__isnull", False)),
                fields=("receiver", "fact"),
                name="one_delivery_per_fact",
            ),
        ),
        migrations.RunSQL(walls(TENANT_TABLES) + GRANTS + TELL + FORGET, migrations.RunSQL.noop),
    ]

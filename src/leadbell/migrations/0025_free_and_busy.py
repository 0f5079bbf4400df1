import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = (
    "leadbell_busycalendar", "leadbell_busycalendarsecret", "leadbell_busy", "leadbell_diary", "leadbell_diarychoice",
)  # fmt: skip


#: Whoever looks at a page must not be able to read where somebody's calendar lies, nor its password.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, delete on leadbell_busycalendar to leadbell_app;
grant update (next_at, tries, because) on leadbell_busycalendar to leadbell_app;
grant select (id, calendar_id, dealer_id), insert, delete on leadbell_busycalendarsecret to leadbell_app;
grant select, delete on leadbell_busy to leadbell_app;
grant select, insert, update on leadbell_diary, leadbell_diarychoice to leadbell_app;
grant select, update on leadbell_busycalendar to leadbell_clockwork;
grant select on leadbell_busycalendarsecret, leadbell_diary, leadbell_diarychoice to leadbell_clockwork;
grant select, insert, delete on leadbell_busy to leadbell_clockwork;
"""

#: What overlaps already is let be. A person's number as a range of one spares the extension btree_gist; without a
#: time zone the end can be worked out by the index.
NOBODY_TWICE = """
update leadbell_appointment a set doubled = true where status in ('booked', 'confirmed') and exists (
    select from leadbell_appointment b where b.salesperson_id = a.salesperson_id and b.id < a.id
        and b.status in ('booked', 'confirmed')
        and tstzrange(b.starts_at, b.starts_at + b.minutes * interval '1 minute')
            && tstzrange(a.starts_at, a.starts_at + a.minutes * interval '1 minute'));
alter table leadbell_appointment add constraint one_place_at_a_time exclude using gist (
    int8range(salesperson_id, salesperson_id, '[]') with &&,
    tsrange(starts_at at time zone 'UTC', (starts_at at time zone 'UTC') + minutes * interval '1 minute') with &&
) where (status in ('booked', 'confirmed') and not doubled);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0024_reviews"),
    ]

    operations = [
        migrations.AddField(
            model_name="appointment",
            name="doubled",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="BusyCalendar",
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
                        choices=[("ical", "iCalendar address"), ("caldav", "CalDAV")], max_length=6
                    ),
                ),
                ("host", models.CharField(max_length=253)),
                ("etag", models.CharField(blank=True, default="", max_length=500)),
                ("modified", models.CharField(blank=True, default="", max_length=100)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("next_at", models.DateTimeField()),
                ("tries", models.SmallIntegerField(default=0)),
                ("because", models.JSONField(blank=True, null=True)),
                ("times", models.IntegerField(default=0)),
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
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Busy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
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
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="leadbell.busycalendar",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BusyCalendarSecret",
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
                    "calendar",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secret",
                        to="leadbell.busycalendar",
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
            ],
        ),
        migrations.CreateModel(
            name="Diary",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.IntegerField(default=0)),
                ("made_at", models.DateTimeField()),
                ("fetched_at", models.DateTimeField(blank=True, null=True)),
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
            name="DiaryChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shows",
                    models.CharField(
                        choices=[
                            ("times", "the time and “Appointment”"),
                            ("car", "the car, too"),
                            ("name", "the car and the customer’s first name"),
                        ],
                        default="car",
                        max_length=5,
                    ),
                ),
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
        migrations.AddIndex(
            model_name="busycalendar",
            index=models.Index(fields=["next_at"], name="busy_calendar_due"),
        ),
        migrations.AddIndex(
            model_name="busy",
            index=models.Index(fields=["person", "until_at"], name="busy_of"),
        ),
        migrations.AddConstraint(
            model_name="busy",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_at__gt", models.F("from_at"))), name="busy_ends_after_it_began"
            ),
        ),
        migrations.RunSQL(walls(TENANT_TABLES) + GRANTS, migrations.RunSQL.noop),
        # Rows changed in this transaction have events waiting; a table with such can't get a constraint.
        migrations.RunSQL("set constraints all immediate", migrations.RunSQL.noop),
        migrations.RunSQL(
            NOBODY_TWICE, "alter table leadbell_appointment drop constraint one_place_at_a_time"
        ),
    ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import walls

TENANT_TABLES = (
    "leadbell_reviewchoice", "leadbell_criterion", "leadbell_review", "leadbell_moment", "leadbell_coachingaction",
)  # fmt: skip

#: What was written about a conversation may say who somebody was: it goes with the customer.
FORGET = """
create function leadbell_reviews_forget() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    update leadbell_review set note = '' where lead_id in (select id from leadbell_lead where customer_id = new.id);
    update leadbell_moment set text = '' where lead_id in (select id from leadbell_lead where customer_id = new.id);
    return null;
end $$;
revoke execute on function leadbell_reviews_forget() from public;
create trigger reviews_forget after update of erased_at on leadbell_customer for each row
    when (old.erased_at is null and new.erased_at is not null) execute function leadbell_reviews_forget();
"""

#: A review is never changed: a correction is the next version.
GRANTS = """
grant usage on all sequences in schema public to leadbell_app;
grant select, insert, update on leadbell_reviewchoice to leadbell_app;
grant select, insert on leadbell_criterion, leadbell_review, leadbell_moment, leadbell_coachingaction to leadbell_app;
grant update (place, retired_at) on leadbell_criterion to leadbell_app;
grant update (taken_back_at) on leadbell_moment to leadbell_app;
grant update (closed_at, is_done) on leadbell_coachingaction to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0023_figures_numbered"),
    ]

    operations = [
        migrations.CreateModel(
            name="ReviewChoice",
            fields=[
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="leadbell.organisation",
                    ),
                ),
                ("each", models.SmallIntegerField(default=3)),
                ("second_of", models.SmallIntegerField(default=5)),
            ],
        ),
        migrations.CreateModel(
            name="CoachingAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("figure", models.CharField(blank=True, default="", max_length=60)),
                ("agreed_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("is_done", models.BooleanField(default=False)),
                (
                    "agreed_by",
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
                    models.Index(fields=["person", "-agreed_at"], name="action_of_person"),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)), fields=["dealer"], name="action_open"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Criterion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("place", models.SmallIntegerField(default=1)),
                ("weight", models.SmallIntegerField(default=1)),
                ("texts", models.JSONField()),
                ("made_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
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
                    "made_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["dealer", "place"], name="criterion_of")],
            },
        ),
        migrations.CreateModel(
            name="Moment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("call", models.UUIDField()),
                ("at_ms", models.IntegerField()),
                ("text", models.TextField()),
                ("made_at", models.DateTimeField()),
                ("taken_back_at", models.DateTimeField(blank=True, null=True)),
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
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.lead",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["call", "at_ms"], name="moment_of_call"),
                    models.Index(fields=["lead"], name="moment_of_lead"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("call", models.UUIDField()),
                ("attempt", models.CharField(max_length=80)),
                ("talked_at", models.DateTimeField()),
                ("version", models.SmallIntegerField()),
                ("at", models.DateTimeField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("opportunity", "a real chance"),
                            ("voicemail", "voicemail"),
                            ("wrong_number", "wrong number"),
                            ("service", "service question"),
                            ("other", "something else"),
                        ],
                        max_length=12,
                    ),
                ),
                ("asked", models.BooleanField(blank=True, null=True)),
                ("made", models.BooleanField(blank=True, null=True)),
                ("second", models.BooleanField(default=False)),
                ("drawn", models.BooleanField(default=False)),
                ("answers", models.JSONField(default=list)),
                ("note", models.TextField(blank=True, default="")),
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
                        related_name="+",
                        to="leadbell.lead",
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
                    "reviewer",
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
                    models.Index(fields=["lead"], name="review_of_lead"),
                    models.Index(fields=["dealer", "-talked_at"], name="review_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("call", "reviewer", "version"), name="one_review_per_version"
                    )
                ],
            },
        ),
        migrations.RunSQL(FORGET + walls(TENANT_TABLES) + GRANTS, migrations.RunSQL.noop),
    ]

from django.db import migrations, models

#: Whoever receives visitors answers no chat.
STAFF = """
create or replace function leadbell_chat_staff(of_dealer bigint, since timestamptz) returns int language sql stable
    security definer set search_path = public, pg_temp as $$
select count(*)::int from leadbell_person
where organisation_id = of_dealer and is_active and on_shift and role <> 'reception'
    and seen_at > since - interval '150 seconds'
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0041_dealers_scripts")]

    operations = [
        migrations.AlterField(
            model_name="person",
            name="role",
            field=models.CharField(
                choices=[
                    ("salesperson", "salesperson"),
                    ("manager", "sales manager"),
                    ("bdc", "BDC agent"),
                    ("reception", "reception"),
                    ("importer", "importer"),
                ],
                max_length=12,
            ),
        ),
        migrations.RunSQL(STAFF, migrations.RunSQL.noop),
    ]

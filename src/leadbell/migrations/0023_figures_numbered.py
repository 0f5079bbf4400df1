"""A number per dealer that grows with every change of its leads' rows: answers worked out before are known by it."""

import django.db.models.deletion
from django.db import migrations, models

TENANT_TABLES = ("leadbell_figuresnumber",)

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

#: A sequence, so that a number taken back never comes again for other rows.
NUMBERED = f"""
create sequence leadbell_figuresnumber_seq;
create function leadbell_figures_changed() returns trigger language plpgsql as $$
begin
    insert into leadbell_figuresnumber (dealer_id, number)
    select dealer_id, nextval('leadbell_figuresnumber_seq') from (select distinct dealer_id from changed) as c
    on conflict (dealer_id) do update set number = excluded.number;
    return null;
end $$;
create trigger figures_made after insert on leadbell_leadrow referencing new table as changed
    for each statement execute function leadbell_figures_changed();
create trigger figures_made_anew after update on leadbell_leadrow referencing new table as changed
    for each statement execute function leadbell_figures_changed();
create trigger figures_gone after delete on leadbell_leadrow referencing old table as changed
    for each statement execute function leadbell_figures_changed();
alter table leadbell_figuresnumber enable row level security;
create policy tenant on leadbell_figuresnumber to leadbell_app using ({SEEN}) with check ({SEEN});
create policy clockwork on leadbell_figuresnumber to leadbell_clockwork using (true) with check (true);
grant select on leadbell_figuresnumber to leadbell_app;
grant select, insert, update on leadbell_figuresnumber to leadbell_clockwork;
grant usage on sequence leadbell_figuresnumber_seq to leadbell_clockwork;
"""  # noqa: S608 (SEEN is the constant above)


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0022_whose_answers")]

    operations = [
        migrations.CreateModel(
            name="FiguresNumber",
            fields=[
                (
                    "dealer",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="leadbell.organisation",
                    ),
                ),
                ("number", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(NUMBERED, migrations.RunSQL.noop),
    ]

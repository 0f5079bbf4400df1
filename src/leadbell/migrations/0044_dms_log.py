from django.db import migrations, models

#: A system that is being removed is told nothing more, instead of making the fact fail that would have told it.
TELL = """
create or replace function leadbell_dms_tell() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    insert into leadbell_dmsdelivery (dealer_id, receiver_id, lead_id, fact, event, number, at, next_at)
    select new.dealer_id, r.id, new.lead_id, new.id, r.kinds ->> new.kind, gen_random_uuid(), new.at, new.at
    from leadbell_dmsreceiver r where r.dealer_id = new.dealer_id and r.kinds ? new.kind
    for key share of r;
    if found then
        perform pg_notify('leadbell_messenger', '');
    end if;
    return null;
end $$;
"""

#: Also what is being composed at this moment forgets its customer: its row is waited for.
FORGET = """
create or replace function leadbell_dms_forget() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    update leadbell_dmstry t set answer = '' from leadbell_dmsdelivery d
        where d.id = t.delivery_id and d.lead_id in (select id from leadbell_lead where customer_id = new.id);
    update leadbell_dmsdelivery set body = null
        where lead_id in (select id from leadbell_lead where customer_id = new.id);
    insert into leadbell_dmsdelivery (dealer_id, receiver_id, lead_id, event, number, at, next_at)
    select l.dealer_id, r.id, l.id, r.kinds ->> 'deleted', gen_random_uuid(), new.erased_at, new.erased_at
    from leadbell_lead l join leadbell_dmsreceiver r on r.dealer_id = l.dealer_id and r.kinds ? 'deleted'
    where l.customer_id = new.id for key share of r;
    if found then
        perform pg_notify('leadbell_messenger', '');
    end if;
    return null;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0043_numbers_of_their_own"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="dmsdelivery",
            index=models.Index(
                condition=models.Q(("status", "failed")),
                fields=["receiver", "-id"],
                name="dms_delivery_given_up",
            ),
        ),
        migrations.RunSQL(TELL + FORGET, migrations.RunSQL.noop),
    ]

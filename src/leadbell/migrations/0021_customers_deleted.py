import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

#: Nobody but the owner may change facts, inquiries, consents and messages; this does, for one customer of a dealer
#: whose door is open, and takes away what says who they were. What happened stays: the books are balanced by it.
DELETED = """
create function leadbell_customer_deleted(of_dealer bigint, one bigint, by_person bigint, moment timestamptz)
    returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    theirs bigint[]; came uuid[]; mails text[]; browser record; talk bigint;
begin
    if of_dealer is null
        or not coalesce(of_dealer = any (nullif(current_setting('app.dealers', true), '')::bigint[]), false) then
        raise insufficient_privilege using message = 'this dealer''s door is not open';
    end if;
    select emails into mails from leadbell_customer where id = one and dealer_id = of_dealer and erased_at is null
        for update;
    if not found then return false; end if;
    select coalesce(array_agg(id), '{}') into theirs from leadbell_lead where customer_id = one;
    for browser in select site_id, uid from leadbell_visitor where customer_id = one loop
        perform leadbell_visitor_erased(browser.site_id, browser.uid);
    end loop;
    for talk in select id from leadbell_chat where lead_id = any (theirs) and erased_at is null loop
        perform leadbell_chat_forget(talk);
    end loop;
    delete from leadbell_visitorjoin where customer_id = one;
    delete from leadbell_knownvisit where customer_id = one;
    select coalesce(array_agg(distinct envelope_id), '{}') into came from leadbell_inquiry
        where lead_id = any (theirs);
    update leadbell_envelope e set body = '', corrected = null where e.id = any (came) and not exists (
        select from leadbell_inquiry i where i.envelope_id = e.id and i.lead_id <> all (theirs));
    update leadbell_inquiry set sender_id = '', understood = understood || jsonb_build_object(
        'customer', '{"first_name": null, "last_name": null, "full_name": null, "emails": [],
            "phones": [], "address": null}'::jsonb, 'message', null, 'visitor', null, 'source_id', null,
        'consents', '[]'::jsonb, 'warnings', '[]'::jsonb, 'vehicles', '[]'::jsonb) where lead_id = any (theirs);
    update leadbell_message set address = '', subject = '', text = '', calendar = '', files = '{}',
        "references" = '', send_at = null, status = case when status = 'queued' then 'failed' else status end
        where lead_id = any (theirs);
    update leadbell_incoming set body = '' where lead = any (theirs);
    delete from leadbell_deadaddress where dealer_id = of_dealer and address in (
        select lower(mail) from unnest(mails) as mail);
    update leadbell_call set number = '', leg = '' where lead_id = any (theirs);
    update leadbell_consent set proof = proof - 'words' - 'envelope' where customer_id = one;
    update leadbell_fact set body = body || case when body ? 'text' then '{"text": ""}'::jsonb else '{}'::jsonb end
        || case when body ? 'note' then '{"note": ""}'::jsonb else '{}'::jsonb end
        where lead_id = any (theirs) and (body ? 'text' or body ? 'note');
    update leadbell_appointment set what = '' where lead_id = any (theirs);
    update leadbell_lead set message = '', wake_at = null, next_at = null, next_kind = '', next_because = null, cars = (
        select coalesce(jsonb_agg(car - 'vin' - 'stock'), '[]'::jsonb) from jsonb_array_elements(cars) as car
        where car ->> 'interest' is distinct from 'trade-in') where id = any (theirs);
    delete from leadbell_handle where customer_id = one;
    update leadbell_customer set full_name = '', first_name = '', last_name = '', address = null, emails = '{}',
        phones = '[]', opted_out_at = coalesce(opted_out_at, moment), no_marketing_at = coalesce(no_marketing_at, moment),
        erased_at = moment, erased_by_id = by_person where id = one;
    return true;
end $$;
revoke execute on function leadbell_customer_deleted(bigint, bigint, bigint, timestamptz) from public;
grant execute on function leadbell_customer_deleted(bigint, bigint, bigint, timestamptz) to leadbell_app;
"""


class Migration(migrations.Migration):
    dependencies = [("leadbell", "0020_questions_by_text")]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="erased_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunSQL(
            DELETED, "drop function leadbell_customer_deleted(bigint, bigint, bigint, timestamptz)"
        ),
    ]

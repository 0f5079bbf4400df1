from django.db import migrations

#: As before, and also what the chat's first envelope was understood as: its lead may be another one by now.
FORGET = """
create or replace function leadbell_chat_forget(number bigint) returns void language plpgsql as $$
declare
    this leadbell_chat;
begin
    select * into this from leadbell_chat where id = number for update;
    delete from leadbell_chatline where chat_id = number;
    update leadbell_chat set erased_at = now(), visitor = null, page = '', title = '',
        ended_at = coalesce(ended_at, now()), ended = case when ended = '' then 'visitor' else ended end
    where id = number;
    update leadbell_envelope e set body = convert_to((convert_from(e.body, 'UTF8')::jsonb
        || '{"message": "", "page": "", "title": "", "leadbell_visitor": ""}')::text, 'UTF8')
    where e.transport = 'chat' and e.dealer_id = this.dealer_id and (e.id = this.envelope or e.id in (
        select i.envelope_id from leadbell_inquiry i where i.lead_id = this.lead_id));
    update leadbell_inquiry i set understood = i.understood || '{"message": null, "visitor": null}'
    where (i.lead_id = this.lead_id or i.envelope_id = this.envelope) and i.understood ->> 'channel' = 'chat';
    update leadbell_lead l set message = '' where l.id = this.lead_id and not exists (
        select from leadbell_inquiry i where i.lead_id = l.id and i.understood ->> 'channel' <> 'chat');
    perform leadbell_chat_news(number);
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0030_diaries_switched_off"),
    ]

    operations = [
        migrations.RunSQL(FORGET, migrations.RunSQL.noop),
    ]

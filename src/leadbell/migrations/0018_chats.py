import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TENANT_TABLES = ("leadbell_chatsite", "leadbell_chat", "leadbell_chatline")

SEEN = "dealer_id = any (nullif(current_setting('app.dealers', true), '')::bigint[])"

#: The door may only speak in a chat whose token it was shown, through these; it can't read a chat or a lead.
FUNCTIONS = """
create function leadbell_chat_news(of_chat bigint) returns void language plpgsql as $$
begin
    perform pg_notify('leadbell_screens', json_build_object('d', c.dealer_id, 'w', 'chat', 'l', c.lead_id,
        'p', coalesce(l.ringing, '{}'::bigint[])
            || case when l.owner_id is null then '{}'::bigint[] else array[l.owner_id] end)::text)
    from leadbell_chat c left join leadbell_lead l on l.id = c.lead_id where c.id = of_chat;
    perform pg_notify('leadbell_chats', of_chat::text), pg_notify('leadbell_clockwork', '');
end $$;

create function leadbell_chat_envelope(letter uuid, of_dealer bigint, from_source bigint, body bytea,
    since timestamptz) returns void language sql as $$
insert into leadbell_envelope (id, dealer_id, source_id, received_at, transport, content_type, body, sha256, status,
    items, fetch_tries)
values (letter, of_dealer, from_source, since, 'chat', 'application/vnd.leadbell.chat+json', body, sha256(body),
    'accepted', 1, 0)
$$;

create function leadbell_chat_begin(on_site bigint, hash bytea, letter uuid, browser uuid, speaks text, on_page text,
    called text, line_key text, said text, greeting text, since timestamptz) returns bigint language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    place leadbell_chatsite; number bigint;
begin
    select * into place from leadbell_chatsite where site = on_site and is_on;
    if place.id is null then return null; end if;
    insert into leadbell_chat (dealer_id, site, token_hash, envelope, visitor, language, page, title, patience_s,
        began_at, line_at, heard_at, ended, told_line, is_told_ended)
    values (place.dealer_id, on_site, hash, letter, browser, speaks, on_page, called, place.patience_s,
        since, since, since, '', 0, false)
    on conflict (token_hash) do nothing returning id into number;
    if number is null then
        return (select id from leadbell_chat where token_hash = hash and site = on_site);
    end if;
    insert into leadbell_chatline (dealer_id, chat_id, at, who, text, key)
    values (place.dealer_id, number, since, 'customer', said, line_key);
    if place.greets then
        insert into leadbell_chatline (dealer_id, chat_id, at, who, text, key)
        values (place.dealer_id, number, since, 'automation', greeting, 'greeting');
    end if;
    perform leadbell_chat_envelope(letter, place.dealer_id, place.source, convert_to(jsonb_build_object(
        'chat', letter, 'message', said, 'page', on_page, 'title', called, 'language', speaks,
        'leadbell_visitor', coalesce(replace(browser::text, '-', ''), ''))::text, 'UTF8'), since);
    perform leadbell_chat_news(number);
    return number;
end $$;

create function leadbell_chat_said(on_site bigint, hash bytea, line_key text, said text, most int, since timestamptz)
    returns text language plpgsql security definer set search_path = public, pg_temp as $$
declare
    this leadbell_chat;
begin
    select * into this from leadbell_chat where token_hash = hash and site = on_site for update;
    if this.id is null then return null; end if;
    if exists (select from leadbell_chatline where chat_id = this.id and key = line_key) then return 'kept'; end if;
    if this.ended_at is not null then return 'over'; end if;
    if (select count(*) from leadbell_chatline where chat_id = this.id) >= most then return 'full'; end if;
    insert into leadbell_chatline (dealer_id, chat_id, at, who, text, key)
    values (this.dealer_id, this.id, since, 'customer', said, line_key);
    update leadbell_chat set line_at = since, heard_at = since where id = this.id;
    perform leadbell_chat_news(this.id);
    return 'kept';
end $$;

create function leadbell_chat_heard(on_site bigint, hash bytea, newer_than bigint, since timestamptz) returns jsonb
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    this leadbell_chat;
begin
    update leadbell_chat set heard_at = greatest(heard_at, since) where token_hash = hash and site = on_site
        returning * into this;
    if this.id is null then return null; end if;
    return jsonb_build_object('chat', this.id, 'began_at', this.began_at, 'patience_s', this.patience_s,
        'answered', this.answered_at is not null, 'unanswered', this.unanswered_at is not null,
        'contact', this.contact_at is not null, 'ended', this.ended,
        'lines', coalesce((select jsonb_agg(l) from (
            select n.id, n.who, n.text, coalesce(split_part(p.name, ' ', 1), '') as name,
                (extract(epoch from n.at) * 1000)::bigint as at
            from leadbell_chatline n left join leadbell_person p on p.id = n.person_id
            where n.chat_id = this.id and n.id > newer_than order by n.id limit 200) l), '[]'));
end $$;

create function leadbell_chat_contact(on_site bigint, hash bytea, letter uuid, called text, by_phone text,
    by_email text, since timestamptz) returns boolean language plpgsql security definer
    set search_path = public, pg_temp as $$
declare
    this leadbell_chat; place leadbell_chatsite;
begin
    select * into this from leadbell_chat where token_hash = hash and site = on_site for update;
    select * into place from leadbell_chatsite where site = on_site;
    if this.id is null or place.id is null then return null; end if;
    perform leadbell_chat_envelope(letter, this.dealer_id, place.source, convert_to(jsonb_build_object(
        'chat', this.envelope, 'name', called, 'phone', by_phone, 'email', by_email, 'page', this.page,
        'title', this.title, 'language', this.language,
        'message', (select string_agg(n.text, chr(10) order by n.id) from leadbell_chatline n
            where n.chat_id = this.id and n.who = 'customer'),
        'leadbell_visitor', coalesce(replace(this.visitor::text, '-', ''), ''))::text, 'UTF8'), since);
    update leadbell_chat set contact_at = since, heard_at = since where id = this.id;
    perform leadbell_chat_news(this.id);
    return true;
end $$;

create function leadbell_chat_left(on_site bigint, hash bytea, since timestamptz) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    number bigint;
begin
    select id into number from leadbell_chat where token_hash = hash and site = on_site;
    if number is null then return false; end if;
    update leadbell_chat set ended_at = since, ended = 'visitor' where id = number and ended_at is null;
    perform leadbell_chat_news(number);
    return true;
end $$;

create function leadbell_chat_forget(number bigint) returns void language plpgsql as $$
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
    where i.lead_id = this.lead_id and i.understood ->> 'channel' = 'chat';
    update leadbell_lead l set message = '' where l.id = this.lead_id and not exists (
        select from leadbell_inquiry i where i.lead_id = l.id and i.understood ->> 'channel' <> 'chat');
    perform leadbell_chat_news(number);
end $$;

create function leadbell_chat_erased(on_site bigint, hash bytea) returns boolean
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    number bigint;
begin
    select id into number from leadbell_chat where token_hash = hash and site = on_site;
    if number is not null then perform leadbell_chat_forget(number); end if;
    return number is not null;
end $$;

create function leadbell_chat_staff(of_dealer bigint, since timestamptz) returns int language sql stable
    security definer set search_path = public, pg_temp as $$
select count(*)::int from leadbell_person
where organisation_id = of_dealer and is_active and on_shift and seen_at > since - interval '150 seconds'
$$;

create or replace function leadbell_visitor_erased(on_site bigint, browser uuid) returns boolean language plpgsql
    security definer set search_path = public, pg_temp as $$
declare
    known bigint; spoke bigint[];
begin
    delete from leadbell_beacon where site_id = on_site and visitor = browser;
    select id into known from leadbell_visitor where site_id = on_site and uid = browser for update;
    select array_agg(id) into spoke from leadbell_chat where visitor = browser and site = on_site;
    if spoke is not null then perform leadbell_chat_forget(one) from unnest(spoke) as one; end if;
    delete from leadbell_visitorjoin where visitor_id = known;
    delete from leadbell_visitor where id = known;
    return known is not null or spoke is not null;
end $$;

revoke execute on function leadbell_chat_news(bigint), leadbell_chat_forget(bigint),
    leadbell_chat_envelope(uuid, bigint, bigint, bytea, timestamptz),
    leadbell_chat_begin(bigint, bytea, uuid, uuid, text, text, text, text, text, text, timestamptz),
    leadbell_chat_said(bigint, bytea, text, text, int, timestamptz),
    leadbell_chat_heard(bigint, bytea, bigint, timestamptz),
    leadbell_chat_contact(bigint, bytea, uuid, text, text, text, timestamptz),
    leadbell_chat_left(bigint, bytea, timestamptz), leadbell_chat_erased(bigint, bytea),
    leadbell_chat_staff(bigint, timestamptz) from public;
"""


def _walls() -> str:
    lines = []
    for table in TENANT_TABLES:
        lines += [
            f"alter table {table} enable row level security;",
            f"create policy tenant on {table} to leadbell_app using ({SEEN}) with check ({SEEN});",
            f"create policy clockwork on {table} to leadbell_clockwork using (true) with check (true);",
        ]
    return "\n".join(lines)


GRANTS = """
grant usage on all sequences in schema public to leadbell_app, leadbell_clockwork;
grant select, insert, update on leadbell_chatsite to leadbell_app;
grant select, update on leadbell_chat to leadbell_app;
grant select, insert on leadbell_chatline to leadbell_app;
grant select, update on leadbell_chat to leadbell_clockwork;
grant select on leadbell_chatline, leadbell_chatsite to leadbell_clockwork;
grant select on leadbell_chatsite to leadbell_mouth;
create policy mouth_chats on leadbell_chatsite for select to leadbell_mouth using (true);
grant execute on function
    leadbell_chat_begin(bigint, bytea, uuid, uuid, text, text, text, text, text, text, timestamptz),
    leadbell_chat_said(bigint, bytea, text, text, int, timestamptz),
    leadbell_chat_heard(bigint, bytea, bigint, timestamptz),
    leadbell_chat_contact(bigint, bytea, uuid, text, text, text, timestamptz),
    leadbell_chat_left(bigint, bytea, timestamptz), leadbell_chat_erased(bigint, bytea),
    leadbell_chat_staff(bigint, timestamptz) to leadbell_mouth;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0017_mailboxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Chat",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("site", models.BigIntegerField()),
                ("token_hash", models.BinaryField(max_length=32, unique=True)),
                ("envelope", models.UUIDField(unique=True)),
                ("visitor", models.UUIDField(blank=True, null=True)),
                ("language", models.CharField(blank=True, default="", max_length=2)),
                ("page", models.CharField(blank=True, default="", max_length=300)),
                ("title", models.CharField(blank=True, default="", max_length=300)),
                ("patience_s", models.SmallIntegerField(default=30)),
                ("began_at", models.DateTimeField()),
                ("line_at", models.DateTimeField()),
                ("heard_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("unanswered_at", models.DateTimeField(blank=True, null=True)),
                ("contact_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("visitor", "the visitor ended it"),
                            ("person", "the salesperson ended it"),
                            ("quiet", "nobody wrote any more"),
                        ],
                        default="",
                        max_length=7,
                    ),
                ),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
                ("told_line", models.BigIntegerField(default=0)),
                ("is_told_ended", models.BooleanField(default=False)),
                (
                    "answered_by",
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
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leadbell.lead",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChatLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                (
                    "who",
                    models.CharField(
                        choices=[
                            ("customer", "customer"),
                            ("person", "salesperson"),
                            ("automation", "automation"),
                        ],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField()),
                ("key", models.CharField(max_length=32)),
                (
                    "chat",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="leadbell.chat",
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
            name="ChatSite",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("site", models.BigIntegerField(unique=True)),
                ("source", models.BigIntegerField()),
                ("is_on", models.BooleanField(default=False)),
                ("greets", models.BooleanField(default=False)),
                ("patience_s", models.SmallIntegerField(default=30)),
                ("changed_at", models.DateTimeField()),
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
            model_name="chat",
            index=models.Index(fields=["lead", "-id"], name="chat_of_lead"),
        ),
        migrations.AddIndex(
            model_name="chat",
            index=models.Index(
                condition=models.Q(("is_told_ended", False)), fields=["began_at"], name="chat_under_way"
            ),
        ),
        migrations.AddIndex(
            model_name="chat",
            index=models.Index(fields=["dealer", "-began_at"], name="chat_newest"),
        ),
        migrations.AddIndex(
            model_name="chat",
            index=models.Index(
                condition=models.Q(("visitor__isnull", False)), fields=["visitor"], name="chat_of_visitor"
            ),
        ),
        migrations.AddIndex(
            model_name="chatline",
            index=models.Index(fields=["chat", "id"], name="line_of_chat"),
        ),
        migrations.AddConstraint(
            model_name="chatline",
            constraint=models.UniqueConstraint(fields=("chat", "key"), name="one_line_per_key"),
        ),
        migrations.RunSQL(FUNCTIONS + _walls() + GRANTS, migrations.RunSQL.noop),
    ]

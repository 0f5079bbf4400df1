from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from leadbell.migrations._walls import MINE, walls

TENANT_TABLES = ("leadbell_transcript", "leadbell_sentence")

#: Words are found in the form that a language gives them: “appointments” by “appointment”.
WORDS = """
create function leadbell_words_of(language text) returns regconfig language sql immutable parallel safe as $$
    select case language when 'nl' then 'pg_catalog.dutch' when 'en' then 'pg_catalog.english'
        when 'ru' then 'pg_catalog.russian' when 'de' then 'pg_catalog.german' when 'fr' then 'pg_catalog.french'
        else 'pg_catalog.simple' end::regconfig
$$;
alter table leadbell_sentence add column words tsvector
    generated always as (to_tsvector(leadbell_words_of(language), text)) stored;
create index sentence_words on leadbell_sentence using gin (words);
"""

#: A policy's condition is asked before any other that isn't leakproof, so no index on words would ever be used;
#: this asks for both, the reader's dealers and the words.
FOUND = """
create function leadbell_sentences_found(asked text, most integer) returns setof bigint language sql stable
    security definer set search_path = public, pg_temp as $$
    select s.id from leadbell_sentence s join leadbell_transcript t on t.call = s.call
    where s.dealer_id = DEALERS and t.done_at is not null and t.set_aside_at is null and (
        s.language = 'nl' and s.words @@ websearch_to_tsquery('dutch', asked)
        or s.language = 'en' and s.words @@ websearch_to_tsquery('english', asked)
        or s.language = 'ru' and s.words @@ websearch_to_tsquery('russian', asked)
        or s.language = 'de' and s.words @@ websearch_to_tsquery('german', asked)
        or s.language = 'fr' and s.words @@ websearch_to_tsquery('french', asked)
        or s.language not in ('nl', 'en', 'ru', 'de', 'fr') and s.words @@ websearch_to_tsquery('simple', asked))
    order by t.talked_at desc, s.call, s.start_ms limit most
$$;
revoke execute on function leadbell_sentences_found(text, integer) from public;
grant execute on function leadbell_sentences_found(text, integer) to leadbell_app;
""".replace("DEALERS", MINE)

#: What was said goes with its sound, and with the customer.
FORGET = """
create function leadbell_transcripts_go() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    delete from leadbell_sentence where call = new.call_id;
    delete from leadbell_transcript where call = new.call_id;
    return null;
end $$;
revoke execute on function leadbell_transcripts_go() from public;
create trigger transcripts_go after update of status on leadbell_recording for each row
    when (new.status = 'deleted') execute function leadbell_transcripts_go();
create function leadbell_transcripts_forget() returns trigger language plpgsql security definer
    set search_path = public, pg_temp as $$
begin
    delete from leadbell_sentence where call in (select t.call from leadbell_transcript t
        join leadbell_lead l on l.id = t.lead_id where l.customer_id = new.id);
    delete from leadbell_transcript where lead_id in (select id from leadbell_lead where customer_id = new.id);
    return null;
end $$;
revoke execute on function leadbell_transcripts_forget() from public;
create trigger transcripts_forget after update of erased_at on leadbell_customer for each row
    when (old.erased_at is null and new.erased_at is not null) execute function leadbell_transcripts_forget();
"""

#: The process that works on sound writes; people correct, and set aside.
GRANTS = """
grant select, insert on leadbell_transcript, leadbell_sentence to leadbell_clockwork;
grant update (language, upto_ms, tries, done_at, gave_up_at, engine) on leadbell_transcript to leadbell_clockwork;
grant select on leadbell_transcript, leadbell_sentence to leadbell_app;
grant update (set_aside_at, set_aside_by_id) on leadbell_transcript to leadbell_app;
grant update (text, heard, corrected_at, corrected_by_id) on leadbell_sentence to leadbell_app;
grant usage on all sequences in schema public to leadbell_clockwork;
"""


def _of(model: str, null: bool = False) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        to=model,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        db_index=False,
        null=null,
        blank=null,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("leadbell", "0039_monthly_pages"),
    ]

    operations = [
        migrations.AddField(
            model_name="playback",
            name="read",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.CreateModel(
            name="Transcript",
            fields=[
                ("call", models.UUIDField(primary_key=True, serialize=False)),
                ("talked_at", models.DateTimeField()),
                ("engine", models.CharField(max_length=120)),
                ("language", models.CharField(blank=True, default="", max_length=3)),
                ("upto_ms", models.IntegerField(default=0)),
                ("tries", models.SmallIntegerField(default=0)),
                ("begun_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                ("gave_up_at", models.DateTimeField(blank=True, null=True)),
                ("set_aside_at", models.DateTimeField(blank=True, null=True)),
                ("dealer", _of("leadbell.organisation")),
                ("lead", _of("leadbell.lead")),
                ("set_aside_by", _of(settings.AUTH_USER_MODEL, null=True)),
            ],
            options={"indexes": [models.Index(fields=["lead"], name="transcript_of_lead")]},
        ),
        migrations.CreateModel(
            name="Sentence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("call", models.UUIDField()),
                (
                    "side",
                    models.CharField(
                        choices=[("customer", "customer"), ("salesperson", "salesperson")], max_length=11
                    ),
                ),
                ("start_ms", models.IntegerField()),
                ("end_ms", models.IntegerField()),
                ("language", models.CharField(max_length=3)),
                ("text", models.TextField()),
                ("heard", models.TextField(blank=True, default="")),
                ("corrected_at", models.DateTimeField(blank=True, null=True)),
                ("dealer", _of("leadbell.organisation")),
                ("corrected_by", _of(settings.AUTH_USER_MODEL, null=True)),
            ],
            options={"indexes": [models.Index(fields=["call", "start_ms"], name="sentence_of_call")]},
        ),
        migrations.RunSQL(WORDS + walls(TENANT_TABLES) + FOUND + FORGET + GRANTS, migrations.RunSQL.noop),
    ]

"""The ways leads come by: forms caught on the dealer's website, and the dealer's CRM; compared within minutes.

"In the CRM" means: the CRM, or what feeds it, has sent the lead on to us by a channel marked as the CRM's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.intake.inquiry import one_line
from leadbell.intake.keys import new_key
from leadbell.intake.models import CaughtForms, SettledGap, Source
from leadbell.intake.sources import BY_HAND
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.words import say

SITE, CRM = "site", "crm"
#: What a gap misses: the CRM, or every way but the CRM.
GAPS = ("crm", "ways")
#: A lead that came by one way is missed after this long without the other.
MISSED_AFTER = timedelta(minutes=5)
#: Further back nobody looks.
LOOK_BACK = timedelta(days=14)
MOST_SHOWN = 100
PARTS = ("name", "phone", "email", "message")
LONGEST_SELECTOR = 200


@dataclass(frozen=True, slots=True)
class Gap:
    """A lead that came by one way only, with how it came: [(channel, way, when)]. `missing` is one of GAPS."""

    lead: Lead
    missing: str
    came: Sequence[tuple[str, str, datetime]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came by one way only, of `compared` leads since `since`; None: no channel is marked as the CRM's."""

    gaps: Sequence[Gap]
    total: int
    compared: int
    since: datetime | None


@transaction.atomic
def catch_forms(
    dealer: Organisation, site: int, name: str, said: Mapping[str, str], now: datetime
) -> CaughtForms | Refused:
    """Catch the forms of a website, or stop it. Their channel is made the first time."""
    selector = one_line(said.get("selector", ""))
    fields: dict[str, str] = {}
    for row in filter(None, map(one_line, said.get("fields", "").splitlines())):
        part, _, where = (one.strip() for one in row.partition("="))
        if part not in PARTS or not where or len(where) > LONGEST_SELECTOR:
            return Refused(
                say("“%(line)s” names no field. Write it like phone = [name=mobile].", line=row[:80])
            )
        fields[part] = where
    if len(selector) > LONGEST_SELECTOR:
        return Refused(say("Which forms: %(most)s letters are the most.", most=LONGEST_SELECTOR))
    known = CaughtForms.objects.filter(site=site, dealer=dealer).select_related("source").first()
    source = known.source if known and known.source.revoked_at is None else None
    if source is None:
        source = Source.objects.create(
            dealer=dealer,
            name=f"Forms: {name}"[:120],
            origin="online",
            key=new_key(),
            way=SITE,
            created_at=now,
        )
    chosen, _created = CaughtForms.objects.update_or_create(
        dealer=dealer, site=site,
        defaults={
            "source": source, "is_on": said.get("forms") == "on", "selector": selector, "fields": fields,
            "changed_at": now,
        },
    )  # fmt: skip
    announce(dealer.pk, "dealer")
    return chosen


def caught_forms_of(dealer: Organisation) -> dict[int, CaughtForms]:
    """What the dealer chose, by the number of the website."""
    return {one.site: one for one in CaughtForms.objects.filter(dealer=dealer)}


@transaction.atomic
def is_the_crm(source: Source, yes: bool) -> Source | Refused:
    """From now on what comes by this channel counts as being in the dealer's CRM, or no longer."""
    if source.way == SITE:
        return Refused(say("This channel holds the forms caught on the website: it is not the CRM."))
    source.way = CRM if yes else ""
    source.save(update_fields=["way"])
    announce(source.dealer_id, "dealer")
    return source


#: Compared are leads since the CRM's channel is open; settled ones and those of the last minutes are left out.
_GAPS = """
with opened as (
    select min(created_at) as since from leadbell_source
    where dealer_id = %(dealer)s and way = 'crm' and revoked_at is null
), came as (
    select i.lead_id, bool_or(s.way = 'crm') as crm, bool_or(s.way <> 'crm') as ways, min(i.received_at) as at
    from opened, leadbell_inquiry i join leadbell_source s on s.id = i.source_id
    where opened.since is not null and i.dealer_id = %(dealer)s and s.name <> %(by_hand)s
        and i.received_at >= greatest(opened.since, %(look_back)s)
    group by i.lead_id
), gaps as (
    select c.lead_id, case when c.crm then 'ways' else 'crm' end as missing, c.at from came c
    where c.ways <> c.crm and c.at <= %(missed)s and not exists (select from leadbell_settledgap g
        where g.lead_id = c.lead_id and g.missing = case when c.crm then 'ways' else 'crm' end)
)
select (select since from opened), (select count(*) from came),
    (select count(*) from gaps), coalesce((select json_agg(json_build_array(lead_id, missing)) from (
        select * from gaps order by at desc limit %(most)s) g), '[]')
"""  # fmt: skip


def compare(dealer: Organisation, now: datetime) -> Comparison:
    """Which leads came to us and not by the CRM, or the other way round, for longer than MISSED_AFTER."""
    since, compared, total, found = _found(dealer, now)
    leads = Lead.objects.filter(pk__in=[lead for lead, _ in found]).select_related("customer", "owner")
    by_number = {lead.pk: lead for lead in leads.prefetch_related("inquiries__source")}
    gaps = [
        Gap(
            by_number[lead], missing,
            [(i.source.name, i.source.way, i.received_at) for i in by_number[lead].inquiries.all()],
        )
        for lead, missing in found if lead in by_number
    ]  # fmt: skip
    return Comparison(gaps, int(total), int(compared), since)


def missing_count(dealer: Organisation, now: datetime) -> int:
    """How many gaps wait for a person; one query."""
    return int(_found(dealer, now)[2])


def _found(dealer: Organisation, now: datetime) -> tuple[datetime | None, int, int, list[tuple[int, str]]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _GAPS,
            {
                "dealer": dealer.pk, "look_back": now - LOOK_BACK, "missed": now - MISSED_AFTER, "most": MOST_SHOWN,
                "by_hand": BY_HAND,
            },
        )  # fmt: skip
        since, compared, total, found = cursor.fetchone() or (None, 0, 0, [])
    return since, compared, total, json.loads(found) if isinstance(found, str) else found


@transaction.atomic
def settle_gap(lead: Lead, missing: str, how: str, person: int, now: datetime) -> SettledGap | Refused:
    """Somebody looked: it is off the list."""
    if missing not in GAPS or how not in SettledGap.How.values:
        return Refused(say("Choose what it is."))
    settled, made = SettledGap.objects.get_or_create(
        lead=lead,
        missing=missing,
        defaults={"dealer_id": lead.dealer_id, "how": how, "by": person, "at": now},
    )
    if not made:
        return Refused(say("Somebody settled this already."))
    announce(lead.dealer_id, "inbox")
    return settled

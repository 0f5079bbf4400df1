"""What managers do with sites, and what anybody at the dealer does with a wrong join."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers.models import Organisation
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.visits.models import KnownVisit, Site, Visitor, VisitorJoin
from leadbell.visits.pages import MOST_PATTERNS, pattern_of, word
from leadbell.visits.pictures import MOST_HOSTS
from leadbell.visits.rules import network_of, origin_of
from leadbell.visits.sums import page_pattern
from leadbell.words import say

MOST_ORIGINS = 20


@dataclass(frozen=True, slots=True)
class SiteSaid:
    """A site as a form says it, understood."""

    name: str
    origins: list[str]
    patterns: list[str]
    keep_days: int
    consent: str
    price_pages: list[str]
    trade_in_pages: list[str]
    own_networks: list[str]
    picture_hosts: list[str]


def read_site(said: Mapping[str, str]) -> SiteSaid | Refused:
    """The form's `name`, `origins`, `patterns` and pages (one a line), own networks, `keep_days` and `consent`."""
    name = word(said.get("name", ""))[:120]
    if not name:
        return Refused(say("Give the website a name."))
    written = said.get("origins", "").replace(",", "\n").split()
    origins = [origin_of(one) for one in written]
    for one, origin in zip(written, origins, strict=True):
        if origin is None:
            return Refused(say("“%(address)s” is no address of a website.", address=one[:80]))
    if not origins or len(origins) > MOST_ORIGINS:
        return Refused(
            say("Name the addresses of the website, one a line, %(most)s at most.", most=MOST_ORIGINS)
        )
    patterns = _lines(said, "patterns")
    for pattern in patterns:
        if pattern_of(pattern) is None:
            return Refused(
                say(
                    "“%(pattern)s” names no part of a car. Write it like /cars/{make}/{model}/{stock}.",
                    pattern=pattern[:80],
                )
            )
    if len(patterns) > MOST_PATTERNS:
        return Refused(say("%(most)s addresses of car pages are the most.", most=MOST_PATTERNS))
    keep = said.get("keep_days", "60")
    if keep not in [str(days) for days in Site.KEEP_DAYS]:
        return Refused(say("Choose how long visits are kept."))
    consent = said.get("consent", Site.Consent.ASK)
    if consent not in Site.Consent.values:
        return Refused(say("Choose whether visitors who agreed are recognised."))
    pages: dict[str, list[str]] = {}
    for which in ("price_pages", "trade_in_pages"):
        lines = pages[which] = _lines(said, which)
        for line in lines:
            if page_pattern(line) is None:
                return Refused(
                    say("“%(page)s” is no part of a website. Write it like /finance.", page=line[:80])
                )
    hosts = said.get("picture_hosts", "").replace(",", "\n").split()
    pictures = [origin_of(one) for one in hosts]
    for one, host in zip(hosts, pictures, strict=True):
        if host is None or not host.startswith("https://"):
            return Refused(
                say(
                    "“%(address)s” is no address of pictures: write it like https://cdn.example.",
                    address=one[:80],
                )
            )
    if len(pictures) > MOST_HOSTS:
        return Refused(say("%(most)s addresses of pictures are the most.", most=MOST_HOSTS))
    networks = said.get("own_networks", "").replace(",", "\n").split()
    for one in networks:
        if network_of(one) is None:
            return Refused(say("“%(network)s” is no network. Write it like 192.0.2.0/24.", network=one[:80]))
    if max(len(networks), *map(len, pages.values())) > MOST_PATTERNS:
        return Refused(say("%(most)s lines are the most.", most=MOST_PATTERNS))
    return SiteSaid(
        name, [one for one in dict.fromkeys(origins) if one], patterns, int(keep), consent,
        pages["price_pages"], pages["trade_in_pages"], networks,
        [one for one in dict.fromkeys(pictures) if one],
    )  # fmt: skip


def _lines(said: Mapping[str, str], name: str) -> list[str]:
    return [line for one in said.get(name, "").splitlines() if (line := word(one))]


@transaction.atomic
def add_site(dealer: Organisation, said: Mapping[str, str], now: datetime) -> Site | Refused:
    """A website with a key of its own; beacons from its origins count within seconds."""
    read = read_site(said)
    if isinstance(read, Refused):
        return read
    if Site.objects.filter(dealer=dealer, name__iexact=read.name, removed_at=None).exists():
        return Refused(say("There is a website called “%(name)s” already.", name=read.name))
    site = Site.objects.create(
        dealer=dealer, name=read.name, key=secrets.token_hex(10), origins=read.origins, patterns=read.patterns,
        keep_days=read.keep_days, consent=read.consent, price_pages=read.price_pages,
        trade_in_pages=read.trade_in_pages, own_networks=read.own_networks, picture_hosts=read.picture_hosts,
        created_at=now,
    )  # fmt: skip
    announce(dealer.pk, "dealer")
    return site


@transaction.atomic
def change_site(site: Site, said: Mapping[str, str]) -> Site | Refused:
    """What was kept before stays as long as was said when it came."""
    read = read_site(said)
    if isinstance(read, Refused):
        return read
    if (
        Site.objects.filter(dealer=site.dealer_id, name__iexact=read.name, removed_at=None)
        .exclude(pk=site.pk)
        .exists()
    ):
        return Refused(say("There is a website called “%(name)s” already.", name=read.name))
    site.name, site.origins, site.patterns = read.name, read.origins, read.patterns
    site.keep_days, site.consent = read.keep_days, read.consent
    site.price_pages, site.trade_in_pages = read.price_pages, read.trade_in_pages
    site.own_networks, site.picture_hosts = read.own_networks, read.picture_hosts
    site.save()
    announce(site.dealer_id, "dealer")
    return site


@transaction.atomic
def remove_site(site: Site, now: datetime) -> Site:
    """Its key counts nothing any more; what was kept goes when its time is over."""
    site.removed_at = now
    site.save(update_fields=["removed_at"])
    announce(site.dealer_id, "dealer")
    return site


@transaction.atomic
def undo_join(lead: Lead, join: VisitorJoin, person: int, now: datetime) -> VisitorJoin | Refused:
    """It wasn't them: their visits are nobody's again, or whose they were before. The join stays on record."""
    join = VisitorJoin.objects.select_for_update(of=("self",)).get(pk=join.pk)
    if join.undone_at is not None:
        return Refused(say("Somebody undid this already."))
    join.undone_at, join.undone_by_id = now, person
    join.save(update_fields=["undone_at", "undone_by"])
    before = (
        VisitorJoin.objects.filter(visitor=join.visitor_id, undone_at=None).order_by("-at", "-id").first()
    )
    KnownVisit.objects.filter(visitor=join.visitor_id, customer=join.customer_id).delete()
    Visitor.objects.filter(pk=join.visitor_id).update(customer=before.customer_id if before else None)
    announce(lead.dealer_id, "changed", lead.pk)
    return join

"""The customer hears who receives them once a handover is accepted: by e-mail, by text, or a person has to say it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.db import transaction
from django.db.models import Q

from leadbell.conversation.ports import CarrierName
from leadbell.conversation.shelves import begun, language_of, words_of
from leadbell.conversation.writing import Draft, addresses_of, automate, why_not
from leadbell.dealers.models import Person
from leadbell.handover.rules import Introduction, to_introduce
from leadbell.lead.consent import quiet_until
from leadbell.lead.facts import NotIntroduced
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Fact, Lead
from leadbell.words import Words, say

#: Who took over longer ago has been in touch, or a manager knows of it.
WITHIN = timedelta(hours=24)
_NOBODY = re.compile(r"^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounce)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """How a customer can be written to."""

    carrier: CarrierName
    address: str


def is_nobody(address: str) -> bool:
    """An address that no person reads."""
    return _NOBODY.match(address) is not None


def taken_over(dealer: int, now: datetime) -> list[int]:
    """Leads that somebody took over from the BDC a while ago, whose customer can hear of them now, or never can."""
    accepted = Fact.objects.filter(dealer=dealer, by__isnull=False, at__gt=now - WITHIN, at__lte=now)
    found = Lead.objects.filter(pk__in=accepted.filter(kind="accepted").values("lead_id"), closed_at=None)
    found = found.filter(standing_json__has_key="taken_over_at").select_related("customer", "dealer")
    tried = Fact.objects.filter(lead__in=found, at__gt=now - WITHIN)
    tried = tried.filter(Q(kind="not_introduced") | Q(kind="wrote", body__has_key="introduces"))
    last = dict(tried.order_by("pk").values_list("lead_id", "at"))
    return [lead.pk for lead in found.order_by("pk") if _is_due(lead, last.get(lead.pk), now)]


def _is_due(lead: Lead, tried_at: datetime | None, now: datetime) -> bool:
    s = lead.standing
    if s.taken_over_at is None or (tried_at is not None and tried_at >= s.taken_over_at):
        return False
    if s.appointment_at is not None and s.appointment_at <= now:
        return False
    return to_introduce(read_history(lead)) is not None and way_to(lead, now) is not None


@transaction.atomic
def introduce(number: int, now: datetime) -> bool:
    """Tell this lead's customer, or write down why nobody can; whether a message was written."""
    lead = locked(number)
    due = to_introduce(read_history(lead))
    way = way_to(lead, now) if due else None
    if due is None or way is None:
        return False
    if isinstance(way, Way):
        if _send(lead, due, way, now):
            return True
        way = (say("the message is empty or too long: see Dealer, Messages"),)
    record(lead, NotIntroduced(at=now, person=due.person, because=way), key=f"not-{due.key}")
    return False


def way_to(lead: Lead, now: datetime) -> Way | tuple[Words, ...] | None:
    """How this customer can be written to now; why by no way at all; None: by text, when their quiet hours are over."""
    emails = [address for address in _living(lead, "email") if not is_nobody(address)]
    no_mail = why_not(lead, "email", now) or (None if emails else say("there is no e-mail address"))
    if no_mail is None:
        return Way("email", emails[0])
    numbers, no_text = _living(lead, "sms"), why_not(lead, "sms", now)
    if no_text is None:
        return Way("sms", numbers[0])
    quiet = quiet_until(lead, now)
    if quiet is not None and why_not(lead, "sms", quiet[0]) is None:
        return None
    return tuple({str(one): one for one in (no_mail, no_text)}.values())


def _living(lead: Lead, carrier: CarrierName) -> list[str]:
    return [address for address, dead in addresses_of(lead, carrier) if dead is None]


def _send(lead: Lead, due: Introduction, way: Way, now: datetime) -> bool:
    language, when = language_of(lead), ""
    template = words_of(lead.dealer_id, "introduce", way.carrier, language)
    who = Person.objects.filter(pk=due.person).values_list("name", flat=True).first()
    if template is None or who is None:
        return False
    if lead.standing.appointment_at is not None:
        local = lead.standing.appointment_at.astimezone(ZoneInfo(lead.dealer.zone))
        when = str(format_datetime(local, "EEEE d MMMM HH:mm", locale=language))
    ready = begun(template, {
        "name": lead.customer.full_name, "dealer": lead.dealer.name, "appointment": when, "video": "", "phone": "",
        "car": lead.car, "signature": "", "salesperson": who,
    }, language)  # fmt: skip
    draft = Draft(way.carrier, way.address, ready.text, due.key, ready.subject[:200], language=language)
    return automate(lead, "introduce", draft, now, introduces=due.person) is not None

"""What is sent without anybody pressing "Send", where a dealer wants it; and the question after a call."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from django.db import transaction

from leadbell.appointment.models import Appointment
from leadbell.conversation.models import Message, MessageSetup
from leadbell.conversation.rules import nothing_agreed_yet
from leadbell.conversation.shelves import begun, language_of, words_of
from leadbell.conversation.writing import Draft, ask_colleague, automate
from leadbell.dealers.models import Person
from leadbell.dealers.shelves import DESK_OPEN
from leadbell.lead.facts import Attempted, AttemptEnded
from leadbell.lead.journal import locked, read_history
from leadbell.lead.law import MARKETING
from leadbell.lead.models import Fact, Lead
from leadbell.words import say

#: A question that is older than this when we see it isn't acknowledged any more.
FRESH = timedelta(minutes=30)
#: Two machines that thank each other stop here: one acknowledgement per address and day.
ONCE = timedelta(hours=24)
#: An appointment made so shortly before needs no reminder.
MADE_BEFORE = timedelta(hours=12)
AHEAD = timedelta(hours=24)
ASKED_WITHIN = timedelta(minutes=10)
_NOBODY = re.compile(r"^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounce)", re.IGNORECASE)


def run_automations(now: datetime) -> int:
    """Send what is due; how much it was."""
    sent = 0
    for setup in MessageSetup.objects.filter(mail_on=True).exclude(automations=[]).select_related("dealer"):
        if "acknowledge" in setup.automations and not setup.dealer.opening_hours.is_open(now):
            sent += sum(_send(lead, "acknowledge", now) for lead in _unacknowledged(setup.dealer_id, now))
        if "remind" in setup.automations and setup.dealer.opening_hours.is_open(now):
            sent += sum(_send(lead, "remind", now) for lead in _expected(setup.dealer_id, now))
    for setup in MessageSetup.objects.exclude(sms_number=""):
        sent += sum(_ask(fact, now) for fact in _just_talked(setup.dealer_id, now))
    return sent


def _unacknowledged(dealer: int, now: datetime) -> Iterator[int]:
    """Leads that have just arrived while the dealer is closed, by people who asked themselves."""
    fresh = Lead.objects.filter(dealer=dealer, received_at__gt=now - FRESH, in_hours=False, closed_at=None)
    for lead in fresh.filter(worked_at=None).exclude(origin__in=MARKETING).select_related("customer"):
        address = lead.customer.email or ""
        thanked = Message.objects.filter(dealer=dealer, automation="acknowledge", address__iexact=address)
        if address and not _NOBODY.match(address) and not thanked.filter(created_at__gt=now - ONCE).exists():
            yield lead.pk


def _expected(dealer: int, now: datetime) -> Iterator[int]:
    """Leads whose customer comes within a day, agreed some time ago."""
    made = {"created_at__lt": now - MADE_BEFORE, "starts_at__gt": now, "starts_at__lte": now + AHEAD}
    there = Appointment.objects.filter(dealer=dealer, status__in=("booked", "confirmed"), **made)
    yield from there.values_list("lead_id", flat=True)


@transaction.atomic
def _send(number: int, automation: str, now: datetime) -> bool:
    lead = locked(number)
    agreed = Appointment.objects.filter(pk=lead.standing.appointment or 0).first()
    if automation == "remind" and agreed is None:
        return False
    language = language_of(lead)
    template = words_of(lead.dealer_id, automation, "email", language)
    if template is None or not lead.customer.email:
        return False
    when = ""
    if agreed is not None:
        local = agreed.starts_at.astimezone(ZoneInfo(lead.dealer.zone))
        when = str(format_datetime(local, "EEEE d MMMM HH:mm", locale=language))
    wanted = lead.wanted or {}
    ready = begun(template, {
        "name": lead.customer.full_name, "dealer": lead.dealer.name, "appointment": when, "video": "", "phone": "",
        "car": " ".join(str(wanted[key]) for key in ("make", "model") if wanted.get(key)), "signature": "",
        "salesperson": "",
    })  # fmt: skip
    of = f"-{agreed.pk}-{int(agreed.starts_at.timestamp())}" if agreed and automation == "remind" else ""
    draft = Draft(
        "email", lead.customer.email, ready.text, f"{automation}{of}", ready.subject[:200], language=language
    )
    return automate(lead, automation, draft, now) is not None


def _just_talked(dealer: int, now: datetime) -> Iterator[Fact]:
    talked = Fact.objects.filter(dealer=dealer, at__gt=now - ASKED_WITHIN, at__lte=now, by__isnull=False)
    yield from talked.filter(kind="attempt_ended", body__outcome="conversation")


@transaction.atomic
def _ask(fact: Fact, now: datetime) -> bool:
    """Whoever talked on a line and has no screen open is asked by text what was agreed."""
    person = Person.objects.filter(pk=fact.by or 0, is_active=True).exclude(phone="").first()
    key = "ask-" + hashlib.sha256(f"{fact.lead_id}:{fact.pk}".encode()).hexdigest()[:20]
    if person is None or (person.seen_at is not None and person.seen_at > now - DESK_OPEN):
        return False
    if Message.objects.filter(lead=fact.lead_id, key=key).exists():
        return False
    lead = locked(fact.lead_id)
    history = read_history(lead)
    ended = next((one for one in reversed(history.facts) if isinstance(one, AttemptEnded)), None)
    begun_on = {one.key: one.line for one in history.facts if isinstance(one, Attempted)}
    if (
        ended is None
        or begun_on.get(ended.key, "desk") == "desk"
        or not nothing_agreed_yet(lead.standing, now)
    ):
        return False
    question = say(
        "%(name)s, %(car)s: what was agreed? Answer 1 quote, 2 call back tomorrow, 3 no interest. Or: %(url)s",
        name=str(lead.customer), car=lead.car, url=f"{settings.PUBLIC_URL}/leads/{lead.pk}/",
    )  # fmt: skip
    ask_colleague(lead, person, key, question, now)
    return True

"""What is sent without anybody pressing "Send", where a dealer wants it; and the question after a call."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_datetime
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext as _

from leadbell.appointment.models import Appointment
from leadbell.conversation.models import Message, MessageSetup
from leadbell.conversation.questions import ask_what_was_agreed
from leadbell.conversation.rules import nothing_agreed_yet
from leadbell.conversation.shelves import begun, language_of, words_of
from leadbell.conversation.staffmail import Draft as StaffDraft
from leadbell.conversation.staffmail import can_send, store, written_to
from leadbell.conversation.writing import Draft, automate, setup_of
from leadbell.dealers.models import Person
from leadbell.dealers.shelves import DESK_OPEN
from leadbell.followup.introducing import introduce, is_nobody, taken_over
from leadbell.lead.facts import Answered, Attempted, AttemptEnded
from leadbell.lead.journal import locked, read_history
from leadbell.lead.law import MARKETING
from leadbell.lead.models import Fact, Lead
from leadbell.log import fault_of
from leadbell.process import AWAY
from leadbell.ring.models import PhoneLine

log = structlog.get_logger("leadbell.messenger")

#: A question that is older than this when we see it isn't acknowledged any more.
FRESH = timedelta(minutes=30)
#: Two machines that thank each other stop here: one acknowledgement per address and day.
ONCE = timedelta(hours=24)
#: An appointment made so shortly before needs no reminder.
MADE_BEFORE = timedelta(hours=12)
AHEAD = timedelta(hours=24)
ASKED_WITHIN = timedelta(minutes=10)


def run_automations(now: datetime) -> int:
    """Send what is due; how much it was. A fault in one lead or dealer is looked at again later and stops no other."""
    mails = MessageSetup.objects.filter(mail_on=True).exclude(automations=[]).select_related("dealer")
    sent = sum(_apart(_mail, setup, now, dealer=setup.dealer_id) for setup in mails)
    introducing = MessageSetup.objects.filter(automations__contains=["introduce"])
    introducing = introducing.filter(Q(mail_on=True) | ~Q(sms_number=""))
    sent += sum(_apart(_introductions, setup, now, dealer=setup.dealer_id) for setup in introducing)
    on_lines = PhoneLine.objects.order_by("dealer").values_list("dealer", flat=True).distinct()
    return sent + sum(_apart(_ask_around, dealer, now, dealer=dealer) for dealer in on_lines)


def _apart(work: Callable[..., int], *about: Any, **named: int) -> int:
    try:
        return work(*about)
    except AWAY:
        raise
    except Exception as error:
        log.error("an automation failed", fault=fault_of(error), **named)
        return 0


def _mail(setup: MessageSetup, now: datetime) -> int:
    sent, is_open = 0, setup.dealer.opening_hours.is_open(now)
    if "acknowledge" in setup.automations and not is_open:
        for lead in _unacknowledged(setup.dealer_id, now):
            sent += _apart(_acknowledge, lead, now, lead=lead)
    if "remind" in setup.automations and is_open:
        for agreed in _expected(setup.dealer_id, now):
            sent += _apart(_remind, agreed, now, lead=agreed.lead_id)
    return sent


def _introductions(setup: MessageSetup, now: datetime) -> int:
    waiting = taken_over(setup.dealer_id, now)
    return sum(_apart(introduce, lead, now, lead=lead) for lead in waiting)


def _unacknowledged(dealer: int, now: datetime) -> list[int]:
    """Leads that have just arrived while the dealer is closed, by people who asked themselves."""
    thanked = Message.objects.filter(dealer=dealer, automation="acknowledge", created_at__gt=now - ONCE)
    addresses = {address.lower() for address in thanked.values_list("address", flat=True)}
    fresh = Lead.objects.filter(dealer=dealer, received_at__gt=now - FRESH, in_hours=False, closed_at=None)
    asked = fresh.filter(worked_at=None).exclude(origin__in=MARKETING).exclude(customer__emails=[])
    found: dict[str, int] = {}
    for lead in asked.select_related("customer").order_by("pk"):
        address = (lead.customer.email or "").lower()
        if address not in addresses and not is_nobody(address):
            found.setdefault(address, lead.pk)
    return list(found.values())


def _expected(dealer: int, now: datetime) -> list[Appointment]:
    """Those within a day, agreed some time ago, of which nobody has been reminded."""
    made = {"created_at__lt": now - MADE_BEFORE, "starts_at__gt": now, "starts_at__lte": now + AHEAD}
    there = Appointment.objects.filter(dealer=dealer, status__in=("booked", "confirmed"), **made)
    reminded = Message.objects.filter(dealer=dealer, automation="remind", created_at__gt=now - 2 * AHEAD)
    done = set(reminded.values_list("lead", "key"))
    reachable = there.exclude(lead__customer__emails=[]).order_by("starts_at")
    return [agreed for agreed in reachable if (agreed.lead_id, _reminder_of(agreed)) not in done]


def _reminder_of(agreed: Appointment) -> str:
    """The key of its reminder: moved to another time it gets another one."""
    return f"remind-{agreed.pk}-{int(agreed.starts_at.timestamp())}"


@transaction.atomic
def _acknowledge(number: int, now: datetime) -> bool:
    return _send(locked(number), "acknowledge", "acknowledge", "", now)


@transaction.atomic
def _remind(agreed: Appointment, now: datetime) -> bool:
    lead = locked(agreed.lead_id)
    if lead.standing.appointment != agreed.pk:
        return False
    when = agreed.starts_at.astimezone(ZoneInfo(lead.dealer.zone))
    said = str(format_datetime(when, "EEEE d MMMM HH:mm", locale=language_of(lead)))
    return _send(lead, "remind", _reminder_of(agreed), said, now)


def _send(lead: Lead, automation: str, key: str, when: str, now: datetime) -> bool:
    language = language_of(lead)
    template = words_of(lead.dealer_id, automation, "email", language)
    if template is None or not lead.customer.email:
        return False
    ready = begun(template, {
        "name": lead.customer.full_name, "dealer": lead.dealer.name, "appointment": when, "video": "", "phone": "",
        "car": lead.car, "signature": "", "salesperson": "",
    }, language)  # fmt: skip
    draft = Draft("email", lead.customer.email, ready.text, key, ready.subject[:200], language=language)
    return automate(lead, automation, draft, now) is not None


def _ask_around(dealer: int, now: datetime) -> int:
    """Ask those who have just talked."""
    talked = Fact.objects.filter(
        dealer=dealer, at__gt=now - ASKED_WITHIN, at__lte=now, by__isnull=False
    ).filter(kind="attempt_ended", body__outcome="conversation")
    facts = list(talked)
    asked = Message.objects.filter(lead__in={fact.lead_id for fact in facts}, way="ask")
    keys = set(asked.values_list("key", flat=True))
    mailed = written_to({fact.by or 0 for fact in facts}, {_question_of(fact) for fact in facts})
    keys |= {key for _person, key in mailed}
    waiting = [fact for fact in facts if _question_of(fact) not in keys]
    return sum(_apart(_ask, fact, now, lead=fact.lead_id) for fact in waiting)


def _question_of(fact: Fact) -> str:
    return "ask-" + hashlib.sha256(f"{fact.lead_id}:{fact.pk}".encode()).hexdigest()[:20]


@transaction.atomic
def _ask(fact: Fact, now: datetime) -> bool:
    """Whoever talked on a line and has no screen open is asked what was agreed: by text, else by e-mail."""
    person = Person.objects.filter(pk=fact.by or 0, is_active=True).first()
    key = _question_of(fact)
    if person is None or (person.seen_at is not None and person.seen_at > now - DESK_OPEN):
        return False
    if Message.objects.filter(lead=fact.lead_id, key=key).exists():
        return False
    lead = locked(fact.lead_id)
    history = read_history(lead)
    ended = next((one for one in reversed(history.facts) if isinstance(one, AttemptEnded)), None)
    begun_on = {one.key: one.line for one in history.facts if isinstance(one, Attempted | Answered)}
    if (
        ended is None
        or begun_on.get(ended.key, "desk") == "desk"
        or not nothing_agreed_yet(lead.standing, now)
    ):
        return False
    setup = setup_of(lead.dealer_id)
    if person.phone and setup and setup.sms_number and settings.TWILIO_ACCOUNT:
        return ask_what_was_agreed(lead, person, key, now)
    return can_send(person.organisation_id) and store(person, key, _letter(lead, person), now)


def _letter(lead: Lead, person: Person) -> StaffDraft:
    """In this person's words; the customer is behind the link only."""
    with translation.override(person.language):
        subject = _("%(car)s: what was agreed?") % {"car": lead.car or lead.source}
        told = _("You have just talked with the customer. Note what was agreed:")
    return StaffDraft(subject, f"{told} {settings.PUBLIC_URL}/leads/{lead.pk}/\n", "", "")

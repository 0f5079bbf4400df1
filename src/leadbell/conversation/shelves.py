"""What the screens show of messages: a lead's thread, and what a message can begin with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from leadbell.conversation.models import Incoming, Message, MessageTemplate, Signature
from leadbell.conversation.ports import CarrierName
from leadbell.conversation.receiving import FAULT, UNREADABLE
from leadbell.conversation.wording import LANGUAGES, PERSONAL, fill, template_of
from leadbell.conversation.wording_defaults import Template
from leadbell.conversation.writing import addresses_of, setup_of, why_not
from leadbell.dealers.models import Person
from leadbell.lead.models import Lead
from leadbell.words import Words

#: The newest messages of a thread are shown.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Way:
    """How this customer can be written to: the addresses that work, and why it can't be done now."""

    carrier: CarrierName
    addresses: tuple[str, ...]
    dead: tuple[tuple[str, Words], ...]
    because: Words | None


def thread_of(lead: Lead) -> list[Message]:
    """The lead's messages, oldest first."""
    newest = (
        Message.objects.filter(lead=lead)
        .exclude(way="ask")
        .select_related("by")
        .order_by("-created_at", "-pk")
    )
    return list(reversed(newest[:MOST_SHOWN]))


def not_read(dealer: int) -> int:
    """How many that arrived couldn't be read: kept as they came, or still in the dealer's mailbox."""
    aside = Incoming.objects.filter(dealer=dealer, status="aside")
    return aside.filter(because__text__in=[UNREADABLE.text, FAULT.text]).count()


def ways_to(lead: Lead, now: datetime) -> dict[str, Way]:
    found: dict[str, Way] = {}
    carriers: tuple[CarrierName, ...] = ("email", "sms")
    for carrier in carriers:
        known = addresses_of(lead, carrier)
        found[carrier] = Way(
            carrier, tuple(address for address, dead in known if dead is None),
            tuple((address, dead) for address, dead in known if dead is not None), why_not(lead, carrier, now),
        )  # fmt: skip
    return found


def can_send(dealer: int) -> bool:
    """Whether this dealer sends anything from here."""
    setup = setup_of(dealer)
    return setup is not None and (setup.mails or bool(setup.sms_number))


def language_of(lead: Lead, chosen: str = "") -> str:
    """The language a message begins in: chosen, else the customer's, else the dealer's."""
    for language in (chosen, lead.customer.language[:2], lead.dealer.language):
        if language in LANGUAGES:
            return language
    return "en"


def words_of(dealer: int, name: str, carrier: CarrierName, language: str) -> Template | None:
    """The dealer's own words, or the default ones."""
    return own_template(dealer, name, carrier, language) or template_of(name, carrier, language)


def own_template(dealer: int, name: str, carrier: CarrierName, language: str) -> Template | None:
    """The dealer's own words, where it has written some."""
    own = MessageTemplate.objects.filter(dealer=dealer, name=name, carrier=carrier, language=language).first()
    return Template(own.text, own.subject) if own else None


def templates_for(carrier: CarrierName) -> tuple[str, ...]:
    return tuple(name for name in PERSONAL if template_of(name, carrier, "en"))


def signature_of(person: Person, dealer_name: str) -> str:
    """The person's own, or name, dealer and number."""
    own = Signature.objects.filter(person=person).first()
    return own.text if own else "\n".join(filter(None, (person.name, dealer_name, person.phone)))


def begun(template: Template, values: Mapping[str, str], language: str) -> Template:
    """The template with everything filled in that is known, and words in this language for what isn't."""
    subject = " ".join(fill(template.subject, values, language).split())
    return Template(fill(template.text, values, language), subject)


def dealer_of_texts(called: str) -> int | None:
    """Whose number this is; it asks around the wall, for nothing but the dealer's number."""
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_dealer_of_texts(%s)", [called])
        row = cursor.fetchone()
    return int(row[0]) if row and row[0] is not None else None

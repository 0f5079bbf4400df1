"""Who is this? The same delivery, the same customer again, or somebody new. Each answer says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from babel.languages import get_official_languages

from leadbell.intake.inquiry import Inquiry
from leadbell.words import Words, say

#: A handle is ("phone", E.164) or ("email", lower case).
HandleKey = tuple[str, str]
#: Our own chat numbers each chat: what comes later with its number belongs to it.
CHAT = "chat"


def handles_of(inquiry: Inquiry) -> tuple[HandleKey, ...]:
    """By what a dealer recognises this customer, phones first."""
    phones = [("phone", p.number) for p in inquiry.customer.phones if p.number]
    emails = [("email", e.strip().lower()) for e in inquiry.customer.emails]
    return tuple(dict.fromkeys([*phones, *emails]))


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer of this dealer who shares a handle with the inquiry."""

    customer: int
    #: The handles that match.
    by: tuple[HandleKey, ...]
    open_lead: int | None = None
    last_owner: int | None = None
    #: The open lead came a moment before or after by the website or the CRM, and this is the other of the two.
    by_another_way: bool = False


@dataclass(frozen=True, slots=True)
class SeenBefore:
    """A lead that the same sender delivered before, under the same id or with the same bytes."""

    lead: int
    customer: int
    same_bytes: bool
    #: Whether cars and message say the same as this inquiry.
    same_content: bool
    #: Nobody knows yet who its customer is: they left no way to contact them.
    nameless: bool = False


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same delivery twice is one lead."""

    of: int
    because: Words


@dataclass(frozen=True, slots=True)
class Joins:
    """The same customer again: a new inquiry on the open lead."""

    lead: int
    customer: int
    because: Words
    #: The lead of somebody nameless, who turns out to be this customer: it ends, and goes on in theirs.
    instead_of: int | None = None


@dataclass(frozen=True, slots=True)
class Opens:
    """A new lead, of somebody new (`customer` is None) or of a known customer with the same salesperson."""

    customer: int | None
    known_to: int | None
    because: Words


def recognise(
    inquiry: Inquiry, seen: SeenBefore | None, known: Sequence[KnownCustomer]
) -> Duplicate | Joins | Opens:
    """Decide what an inquiry is; `known` are the customers who share a handle."""
    who = _best_match(known)
    if seen is not None:
        if seen.same_bytes:
            return Duplicate(seen.lead, say("the same message arrived before"))
        if inquiry.channel == CHAT:
            if who is not None and seen.nameless and who.open_lead not in (None, seen.lead):
                return Joins(
                    who.open_lead or 0,
                    who.customer,
                    say("a chat of a known customer, in their open lead"),
                    seen.lead,
                )
            theirs = who.customer if who is not None and seen.nameless else seen.customer
            return Joins(seen.lead, theirs, say("the same chat, now with a way to contact them"))
        same_person = who is not None and who.customer == seen.customer
        if seen.same_content and (same_person or not handles_of(inquiry)):
            return Duplicate(seen.lead, say("the sender delivered this lead before, under the same number"))
    if who is None:
        return Opens(None, None, say("new customer"))
    by = _match(who, len(known) > 1)
    if who.open_lead is not None and who.by_another_way and set(handles_of(inquiry)) <= set(who.by):
        return Duplicate(who.open_lead, say("the same lead by another way"))
    if who.open_lead is not None:
        return Joins(who.open_lead, who.customer, by)
    return Opens(who.customer, who.last_owner, by)


def _best_match(known: Sequence[KnownCustomer]) -> KnownCustomer | None:
    """Who shares the phone wins over who shares the e-mail address; then more matches, then who is open."""
    return max(
        known,
        key=lambda k: (
            any(kind == "phone" for kind, _ in k.by),
            len(k.by),
            k.open_lead is not None,
            -k.customer,
        ),
        default=None,
    )


def _match(who: KnownCustomer, ambiguous: bool) -> Words:
    kinds = {kind for kind, _ in who.by}
    if ambiguous:
        if "phone" in kinds:
            return say("known by phone number; the e-mail address belongs to another customer")
        return say("known by e-mail address, which more than one customer gave")
    if kinds == {"phone", "email"}:
        return say("known by phone number and e-mail address")
    return say("known by phone number") if "phone" in kinds else say("known by e-mail address")


@lru_cache(maxsize=10_000)
def language_of(number: str | None, country: str) -> str | None:
    """The language a foreign number speaks of, or None where the number is the dealer's own country's."""
    if not number:
        return None
    try:
        region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return None
    if not region or region == country:
        return None
    own = get_official_languages(country, de_facto=True)
    theirs = get_official_languages(region, de_facto=True)
    return theirs[0][:2] if theirs and theirs[0] not in own else None

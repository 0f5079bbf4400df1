"""A handover's answers, one resource per verb; and how a lead's page and the desk show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from leadbell.dealers.shelves import names_of
from leadbell.desk.lead.resources import Outcome, resource
from leadbell.desk.story.handover import DROPPED, in_words
from leadbell.desk.times import chosen_time
from leadbell.followup import handing
from leadbell.followup.actions import playbook_for
from leadbell.handover import actions as handover
from leadbell.handover.rules import REFUSALS, Deal, deal_of
from leadbell.handover.shelves import offered_to
from leadbell.lead.facts import RdrAnswer, Went
from leadbell.lead.history import History
from leadbell.lead.journal import read_history
from leadbell.refused import Refused
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.dealers.models import Person
    from leadbell.desk.entrance import Visit
    from leadbell.lead.models import Lead

#: More than anybody can accept at once.
MOST_SHOWN = 8
WENT: Mapping[str, Went] = {"kept": "kept", "moved": "moved", "dropped": "dropped"}
RDR: Mapping[str, RdrAnswer] = {"understood": "understood", "gave_time": "gave_time", "argued": "argued"}


@resource
def acceptance(request: "Visit", lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return handing.take_over(lead, request.user.pk, now), _("It is yours: confirm it personally.")


@resource
def question(request: "Visit", lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return handover.ask_back(lead, request.user.pk, request.POST.get("text", ""), now), _("Asked.")


@resource
def answered(request: "Visit", lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    playbook = playbook_for(lead, read_history(lead), now)
    text = request.POST.get("text", "")
    return handing.answer_back(lead, request.user, text, playbook, now), _("Answered.")


@resource
def refusal(request: "Visit", lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    reason, note = request.POST.get("reason", ""), request.POST.get("note", "")
    return handover.refuse(lead, request.user.pk, reason, note, now), _(
        "Refused: it goes on to somebody else."
    )


@resource
def first_contact(request: "Visit", lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """One tap: kept, moved or dropped, and how a defensive response was answered."""
    said = request.POST
    went = WENT.get(said.get("went", ""))
    if went is None:
        return Refused(say("Choose what became of it.")), ""
    starts_at = None
    if went == "moved" and lead.standing.appointment is not None:
        chosen = chosen_time(said, lead.dealer.zone)
        if isinstance(chosen, Refused):
            return chosen, ""
        starts_at = chosen
    met = handing.Met(
        went, said.get("reason", ""), said.get("rdr", "") in RDR, RDR.get(said.get("rdr", "")),
        said.get("note", ""), starts_at,
    )  # fmt: skip
    done = _("Noted. They go back to the BDC.") if went == "dropped" else _("Noted.")
    return handing.first_contact(lead, request.user.pk, met, now), done


@dataclass(frozen=True, slots=True)
class Shown:
    """A handover on screen: who gave it to whom, what the reader may do, and what was answered."""

    deal: Deal
    agent: str
    to: str
    told_of: str
    answers: tuple[Words, ...]
    talk: tuple[tuple[str, str], ...]
    refused: tuple[tuple[str, Words], ...]
    #: The reader accepts, asks back or refuses.
    mine: bool
    #: The reader answers a question.
    asked: bool
    #: It waits to be accepted.
    waits: bool
    #: The reader took it over, and hasn't told of the first contact.
    to_tell: bool
    #: Of whom the customer was told, where somebody else has it.
    another: bool


def shown(lead: "Lead", history: History, reader: "Person") -> Shown | None:
    """The newest handover as this reader sees it; None: there was none."""
    deal, s = deal_of(history), history.standing
    if deal is None:
        return None
    contract = s.contract
    people = {deal.agent, deal.to, *(who for who, _text in deal.talk), *(who for who, _why in deal.refused)}
    names = names_of(people | ({deal.told_of} if deal.told_of else set()))
    asks = contract is not None and contract.asked_at is not None
    has_it = s.owner if contract is None else deal.to
    return Shown(
        deal, names.get(deal.agent, "?"), names.get(deal.to, "?"), names.get(deal.told_of or 0, ""),
        in_words(deal.qualified) if deal.qualified else (),
        tuple((names.get(who, "?"), text) for who, text in deal.talk),
        tuple((names.get(who, "?"), why) for who, why in deal.refused),
        mine=contract is not None and contract.to == reader.pk,
        asked=asks and contract is not None and (contract.by == reader.pk or reader.manages),
        waits=contract is not None, to_tell=s.taken_over_at is not None and lead.owner_id == reader.pk,
        another=deal.told_of is not None and has_it != deal.told_of,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Handed:
    lead: "Lead"
    handover: Shown


def handed_to(person: "Person", dealers: tuple[int, ...]) -> list[Handed]:
    """What this person has to accept, the nearest end first."""
    found = []
    for lead in offered_to(person, dealers)[:MOST_SHOWN]:
        if seen := shown(lead, read_history(lead), person):
            found.append(Handed(lead, seen))
    return found


def refusals() -> list[tuple[str, Words]]:
    return list(REFUSALS.items())


def drop_reasons() -> list[tuple[str, Words]]:
    return list(DROPPED.items())

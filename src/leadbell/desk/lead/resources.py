"""What people do with a lead, one resource per verb: each takes the lead's row, calls one action, goes back."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Literal

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from leadbell.appointment import actions as appointment
from leadbell.appointment.ical import as_calendar
from leadbell.appointment.shelves import appointment_of
from leadbell.conversation import actions as conversation
from leadbell.desk.entrance import Visit, answer, door
from leadbell.desk.times import chosen_time
from leadbell.followup.correcting import correct
from leadbell.followup.returns import bring_back_by_hand
from leadbell.handover.rules import REASONS
from leadbell.lead.consent import KINDS
from leadbell.lead.doors import open_lead, take_lead
from leadbell.lead.facts import HowConfirmed
from leadbell.lead.facts import Outcome as Ended
from leadbell.network.actions import give_back
from leadbell.refused import Refused
from leadbell.ring import actions as ring
from leadbell.ring.calling import rung_by_line
from leadbell.ring.wanted import call_from_the_screen
from leadbell.routing.actions import assign
from leadbell.sale import actions as sale
from leadbell.unlost.actions import put_aside
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.lead.models import Lead

Outcome = object
#: One action on a locked lead; answers what was recorded or Refused, and what to say about it.
Act = Callable[["Visit", "Lead", datetime], tuple[Outcome, str]]
#: What can be tapped; a line that hears the call itself may tell more.
OUTCOMES: dict[str, Ended] = {
    "conversation": "conversation", "voicemail": "voicemail", "no_answer": "no_answer", "busy": "busy",
    "wrong_number": "wrong_number",
}  # fmt: skip
CARRIERS: dict[str, Literal["email", "sms", "video", "chat"]] = {
    "email": "email", "sms": "sms", "video": "video", "chat": "chat",
}  # fmt: skip
HOW_CONFIRMED: dict[str, HowConfirmed] = {"phone": "phone", "email": "email", "video": "video"}


def resource(act: Act) -> Callable[..., HttpResponse]:
    """POST on a lead: 404 where the person may not see it, else back to the page with what came of it."""

    @require_POST
    @door
    @wraps(act)
    def post(request: Visit, now: datetime, number: int) -> HttpResponse:
        lead = take_lead(request.user, number)
        outcome, done = act(request, lead, now)
        return answer(request, outcome, reverse("lead", args=[number]), done)

    return post


@resource
def giving_back(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """To the importer who sent it, for another dealer."""
    return give_back(lead, request.POST.get("note", ""), now), _("Given back: another dealer is asked.")


@resource
def acceptance(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Accept what rings here, and with `then=call` begin to call at once."""
    outcome: Outcome = ring.accept(lead, request.user.pk, now)
    if isinstance(outcome, Refused):
        return outcome if lead.owner_id in (None, request.user.pk) else first_was(lead), ""
    if request.POST.get("then") == "call":
        return _begin_to_call(request, lead, now)
    return outcome, ""


def _begin_to_call(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Over the dealer's line where it rings this person's phone, else by hand."""
    if lead.customer.phone and rung_by_line(request.user, [lead.dealer_id], now):
        return _ring_and_connect(request, lead, now)
    return conversation.start_attempt(lead, request.user.pk, now), ""


def _ring_and_connect(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    outcome = call_from_the_screen(lead, request.user.pk, now)
    return outcome, _("Your phone rings: pick it up and press 1.")


def first_was(lead: "Lead") -> Refused:
    """Whoever was faster has a name."""
    if lead.owner is None:
        return Refused(say("Somebody else was first."))
    return Refused(say("%(name)s was first.", name=lead.owner.first_name))


@resource
def passing_on(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return ring.pass_on(lead, request.user.pk, now), ""


@resource
def taking(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    outcome = ring.take(lead, request.user.pk, now)
    return outcome, _("The lead is yours.")


@resource
def attempt(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return conversation.start_attempt(lead, request.user.pk, now), ""


@resource
def call(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Ring the reader's own phone, and connect them with this customer."""
    return _ring_and_connect(request, lead, now)


@resource
def connection(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """The customer has answered: they are talking."""
    return conversation.connected(lead, request.user.pk, now), ""


@resource
def outcome(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    how = OUTCOMES.get(request.POST.get("outcome", ""))
    if how is None:
        return Refused(say("Choose how the call ended.")), ""
    return conversation.end_attempt(lead, request.user.pk, how, now), ""


@resource
def correction(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """What the newest call was, where its line took it for something else."""
    was = OUTCOMES.get(request.POST.get("outcome", ""))
    if was is None:
        return Refused(say("Choose how the call ended.")), ""
    return correct(lead, request.user.pk, was, now), _("Corrected: what comes next follows from it.")


@resource
def nothing_agreed(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Don't ask again what came of this conversation; the cadence goes on."""
    return conversation.nothing_agreed(lead, request.user.pk, now), _("Follow-up goes on by itself.")


@resource
def message(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    carrier = CARRIERS.get(request.POST.get("carrier", ""), "email")
    return conversation.wrote(lead, request.user.pk, now, carrier), _("Noted: you wrote.")


@resource
def call_back(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    due_at = chosen_time(request.POST, lead.dealer.zone)
    if isinstance(due_at, Refused):
        return due_at, ""
    agreed = conversation.agree_call_back(lead, request.user.pk, due_at, now, request.POST.get("note", ""))
    return agreed, _("It will be on your desk in time.")


@resource
def quote(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return conversation.promise_quote(lead, request.user.pk, now), _("Noted: a quote.")


@resource
def note(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return conversation.note(lead, request.user.pk, request.POST.get("text", ""), now), ""


@resource
def opt_out(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """One tap: no contact at all, or with `what=marketing` no campaigns; `words` are what the customer said."""
    words = request.POST.get("words", "")
    if request.POST.get("what") == "marketing":
        done = _("This customer won’t be called for campaigns any more.")
        return conversation.opt_out(lead, request.user.pk, now, words, "marketing"), done
    done = _("This customer won't be contacted any more.")
    return conversation.opt_out(lead, request.user.pk, now, words), done


@resource
def consent(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """What the customer allows or forbids, with the words that prove it."""
    kind = next((known for known in KINDS if known == request.POST.get("kind")), None)
    given = {"yes": True, "no": False}.get(request.POST.get("given", ""))
    if kind is None or given is None:
        return Refused(say("Choose what the customer said yes or no to.")), ""
    words = request.POST.get("words", "")
    return conversation.consent(lead, request.user.pk, kind, given, words, now), _("Noted, with its proof.")


@resource
def visit(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Book a time, or move the appointment that stands."""
    starts_at = chosen_time(request.POST, lead.dealer.zone)
    if isinstance(starts_at, Refused):
        return starts_at, ""
    if lead.standing.appointment is not None:
        return appointment.move(lead, request.user.pk, starts_at, now), _("The appointment is moved.")
    booked = appointment.book(lead, request.user.pk, starts_at, now, request.POST.get("what", ""))
    return booked, _("The appointment is made.")


@resource
def confirmation(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    how = HOW_CONFIRMED.get(request.POST.get("how", ""), "phone")
    return appointment.confirm(lead, request.user.pk, how, now), _("Confirmed.")


@resource
def attendance(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Whether the customer came."""
    if request.POST.get("came") == "yes":
        return appointment.came(lead, request.user.pk, now), ""
    return appointment.missed(lead, request.user.pk, now), ""


@resource
def cancellation(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return appointment.cancel(lead, request.user.pk, now), _("The appointment is cancelled.")


@require_GET
@door
def calendar(request: Visit, now: datetime, number: int) -> HttpResponse:
    """The appointment for the salesperson's own calendar."""
    lead = open_lead(request.user, number)
    agreed = appointment_of(lead.standing.appointment)
    if agreed is None:
        raise Http404
    file = HttpResponse(as_calendar(agreed, now), content_type="text/calendar; charset=utf-8")
    file["Content-Disposition"] = f'attachment; filename="appointment-{agreed.pk}.ics"'
    return file


@resource
def sold(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return sale.sell(lead, request.user.pk, now), _("Sold. Well done.")


@resource
def loss(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    reason, about = request.POST.get("reason", ""), request.POST.get("note", "")
    return sale.lose(lead, request.user.pk, reason, now, about), _("Closed as lost.")


@resource
def reopening(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    return sale.reopen(lead, request.user.pk, now), _("The lead is open again.")


@resource
def owner(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Hand the lead to a colleague: its owner may, and a manager."""
    if lead.owner_id != request.user.pk and not request.user.manages:
        return Refused(say("Only its owner or a manager can hand a lead over.")), ""
    to = request.POST.get("to", "")
    if not to.isdecimal():
        return Refused(say("Choose a colleague.")), ""
    because = REASONS.get(request.POST.get("because", ""))
    if because is None:
        return Refused(say("Choose why: each change of hands has a reason.")), ""
    return assign(lead, int(to), request.user.pk, now, because), _("Handed over.")


@resource
def putting_aside(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Take the alert off the Desk; the lead and its next step stay."""
    return put_aside(lead, request.user.pk, now), ""


@resource
def bringing_back(request: Visit, lead: "Lead", now: datetime) -> tuple[Outcome, str]:
    """Take a lost lead whose customer was seen, and with `then=call` begin to call at once."""
    outcome: Outcome = bring_back_by_hand(lead, request.user.pk, now)
    if isinstance(outcome, Refused) or request.POST.get("then") != "call":
        return outcome, _("Opened again: it is on the Desk.")
    return _begin_to_call(request, lead, now)

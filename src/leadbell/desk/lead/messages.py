"""The Messages page of a lead: what was written both ways, and a form to write from."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from django.contrib import messages as said_above
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from leadbell.appointment.actions import confirm
from leadbell.appointment.ical import Method, as_invitation
from leadbell.appointment.shelves import appointment_of, cancelled_of
from leadbell.conversation.ports import CarrierName, carrier_named
from leadbell.conversation.shelves import (
    Way,
    begun,
    language_of,
    signature_of,
    templates_for,
    thread_of,
    ways_to,
    words_of,
)
from leadbell.conversation.wording import LANGUAGES, foot
from leadbell.conversation.writing import Draft, is_written, new_key, setup_of, works_again, write
from leadbell.desk.entrance import Visit, answer, door
from leadbell.desk.lead.videos import link_of
from leadbell.followup.posting import opt_out_url
from leadbell.lead.consent import contact_forbidden
from leadbell.lead.doors import open_lead, take_lead
from leadbell.lead.facts import HowConfirmed
from leadbell.lead.thread import Thread
from leadbell.refused import Refused
from leadbell.video.shelves import video_of
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.appointment.models import Appointment
    from leadbell.lead.models import Lead
    from leadbell.video.models import Video

TEMPLATES: dict[str, str | Promise] = {
    "answer": gettext_lazy("First answer"),
    "not_reached": gettext_lazy("Not reached"),
    "quote": gettext_lazy("Quote"),
    "confirmation": gettext_lazy("Confirm the appointment"),
    "cancelled": gettext_lazy("Call the appointment off"),
    "acknowledge": gettext_lazy("We have your question"),
    "remind": gettext_lazy("Reminder of the appointment"),
    "introduce": gettext_lazy("Who receives the customer"),
}


ABOUT_AN_APPOINTMENT = ("confirmation", "cancelled")


@require_http_methods(["GET", "POST"])
@door
def messages(request: Visit, now: datetime, number: int) -> HttpResponse:
    """The thread, and the form; htmx gets the thread alone, so that what is being written stays."""
    if request.method == "POST":
        return _send(request, take_lead(request.user, number), now)
    lead = open_lead(request.user, number)
    with timezone.override(ZoneInfo(lead.dealer.zone)):
        if request.htmx:
            return render(
                request, "messages/thread.html", {"lead": lead, "thread": thread_of(lead), "now": now}
            )
        return render(request, "messages/messages.html", _page(request, lead, now))


@require_POST
@door
def preview(request: Visit, now: datetime, number: int) -> HttpResponse:
    """How the message will look, while it is being written."""
    lead = open_lead(request.user, number)
    return render(request, "messages/preview.html", _preview(lead, request.POST))


@require_POST
@door
def address_again(request: Visit, now: datetime, number: int) -> HttpResponse:
    """An address that didn't work is written to again."""
    lead = open_lead(request.user, number)
    works_again(lead, carrier_named(request.POST.get("carrier", "")), request.POST.get("address", ""))
    return answer(request, None, reverse("lead-messages", args=[number]), _("It will be tried again."))


def _send(request: Visit, lead: "Lead", now: datetime) -> HttpResponse:
    said = request.POST
    carrier = carrier_named(said.get("carrier", ""))
    agreed = appointment_of(lead.standing.appointment)
    again = is_written(lead, said.get("key", ""))
    confirms = said.get("confirms") == "1" and agreed is not None and not again
    video, text = _video(said), said.get("text", "")
    draft = Draft(
        carrier=carrier, to=said.get("to", ""), text=text, key=said.get("key", ""),
        subject=said.get("subject", ""), calendar=_invitation(lead, agreed, said, now),
        video=video != "" and video in text, language=language_of(lead, said.get("language", "")),
    )  # fmt: skip
    outcome: object = _wrong_video(said) or write(lead, request.user.pk, draft, now)
    if isinstance(outcome, Refused):
        with timezone.override(ZoneInfo(lead.dealer.zone)):
            return render(
                request,
                "messages/messages.html",
                _page(request, lead, now, said, outcome.because),
                status=409,
            )
    if confirms:
        how: HowConfirmed = "video" if draft.video else "email"
        confirm(lead, request.user.pk, how, now)
    said_above.success(request, _("It is on its way."))
    return answer(request, None, reverse("lead-messages", args=[lead.pk]))


def _page(
    request: Visit, lead: "Lead", now: datetime, said: Mapping[str, str] | None = None,
    because: Words | None = None,
) -> dict[str, Any]:  # fmt: skip
    ways = ways_to(lead, now)
    asked = said if said is not None else request.GET
    carrier = _chosen(asked.get("carrier", ""), ways)
    language = language_of(lead, asked.get("language", ""))
    agreed, gone = appointment_of(lead.standing.appointment), cancelled_of(lead, now)
    form = (
        said.dict()
        if said is not None and hasattr(said, "dict")
        else _begun(request, lead, carrier, language)
    )
    if said is None:
        form["template"] = _template(asked.get("template", ""), lead, carrier, now)
    return {
        "active": "leads", "now": now, "lead": lead, "thread": thread_of(lead), "ways": ways,
        "way": ways[carrier], "carrier": carrier, "language": language, "languages": LANGUAGES,
        "templates": [(name, TEMPLATES[name]) for name in templates_for(carrier)
                      if (name != "confirmation" or agreed) and (name != "cancelled" or gone)],
        "gone": gone,
        "form": form, "because": because, "appointment": agreed, "unwanted": contact_forbidden(lead),
        **_preview(lead, {**form, "carrier": carrier, "language": language}),
    }  # fmt: skip


def _begun(request: Visit, lead: "Lead", carrier: CarrierName, language: str) -> dict[str, Any]:
    """The form as it opens: a template with everything filled in that is known."""
    name = _template(request.GET.get("template", ""), lead, carrier, request.now)
    template = words_of(lead.dealer_id, name, carrier, language)
    if template is None:
        return {"key": new_key(), "text": "", "subject": ""}
    film = _recorded(lead, request.GET.get("video", ""), request.now)
    link = link_of(film) if film else ""
    ready = begun(template, values_for(request, lead, language, link), language)
    subject = ready.subject
    last = next((one for one in reversed(thread_of(lead)) if one.carrier == "email" and one.subject), None)
    if last is not None and name not in ABOUT_AN_APPOINTMENT:
        subject = last.subject if last.subject[:3].lower() == "re:" else f"Re: {last.subject}"
    confirms = "1" if name == "confirmation" and carrier == "email" else ""
    invitation = "1" if name in ABOUT_AN_APPOINTMENT and carrier == "email" else ""
    return {
        "key": new_key(), "text": ready.text if link in ready.text else f"{ready.text}\n\n{link}",
        "subject": subject[:200], "confirms": confirms, "invitation": invitation, "video": link,
        "film": film.pk.hex if film else "",
    }  # fmt: skip


def _recorded(lead: "Lead", number: str, now: datetime) -> "Video | None":
    """The video that was just recorded for this lead."""
    film = video_of(lead, number) if number else None
    return film if film is not None and film.can_be_seen(now) else None


def values_for(request: Visit, lead: "Lead", language: str, video: str = "") -> dict[str, str]:
    """What a template may name, for this lead and whoever writes."""
    customer, person = lead.customer, request.user
    wanted = lead.wanted or {}
    return {
        "name": customer.full_name or customer.first_name,
        "car": " ".join(str(wanted[key]) for key in ("make", "model") if wanted.get(key)),
        "dealer": lead.dealer.name, "salesperson": person.name, "phone": person.phone,
        "appointment": moment_of(_about(lead, request.now), lead.dealer.zone, language),
        "signature": signature_of(person, lead.dealer.name), "video": video,
    }  # fmt: skip


def moment_of(agreed: "Appointment | None", zone: str, language: str) -> str:
    """`Tuesday 24 November 14:30`, in the customer's language."""
    if agreed is None:
        return ""
    local = agreed.starts_at.astimezone(ZoneInfo(zone))
    return str(format_datetime(local, "EEEE d MMMM HH:mm", locale=language))


def _about(lead: "Lead", now: datetime) -> "Appointment | None":
    """The appointment there is, else the one that was called off."""
    return appointment_of(lead.standing.appointment) or cancelled_of(lead, now)


def _template(asked: str, lead: "Lead", carrier: CarrierName, now: datetime) -> str:
    """The one asked for, else the one that fits where the lead stands."""
    there = templates_for(carrier)
    if asked in there:
        return asked
    standing = lead.standing
    if standing.appointment and standing.confirmed_at is None and "confirmation" in there:
        return "confirmation"
    if cancelled_of(lead, now) is not None:
        return "cancelled"
    return "not_reached" if standing.attempts and standing.reached_at is None else "answer"


def _preview(lead: "Lead", said: Mapping[str, Any]) -> dict[str, Any]:
    carrier = carrier_named(said.get("carrier", ""))
    url = opt_out_url(Thread(lead.dealer_id, lead.pk))
    below = foot(carrier, language_of(lead, said.get("language", "")), lead.dealer.name, url)
    text = said.get("text", "")
    return {
        "preview": {
            "subject": said.get("subject", "") if carrier == "email" else "", "text": text, "foot": below,
            "opt_out": url, "letters": len(text) + 1 + len(below) if carrier == "sms" else 0,
        }
    }  # fmt: skip


def _chosen(asked: str, ways: Mapping[str, Way]) -> CarrierName:
    """What was asked for, else the first that works."""
    if asked in ways:
        return carrier_named(asked)
    return "sms" if ways["email"].because and not ways["sms"].because else "email"


def _video(said: Mapping[str, str]) -> str:
    return said.get("video", "").strip()


def _wrong_video(said: Mapping[str, str]) -> Refused | None:
    """A link that nobody can follow, or that isn't in the message."""
    video = _video(said)
    if not video:
        return None
    ours = f"{settings.PUBLIC_URL}/w/"
    if not video.startswith(("https://", ours)) or len(video) > 1000 or any(c.isspace() for c in video):
        return Refused(say("The link to the video begins with https://."))
    if video not in said.get("text", ""):
        return Refused(say("Put the link to the video into the message too."))
    return None


def _invitation(
    lead: "Lead", agreed: "Appointment | None", said: Mapping[str, str], now: datetime
) -> str:  # fmt: skip
    """What goes along for the customer's calendar: the appointment, or that it is called off."""
    about = _about(lead, now)
    if about is None or said.get("invitation") != "1" or said.get("carrier") == "sms":
        return ""
    setup = setup_of(lead.dealer_id)
    method: Method = "REQUEST" if agreed else "CANCEL"
    return as_invitation(about, now, setup.sender if setup else "", said.get("to", ""), method).decode()

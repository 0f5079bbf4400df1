"""The Dealer page, seventh part: how messages go out and come back, their words, and what is sent by itself."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from leadbell.conversation.ports import CarrierName, carrier_named
from leadbell.conversation.setup import (
    ask_for_test,
    change_automations,
    change_mail,
    change_replies,
    change_signature,
    change_template,
    change_texts,
    setup_for,
)
from leadbell.conversation.shelves import not_read, own_template, signature_of
from leadbell.conversation.wording import AUTOMATIONS, LANGUAGES, PERSONAL, TEXTED, VALUES, template_of
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.dealers import dealer_of
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.lead.messages import TEMPLATES
from leadbell.desk.reader import SALES
from leadbell.refused import Refused
from leadbell.words import Words

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: A test that nobody has told of by then was lost with a crash.
TEST_TAKES = timedelta(minutes=2)
AUTOMATED: dict[str, str | Promise] = {
    "acknowledge": gettext_lazy(
        "To a question that arrives while you are closed: that it arrived, by e-mail"
    ),
    "remind": gettext_lazy("The day before an appointment: a reminder, by e-mail"),
    "introduce": gettext_lazy("A handover was accepted: who receives the customer, by e-mail, else by text"),
}
#: The fields of each form, but for its password: that is never shown again.
FIELDS = {
    "account": ("mail_on", "sender", "host", "port", "security", "login"),
    "replies": ("replies", "bounces_here", "imap_host", "imap_port", "imap_security", "imap_login"),
    "texts": ("sms_number",),
}


@managed
@require_GET
def mailing(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All of it; htmx gets the test, the one part that moves."""
    if request.htmx:
        return render(request, "dealer/mail_test.html", {"dealer": dealer, **_tested(dealer, now)})
    return _page(request, dealer, now)


@managed
@require_POST
def account(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    return _after(request, dealer, now, change_mail(dealer, request.POST.dict(), now), "account")


@managed
@require_POST
def replies(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    return _after(request, dealer, now, change_replies(dealer, request.POST.dict(), now), "replies")


@managed
@require_POST
def texts(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    return _after(
        request, dealer, now, change_texts(dealer, request.POST.get("sms_number", ""), now), "texts"
    )


@managed
@require_POST
def automations(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    chosen = request.POST.getlist("automation")
    return _after(request, dealer, now, change_automations(dealer, chosen, now), "automations")


@managed
@require_POST
def test(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Send whoever asks an e-mail over the account."""
    outcome = ask_for_test(dealer, request.user, now)
    return _after(request, dealer, now, outcome, "account", _("A test is on its way to you."))


@managed
@require_POST
def template(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """The dealer's own words for one template."""
    said = request.POST
    name, carrier, language = (
        said.get("name", ""),
        carrier_named(said.get("carrier", "")),
        said.get("language", ""),
    )
    outcome = change_template(dealer, name, carrier, language, said.get("subject", ""), said.get("text", ""))
    if isinstance(outcome, Refused):
        return _page(request, dealer, now, outcome.because, f"template-{carrier}-{name}")
    where = f"{_here(dealer)}?language={language}#templates"
    return answer(request, None, where, _("Saved."))


@door_for(*SALES)
@require_POST
def signature(request: Visit, now: datetime) -> HttpResponse:
    """What stands under the reader's own messages."""
    outcome = change_signature(request.user, dealer_of(request), request.POST.get("text", ""))
    return answer(request, outcome, reverse("my-signature"), _("Saved."))


@door_for(*SALES)
@require_GET
def my_signature(request: Visit, now: datetime) -> HttpResponse:
    dealer = dealer_of(request)
    about = {"active": "", "dealer": dealer, "signature": signature_of(request.user, dealer.name)}
    return render(request, "messages/signature.html", about)


def _page(
    request: Visit, dealer: "Organisation", now: datetime, because: Words | None = None, where: str = ""
) -> HttpResponse:
    setup, said = setup_for(dealer), request.POST
    language = said.get("language") or request.GET.get("language") or dealer.language
    language = language if language in LANGUAGES else "en"
    seen = framed(request, dealer, "mailing") | _tested(dealer, now) | {
        "securities": type(setup).Security.choices, "replies": type(setup).Replies.choices,
        "automations": [(name, AUTOMATED[name], name in setup.automations) for name in AUTOMATIONS],
        "language": language, "languages_said": LANGUAGES, "values": [f"{{{name}}}" for name in VALUES],
        "templates": _templates(dealer, language, said), "because": because, "where": where,
        "not_read": not_read(dealer.pk),
        "sms_here": bool(settings.TWILIO_ACCOUNT and settings.TWILIO_TOKEN), "reply_domain": settings.MAIL_DOMAIN,
        "hook": f"{settings.PUBLIC_URL}/messages/twilio/", "form": _form(setup, said, where if because else ""),
    }  # fmt: skip
    return render(request, "dealer/mailing.html", seen, status=409 if because else 200)


def _form(setup: Any, said: Any, where: str) -> dict[str, Any]:
    """What stands in the fields: what is kept, and in the form `where` something was wrong, what was said."""
    kept = {name: getattr(setup, name) for names in FIELDS.values() for name in names}
    # The button for a test stands in a form of its own, without the account's fields.
    asked = FIELDS.get(where, ()) if where != "account" or "sender" in said else ()
    return kept | {name: said.get(name, "") for name in asked}


def _templates(dealer: "Organisation", language: str, said: Any) -> list[dict[str, Any]]:
    carriers: tuple[CarrierName, ...] = ("email", "sms")
    found = []
    for carrier in carriers:
        for name in (*PERSONAL, *AUTOMATIONS):
            ours = template_of(name, carrier, language)
            if ours is None or (carrier == "sms" and name in AUTOMATIONS and name not in TEXTED):
                continue
            own = own_template(dealer.pk, name, carrier, language)
            shown = own or ours
            if said.get("name") == name and said.get("carrier") == carrier:
                shown = type(ours)(said.get("text", ""), said.get("subject", ""))
            found.append({"name": name, "carrier": carrier, "label": TEMPLATES[name], "own": own is not None,
                          "shown": shown, "automatic": name in AUTOMATIONS,
                          "where": f"template-{carrier}-{name}"})  # fmt: skip
    return found


def _tested(dealer: "Organisation", now: datetime) -> dict[str, Any]:
    setup = setup_for(dealer)
    lost = (
        setup.test_status in ("asked", "going")
        and setup.test_at is not None
        and now - setup.test_at > TEST_TAKES
    )
    return {"setup": setup, "test_lost": lost}


def _after(
    request: Visit, dealer: "Organisation", now: datetime, outcome: object, where: str, done: str = ""
) -> HttpResponse:
    """Back to the page; or the page with the reason beside the form it is about."""
    if isinstance(outcome, Refused):
        return _page(request, dealer, now, outcome.because, where)
    return answer(request, outcome, f"{_here(dealer)}#{where}", done or _("Saved."))


def _here(dealer: "Organisation") -> str:
    return reverse("dealer-mailing", args=[dealer.pk])

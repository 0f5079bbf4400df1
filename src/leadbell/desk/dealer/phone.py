"""The Dealer page, fifth part: lines, rules, numbers and sentences of the telephone; and everybody's own phone."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.dealers.actions import ring_in_browser
from leadbell.dealers.people import people_of
from leadbell.dealers.presence import is_in_browser
from leadbell.desk.dealer.people import SPOKEN, framed, managed
from leadbell.desk.dealers import dealer_of
from leadbell.desk.entrance import Visit, answer, door_for
from leadbell.desk.reader import SALES
from leadbell.desk.templatetags.leadbell import language_name
from leadbell.followup.numbers import NoSuchNumber, add_number, call_sources, numbers_of, remove_number
from leadbell.refused import Refused
from leadbell.ring.calling import calls_at, lines_of, rung_by_line, test_of
from leadbell.ring.choices import (
    Decided,
    NoSuchLine,
    add_line,
    change_line,
    change_rules,
    change_sentences,
    kinds_to_add,
    law_of,
    move_line,
    phones_of,
    read_sentences,
    spoken,
)
from leadbell.ring.lines import has_browser_phones
from leadbell.ring.ports import BROWSER
from leadbell.ring.prompts import SENTENCES, VALUES
from leadbell.ring.wanted import ring_me, rules_of, why_unrung
from leadbell.words import say

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

#: When each sentence is said.
SAID_WHEN: dict[str, str | Promise] = {
    "whisper_lead": gettext_lazy("to the salesperson: a new lead"),
    "whisper_again": gettext_lazy("to the salesperson: a customer asked again"),
    "whisper_late": gettext_lazy("to the manager: a lead that was accepted, but not called"),
    "whisper_outbound": gettext_lazy("to the salesperson: they called from the screen"),
    "whisper_inbound": gettext_lazy("to the salesperson: a customer calls"),
    "whisper_test": gettext_lazy("to whoever tests their phone"),
    "tested": gettext_lazy("after a test"),
    "keypad": gettext_lazy("to the salesperson without a screen, after a conversation"),
    "noted": gettext_lazy("after a key that says what was agreed"),
    "announce": gettext_lazy("to both: the call is recorded"),
    "voicemail": gettext_lazy("to the salesperson: a voicemail answers"),
    "no_answer": gettext_lazy("to the salesperson: the customer doesn’t answer"),
    "busy": gettext_lazy("to the salesperson: the customer’s line is busy"),
    "unreachable": gettext_lazy("to the salesperson: the customer can’t be reached"),
    "not_placed": gettext_lazy("to the salesperson: the line could not call the customer"),
    "taken": gettext_lazy("to the salesperson: somebody was faster"),
    "not_now": gettext_lazy("to the salesperson: the customer can’t be called now"),
    "missed": gettext_lazy("to the customer: nobody is free"),
    "closed": gettext_lazy("to the customer: we are closed"),
}


@managed
@require_GET
def phone(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """All of it; htmx gets the test, the one part that moves."""
    if request.htmx:
        return render(request, "calls/ring_me.html", _ring_me(request, dealer, now))
    return _phone(request, dealer, now, {})


@managed
@require_POST
def lines(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Add a line."""
    said = request.POST
    outcome = add_line(dealer, said.get("kind", ""), said.get("caller_id", ""), said.get("trunk", ""), now)
    done = _("The line is there. It rings as soon as the switchboard has seen it.")
    return _after(request, dealer, now, outcome, done, "line")


@managed
@require_POST
def line(request: Visit, now: datetime, dealer: "Organisation", kind: str) -> HttpResponse:
    """Change a line, or switch it off or on."""
    said = request.POST
    try:
        outcome = change_line(
            dealer, kind, said.get("caller_id", ""), said.get("trunk", ""), said.get("enabled") == "1"
        )
    except NoSuchLine:
        raise Http404 from None
    return _after(request, dealer, now, outcome, _("Saved."), f"line-{kind}")


@managed
@require_POST
def place(request: Visit, now: datetime, dealer: "Organisation", kind: str) -> HttpResponse:
    """Try this line earlier or later."""
    try:
        outcome = move_line(dealer, kind, "up" if request.POST.get("where") == "up" else "down")
    except NoSuchLine:
        raise Http404 from None
    return _after(request, dealer, now, outcome, "", f"line-{kind}")


@managed
@require_POST
def rules(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Recording, how long it is kept, countries, quiet hours."""
    said = request.POST
    days = said.get("keep_days", "").strip()
    decided = Decided(
        recording=said.get("recording", ""),
        keep_days=int(days) if days.isdecimal() and len(days) < 6 else 0,
        countries=tuple(code.upper() for code in said.get("countries", "").replace(",", " ").split()),
        quiet_from=_minutes(said.get("quiet_from", "")),
        quiet_until=_minutes(said.get("quiet_until", "")),
    )
    return _after(request, dealer, now, change_rules(dealer, decided), _("Saved."), "rules")


@managed
@require_POST
def sentences(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """Save the dealer's own sentences in one language, or hear with `preview` how they would sound."""
    said, language = request.POST, _language(request, dealer)
    texts = {name: said.get(f"say-{name}", "") for name in SENTENCES}
    if "preview" in said:
        read = read_sentences(language, texts)
        if isinstance(read, Refused):
            return _after(request, dealer, now, read, "", "sentences", {"texts": texts})
        return _phone(request, dealer, now, {"texts": texts})
    outcome = change_sentences(dealer, language, texts)
    return _after(request, dealer, now, outcome, _("Saved."), "sentences", {"texts": texts})


@managed
@require_POST
def numbers(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    """A number that customers call, with the channel whose leads these calls are."""
    said = request.POST
    source = said.get("source", "")
    chosen = int(source) if source.isdecimal() and len(source) < 19 else None
    outcome = add_number(dealer, said.get("number", ""), said.get("name", ""), chosen, now)
    done = _("Calls on this number are leads from now on.")
    return _after(request, dealer, now, outcome, done, "number")


@managed
@require_POST
def number_removed(request: Visit, now: datetime, dealer: "Organisation", number: int) -> HttpResponse:
    try:
        outcome = remove_number(dealer, number, now)
    except NoSuchNumber:
        raise Http404 from None
    return _after(request, dealer, now, outcome, _("Removed. The leads it brought stay."), "number")


@door_for(*SALES)
@require_http_methods(["GET"])
def mine(request: Visit, now: datetime) -> HttpResponse:
    """The reader's own phone: where it rings, how the lines are, and a test; htmx asks for the test alone, or not."""
    dealer = dealer_of(request)
    if request.htmx and "where" not in request.GET:
        return render(request, "calls/ring_me.html", _ring_me(request, dealer, now))
    seen = {
        "active": "",
        "dealer": dealer,
        "lines": lines_of(dealer.pk, now),
        "reached": phones_of(dealer, [request.user])[0],
        "browsers": has_browser_phones(settings),
        "window_open": is_in_browser(request.user, now),
    }
    return render(request, "calls/my_phone.html", seen | _ring_me(request, dealer, now))


@door_for(*SALES)
@require_POST
def where(request: Visit, now: datetime) -> HttpResponse:
    """Choose between one's own phone and a window of the browser."""
    in_browser = request.POST.get("place") == "browser"
    if in_browser and not has_browser_phones(settings):
        outcome: object = Refused(say("A phone in the browser needs an Asterisk line: ask your manager."))
        return answer(request, outcome, reverse("my-phone"))
    ring_in_browser(request.user, in_browser, request.dealers)
    done = _("Open your phone’s window: calls ring there.") if in_browser else _("Saved.")
    return answer(request, None, reverse("my-phone"), done)


@door_for(*SALES)
@require_GET
def window(request: Visit, now: datetime) -> HttpResponse:
    """The phone in the browser: a window of its own, so that a call outlives every page. htmx gets who rings."""
    here = calls_at(request.user, request.dealers, now)
    seen = {
        "active": "phone-window",
        "name": f"{BROWSER}{request.user.pk}",
        "ready": request.user.in_browser and has_browser_phones(settings),
        "calls": here,
        "talk": next((one.call.pk for one in here if one.tone == "talk"), ""),
        "back": next((one for one in here if one.was_dialled), None)
        if all(one.is_over for one in here)
        else None,
    }
    return render(request, "calls/window_calls.html" if request.htmx else "calls/window.html", seen)


@door_for(*SALES)
@require_POST
def ring_mine(request: Visit, now: datetime) -> HttpResponse:
    """Ring the reader's own phone now, as a test."""
    dealer = dealer_of(request)
    outcome = ring_me(request.user, dealer.pk, now)
    done = _("Your phone rings: pick it up and press 1.")
    return answer(request, outcome, f"{reverse('my-phone')}?dealer={dealer.pk}", done)


def _ring_me(request: Visit, dealer: "Organisation", now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "dealer": dealer,
        "test": test_of(request.user, dealer.pk, now),
        "unrung": None
        if rung_by_line(request.user, [dealer.pk], now)
        else why_unrung(request.user, dealer.pk, now),
    }


def _phone(
    request: Visit, dealer: "Organisation", now: datetime, more: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    decided, language = rules_of(dealer.pk), _language(request, dealer)
    texts = more.get("texts") or {
        name: (decided.prompts.get(name) or {}).get(language, "") for name in SENTENCES
    }
    codes = dict.fromkeys((dealer.language, *SPOKEN))
    people = [one for one in people_of(dealer) if one.is_active]
    seen = framed(request, dealer, "phone") | _ring_me(request, dealer, now) | {
        "lines": lines_of(dealer.pk, now),
        "kinds": kinds_to_add(dealer),
        "rules": decided,
        "recordings": type(decided).Recording.choices,
        "law": law_of(dealer),
        "countries": ", ".join(decided.countries),
        "quiet_from": _clock(decided.quiet_from),
        "quiet_until": _clock(decided.quiet_until),
        "language": language,
        "languages_said": [(code, language_name(code)) for code in codes],
        "sentences": [
            {
                "name": name,
                "when": SAID_WHEN.get(name, name),
                "own": texts.get(name, ""),
                "heard": spoken({name: {language: _readable(texts.get(name, ""))}}, name, language),
                "ours": spoken({}, name, language),
            }
            for name in SENTENCES
        ],
        "values": [f"%({name})s" for name in ("name", "car", "ago") if name in VALUES],
        "numbers": numbers_of(dealer),
        "sources": call_sources(dealer),
        "reached": phones_of(dealer, people),
        "said": request.POST,
    }  # fmt: skip
    return render(request, "dealer/phone.html", seen | dict(more), status=status)


def _readable(text: str) -> str:
    """What can't be spoken yet isn't previewed."""
    return "" if isinstance(read_sentences("en", {"tested": text}), Refused) else " ".join(text.split())


def _after(
    request: Visit,
    dealer: "Organisation",
    now: datetime,
    outcome: object,
    done: str,
    where: str,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Back to the page; or the page with the reason beside the form it is about."""
    if isinstance(outcome, Refused):
        again = {**(more or {}), "because": outcome.because, "where": where}
        return _phone(request, dealer, now, again, status=409)
    return answer(request, outcome, reverse("dealer-phone", args=[dealer.pk]), done)


def _language(request: Visit, dealer: "Organisation") -> str:
    asked = request.POST.get("language") or request.GET.get("language") or dealer.language
    return asked if asked in (*SPOKEN, dealer.language) else dealer.language


def _minutes(text: str) -> int:
    """Minutes after midnight; -1 for what is no time of day."""
    try:
        at = time.fromisoformat(text.strip())
    except ValueError:
        return -1
    return at.hour * 60 + at.minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"

"""How a page is entered: signed in, through the door, in one transaction around query and rendering."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotFound, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from leadbell.conversation.wording import UNSTORABLE
from leadbell.desk.reader import ONLY
from leadbell.desk.templatetags.leadbell import words
from leadbell.lead.doors import NoSuchLead, through_the_door
from leadbell.refused import Refused

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from leadbell.dealers.models import Person

P = ParamSpec("P")


class Visit(HttpRequest):
    """Somebody signed in, the dealers they may see, and the moment they asked (aware UTC)."""

    user: "Person"
    htmx: "HtmxDetails"
    dealers: tuple[int, ...]
    now: datetime


Page = Callable[Concatenate[Visit, datetime, P], HttpResponse]
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def door(page: Page[P]) -> View[P]:
    """Let signed-in people in, with `now`; what they may not see answers 404."""

    @wraps(page)
    def enter(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        visit = cast(Visit, request)
        visit.now = datetime.now(UTC)
        with (
            timezone.override(ZoneInfo(visit.user.organisation.zone)),
            through_the_door(visit.user) as dealers,
        ):
            visit.dealers = dealers
            _only_theirs(visit)
            try:
                return _with_messages(visit, page(visit, visit.now, *args, **kwargs))
            except NoSuchLead:
                raise Http404 from None

    return enter


def _only_theirs(visit: Visit) -> None:
    """Who has a few pages only gets no other, whatever a page forgets to ask."""
    theirs, asked = ONLY.get(visit.user.role), visit.resolver_match
    if theirs is not None and (asked is None or asked.url_name not in theirs):
        raise PermissionDenied


def door_for(*roles: str) -> Callable[[Page[P]], View[P]]:
    """The door, for people of these roles only; others are told so (403)."""

    def only(page: Page[P]) -> View[P]:
        @wraps(page)
        def check(visit: Visit, now: datetime, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if visit.user.role not in roles:
                raise PermissionDenied
            return page(visit, now, *args, **kwargs)

        return door(check)

    return only


def _with_messages(visit: Visit, response: HttpResponse) -> HttpResponse:
    """A fragment brings along what is to be said; a whole page says it by itself."""
    if visit.htmx and response.status_code == 200 and not response.streaming:
        waiting = messages.get_messages(visit)
        if len(waiting):
            response.content += render(visit, "frame/toasts.html", {"messages": waiting}).content
    return response


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment can't show the sign-in page: the whole screen goes there."""
    sign_in = reverse("account_login")
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": sign_in})
    came_for = urlencode({"next": request.get_full_path()})
    return redirect(f"{sign_in}?{came_for}" if request.method == "GET" else sign_in)


class WhatCanBeStored:
    """NUL, which PostgreSQL can't store: a search goes without it, and a form that a page stumbles over is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            return HttpResponseNotFound()
        if _NUL in request.META.get("QUERY_STRING", ""):
            request.GET = QueryDict(request.GET.urlencode().replace(_NUL, ""))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Nothing of it is stored: the door's transaction has ended."""
        if not isinstance(error, ValueError | DataError) or not _says_nul(request):
            return None
        return answer(request, Refused(UNSTORABLE), reverse("home"))


_NUL = "%00"


def _says_nul(request: HttpRequest) -> bool:
    return any("\0" in text for name, texts in request.POST.lists() for text in (name, *texts))


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Return to the page the form stood on (htmx follows as well), or to `otherwise`."""
    came_from = request.META.get("HTTP_REFERER", "")
    if url_has_allowed_host_and_scheme(came_from, {request.get_host()}):
        parts = urlsplit(came_from)
        otherwise = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return HttpResponse(status=303, headers={"Location": otherwise})


def answer(request: HttpRequest, outcome: object, otherwise: str, done: str = "") -> HttpResponse:
    """After an action: back to the page, with `done` said; or, if it was refused, with the reason.

    Without JavaScript the sentence stands on the page that follows. htmx gets a refusal as a toast with
    status 409, and `changed` makes the page fetch what is true now.
    """
    if isinstance(outcome, Refused):
        if getattr(request, "htmx", False):
            said = {"text": words(outcome.because), "level": "warning"}
            toast = render(request, "frame/toast.html", {"toast": said}, status=409)
            toast["HX-Trigger"] = "changed"
            return toast
        messages.warning(request, words(outcome.because))
    elif done:
        messages.success(request, done)
    return back(request, otherwise)

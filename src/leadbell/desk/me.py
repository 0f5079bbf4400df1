"""The reader's own switches: shift, language, theme; and the bell that every page carries."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from leadbell.dealers.actions import read_in, switch_shift
from leadbell.desk.entrance import Visit, back, door
from leadbell.desk.reader import THEME_COOKIE, THEMES

A_YEAR_S = 365 * 24 * 3600


@require_POST
@door
def shift(request: Visit, now: datetime) -> HttpResponse:
    switch_shift(request.user, request.POST.get("on") == "1", request.dealers)
    if request.htmx:
        return render(request, "frame/shift.html")
    return back(request, reverse("home"))


@require_POST
@door
def language(request: Visit, now: datetime) -> HttpResponse:
    if (code := request.POST.get("language", "")) in dict(settings.LANGUAGES):
        read_in(request.user, code)
    return back(request, reverse("home"))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Kept in a cookie, so that the first byte of every page knows it."""
    answer = back(request, reverse("home"))
    if (chosen := request.POST.get("theme", "")) in THEMES:
        answer.set_cookie(
            THEME_COOKIE, chosen, max_age=A_YEAR_S, samesite="Lax", httponly=True, secure=settings.HTTPS
        )
    return answer


@require_GET
@door
def bell(request: Visit, now: datetime) -> HttpResponse:
    """Who rings here now; the page fetches it when the bell starts or stops."""
    return render(request, "frame/bell.html")

"""Dealers side by side, for the importer and the group: counts, and never a customer."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from leadbell.desk.entrance import Visit, door_for
from leadbell.metrics.now.network import DAYS, compare


@door_for("importer", "manager")
@require_GET
def network(request: Visit, now: datetime) -> HttpResponse:
    """A manager of one dealer has nothing to compare."""
    if request.user.organisation.kind == "dealer":
        raise PermissionDenied
    dealers = compare(request.user, now)
    seen = {
        "active": "network",
        "dealers": dealers,
        "days": DAYS,
        "now": now,
        "here": request.user.organisation,
    }
    return render(request, "network/live.html" if request.htmx else "network/network.html", seen)

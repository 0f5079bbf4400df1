"""Which dealer a page shows: the one asked for with `?dealer=`, else the reader's own."""

from typing import TYPE_CHECKING

from django.http import Http404

from leadbell.dealers.people import NoSuchDealer, dealers_to_see, the_dealer
from leadbell.desk.entrance import Visit

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation


def dealer_of(request: Visit, number: int | None = None) -> "Organisation":
    """The dealer to show. One that the reader may not see is not there (404)."""
    asked = request.POST.get("dealer") or request.GET.get("dealer") or ""
    if number is None and asked:
        if not asked.isdecimal():
            raise Http404
        number = int(asked)
    try:
        return the_dealer(request.user, _seen(request), number)
    except NoSuchDealer:
        raise Http404 from None


def switch(request: Visit) -> "list[Organisation]":
    """The dealers to switch between, by name; nothing where there is only one."""
    dealers = _seen(request)
    return dealers if len(dealers) > 1 else []


def _seen(request: Visit) -> "list[Organisation]":
    """Looked up once per visit."""
    if "dealers_seen" not in request.__dict__:
        request.__dict__["dealers_seen"] = dealers_to_see(request.user, request.dealers)
    dealers: list[Organisation] = request.__dict__["dealers_seen"]
    return dealers

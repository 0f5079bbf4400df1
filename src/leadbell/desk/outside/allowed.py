"""Pages that open without signing in: how often one address may ask for them."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from leadbell.allowance import Allowance

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def at_most(allowed: Allowance) -> Callable[[Page[P]], Page[P]]:
    """Who asks more often than allowed is told when to come again (429); pages may share an allowance."""

    def only(page: Page[P]) -> Page[P]:
        @wraps(page)
        def count(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            caller, at = request.META.get("REMOTE_ADDR", ""), time.monotonic()
            if wait := allowed.wait_s(caller, at):
                return HttpResponse(status=429, headers={"Retry-After": str(int(wait) + 1)})
            allowed.count(caller, at)
            return page(request, *args, **kwargs)

        return count

    return only

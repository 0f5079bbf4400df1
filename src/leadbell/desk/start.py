"""The first page: to one's own landing page, to the sign-in, or (demo) signed in with one click."""

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from leadbell.dealers.shelves import everybody, somebody
from leadbell.desk.reader import landing

ENTER = settings.AUTHENTICATION_BACKENDS[0]


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(landing(request.user))
    return redirect("start" if settings.DEMO else "account_login")


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Sign in as anybody, without a password: only in the demo, whose people are invented."""
    if not settings.DEMO:
        raise Http404
    if request.method == "GET":
        return render(request, "start/start.html", _who_there_is())
    person = somebody(request.POST.get("person", ""))
    if person is None:
        raise Http404
    login(request, person, backend=ENTER)
    return redirect(landing(person))


def _who_there_is() -> dict[str, object]:
    """The first dealer's house and the importers; everybody else is folded away, so that the page can be read."""
    found = everybody()
    home = found[0].organisation.parent_id if found else None
    near = [
        one for one in found
        if one is found[0] or one.organisation.kind == "importer"
        or (home is not None and home in (one.organisation.pk, one.organisation.parent_id))
    ]  # fmt: skip
    return {"organisations": near, "others": [one for one in found if one not in near]}

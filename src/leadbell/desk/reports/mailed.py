"""What a letter of figures has on screen: itself in a policy of its own, and the page behind the link that ends it."""

from datetime import UTC, datetime
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation

from leadbell.allowance import Allowance
from leadbell.conversation.staffmail import Draft
from leadbell.metrics.letters import Letters

#: A letter has its styles inline, and nothing that runs, is loaded or is sent.
LETTERS_POLICY = {
    "default-src": [NONE], "script-src": [NONE], "style-src": [UNSAFE_INLINE], "form-action": [NONE],
    "frame-ancestors": [SELF],
}  # fmt: skip
#: So many a minute from one address; a mail provider clicks for several readers.
ENDINGS = Allowance(60)


def as_sent(request: HttpRequest, said: Draft) -> HttpResponse:
    """The letter itself, as it would be sent."""
    if request.GET.get("as") == "text":
        return HttpResponse(said.text, content_type="text/plain; charset=utf-8")
    return HttpResponse(said.html)


def ending(request: HttpRequest, letters: Letters[Any], name: str, template: str) -> HttpResponse:
    """GET shows the button, since scanners follow links; POST ends it at once (RFC 8058). No cookie, no sign-in."""
    if letters.person_named(name) is None:
        raise Http404
    done = request.method == "POST"
    person = letters.turn_off(name, datetime.now(UTC)) if done else None
    if done and person is None:
        raise Http404
    with translation.override(person.language if person else translation.get_language()):
        return render(request, template, {"done": done})

"""What Twilio tells of texts, by signed webhook: kept before it is answered, and read by the messenger."""

import time
from datetime import UTC, datetime

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leadbell import twilio_signature
from leadbell.allowance import Allowance
from leadbell.conversation.receiving import keep_told
from leadbell.conversation.shelves import dealer_of_texts
from leadbell.lead.doors import tenant

MOST_BYTES = 65_536
#: What is wrongly signed is counted per address: nobody guesses for long.
_STRANGERS = Allowance(60)
_EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@csrf_exempt
@require_POST
def arrived(request: HttpRequest) -> HttpResponse:
    """A text came to one of our numbers."""
    if refused := _not_twilio(request):
        return refused
    said = request.POST
    dealer = dealer_of_texts(said.get("To", ""))
    if dealer is None or not said.get("MessageSid"):
        return HttpResponse(status=404)
    with tenant([dealer]):
        keep_told(dealer, "text", f"text:{said['MessageSid']}", said.dict(), datetime.now(UTC))
    return HttpResponse(_EMPTY, content_type="text/xml; charset=utf-8")


@csrf_exempt
@require_POST
def status(request: HttpRequest, dealer: int, message: int) -> HttpResponse:
    """What became of a text of ours. The address is ours and signed: nobody else's message can be named."""
    if refused := _not_twilio(request):
        return refused
    said = request.POST
    with tenant([dealer]):
        key = f"status:{message}:{said.get('MessageStatus', '')[:20]}"
        keep_told(dealer, "status", key, said.dict() | {"message": str(message)}, datetime.now(UTC))
    return HttpResponse(status=204)


def _not_twilio(request: HttpRequest) -> HttpResponse | None:
    """The refusal, where it isn't signed by our account."""
    caller, at = request.META.get("REMOTE_ADDR", ""), time.monotonic()
    if wait := _STRANGERS.wait_s(caller, at):
        return HttpResponse(status=429, headers={"Retry-After": str(int(wait) + 1)})
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        said = request.POST.dict()
    except RequestDataTooBig:
        return HttpResponse(status=413)
    url = settings.PUBLIC_URL + request.get_full_path()
    signature = request.headers.get(twilio_signature.HEADER, "")
    if twilio_signature.is_ours(settings.TWILIO_ACCOUNT, settings.TWILIO_TOKEN, url, said, signature):
        return None
    _STRANGERS.count(caller, at)
    return HttpResponse(status=403)

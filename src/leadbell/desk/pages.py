"""Django's pages behind the front door: one thread answers a request, from its first middleware to its last."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    Receive = Callable[[], Awaitable[Mapping[str, Any]]]
    Send = Callable[[Mapping[str, Any]], Awaitable[None]]

# Our own streams are asynchronous. What WhiteNoise sends are the files of the pages: small, and fine to read whole.
warnings.filterwarnings("ignore", "StreamingHttpResponse must consume synchronous iterators")

#: So many threads are kept for the next requests; where more are asked at once, theirs end with them.
KEPT = 20


class Pages(ASGIHandler):
    """Django's own handler goes to and fro between thread and loop for each middleware that could do without a thread,
    and begins and ends two threads for each request. That costs more than answering it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.resting: list[ThreadPoolExecutor] = []

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware()

    async def __call__(self, scope: dict[str, Any], receive: "Receive", send: "Send") -> None:
        thread = self.resting.pop() if self.resting else ThreadPoolExecutor(1, "page")
        try:
            async with ThreadSensitiveContext(executor=thread):
                await super().__call__(scope, receive, send)
        finally:
            if len(self.resting) < KEPT:
                self.resting.append(thread)
            else:
                thread.shutdown(wait=False)

    async def get_response_async(self, request: "HttpRequest") -> "HttpResponseBase":
        return await sync_to_async(self.get_response)(request)

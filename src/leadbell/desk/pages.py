"""Django's pages behind the front door: one thread answers a request, from its first middleware to its last."""

from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class Pages(ASGIHandler):
    """Django's own handler goes to and fro between thread and loop for each middleware that could do without a thread.

    That costs more than all of them.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware()

    async def get_response_async(self, request: "HttpRequest") -> "HttpResponseBase":
        return await sync_to_async(self.get_response)(request)

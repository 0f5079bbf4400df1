"""People are added by their dealer: nobody signs up by themselves."""

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.http import HttpRequest

from leadbell.dealers.people import person_at_work

if TYPE_CHECKING:
    from leadbell.dealers.models import Person


class ClosedShop(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class ByEmail(AuthenticationBackend):  # type: ignore[misc]  # allauth ships no types
    def get_user(self, number: int) -> "Person | None":
        """Who the session's person is, asked for by each request, with their organisation."""
        return person_at_work(number)

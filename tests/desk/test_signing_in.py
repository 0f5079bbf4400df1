"""Who is signed in is asked with every request, and answered in one thread."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

from leadbell.dealers.models import Person
from leadbell.dealers.people import person_at_work
from leadbell.desk.pages import KEPT, Pages


def is_let_go(rosa: Person) -> None:
    Person.objects.filter(pk=rosa.pk).update(is_active=False)


def changes_the_password(rosa: Person) -> None:
    rosa.set_password("another bell")
    rosa.save()


def is_signed_out(rosa: Person) -> None:
    Session.objects.all().delete()


def stays_away_for_too_long(rosa: Person) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    "rosa_then", [is_let_go, changes_the_password, is_signed_out, stays_away_for_too_long]
)
def test_the_next_request_knows(signed_in: Any, rosa: Person, rosa_then: Callable[[Person], None]) -> None:
    desk = signed_in(rosa)
    assert desk.get("/desk/").status_code == 200
    rosa_then(rosa)
    answer = desk.get("/desk/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/")


def test_a_person_comes_with_their_organisation(rosa: Person, django_assert_num_queries: Any) -> None:
    found = person_at_work(rosa.pk)
    with django_assert_num_queries(0):
        assert found is not None
        assert found.organisation.name == "Northside"
    assert person_at_work(rosa.pk + 1) is None


@sync_and_async_middleware
def noting(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """A middleware that could do without a thread, and notes whether it has to."""
    in_the_loop.append(iscoroutinefunction(get_response))
    return get_response


in_the_loop: list[bool] = []


async def ask(pages: Pages) -> int:
    """For a page that nobody has; answers the status."""
    said: list[Any] = []
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        said.append(message)

    scope: Any = {"type": "http", "method": "GET", "path": "/nowhere/", "headers": [], "query_string": b""}
    await pages(scope, receive, send)
    return int(said[0]["status"])


async def test_no_middleware_leaves_the_thread_that_answers(settings: Any) -> None:
    in_the_loop.clear()
    here = f"{__name__}.noting"
    settings.MIDDLEWARE = [here, *settings.MIDDLEWARE, here]
    assert await ask(Pages()) == 404
    assert in_the_loop == [False, False]


async def test_threads_are_kept_for_the_next_requests_but_not_all_of_a_rush() -> None:
    pages = Pages()
    await ask(pages)
    kept = list(pages.resting)
    await ask(pages)
    assert pages.resting == kept
    assert len(kept) == 1
    await asyncio.gather(*(ask(pages) for _ in range(KEPT + 2)))
    assert len(pages.resting) == KEPT

"""Whose desk is open, written for all people of a web process at once; and whose phone is, in a browser."""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection

from leadbell.dealers.models import Person

#: A desk that wrote within this time is open still: the stream writes every minute.
OPEN_FOR = timedelta(minutes=2)


def mark_seen(people: Collection[int], now: datetime) -> set[int]:
    """Write that these desks are open; answers whose were closed until now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            with before as (
                select id, seen_at from leadbell_person where id = any(%s) order by id for no key update
            )
            update leadbell_person p set seen_at = %s from before where p.id = before.id
            returning p.id, before.seen_at is null or before.seen_at < %s
            """,
            [sorted(people), now, now - OPEN_FOR],
        )
        return {person for person, was_closed in cursor if was_closed}


def mark_gone(people: Collection[int]) -> None:
    """Write that these people closed their last desk."""
    with connection.cursor() as cursor:
        cursor.execute("update leadbell_person set seen_at = null where id = any(%s)", [sorted(people)])


#: A phone in a browser that wrote within this time is open still; one that is closed says so at once.
PHONE_OPEN_FOR = timedelta(minutes=2)


def phone_opened(person: int, now: datetime) -> bool:
    """Write that their phone in the browser is open; False where theirs is another phone."""
    chosen = Person.objects.filter(pk=person, in_browser=True, is_active=True)
    return chosen.update(browser_open_at=now) == 1


def phone_closed(person: int) -> None:
    Person.objects.filter(pk=person).update(browser_open_at=None)


def is_in_browser(person: Person, now: datetime) -> bool:
    """Whether calls ring in their browser now."""
    since = person.browser_open_at
    return person.in_browser and since is not None and since > now - PHONE_OPEN_FOR

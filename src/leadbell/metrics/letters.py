"""Letters to our own people: who may have them, who waits for one, the link that ends them, plain text without gaps."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import structlog
from django.core.signing import BadSignature, Signer

from leadbell.conversation import staffmail
from leadbell.dealers.models import Person
from leadbell.log import fault_of
from leadbell.process import AWAY

log = structlog.get_logger("leadbell.figures")

#: Whose figures they are: who runs a dealer, a group or a network.
READERS = (Person.Role.MANAGER, Person.Role.IMPORTER)


class Issue(Protocol):
    """What one letter is about: a week, a month."""

    @property
    def key(self) -> str:
        """Names this issue's letters for ever."""


One = TypeVar("One", bound=Issue)
#: The issue that is due, if one is: by the reader's zone, since when they want it, and now.
Due = Callable[[str, datetime, datetime], One | None]


class Letters(Generic[One]):
    """One kind of letter. `kind` is how its keys begin (`staffmail.WANTED`)."""

    def __init__(self, kind: str, due: Due[One]) -> None:
        self._wanted, self._due = staffmail.WANTED[kind], due
        self._signer = Signer(sep=".", salt=f"leadbell.metrics.letters.{kind}")

    def want(self, person: Person, now: datetime, *, on: bool) -> None:
        """From the next issue on, or no more."""
        if on != (getattr(person, self._wanted) is not None):
            setattr(person, self._wanted, now if on else None)
            person.save(update_fields=[self._wanted])

    # -- the link that ends them -------------------------------------------------------------------------------

    def name_of(self, person: Person) -> str:
        """Names whose letters a link ends; signed, and of no other use."""
        return self._signer.sign(str(person.pk))

    def person_named(self, name: str) -> int | None:
        """None where it was not signed here."""
        try:
            return int(self._signer.unsign(name))
        except (BadSignature, ValueError):
            return None

    def turn_off(self, name: str, now: datetime) -> Person | None:
        """What the link does; None where it was not signed here."""
        number = self.person_named(name)
        person = Person.objects.select_related("organisation").filter(pk=number).first() if number else None
        if person is not None:
            self.want(person, now, on=False)
        return person

    # -- writing -----------------------------------------------------------------------------------------------

    def write(self, written: Callable[[Person, One], staffmail.Draft], now: datetime) -> int:
        """Write every letter that is due and not written yet, by organisation; how many.

        Whose letter can't be written holds up nobody else's; it is tried again at the next look.
        """
        done = 0
        for person, issue in self._waiting(now):
            try:
                kept = staffmail.store(person, issue.key, written(person, issue), now)
            except AWAY:
                raise
            except Exception as error:
                log.error(
                    "a letter couldn't be written", person=person.pk, letter=issue.key, fault=fault_of(error)
                )
                continue
            if kept:
                log.info("a letter is written", person=person.pk, letter=issue.key)
            done += kept
        return done

    def _waiting(self, now: datetime) -> list[tuple[Person, One]]:
        wanting = Person.objects.filter(
            **{f"{self._wanted}__isnull": False}, is_active=True, role__in=READERS
        )
        theirs = [
            (person, issue)
            for person in wanting.select_related("organisation").order_by("organisation", "pk")
            if (issue := self._due(person.organisation.zone, getattr(person, self._wanted), now)) is not None
        ]
        kept = staffmail.written_to([person.pk for person, _ in theirs], {issue.key for _, issue in theirs})
        return [(person, issue) for person, issue in theirs if (person.pk, issue.key) not in kept]


def without_gaps(text: str) -> str:
    """Without the empty lines that a template's tags leave."""
    found: list[str] = []
    for line in (one.rstrip() for one in text.strip().splitlines()):
        if line or (found and found[-1]):
            found.append(line)
    return "\n".join(found) + "\n"

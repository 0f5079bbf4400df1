"""What letters to our own people share: who may have them, plain text without gaps, and the link that ends them."""

from django.core.signing import BadSignature, Signer

from leadbell.dealers.models import Person

#: Whose figures they are: who runs a dealer, a group or a network.
READERS = (Person.Role.MANAGER, Person.Role.IMPORTER)


class Ending:
    """Names whose letters of one kind a link ends; signed, and of no other use."""

    def __init__(self, kind: str) -> None:
        self._signer = Signer(sep=".", salt=f"leadbell.metrics.{kind}")

    def name_of(self, person: Person) -> str:
        return self._signer.sign(str(person.pk))

    def person_named(self, name: str) -> int | None:
        """None where it was not signed here."""
        try:
            return int(self._signer.unsign(name))
        except (BadSignature, ValueError):
            return None


def without_gaps(text: str) -> str:
    """Without the empty lines that a template's tags leave."""
    found: list[str] = []
    for line in (one.rstrip() for one in text.strip().splitlines()):
        if line or (found and found[-1]):
            found.append(line)
    return "\n".join(found) + "\n"

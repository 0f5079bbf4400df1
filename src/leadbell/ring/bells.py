"""The bells that ring now: by their keys, and by the leads they ring for."""

from leadbell.ring.ports import Bell


class Bells:
    """Which bell rings on which line. All that happens to any lead is looked up here: none is walked past."""

    def __init__(self) -> None:
        self._bells: dict[str, tuple[str, Bell]] = {}
        self._of_lead: dict[int, list[str]] = {}

    def add(self, line: str, bell: Bell) -> None:
        self.drop(bell.key)
        self._bells[bell.key] = line, bell
        self._of_lead.setdefault(bell.lead, []).append(bell.key)

    def drop(self, key: str) -> None:
        """It rings no more, if it did."""
        if key in self._bells:
            _, bell = self._bells.pop(key)
            keys = self._of_lead[bell.lead]
            keys.remove(key)
            if not keys:
                del self._of_lead[bell.lead]

    def get(self, key: str) -> tuple[str, Bell] | None:
        """Its line and the bell itself, while it rings."""
        return self._bells.get(key)

    def of(self, lead: int) -> tuple[str, ...]:
        """The keys of those that ring for this lead, the first first."""
        return tuple(self._of_lead.get(lead, ()))

"""A conversation whose sound is kept, as the telephone hands it to those who listen back."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Talk:
    """A recorded conversation: `call` names it for ever, `attempt` is it in the lead's journal."""

    call: str
    attempt: str
    dealer: int
    lead: int
    person: int
    at: datetime
    talk_ms: int
    #: The dealer's local day.
    on: date

    @property
    def number(self) -> UUID:
        """The call's, as addresses have it."""
        return UUID(self.call)

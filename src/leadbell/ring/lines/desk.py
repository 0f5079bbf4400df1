"""The line that is always there: the salesperson's screen rings, their own phone dials."""

from leadbell.announce import announce
from leadbell.ring.ports import Bell, Dial, LineDown, Prompt, Ringing


class Desk:
    """Rings through the database's NOTIFY: the bell sounds exactly when the ring is committed."""

    name = "desk"
    hears_the_call = False

    def ring(self, bell: Bell) -> Ringing | LineDown:
        announce(bell.dealer, "ring", bell.lead, bell.people)
        return Ringing(bell.key)

    def stop_ringing(self, bell: Bell, tell: Prompt | None = None) -> None:
        announce(bell.dealer, "quiet", bell.lead, bell.people)

    def dial(self, call: Dial) -> Ringing | LineDown:
        return Ringing(call.key, dial_by_hand=f"tel:{call.number}")

    def hang_up(self, key: str) -> None:
        """The person's own phone does that."""

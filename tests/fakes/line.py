"""A line that remembers what it was asked to do, and can be down."""

from leadbell.ring.ports import Bell, Dial, LineDown, Prompt, Ringing


class FakeLine:
    name = "fake"
    hears_the_call = True

    def __init__(self, down: bool = False) -> None:
        self.down = down
        self.ringing: dict[str, Bell] = {}
        self.dialled: dict[str, Dial] = {}

    def ring(self, bell: Bell) -> Ringing | LineDown:
        if self.down:
            return LineDown(bell.key, "the line is down")
        self.ringing.setdefault(bell.key, bell)
        return Ringing(bell.key)

    def stop_ringing(self, bell: Bell, tell: Prompt | None = None) -> None:
        self.ringing.pop(bell.key, None)

    def dial(self, call: Dial) -> Ringing | LineDown:
        if self.down:
            return LineDown(call.key, "the line is down")
        self.dialled.setdefault(call.key, call)
        return Ringing(call.key)

    def hang_up(self, key: str) -> None:
        self.ringing.pop(key, None)
        self.dialled.pop(key, None)

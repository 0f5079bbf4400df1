"""How often each one may come."""

#: Who came longest ago is forgotten first.
MOST_REMEMBERED = 10_000


class Allowance:
    """`burst` at once, `per_minute` for ever; 0 a minute: as often as they like. Time is monotonic seconds."""

    def __init__(self, per_minute: float, burst: float | None = None) -> None:
        self.per_s = per_minute / 60
        self.burst = max(1.0, per_minute / 2 if burst is None else burst)
        self._left: dict[object, tuple[float, float]] = {}

    def wait_s(self, who: object, now: float) -> float:
        """Seconds until this one may come again; 0 means now."""
        if not self.per_s:
            return 0
        left = self._now_left(who, now)
        return 0 if left >= 1 else (1 - left) / self.per_s

    def count(self, who: object, now: float) -> None:
        """This one came."""
        if not self.per_s:
            return
        if len(self._left) > MOST_REMEMBERED:
            full_again_s = self.burst / self.per_s
            self._left = {w: seen for w, seen in self._left.items() if now - seen[1] < full_again_s}
        self._left[who] = (self._now_left(who, now) - 1, now)

    def _now_left(self, who: object, now: float) -> float:
        left, at = self._left.get(who, (self.burst, now))
        return min(self.burst, left + (now - at) * self.per_s)

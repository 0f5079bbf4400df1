"""Sound over SIP, 16-bit samples at 8 kHz: a sentence read from its file, a conversation written to one."""

import wave
from dataclasses import dataclass, field
from typing import IO

#: Of one side.
BYTES_PER_S = 16_000
#: A side of which nothing has come for so long has a gap; before that it is only late.
LATE_S = 0.3
#: Stands for a sample that never came: the quietest a phone sends is 0, and no telephone's codec says this one.
NEVER_CAME = (-32_768).to_bytes(2, "little", signed=True)


@dataclass(slots=True, eq=False)
class Recording:
    """Two sides of a conversation, written side by side as they come; left the customer."""

    file: IO[bytes]
    began: float
    sides: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    written: int = 0

    def hear(self, side: int, sound: bytes) -> None:
        self.sides[side].extend(sound)

    def write(self, now: float) -> None:
        """What both sides have said; where nothing came of one for too long, that is written down."""
        due = int(max(0.0, now - self.began - LATE_S) * BYTES_PER_S) // 2 * 2
        for side in self.sides:
            if (missing := due - self.written - len(side)) > 0:
                side.extend(NEVER_CAME * (missing // 2))
        ready = min(map(len, self.sides)) // 2 * 2
        if ready:
            both = bytearray(2 * ready)
            for n, side in enumerate(self.sides):
                both[2 * n :: 4], both[2 * n + 1 :: 4] = side[0:ready:2], side[1:ready:2]
                del side[:ready]
            self.file.write(both)
            self.written += ready

    def close(self) -> None:
        longest = max(map(len, self.sides))
        for side in self.sides:
            side.extend(NEVER_CAME * ((longest - len(side)) // 2))
        self.write(self.began)
        self.file.close()


def sound_in(path: str) -> bytes:
    with wave.open(path, "rb") as file:
        return file.readframes(file.getnframes())

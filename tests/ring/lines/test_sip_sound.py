"""What two sides say over SIP, side by side in a file; what never came isn't written as silence."""

import io
import tempfile
from pathlib import Path

from leadbell.ring.lines.sip_sound import BYTES_PER_S, LATE_S, Recording
from leadbell.ring.recordings.sound import encode
from tests.fakes.sounds import tone

TICK_S = 0.1
CUSTOMER, SALESPERSON = 0, 1


class Kept(io.BytesIO):
    def close(self) -> None:
        self.kept = self.getvalue()
        super().close()


def recorded(folder: Path, seconds: float, speaks: dict[int, tuple[float, float]]) -> Path:
    """A conversation in which sound comes of each side from the first second named until the second."""
    file, sound = Kept(), tone(TICK_S, 440).tobytes()
    recording = Recording(file, began=100.0)
    for tick in range(round(seconds / TICK_S)):
        for side, (since, until) in speaks.items():
            if since <= tick * TICK_S < until:
                recording.hear(side, sound)
        recording.write(100.0 + (tick + 1) * TICK_S)
    recording.close()
    path = folder / "call.raw"
    path.write_bytes(file.kept)
    return path


def unheard(path: Path) -> dict[str, list[tuple[int, int]]]:
    with tempfile.TemporaryFile() as into:
        return encode(path, into, "flac").waveform.unheard


def test_when_nothing_comes_of_one_side_it_is_missing(tmp_path: Path) -> None:
    path = recorded(tmp_path, 10, {CUSTOMER: (0, 4), SALESPERSON: (0, 10)})
    assert abs(path.stat().st_size - 10 * 2 * BYTES_PER_S) < BYTES_PER_S / 2
    told = unheard(path)
    assert told["salesperson"] == []
    [(start, end)] = told["customer"]
    assert (abs(start - 4000) <= 100, abs(end - 10_000) <= LATE_S * 1000) == (True, True)


def test_a_side_that_comes_late_or_stutters_is_only_late(tmp_path: Path) -> None:
    assert unheard(recorded(tmp_path, 5, {CUSTOMER: (0.4, 5), SALESPERSON: (0, 4.7)})) == {
        "customer": [], "salesperson": [],
    }  # fmt: skip

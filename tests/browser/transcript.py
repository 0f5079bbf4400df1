"""Lets a clerk who knows what was said write down the newest call of a running house: `python -m … DIR`."""

import sys
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from leadbell.cli import with_database
from leadbell.review.ports import Said, Written

#: (who, second, words): the sound of these tests is a tone that takes turns, second by second.
TALK = (
    ("salesperson", 1, "Good day Mrs Heard, this is Rosa of Northside. You asked about the Kona."),
    ("customer", 6, "Yes, is the blue one still available? And what would you give for my old Polo as a trade-in?"),
    ("salesperson", 14, "It stands here. I can only say what the Polo is worth once I have seen it."),
    ("salesperson", 20, "Would you like to come by on Saturday, around ten?"),
    ("customer", 26, "Saturday is difficult, but eleven would do."),
    ("salesperson", 31, "Then I'll put you down for eleven. See you on Saturday!"),
)  # fmt: skip


class Clerk:
    """Knows the sides by the pitch: the customer's tone is the lower one."""

    name = "a clerk who knows it"

    def write(self, samples: bytes, rate: int, language: str = "") -> Written:
        sound = memoryview(samples).cast("h")
        risen = sum(before < 0 <= after for before, after in pairwise(sound))
        side = "customer" if risen < 440 * len(sound) // rate * 3 // 4 else "salesperson"
        said = tuple(Said(at * 1000, at * 1000 + 4000, text) for who, at, text in TALK if who == side)
        return Written("en", said)


def main(folder: Path) -> None:
    with with_database(folder, "clockwork"):
        from leadbell.followup.transcribing import write_one

        assert write_one(Clerk(), datetime.now(UTC)) is not None


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""`python -m benchmarks [NAME …] [--quick]`: the speeds, as one table."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator

from rich.console import Console

from benchmarks import (
    audit,
    beacons,
    calls,
    clockwork,
    distribution,
    flat,
    listening,
    machine,
    memory,
    mouth,
    reports,
    ring,
    studies,
)
from benchmarks.figures import Figure, as_json, as_markdown, as_table
from benchmarks.house import alone
from leadbell.postgres import SETTINGS

Measure = Callable[[bool], Iterator[Figure]]
BENCHES: dict[str, Measure] = {
    "mouth": mouth.measure, "clockwork": clockwork.measure, "ring": ring.measure, "memory": memory.measure,
    "calls": calls.measure, "flat": flat.measure, "studies": studies.measure, "beacons": beacons.measure,
    "audit": audit.measure, "large": audit.measure_large, "reports": reports.measure,
    "listening": listening.measure, "distribution": distribution.measure,
}  # fmt: skip
#: Parts of one of them, asked for by name.
PARTS: dict[str, Measure] = {
    "beacons-committed": beacons.committed, "beacons-memory": beacons.memory, "beacons-alerts": beacons.alerts,
}  # fmt: skip


def main() -> int:
    """Exit 0 when everything was measured, met or not: a busy machine breaks no build."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument(
        "names", nargs="*", choices=[*BENCHES, *PARTS, []], metavar="NAME", help=", ".join([*BENCHES, *PARTS])
    )
    asked.add_argument("--quick", action="store_true", help="two minutes, rougher")
    how = asked.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON")
    how.add_argument("--markdown", action="store_true", help="print a Markdown table")
    given = asked.parse_args()
    figures: list[Figure] = []
    progress = Console(stderr=True)
    with alone():
        about = machine.line(SETTINGS["fsync"])
        for name in given.names or BENCHES:
            began = time.monotonic()
            with progress.status(f"{name} …"):
                figures += (BENCHES | PARTS)[name](given.quick)
            progress.print(f"{name}: measured in {time.monotonic() - began:.0f} s")
    if given.json:
        print(json.dumps(as_json(figures, about), indent=1, ensure_ascii=False))
    elif given.markdown:
        print(as_markdown(figures, about))
    else:
        Console(width=None if sys.stdout.isatty() else 200).print(as_table(figures, about))
    return 0


if __name__ == "__main__":
    sys.exit(main())

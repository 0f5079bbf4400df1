"""What processes cost."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

_KB = re.compile(r"^(Rss|Pss): +(\d+) kB", re.M)


def family(processes: Iterable[int]) -> set[int]:
    """These and everything below them."""
    parents = dict(_parents())
    found = set(processes)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                told = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(told[1])


def megabytes(processes: Iterable[int]) -> tuple[float, float]:
    """(PSS, RSS): shared pages counted once among those who share them, or once for each."""
    pss = rss = 0
    for pid in processes:
        told = dict(_KB.findall((Path(f"/proc/{pid}") / "smaps_rollup").read_text()))
        pss += int(told["Pss"])
        rss += int(told["Rss"])
    return pss / 1024, rss / 1024


def cpu_seconds(process: int) -> float:
    """What it has computed so far, for itself and for the kernel."""
    told = (Path(f"/proc/{process}") / "stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

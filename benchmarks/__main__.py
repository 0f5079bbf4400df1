"""`make bench`: the speeds that the issues name, as one table. `--quick` measures less; names choose figures."""

import argparse
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import FIGURES, FULL, QUICK, Figure
from benchmarks.stage import ROOT


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help=f"any of {', '.join(FIGURES)}; all without")
    asked.add_argument("--quick", action="store_true")
    asked.add_argument("--json", action="store_true")
    asked.add_argument("--markdown", action="store_true")
    asked.add_argument("--folder", type=Path, default=ROOT / "var" / "bench")
    told = asked.parse_args()
    if unknown := set(told.names) - FIGURES.keys():
        asked.error(f"there is no figure {', '.join(sorted(unknown))}")
    console = Console(stderr=True)
    rows: list[Figure] = []
    for name in told.names or FIGURES:
        console.print(f"Measuring: {name} …", style="dim")
        rows += FIGURES[name](told.folder.absolute(), QUICK if told.quick else FULL)
    if told.json:
        print(json.dumps({"machine": machine(), "figures": [asdict(row) for row in rows]}, indent=1))
    elif told.markdown:
        _markdown(rows)
    else:
        _table(rows)


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next((int(line.split()[1]) // 1_048_576 for line in _lines("/proc/meminfo")), 0)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({model}), {memory} GB, {platform.system()} {platform.release()}, Python "
        f"{platform.python_version()}, PostgreSQL 18 with fsync on; client, server and database on the same machine; "
        f"load at the end {load:.1f}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _cells(row: Figure) -> tuple[str, str, str, str, str]:
    value = f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:.3g}"
    return (
        row.name,
        f"{value} {row.unit}",
        row.target,
        {True: "yes", False: "NO", None: ""}[row.good],
        row.beside,
    )


HEAD = ("figure", "measured", "target", "met", "beside")


def _table(rows: list[Figure]) -> None:
    table = Table(*HEAD, caption=machine())
    for row in rows:
        table.add_row(*_cells(row), style="bold red" if row.good is False else "")
    Console().print(table)


def _markdown(rows: list[Figure]) -> None:
    print(f"| {' | '.join(HEAD)} |\n|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(_cells(row))} |")
    print(f"\n{machine()}")


if __name__ == "__main__":
    main()

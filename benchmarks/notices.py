"""`python -m benchmarks.notices DIR`: ten times a second a NOTIFY to ourselves, until a line or the end of stdin;
prints `{"p50_ms", "p99_ms"}`."""

import json
import select
import statistics
import sys
import time
from pathlib import Path

import psycopg

from leadbell import postgres

PAUSE_S = 0.1


def main(folder: Path) -> None:
    took: list[float] = []
    with (
        postgres.database(folder) as urls,
        psycopg.connect(urls.owner, autocommit=True) as speaker,
        psycopg.connect(urls.owner, autocommit=True) as listener,
    ):
        listener.execute("listen leadbell_benchmark")
        while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
            began = time.perf_counter()
            speaker.execute("notify leadbell_benchmark")
            for _ in listener.notifies(timeout=5, stop_after=1):
                took.append(time.perf_counter() - began)
    cuts = statistics.quantiles(took, n=100)
    print(json.dumps({"p50_ms": cuts[49] * 1000, "p99_ms": cuts[98] * 1000}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

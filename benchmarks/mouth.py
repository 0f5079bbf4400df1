"""How many leads a second the mouth keeps, next to an application that does nothing else."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, said
from benchmarks.house import ask, house

LEAST, LEAST_OF_BARE = 4_000, 0.6
CONNECTIONS = 128


def measure(quick: bool) -> Iterator[Figure]:
    """Turns of a few seconds, the bare application's between ours; the rates are medians, the ratio is paired."""
    turns, seconds = (2, 3.0) if quick else (6, 6.0)
    with house("mouth", "web", "bare", dealers=1, people=1) as (built, told):
        bare = _bare_port(built.folder / "bare.port")
        doors = {"mouth": (built.port, f"/in/{told['dealers'][0]['key']}"), "bare": (bare, "/")}
        rates: dict[str, list[float]] = {name: [] for name in doors}
        p99: list[float] = []
        posted = 0
        for turn in range(turns):
            for name in ("mouth", "bare") if turn % 2 else ("bare", "mouth"):
                done = ask("benchmarks.posting", *doors[name], CONNECTIONS, seconds, posted)
                posted += int(done["posted"])
                rates[name].append(done["kept"] / seconds)
                if name == "mouth":
                    p99.append(done["p99_ms"])
        with built.reading() as database:
            row = database.execute("select count(*) from leadbell_envelope").fetchone()
        if row != (posted,):
            raise RuntimeError(f"{posted} were answered, {row} are kept")
    mouth, ratio = statistics.median(rates["mouth"]), _ratio(rates)
    beside = f"bare ASGI app {said(statistics.median(rates['bare']), '/s')}; answer p99 {statistics.median(p99):.0f} ms"
    yield Figure("mouth", "committed envelopes through POST /in/<key>", mouth, "/s", LEAST, True, beside)
    yield Figure(
        "mouth", "… as part of the bare app's", ratio, "", LEAST_OF_BARE, True, f"{turns} turns each"
    )


def _ratio(rates: dict[str, list[float]]) -> float:
    return statistics.median(ours / bare for ours, bare in zip(rates["mouth"], rates["bare"], strict=True))


def _bare_port(path: Path) -> int:
    while not path.exists() or not path.read_text():
        time.sleep(0.05)
    return int(path.read_text())

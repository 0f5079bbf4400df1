"""What everything needs when nothing happens, and with many desks open."""

import time
from collections.abc import Iterator

from benchmarks.desks import open_desks
from benchmarks.figures import Figure
from benchmarks.house import UP_WITHIN_S, House, house
from benchmarks.processes import family, megabytes

MOST_MB = 500
DEALERS, PEOPLE = 50, 10
#: What a plain `leadbell up` runs.
EVERYTHING = ("web", "clockwork", "smtp", "figures", "messenger")
#: What starting up allocated and let go of is given back by then.
SETTLED_S = 10


def measure(quick: bool) -> Iterator[Figure]:
    """PSS is the honest sum; RSS counts what processes share once for each of them."""
    dealers = 10 if quick else DEALERS
    with house("memory", *EVERYTHING, dealers=dealers, people=PEOPLE) as (built, told):
        _wait_for_all(built)
        time.sleep(3 if quick else SETTLED_S)
        pss, rss = megabytes(family(built.processes.values()))
        yield Figure("memory", "everything, idle: PSS", pss, "MB", MOST_MB, False, _shares(built))
        yield Figure("memory", "everything, idle: RSS", rss, "MB", MOST_MB, False)
        sessions = [session for dealer in told["dealers"] for session in dealer["sessions"]]
        with open_desks(built.port, sessions):
            time.sleep(3 if quick else SETTLED_S)
            pss, rss = megabytes(family(built.processes.values()))
            yield Figure(
                "memory",
                f"everything, {len(sessions)} desks open: PSS",
                pss,
                "MB",
                MOST_MB,
                False,
                _shares(built),
            )
            yield Figure("memory", f"everything, {len(sessions)} desks open: RSS", rss, "MB", MOST_MB, False)


def _wait_for_all(built: House) -> None:
    """Some are started when the others answer; none may be left out of the sum."""
    give_up_at = time.monotonic() + UP_WITHIN_S
    while missing := set(EVERYTHING) - set(built.processes):
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"not started: {', '.join(sorted(missing))}")
        time.sleep(0.05)


def _shares(built: House) -> str:
    """PSS by process."""
    shares = {
        name: megabytes(family([pid]) if name == "postgres" else [pid])[0]
        for name, pid in built.processes.items()
    }
    return ", ".join(f"{name} {pss:.0f}" for name, pss in shares.items())

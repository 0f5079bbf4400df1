"""A Spark cluster on loopback: a master and two workers, each a process of its own."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

HOME = Path(pyspark.__file__).parent
UP_WITHIN_S = 60
_MASTER = re.compile(r"spark://127\.0\.0\.1:\d+")


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Yields the master's address once two workers are with it."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        log = folder / "master.log"
        running.append(
            _start(log, "master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        )
        master = _seen(log, _MASTER)
        for n in (1, 2):
            about = ("--host", "127.0.0.1", "--cores", "1", "--memory", "700m", "--webui-port", "0",
                     "--work-dir", str(folder / f"work{n}"))  # fmt: skip
            running.append(_start(folder / f"worker{n}.log", "worker.Worker", *about, master))
        for n in (1, 2):
            _seen(folder / f"worker{n}.log", re.compile("Successfully registered with master"))
        yield master
    finally:
        for one in running:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait()


def _start(log: Path, what: str, *arguments: str) -> "subprocess.Popen[bytes]":
    # The script replaces itself with Java, and its executors are its children: one group.
    command = [str(HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
    about = {
        **os.environ,
        "SPARK_HOME": str(HOME),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
    }
    with open(log, "wb") as out:
        return subprocess.Popen(command, env=about, stdout=out, stderr=out, start_new_session=True)


def _seen(log: Path, wanted: re.Pattern[str]) -> str:
    until = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < until:
        if found := wanted.search(log.read_text(errors="replace")):
            return found[0]
        time.sleep(0.1)
    raise TimeoutError(log.read_text(errors="replace"))

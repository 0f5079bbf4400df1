"""On what it was measured."""

import os
import platform
import re
import subprocess
from pathlib import Path

from leadbell import postgres


def line(fsync: str) -> str:
    """Cores, processor, memory, versions, whether the disk is waited for, and how busy it was already."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    version = subprocess.run(
        [str(postgres.binary("postgres")), "--version"], capture_output=True, text=True, check=True
    )
    number = re.search(r"[\d.]+", version.stdout)
    busy = f"load {os.getloadavg()[0]:.1f} before the run"
    return ", ".join(
        (
            f"{cores} cores",
            _processor(),
            f"{_memory_gb():.0f} GB",
            f"{platform.system()} {platform.machine()}",
            f"Python {platform.python_version()}",
            f"PostgreSQL {number.group() if number else '?'}",
            f"fsync {fsync}",
            "client, database and Leadbell on the same machine",
            busy,
        )
    )


def _processor() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown processor"
    found = re.search(r"^model name\s*:\s*(.+)$", told, re.M)
    return found.group(1) if found else platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9

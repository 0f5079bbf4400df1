"""What PostgreSQL says about itself in postmaster.pid, and whether it is still true."""

import os
import subprocess
import time
from pathlib import Path

#: A crash under heavy load is repaired from the journal before the server answers.
RECOVERY_S = 600


def lines_of(data: Path) -> list[str]:
    """The lines of postmaster.pid: pid, folder, start, port, socket folder, host, memory, state."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def is_postgres(pid: int, data: Path) -> bool:
    """Whether the process is a server on `data`, and not one that got a dead server's number."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        pass
    except ProcessLookupError:
        return False
    if not Path("/proc/self").exists():
        asked = subprocess.run(
            ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return "postgres" in asked.stdout
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres" and os.path.samefile(
            f"/proc/{pid}/cwd", data
        )
    except OSError:
        return False


def becomes_ready(process: "subprocess.Popen[bytes]", data: Path) -> bool:
    """Whether the server came to answer; false when it ended."""
    give_up_at = time.monotonic() + RECOVERY_S
    while process.poll() is None and time.monotonic() < give_up_at:
        lines = lines_of(data)
        if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.004)
    return False

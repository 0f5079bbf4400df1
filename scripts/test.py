#!/usr/bin/env python3
"""Run every check: style, types, import walls, tests. `--quick` leaves out the browser, crash, phone, spark, slow."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS = (
    ("Style", ["ruff", "check"]),
    ("Layout", ["ruff", "format", "--check"]),
    ("Types", ["mypy", "--strict", "src"]),
    ("Import walls", ["lint-imports"]),
)
NO_BROWSER = (
    "The browser tests are SKIPPED: there is no Chromium on this machine.",
    "On Debian and Ubuntu: sudo apt install chromium",
)
NO_ASTERISK = (
    "The phone tests are SKIPPED: there is no Asterisk, and it can't be fetched.",
    "`leadbell asterisk install` says why.",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
#: Tests that need the machine to themselves: a browser, a telephone, killed processes, Java, a lot of time.
HEAVY = ("browser", "crash", "phone", "spark", "slow")
#: The others run two at a time, each worker with a PostgreSQL of its own; a file's tests stay together, in order.
TOGETHER = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--quick", action="store_true")
    quick = asked.parse_args().quick
    os.chdir(ROOT)
    left_out, missing = [], []
    if not quick and not find_chromium():
        left_out.append("browser")
        missing.append(NO_BROWSER)
    if not quick and not find_asterisk():
        left_out.append("phone")
        missing.append(NO_ASTERISK)
    for lines in missing:
        shout(*lines)
    failed = [name for name, command in CHECKS if not passes(name, [BIN / command[0], *command[1:]])]
    if not passes("Everyday tests", [BIN / "pytest", *TOGETHER, "-m", f"not ({' or '.join(HEAVY)})"]):
        failed.append("Everyday tests")
    heavy = " and ".join([f"({' or '.join(HEAVY)})", *(f"not {mark}" for mark in left_out)])
    if not quick and not passes("Heavy tests", [BIN / "pytest", "-m", heavy]):
        failed.append("Heavy tests")
    for lines in missing:
        shout(*lines)
    if quick:
        print("Left out: browser, crash, phone, spark and slow tests (`make test` runs them).")
    print(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def passes(name, command):
    print(f"\n── {name} ──", flush=True)
    began = time.monotonic()
    passed = subprocess.run(list(map(str, command)), check=False).returncode == 0
    print(f"── {name}: {'passed' if passed else 'FAILED'} in {time.monotonic() - began:.0f} s", flush=True)
    return passed


def find_chromium():
    """Debian's Chromium; as root it is installed where it is missing."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found or os.geteuid() != 0 or not shutil.which("apt-get"):
        return found
    print("Installing Chromium for the browser tests …", flush=True)
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update"], check=False, **quiet)
    install = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
    subprocess.run(install, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, **quiet)
    return shutil.which("chromium")


def find_asterisk():
    """Debian's Asterisk, fetched once into the cache folder."""
    fetch = [BIN / "leadbell", "asterisk", "install"]
    return subprocess.run(list(map(str, fetch)), check=False).returncode == 0


def shout(*lines):
    width = max(map(len, lines))
    print("\n" + "!" * (width + 6))
    for line in lines:
        print(f"!! {line:<{width}} !!")
    print("!" * (width + 6), flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""What is in the repository, and what must not be."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")
LARGEST = 1_000_000
#: Where packages come from is the machine's business. Written so that this file doesn't name one itself.
REGISTRIES = re.compile(
    r"(?i)\b(files\.pythonhosted|registry\.(npmjs|yarnpkg)|deb\.debian|pypi)\.org\b|--(extra-)?index[-]url|/sim[p]le/"
)


def tracked() -> list[Path]:
    """The files of the repository; without git, all that set-up didn't make."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        made = {".venv", "node_modules", "vendor", "__pycache__"}
        return [p for p in ROOT.rglob("*") if p.is_file() and made.isdisjoint(p.parts)]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def lines() -> list[tuple[str, str]]:
    """(file:line, text) of every text file but this one."""
    found = []
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content[:8000] or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), 1):
            found.append((f"{path.relative_to(ROOT)}:{number}", line))
    return found


def test_no_package_registry_is_named() -> None:
    assert [place for place, line in lines() if REGISTRIES.search(line)] == []


#: Folders that every machine has, and that documents and hostile samples name.
EVERYBODYS = {"//", "/tmp/", "/var/tmp/", "/home/", "/srv/", "/opt/"}


def test_no_path_of_this_machine_is_named() -> None:
    own = {f"{ROOT}/", f"{ROOT.parent}/", f"{Path.home()}/"} - EVERYBODYS
    assert [place for place, line in lines() if any(path in line for path in own)] == []


def test_no_large_file_is_tracked() -> None:
    assert {str(path): path.stat().st_size for path in tracked() if path.stat().st_size > LARGEST} == {}


def test_what_set_up_makes_is_not_tracked() -> None:
    made = re.compile(r"(^|/)(\.venv|node_modules|vendor|__pycache__|leadbell-data)/|\.mo$")
    assert [str(path) for path in tracked() if made.search(path.relative_to(ROOT).as_posix())] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_python_lock_pins_and_hashes_everything_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(
        r"^[A-Za-z0-9._-]+(?:\[[^]]*])?==\S+(?: ; [^\\\n]+)? \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)",
        text,
        re.MULTILINE,
    )
    assert len(pins) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)) > 0
    assert "://" not in text


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    asked = {
        "requirements.lock": [*project["project"]["dependencies"], *groups["build"]],
        "requirements-dev.lock": [*project["project"]["dependencies"], *groups["build"], *groups["dev"]],
        "requirements-node.lock": groups["node"],
    }
    for lock, wanted in asked.items():
        pinned = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / lock).read_text(), re.MULTILINE))
        names = {re.split(r"[^A-Za-z0-9_.-]", one)[0].lower().replace("_", "-") for one in wanted}
        assert names <= pinned, lock


def test_running_and_testing_use_the_same_releases() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in LOCKS[:2]
    ]
    assert pins[0].items() <= pins[1].items()


def test_the_front_end_lock_has_a_hash_for_everything_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert packages
    assert [name for name, package in packages.items() if not package.get("integrity")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_ci_exits_with_the_verdict_of_the_tests() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "exec make test" in script.read_text()

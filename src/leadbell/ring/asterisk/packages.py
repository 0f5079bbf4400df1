"""Asterisk and espeak-ng from Debian's packages, in a folder of ours: no root, no chroot, nothing installed."""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leadbell.trouble import Trouble

#: Debian 12 and 13 have no Asterisk; sid has.
SUITE = "sid"
PACKAGES = ("asterisk", "asterisk-modules", "espeak-ng")
APT = ("apt-get", "dpkg-deb", "dpkg")
#: A mirror that doesn't answer for so long is none.
ASKING_S, FETCHING_S = 120, 900

#: Told while it goes on: what is being done, and how much of it is done (0–1).
Told = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where the machine itself gets Debian from, and the keyring it trusts there (empty: apt's own)."""

    uri: str
    keyring: str


@dataclass(frozen=True, slots=True)
class Programs:
    """Asterisk and a voice that can be started: the words in front of their arguments, and their folders."""

    asterisk: tuple[str, ...]
    modules: Path
    share: Path
    #: Empty where there is none.
    espeak: tuple[str, ...] = ()


def home() -> Path:
    """The folder of what is fetched, ${XDG_CACHE_HOME:-~/.cache}/leadbell/asterisk."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if cache else Path.home() / ".cache") / "leadbell" / "asterisk"


def find(folder: Path | None = None) -> Programs | None:
    """What was fetched into `folder`, else the machine's own Asterisk; None where there is neither."""
    root = (folder or home()) / "root"
    asterisk = root / "usr/sbin/asterisk"
    libraries = _first(root, "usr/lib/*/asterisk/modules")
    loader = _first(root, "usr/lib/*/ld-linux*.so.*", "usr/lib/ld-linux*.so.*", "lib/ld-linux*.so.*")
    if asterisk.exists() and libraries and loader:
        under = libraries.parent.parent
        private = sorted({lib.parent for lib in under.glob("*/lib*.so*")})  # such as pulseaudio's
        start = (str(loader), "--library-path", ":".join(map(str, (under, *private))))
        voice, data = root / "usr/bin/espeak-ng", _first(root, "usr/lib/*/espeak-ng-data")
        espeak = (*start, str(voice), f"--path={data.parent}") if voice.exists() and data else ()
        return Programs((*start, str(asterisk)), libraries, root / "usr/share/asterisk", espeak)
    installed = shutil.which("asterisk", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    modules = _first(Path("/usr/lib"), "*/asterisk/modules", "asterisk/modules")
    if installed and modules:
        return Programs((installed,), modules, Path("/usr/share/asterisk"), espeak_on_path())
    return None


def espeak_on_path() -> tuple[str, ...]:
    """The machine's own espeak-ng, if it has one."""
    return (found,) if (found := shutil.which("espeak-ng")) else ()


def version(programs: Programs) -> str:
    """What it says about itself, `Asterisk 22.10.0…`; empty where it doesn't start."""
    try:
        said = subprocess.run(
            [*programs.asterisk, "-V"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def install(tell: Told, folder: Path | None = None, again: bool = False) -> Programs:
    """Fetch Asterisk and espeak-ng into `folder`, about 80 MB; nothing is done where they are there already.

    Raises Trouble, with what a person can do, where the machine has no apt or no mirror of Debian answers.
    """
    folder = folder or home()
    with _alone(folder):
        found = find(folder)
        if not again and found and found.asterisk[0].startswith(str(folder)) and version(found):
            return found
        _fetch(folder, tell)
        _unpack(folder, tell)
        found = find(folder)
        if found is None or not version(found):
            raise Trouble(
                "Asterisk was fetched into %(folder)s, but it doesn't start on this machine "
                "(%(machine)s). Install Asterisk 20 or newer yourself and run `leadbell asterisk config`.",
                folder=str(folder),
                machine=platform.machine(),
            )
        return found


def mirrors(etc: Path = Path("/etc/apt")) -> Iterator[Mirror]:
    """The mirrors of Debian in the machine's own apt sources, in their order."""
    for file in sorted((etc / "sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text(errors="replace")):
            fields = dict(re.findall(r"^([\w-]+):[ \t]*(.*)$", stanza, re.MULTILINE))
            said = {name.lower(): value.split() for name, value in fields.items()}
            if "deb" in said.get("types", []) and "no" not in said.get("enabled", []):
                for uri in said.get("uris", []):
                    yield from _debian(uri, said.get("suites", []), " ".join(said.get("signed-by", [])))
    for file in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))):
        if file.exists():
            line = r"^deb(?:[ \t]+\[(.*?)\])?[ \t]+(\S+)[ \t]+(\S+)"
            for options, uri, suite in re.findall(line, file.read_text(errors="replace"), re.MULTILINE):
                signed = re.search(r"signed-by=(\S+)", options or "")
                yield from _debian(uri, [suite], signed[1] if signed else "")


def _debian(uri: str, suites: list[str], keyring: str) -> Iterator[Mirror]:
    ours = uri.rstrip("/").endswith("/debian") or "debian-archive" in keyring
    if ours and not all(suite.endswith("-security") for suite in suites):
        yield Mirror(uri, keyring if keyring.startswith("/") else "")


def _fetch(folder: Path, tell: Told) -> None:
    """Download the packages and all they need, with a state of apt's own that the machine's never sees."""
    missing = next((program for program in APT if shutil.which(program) is None), None)
    mirror = next(mirrors(), None)
    if missing or mirror is None:
        raise Trouble(
            "Asterisk can't be fetched: %(why)s. Install Asterisk 20 or newer yourself and run "
            "`leadbell asterisk config --print`.",
            why=f"there is no `{missing}` here" if missing else "the apt sources name no mirror of Debian",
        )
    etc = folder / "etc"
    for needed in (etc, folder / "lists/partial", folder / "cache/archives/partial"):
        needed.mkdir(parents=True, exist_ok=True)
    source = f"Types: deb\nURIs: {mirror.uri}\nSuites: {SUITE}\nComponents: main\n"
    (etc / "sid.sources").write_text(source + (f"Signed-By: {mirror.keyring}\n" if mirror.keyring else ""))
    tell("Asking Debian what it has", 0)
    _apt(folder, ASKING_S, "-qq", "update")
    want = ("-y", "--no-install-recommends", "install", *PACKAGES)
    listed = _apt(folder, ASKING_S, "-qq", "--print-uris", *want)
    total = sum(int(size) for size in re.findall(r"^'\S+' \S+ (\d+)", listed, re.MULTILINE)) or 1
    archives = folder / "cache/archives"
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            tell(f"Fetching {total / 1e6:.0f} MB", min(1, _size(archives) / total))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        _apt(folder, FETCHING_S, "-qq", "--download-only", *want)
    finally:
        over.set()
        watcher.join()


def _size(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*.deb"):
        try:
            size += file.stat().st_size
        except FileNotFoundError:  # moved from partial/ just now
            continue
    return size


def _apt(folder: Path, within_s: int, *words: str) -> str:
    """What apt-get says, asked with our own sources, lists and cache."""
    own = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": folder / "etc",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State": folder / "state",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::status": "/dev/null",
        "Dir::Cache": folder / "cache",
        "Debug::NoLocking": "1",
        "APT::Sandbox::User": "",
        "APT::Keep-Downloaded-Packages": "true",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
    }
    options = [part for name, value in own.items() for part in ("-o", f"{name}={value}")]
    try:
        said = subprocess.run(
            ["apt-get", *options, *words], capture_output=True, text=True, timeout=within_s, check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Trouble("Debian's mirror didn't answer within %(s)s seconds. Try again.", s=within_s) from None
    if said.returncode != 0:
        raise Trouble(
            "Asterisk can't be fetched from Debian: %(error)s",
            error=(said.stderr or said.stdout).strip()[-600:],
        )
    return said.stdout


def _unpack(folder: Path, tell: Told) -> None:
    """Unpack everything into a new folder, which takes the old one's place whole."""
    packages = sorted((folder / "cache/archives").glob("*.deb"))
    new, root = folder / "root.new", folder / "root"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for done, package in enumerate(packages):
        tell("Unpacking", done / len(packages))
        subprocess.run(["dpkg-deb", "-x", package, new], check=True, capture_output=True)
    old = folder / "root.old"
    shutil.rmtree(old, ignore_errors=True)
    if root.exists():
        root.rename(old)
    new.rename(root)
    for rest in (old, folder / "cache", folder / "lists", folder / "state"):
        shutil.rmtree(rest, ignore_errors=True)
    tell("Unpacking", 1)


def _first(folder: Path, *patterns: str) -> Path | None:
    return next((found for pattern in patterns for found in sorted(folder.glob(pattern))), None)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

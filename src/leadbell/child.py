"""Starting a process that ends when we end, and one that is not root."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from leadbell.trouble import Trouble

#: PostgreSQL refuses to run as root; this user is made for it, or the one that every system has is taken.
ACCOUNT, EVERYWHERE = "leadbell", "nobody"


def tied(command: list[str], ends_by: str) -> list[str]:
    """The command, which gets the signal `ends_by` (INT, TERM …) when the starting thread ends (Linux)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", ends_by, "--", *command] if setpriv else command


def resident(home: Path) -> tuple[int, int]:
    """Who runs PostgreSQL in `home` (uid, gid): ourselves; for root the owner of `home` or a new account."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if home.exists() and home.stat().st_uid != 0:
        return home.stat().st_uid, home.stat().st_gid
    account = _account(ACCOUNT) or _make_account() or _account(EVERYWHERE)
    if account is None:
        raise Trouble(
            "PostgreSQL won't run as root, and no other user could be made. Run Leadbell as an ordinary user."
        )
    return account.pw_uid, account.pw_gid


def as_resident(command: list[str], home: Path, ends_by: str) -> list[str]:
    """The command run by the user of `resident`, who may pass folders on the way that are closed to it."""
    if os.geteuid() != 0:
        return tied(command, ends_by)
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Trouble(
            "PostgreSQL won't run as root, and `setpriv` (package util-linux) is missing to run it as "
            "another user. Install it, or run Leadbell as an ordinary user."
        )
    uid, gid = resident(home)
    capabilities = "-all"
    if not (_may_enter(home, uid, gid) and _may_enter(Path(command[0]), uid, gid)):
        capabilities += ",+" + _way_through()
    return [
        setpriv,
        "--reuid",
        str(uid),
        "--regid",
        str(gid),
        "--clear-groups",
        "--inh-caps",
        capabilities,
        "--ambient-caps",
        capabilities,
        "--pdeathsig",
        ends_by,
        "--",
        *command,
    ]


def _account(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _make_account() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path=os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin")
    if useradd:
        subprocess.run(
            [
                useradd,
                "--system",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/usr/sbin/nologin",
                ACCOUNT,
            ],
            capture_output=True,
            check=False,
        )
    return _account(ACCOUNT)


def _may_enter(path: Path, uid: int, gid: int) -> bool:
    """Whether every folder above `path` may be passed by this user."""
    for folder in path.absolute().resolve().parents:
        found = folder.stat()
        wanted = (
            stat.S_IXUSR if found.st_uid == uid else stat.S_IXGRP if found.st_gid == gid else stat.S_IXOTH
        )
        if not found.st_mode & wanted:
            return False
    return True


def _way_through() -> str:
    """The smallest capability we have that passes closed folders; containers often lack the reading one."""
    status = Path("/proc/self/status").read_text()
    ours = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), 16)
    return "dac_read_search" if ours & (1 << 2) else "dac_override"

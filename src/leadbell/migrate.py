"""The tables follow the code: migrations run when they have changed, and only then."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from leadbell.environment import environment
from leadbell.roles import Urls
from leadbell.trouble import Trouble

#: Any number; whoever holds it in the database is the one that migrates.
ONE_AT_A_TIME = 4_501_965


def needed(folder: Path) -> bool:
    """Whether the tables may be older than the code. Somebody else's database is always asked."""
    stamp = _stamp(folder)
    return "DATABASE_URL" in os.environ or not stamp.exists() or stamp.read_text() != _fingerprint()


def bring_up_to_date(folder: Path, urls: Urls) -> None:
    """Run the migrations in a process of their own, as the owner; returns when the tables fit the code."""
    if not needed(folder):
        return
    fingerprint = _fingerprint()
    done = subprocess.run(
        [sys.executable, "-m", "leadbell.migrate"],
        env=environment(folder, urls, "owner"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    (folder / "log").mkdir(exist_ok=True)
    report = folder / "log" / "migrate.log"
    report.write_text(done.stdout + done.stderr)
    if done.returncode:
        last = (done.stderr.strip() or "no word").splitlines()[-1]
        raise Trouble(
            "The tables could not be brought up to date: %(last)s. More in %(log)s.",
            last=last,
            log=str(report),
        )
    if "DATABASE_URL" not in os.environ:
        _stamp(folder).write_text(fingerprint)


def _stamp(folder: Path) -> Path:
    """It lies beside the cluster, so that it goes where the tables go."""
    return folder / "postgres" / "migrated"


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    """Our migrations, and the versions of those that bring tables of their own."""
    yield from sorted(Path(__file__).parent.glob("**/migrations/*.py"))
    for package in ("django", "allauth"):
        found = find_spec(package)
        if found and found.origin:
            yield Path(found.origin)


def _migrate(only_check: bool) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leadbell.settings")
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    if not only_check:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [ONE_AT_A_TIME])
    call_command("migrate", interactive=False, verbosity=1, check_unapplied=only_check)


if __name__ == "__main__":
    _migrate(only_check="--check" in sys.argv)

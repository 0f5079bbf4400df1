"""Processes behind the screens: begun again when the database was away, alone with their lock, and loading
only what they need."""

import os
import subprocess
import sys
import threading

import psycopg
import pytest
import structlog
from django.db import OperationalError, connection

from leadbell.process import alone, keep_at

LOCK = 0x7E57
log = structlog.get_logger("test")


@pytest.mark.parametrize("away", [OperationalError, psycopg.OperationalError])
def test_work_begins_again_after_the_database_was_away(away: type[Exception]) -> None:
    stopping, times = threading.Event(), []

    def work() -> None:
        times.append(1)
        if len(times) == 1:
            raise away("gone")
        stopping.set()

    keep_at(work, stopping, log)
    assert len(times) == 2


def test_a_fault_is_nobodys_to_hide() -> None:
    def work() -> None:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        keep_at(work, threading.Event(), log)


@pytest.mark.django_db
def test_who_works_alone_waits_for_the_other_to_end() -> None:
    other, waited = connection.copy(), []

    class Stopping(threading.Event):
        """Nobody asks to stop; while it is waited for, the other one dies."""

        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            other.close()
            return False

    with other.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [LOCK])
    assert alone(LOCK, Stopping())
    assert waited


@pytest.mark.django_db
def test_who_is_told_to_stop_doesnt_wait_for_its_turn() -> None:
    stopping = threading.Event()
    stopping.set()
    assert not alone(LOCK, stopping)


#: Large libraries, and who may do without them: what is loaded is paid for in memory by each process.
_SPREADSHEETS_AND_COLUMNS = {"duckdb", "xlsxwriter", "numpy", "onnxruntime", "faster_whisper"}
_FIGURES_AND_OUTSIDE = _SPREADSHEETS_AND_COLUMNS | {"sqlglot", "aiohttp"}


@pytest.mark.parametrize(
    ("modules", "without"),
    [
        # Whoever writes a link to a page loads all pages: the web, and those who write letters.
        (("leadbell.asgi", "leadbell.urls"), _SPREADSHEETS_AND_COLUMNS),
        (("leadbell.followup.__main__", "leadbell.followup.clockwork"), _FIGURES_AND_OUTSIDE),
        (("leadbell.intake.smtp",), _FIGURES_AND_OUTSIDE),
        (("leadbell.followup.recordings",), _FIGURES_AND_OUTSIDE),
        # What the messenger imports in its first round, with nothing to send.
        (
            (
                "leadbell.followup.messenger",
                "leadbell.followup.automations",
                "leadbell.followup.texts",
                "leadbell.followup.dms",
                "leadbell.followup.errands",
                "leadbell.followup.calendars",
                "leadbell.followup.clearing",
                "leadbell.conversation.carriers",
            ),
            _FIGURES_AND_OUTSIDE,
        ),
        (
            ("leadbell.metrics.__main__", "leadbell.metrics.rows", "leadbell.metrics.weekly.actions"),
            _SPREADSHEETS_AND_COLUMNS,
        ),
    ],
    ids=["pages", "clockwork", "smtp", "recordings", "messenger", "figures"],
)
def test_a_process_loads_no_large_library_before_it_is_used(
    modules: tuple[str, ...], without: set[str]
) -> None:
    code = (
        "import importlib, sys, django\n"
        "django.setup()\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(*sys.modules)"
    )
    told = os.environ | {
        "DJANGO_SETTINGS_MODULE": "leadbell.settings",
        "DATABASE_URL": "postgresql://nobody@/nothing",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=told)
    assert done.returncode == 0, done.stderr
    assert without.isdisjoint(done.stdout.splitlines()[-1].split())

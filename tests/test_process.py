"""Processes behind the screens: begun again when the database was away, and alone with their lock."""

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

"""The shared suite: what every line promises, the fake included."""

import json

import psycopg
import pytest
from django.db import connection, transaction

from leadbell.ring.lines import LINES, line_for
from leadbell.ring.lines.desk import Desk
from leadbell.ring.ports import Bell, Dial, LineDown, Ringing, Telephone
from leadbell.roles import Urls
from tests.fakes.line import FakeLine

BELL = Bell("ring:41:1", dealer=1, lead=41, people=(7, 8), ring_s=20)
CALL = Dial("attempt:41:1", dealer=1, lead=41, person=7, number="+31612345678")


@pytest.fixture(params=["desk", "fake"])
def line(request: pytest.FixtureRequest, db: None) -> Telephone:
    return FakeLine() if request.param == "fake" else LINES[request.param]


def test_a_line_says_its_name(line: Telephone) -> None:
    assert line.name
    assert isinstance(line.hears_the_call, bool)


def test_ringing_answers_with_the_same_key(line: Telephone) -> None:
    assert line.ring(BELL) == Ringing(BELL.key)


def test_ringing_twice_with_one_key_is_harmless(line: Telephone) -> None:
    assert line.ring(BELL) == line.ring(BELL)
    line.stop_ringing(BELL)


def test_stopping_what_does_not_ring_is_harmless(line: Telephone) -> None:
    line.stop_ringing(BELL)
    line.stop_ringing(BELL)


def test_dialling_answers_with_the_same_key_and_repeats_without_a_second_call(line: Telephone) -> None:
    first = line.dial(CALL)
    assert isinstance(first, Ringing)
    assert first.key == CALL.key
    assert line.dial(CALL) == first


def test_a_line_that_is_down_answers_so() -> None:
    assert isinstance(FakeLine(down=True).ring(BELL), LineDown)
    assert isinstance(FakeLine(down=True).dial(CALL), LineDown)


def test_an_unknown_line_is_the_desk() -> None:
    assert line_for("nobody's") is LINES["desk"]


def test_the_desk_lets_the_salesperson_dial_by_hand() -> None:
    assert Desk().dial(CALL) == Ringing(CALL.key, "tel:+31612345678")


@pytest.mark.django_db(transaction=True)
def test_the_desk_rings_exactly_when_the_ring_is_committed(cluster: Urls) -> None:
    with psycopg.connect(cluster.app, autocommit=True) as screen:
        screen.execute("listen leadbell_screens")
        try:
            with transaction.atomic():
                Desk().ring(BELL)
                assert not list(screen.notifies(timeout=0.05))
                raise InterruptedError
        except InterruptedError:
            assert not list(screen.notifies(timeout=0.05))
        with transaction.atomic():
            Desk().ring(BELL)
        (news,) = screen.notifies(timeout=2, stop_after=1)
        assert json.loads(news.payload) == {"d": 1, "w": "ring", "l": 41, "p": [7, 8]}
    connection.close()

"""What was worked out before is answered again only while no fact has come and little time has gone by."""

from leadbell.metrics.rows.live import HOLDS_MS, MOST, Known

NOW = 1_795_000_000_000


def test_the_moment_stands_while_no_fact_comes() -> None:
    known = Known()
    assert known.moment("{3}", 1, NOW) == NOW
    assert known.moment("{3}", 1, NOW + HOLDS_MS - 1) == NOW


def test_a_fact_moves_the_moment_on() -> None:
    known = Known()
    known.moment("{3}", 1, NOW)
    assert known.moment("{3}", 2, NOW + 1) == NOW + 1
    assert known.moment("{4}", 1, NOW + 2) == NOW + 2


def test_time_moves_the_moment_on() -> None:
    known = Known()
    known.moment("{3}", 1, NOW)
    assert known.moment("{3}", 1, NOW + HOLDS_MS) == NOW + HOLDS_MS
    assert known.moment("{3}", 1, NOW - 1) == NOW - 1


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    known = Known()
    for number in range(MOST):
        known.keep((number,), [[number]])
    assert known.answer((0,)) == [[0]]
    known.keep((MOST,), [[MOST]])
    assert known.answer((0,)) == [[0]]
    assert known.answer((1,)) is None

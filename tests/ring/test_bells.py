"""Bells are found by their key and by the lead they ring for, as long as they ring."""

from leadbell.ring.bells import Bells
from leadbell.ring.ports import Bell


def bell(key: str, lead: int) -> Bell:
    return Bell(key, 1, lead, (7,), 20)


def test_a_lead_finds_its_own_bells_until_they_are_dropped() -> None:
    bells = Bells()
    for key, lead in (("one", 41), ("two", 41), ("three", 42)):
        bells.add("asterisk", bell(key, lead))
    assert (bells.of(41), bells.of(42), bells.of(43)) == (("one", "two"), ("three",), ())
    assert bells.get("two") == ("asterisk", bell("two", 41))
    for key in ("one", "one", "three", "never rang"):
        bells.drop(key)
    assert (bells.of(41), bells.of(42), bells.get("one")) == (("two",), (), None)


def test_a_bell_that_rings_again_is_found_once_and_for_its_newest_lead() -> None:
    bells = Bells()
    for line, lead in (("asterisk", 41), ("twilio", 41), ("twilio", 42)):
        bells.add(line, bell("one", lead))
    assert (bells.of(41), bells.of(42), bells.get("one")) == ((), ("one",), ("twilio", bell("one", 42)))

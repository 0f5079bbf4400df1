"""Who spoke when, summed up; and Silero's ears where they are installed."""

from array import array

import pytest

from leadbell.review.ports import Stopped
from leadbell.review.silero import BLOCK_S, Silero, _spans, installed
from leadbell.review.turns import says, sums, turns
from tests.fakes.sounds import RATE, silence, tone


@pytest.mark.parametrize(
    ("spans", "joined"),
    [
        ([], []),
        ([(0, 1000), (1500, 2000)], [(0, 2000)]),
        ([(0, 1000), (1700, 2000)], [(0, 1000), (1700, 2000)]),
        ([(0, 100), (5000, 6000)], [(5000, 6000)]),
        ([(2000, 3000), (0, 2500)], [(0, 3000)]),
    ],
)
def test_a_breath_ends_no_turn_and_a_cough_is_none(spans, joined):
    assert turns(spans) == joined


def test_a_conversation_in_sums():
    customer = [(2_000, 10_000), (20_000, 26_000)]
    salesperson = [(10_500, 19_000), (27_500, 47_500)]
    heard = sums(customer, salesperson, 50_000)
    assert (heard.customer_ms, heard.salesperson_ms) == (14_000, 28_500)
    assert heard.talk_ratio == pytest.approx(28.5 / 42.5)
    assert heard.silence_ms == 50_000 - 42_500
    assert heard.longest_monologue_ms == 20_000
    assert heard.interruptions == 0
    assert heard.answers_after_ms == 500
    assert not heard.voicemail
    assert says(heard) == ()


@pytest.mark.parametrize(
    ("salesperson", "times"),
    [
        ([(3_000, 6_000)], 1),
        ([(3_000, 3_800)], 0),
        ([(500, 6_000)], 0),
        ([(9_950, 12_000)], 0),
        ([(3_000, 5_000), (6_000, 8_000)], 2),
    ],
)
def test_whoever_goes_on_while_the_other_speaks_interrupts(salesperson, times):
    assert sums([(0, 10_000)], salesperson, 20_000).interruptions == times


def test_what_both_say_at_once_is_no_silence_twice():
    assert sums([(0, 10_000)], [(5_000, 15_000)], 20_000).silence_ms == 5_000


@pytest.mark.parametrize(
    ("customer", "voicemail"),
    [
        ([(500, 9_000)], True),
        ([(500, 9_000), (10_000, 12_000)], True),
        ([(500, 1_500)], False),
        ([(500, 60_000)], False),
        ([(8_000, 16_000)], False),
        ([(500, 4_000), (6_000, 9_000), (12_000, 13_000)], False),
        ([], False),
    ],
)
def test_what_sounds_like_a_voicemail(customer, voicemail):
    heard = sums(customer, [(20_000, 30_000)], 40_000)
    assert heard.voicemail == voicemail
    assert any("voicemail" in str(one) for one in says(heard)) == voicemail


def test_nobody_speaks():
    heard = sums([], [], 5_000)
    assert (heard.talk_ratio, heard.silence_ms, heard.answers_after_ms) == (None, 5_000, None)


def test_who_speaks_most_of_the_time_is_told():
    assert [str(one) for one in says(sums([(0, 8_000)], [(9_000, 39_000)], 40_000))] == [
        "might be a voicemail: one announcement at the start, and nothing after it",
        "the salesperson speaks most of the time",
    ]


def test_speech_begins_surely_and_ends_late():
    likely = [0.1, 0.6, 0.4, 0.36, 0.2, 0.4, 0.9]
    assert list(_spans(iter(likely))) == [(32, 128), (192, 224)]
    assert list(_spans(iter([]))) == []


silero = pytest.mark.skipif(not installed(), reason="leadbell[speech] isn't installed: Silero is not tried")


@silero
def test_tones_and_silence_are_no_speech():
    sound = array("h", [*tone(2, 440), *silence(2)])
    assert Silero().spans(sound.tobytes(), RATE) == []
    assert Silero().spans(b"", RATE) == []


@silero
def test_hearing_stops_when_the_process_is_to_end():
    with pytest.raises(Stopped):
        Silero(stopping=lambda: True).spans(bytes(2 * RATE * BLOCK_S), RATE)

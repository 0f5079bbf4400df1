"""What a voice reads: how long ago it was, and sentence by sentence."""

from datetime import timedelta

import pytest
from django.utils.translation import override

from leadbell.ring.prompts import ago, sentence, whisper
from tests.conftest import NOON


@pytest.mark.parametrize(
    ("language", "seconds", "said"),
    [
        ("en", 21, "21 seconds"),
        ("nl", 22, "22 seconden"),
        # A voice reads "21 секунду" as a masculine one: the words are feminine, and ask for another case.
        ("ru", 1, "одну секунду"),
        ("ru", 2, "две секунды"),
        ("ru", 8, "8 секунд"),
        ("ru", 11, "11 секунд"),
        ("ru", 12, "12 секунд"),
        ("ru", 21, "двадцать одну секунду"),
        ("ru", 82, "восемьдесят две секунды"),
        ("ru", 22 * 60, "двадцать две минуты"),
        ("ru", 60 * 60, "60 минут"),
        ("ru", 2 * 3600, "2 часа"),
    ],
)
def test_how_long_ago_it_was(language: str, seconds: float, said: str) -> None:
    with override(language):
        assert ago(seconds) == said


def test_a_sentence_ends_where_it_is_written_not_where_a_name_has_a_full_stop() -> None:
    said = sentence({}, "whisper_lead", "en", name="Dr. A. Okafor", car="Kona", ago="8 seconds")
    assert said.sentences == (
        "New lead: Dr. A. Okafor, Kona, sent 8 seconds ago.",
        "Press 1 to call, 2 to pass on.",
    )
    assert said.text == " ".join(said.sentences)


def test_a_whisper_counts_from_the_customers_asking_in_the_language_of_who_hears_it() -> None:
    spoken = [
        whisper({}, "whisper_lead", language, "", car, NOON)(NOON + timedelta(seconds=8)).text
        for language, car in (("en", ""), ("nl", "Kona"), ("en", "Kona"))
    ]
    assert spoken == [
        "New lead: a customer, no car named, sent 8 seconds ago. Press 1 to call, 2 to pass on.",
        "Nieuwe lead: een klant, Kona, 8 seconden geleden binnengekomen. Toets 1 om te bellen, 2 om door te geven.",
        "New lead: a customer, Kona, sent 8 seconds ago. Press 1 to call, 2 to pass on.",
    ]


@pytest.mark.parametrize(
    ("own", "language", "otherwise", "said", "voice"),
    [
        ({}, "nl", "en", "Dit gesprek wordt opgenomen.", "nl"),
        ({}, "de", "nl", "Dit gesprek wordt opgenomen.", "nl"),
        ({}, "", "nl", "Dit gesprek wordt opgenomen.", "nl"),
        ({}, "de", "fr", "This call is recorded.", "en"),
        ({"announce": {"de": "Wir zeichnen auf."}}, "de", "nl", "Wir zeichnen auf.", "de"),
    ],
)
def test_nothing_is_said_in_a_foreign_voice(
    own: dict[str, dict[str, str]], language: str, otherwise: str, said: str, voice: str
) -> None:
    heard = sentence(own, "announce", language, otherwise)
    assert (heard.text, heard.language) == (said, voice)

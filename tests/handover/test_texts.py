"""A dealer's own words for a script: what is said, asked and kept, and what can't be a script."""

import pytest

from leadbell.handover.scripts import SCRIPTS
from leadbell.handover.texts import Ask, Text, choices_of, next_name, ours, refused, worded
from leadbell.words import Words

ONLINE = SCRIPTS["online"]
PETS = Ask("own-1", {"en": "Do they have a dog?", "nl": "Hebben ze een hond?"}, "yes_no")
COLOUR = Ask("own-2", {"nl": "Welke kleur?"}, "choice", ({"nl": "rood"}, {"nl": "blauw"}))


def read(words: Words) -> str:
    return str(words)


def test_ours_in_nobodys_words_is_ours():
    assert worded(ONLINE, ours(ONLINE), "nl") == ONLINE


def test_sentences_are_the_dealers_where_there_are_some():
    script = worded(ONLINE, Text(says={"nl": ("Dag {name}.",)}), "en")
    assert script.says["nl"] == ("Dag {name}.",)
    assert script.says["en"] == ONLINE.says["en"]
    assert script.asks == ()


def test_questions_stand_in_the_dealers_order_and_words():
    text = Text(
        asks=(PETS, Ask("budget"), Ask("trade_in", {"nl": "Rijdt u nu iets?"}), COLOUR, Ask("forgotten"))
    )
    asks = worded(ONLINE, text, "nl").asks
    assert [one.name for one in asks] == ["own-1", "budget", "trade_in", "own-2"]
    assert [read(one.words) for one in asks] == ["Hebben ze een hond?", "What may it cost, about?", "Rijdt u nu iets?",
        "Welke kleur?"]  # fmt: skip
    assert [one.own_words for one in asks] == ["Hebben ze een hond?", "", "Rijdt u nu iets?", "Welke kleur?"]
    assert [(value, read(words)) for value, words in asks[3].choices] == [("1", "rood"), ("2", "blauw")]


def test_whoever_reads_another_language_gets_the_words_there_are():
    asks = worded(ONLINE, Text(asks=(PETS, COLOUR, Ask("trade_in", {"nl": "Rijdt u nu iets?"}))), "ru").asks
    assert [read(one.words) for one in asks[:2]] == ["Do they have a dog?", "Welke kleur?"]
    assert asks[2].own_words == "", "ours is translated: it goes before the dealer's in another language"


def test_a_percent_sign_is_no_place_to_fill_in():
    asks = worded(ONLINE, Text(asks=(Ask("own-1", {"en": "More than 50% off?"}, "yes_no"),)), "en").asks
    assert read(asks[0].words) == "More than 50% off?"


@pytest.mark.parametrize(
    ("text", "because"),
    [
        (Text(says={"nl": ("Dag {name}, {agent} van {dealer} over de {car}.",)}, asks=(PETS, COLOUR)), None),
        (Text(), None),
        (Text(says={"nl": ("Dag {naam}.",)}), "filled in with nothing"),
        (Text(says={"nl": ("Dag }.",)}), "filled in with nothing"),
        (Text(says={"nl": ("Dag.",) * 13}), "at most 12 sentences"),
        (Text(says={"nl": ("a" * 301,)}), "at most 12 sentences of 300"),
        (Text(asks=(PETS,) * 21), "More than 20 questions"),
        (Text(asks=(Ask("trade_in", {"nl": "a" * 161}),)), "at most 160"),
        (Text(asks=(Ask("own-1", {}, "yes_no"),)), "in one language at least"),
        (Text(asks=(Ask("own-1", {"nl": "Welke?"}, "choice", ({"nl": "rood"},)),)), "between 2 and 8"),
        (Text(asks=(Ask("own-1", {"nl": "?"}, "choice", tuple({"nl": str(n)} for n in range(9))),)), "between 2 and 8"),
        (Text(asks=(Ask("own-1", {"nl": "?"}, "choice", ({"nl": "a", "en": "b"}, {"nl": "c"})),)), "the same number"),
        (Text(asks=(Ask("own-1", {"nl": "?"}, "choice", ({"nl": "a" * 61}, {"nl": "c"})),)), "at most 60"),
    ],
)  # fmt: skip
def test_what_cant_be_a_script_is_refused_in_words(text, because):
    found = refused(text)
    assert (found is None) == (because is None)
    assert found is None or because in str(found.because)


def test_answers_a_line_each_become_choices():
    assert choices_of({"nl": ["rood", "blauw"], "en": ["red"]}) == (
        {"nl": "rood", "en": "red"},
        {"nl": "blauw"},
    )
    assert choices_of({}) == ()


def test_a_name_is_given_once():
    assert next_name([]) == "own-1"
    assert next_name([Text(asks=(COLOUR,)), Text(asks=(PETS, Ask("budget")))]) == "own-3"

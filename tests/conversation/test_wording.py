"""The words of messages: what nobody told leaves no hole in them."""

import re

import pytest

from leadbell.conversation.shelves import begun
from leadbell.conversation.wording import VALUES, fill
from leadbell.conversation.wording_defaults import DEFAULTS

EVERY = [
    pytest.param(template, language, id=f"{carrier}-{name}-{language}")
    for carrier, templates in DEFAULTS.items()
    for name, languages in templates.items()
    for language, template in languages.items()
]
TOLD = {name: name.upper() for name in VALUES} | {"video": ""}
#: A gap before a stop, a comma before another one, two gaps.
HOLE = re.compile(r"\s[.,!?;:](?:\s|$)|,\s*[.,!?]|(?<=\S) {2,}|[{}]")


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_a_customer_who_told_neither_name_nor_car_gets_whole_sentences(template, language):
    ready = begun(template, TOLD | {"name": "", "car": ""}, language)
    for text in (ready.text, ready.subject):
        assert not HOLE.search(text), text
        assert not re.search(r"\b(?:the|de|про|на|over|about)\s*(?:[.,:]|$)", text), text


@pytest.mark.parametrize(("template", "language"), EVERY)
def test_what_was_told_stands_where_it_belongs(template, language):
    ready = begun(template, TOLD, language)
    assert not HOLE.search(ready.text), ready.text
    assert "NAME" in ready.text
    assert ("CAR" in ready.text) is ("{car}" in template.text)


@pytest.mark.parametrize(
    ("written", "language", "read"),
    [
        ("Dear {name}, about the {car}.", "en", "Dear customer, about the car."),
        ("Beste {name}, over de {car}.", "nl", "Beste klant, over de auto."),
        (
            "Здравствуйте, {name}! Вы спрашивали про {car}.",
            "ru",
            "Здравствуйте! Вы спрашивали про автомобиль.",
        ),
        ("See you {appointment}, {phone}.", "en", "See you."),
        ("{phone}, {name}", "en", ", customer"),
        ("What is {this}?", "en", "What is {this}?"),
    ],
)
def test_what_nobody_told_has_a_word_or_leaves_nothing(written, language, read):
    assert fill(written, {"name": " ", "car": "", "appointment": "", "phone": ""}, language) == read


def test_what_somebody_wrote_is_left_as_it_is():
    text = "Dear Mr Okafor ,\n\nwell ... !"
    assert fill(text, {"name": ""}, "en") == text

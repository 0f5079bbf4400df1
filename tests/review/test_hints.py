"""What words suggest for the marks: always a sentence that says so, never a “no”."""

import pytest

from leadbell.review.hints import LANGUAGES, Line, hints


def said(*lines):
    """(side, second, words) as lines."""
    return [Line(nth, side, round(at * 1000), text) for nth, (side, at, text) in enumerate(lines)]


CUSTOMER, ROSA = "customer", "salesperson"


@pytest.mark.parametrize(
    ("language", "lines", "found"),
    [
        ("en", [(CUSTOMER, 5, "Is the blue Kona still available?")], {"opportunity": 0}),
        ("nl", [(CUSTOMER, 5, "Wat kost die Kona met inruil?")], {"opportunity": 0}),
        ("ru", [(CUSTOMER, 5, "Скажите, сколько стоит эта машина?")], {"opportunity": 0}),
        ("en", [(ROSA, 5, "Is the blue Kona still available?")], {}),
        ("en", [(CUSTOMER, 2, "Please leave a message after the tone.")], {"voicemail": 0}),
        ("nl", [(CUSTOMER, 2, "Spreek een bericht in na de piep.")], {"voicemail": 0}),
        ("ru", [(CUSTOMER, 2, "Абонент недоступен, оставьте сообщение.")], {"voicemail": 0}),
        ("en", [(CUSTOMER, 90, "I will leave a message with my wife.")], {}),
        ("en", [(CUSTOMER, 3, "I think you have the wrong number.")], {"wrong_number": 0}),
        ("nl", [(CUSTOMER, 3, "U bent verkeerd verbonden.")], {"wrong_number": 0}),
        ("ru", [(CUSTOMER, 3, "Вы ошиблись номером.")], {"wrong_number": 0}),
        ("en", [(CUSTOMER, 3, "The car is in for service, how much is the repair?")], {"service": 0}),
        ("nl", [(CUSTOMER, 3, "Ik bel over de APK, wat kost dat?")], {"service": 0}),
        ("ru", [(CUSTOMER, 3, "Мне нужна замена масла.")], {"service": 0}),
        ("en", [(ROSA, 50, "When would it suit you to come by?")], {"asked": 0}),
        ("nl", [(ROSA, 50, "Wilt u zaterdag langskomen?")], {"asked": 0}),
        ("ru", [(ROSA, 50, "Когда вам удобно приехать?")], {"asked": 0}),
        ("en", [(CUSTOMER, 50, "When would it suit you?")], {}),
        ("en", [(ROSA, 50, "Would you like to come on Saturday?"), (CUSTOMER, 53, "Saturday at ten is fine."),
                (ROSA, 56, "See you on Saturday!")], {"asked": 0, "made": 2, "opportunity": 2}),
        ("nl", [(ROSA, 50, "Wanneer schikt het u?"), (CUSTOMER, 53, "Zaterdag om tien."), (ROSA, 57, "Tot zaterdag!")],
         {"asked": 0, "made": 2, "opportunity": 2}),
        ("ru", [(ROSA, 50, "Когда вам удобно?"), (CUSTOMER, 53, "В субботу."), (ROSA, 57, "Договорились, жду вас.")],
         {"asked": 0, "made": 2, "opportunity": 2}),
        # Agreed, but to no day; a day, but nobody agreed; agreed much later.
        ("en", [(ROSA, 50, "Would you like to come by?"), (CUSTOMER, 53, "That works for me.")], {"asked": 0}),
        ("en", [(ROSA, 50, "Would you like to come by?"), (CUSTOMER, 53, "Not on Saturday.")], {"asked": 0}),
        ("en", [(ROSA, 50, "Would you like to come on Saturday?"), (CUSTOMER, 120, "That works.")], {"asked": 0}),
        ("en", [], {}),
        ("de", [(CUSTOMER, 5, "Is the blue Kona still available?")], {}),
        ("", [(CUSTOMER, 5, "Is the blue Kona still available?")], {}),
    ],
)  # fmt: skip
def test_a_sentence_suggests_a_mark(language, lines, found):
    assert {hint.mark: hint.line.number for hint in hints(said(*lines), language)} == found


def test_each_of_our_languages_has_rules():
    assert {"en", "nl", "ru"} == LANGUAGES


def test_a_suggestion_names_the_choice_on_the_form():
    found = hints(said((CUSTOMER, 1, "Leave a message."), (ROSA, 2, "Shall we make an appointment?")), "en")
    assert [hint.chooses for hint in found] == [("verdict", "voicemail"), ("asked", "yes")]

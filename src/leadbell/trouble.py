"""What stands in the way, said to the person at the terminal."""

from leadbell.words import Value, say


class Trouble(Exception):
    """Leadbell can't go on until a person mends something; the sentence says what and how.

    The text is marked for translation as with `say`: makemessages knows `Trouble` as a keyword.
    """

    def __init__(self, text: str, **values: Value) -> None:
        self.sentence = say(text, **values)
        super().__init__(str(self.sentence))

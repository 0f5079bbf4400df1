"""What two of the demo's conversations are about, sentence by sentence, where each stands in the sound. Pure.

The recordings are a murmur and nobody's voice: the murmur takes its turns from these sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from leadbell.review.ports import Said

Side = Literal["customer", "salesperson"]
#: How long a sentence takes to say, and at least until the next.
A_LETTER_MS, A_BREATH_MS = 62, 350
#: So a transcript says whose work it is.
WRITTEN_BY = "the demo’s script, no speech model"


@dataclass(frozen=True, slots=True)
class About:
    """Who calls about what; `when` the appointment that they agree on is, None: they agree on none."""

    language: str
    seller: str
    car: str
    when: str | None = None


_MADE = {
    "en": (
        "Good morning, this is {seller} of Northside. You asked about the {car}.",
        "Yes, that was me. Is the {car} still available?",
        "It is. What matters most to you in a car?",
        "The range. We drive to my parents every other week. And I would like to trade mine in.",
        "Then you should feel it on the road. Would you like to come and drive it, {when}?",
        "Let me see. Yes, {when}, that works for me.",
        "Good. I'll put you down, and you get a message from me to confirm it.",
        "Thank you. See you then.",
    ),
    "nl": (
        "Goedemorgen, u spreekt met {seller} van Northside. U vroeg naar de {car}.",
        "Ja, dat klopt. Is de {car} nog beschikbaar?",
        "Zeker. Wat vindt u het belangrijkst aan een auto?",
        "De actieradius. Wij rijden om de week naar mijn ouders. En ik wil mijn auto inruilen.",
        "Dan moet u hem op de weg voelen. Wilt u langskomen voor een proefrit, {when}?",
        "Even kijken. Ja, {when}, dat komt goed uit.",
        "Mooi. Ik zet u erin, en u krijgt van mij een bericht om het te bevestigen.",
        "Dank u wel. Tot dan.",
    ),
}
_OPEN = {
    "en": (
        "Hello, this is {seller} of Northside. You asked about the {car}.",
        "Oh yes. How much would it be per month?",
        "I will work that out for you. When could you come by and see it?",
        "I don't know yet. I am only looking, and my wife is away this week.",
        "I understand. Then you get the price from me tonight, and I call you again on Thursday.",
        "Please do. In the evening, then.",
    ),
    "nl": (
        "Goedemiddag, met {seller} van Northside. U vroeg naar de {car}.",
        "O ja. Wat kost hij per maand?",
        "Dat reken ik voor u uit. Wanneer kunt u een keer komen kijken?",
        "Dat weet ik nog niet. Ik kijk alleen wat rond, en mijn vrouw is deze week weg.",
        "Dat begrijp ik. Dan krijgt u vanavond de prijs van mij, en donderdag bel ik u weer.",
        "Doet u dat maar. Liefst na het eten.",
    ),
}
LANGUAGES = frozenset(_MADE)


def script(about: About, talk_ms: int) -> tuple[tuple[Side, Said], ...]:
    """Who says what when, over the whole talk; empty where it is too short to say it all."""
    texts = (_MADE if about.when else _OPEN)[about.language]
    lines = [one.format(seller=about.seller, car=about.car, when=about.when) for one in texts]
    spoken = sum(len(one) for one in lines) * A_LETTER_MS
    breath = (talk_ms - spoken) // len(lines)
    if breath < A_BREATH_MS:
        return ()
    return tuple(_placed(lines, breath))


def _placed(lines: Sequence[str], breath: int) -> list[tuple[Side, Said]]:
    said: list[tuple[Side, Said]] = []
    at = breath // 2
    for place, text in enumerate(lines):
        until = at + len(text) * A_LETTER_MS
        said.append(("customer" if place % 2 else "salesperson", Said(at, until, text)))
        at = until + breath
    return said

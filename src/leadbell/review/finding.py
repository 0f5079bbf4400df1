"""Looking for words in what was said."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from leadbell.review.models import Sentence, Transcript

LONGEST_QUESTION, MOST_FOUND = 100, 60
#: Around the words that were found, until they are shown: signs that nobody types.
_BEGIN, _END = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence that holds the words, as (part, is one of the words)."""

    sentence: Sentence
    parts: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Places:
    """A conversation and where in it the words were said."""

    transcript: Transcript
    found: tuple[Found, ...]

    @property
    def call(self) -> UUID:
        return self.transcript.call


def find_words(asked: str) -> tuple[list[Places], bool]:
    """Where the reader's dealers' conversations hold these words in one sentence, the newest first, each language by
    its own rules; and whether there is more than is shown. Words in quotes stand together, -word is left out."""
    asked = asked.replace("\0", " ").strip()[:LONGEST_QUESTION]
    if not asked:
        return [], False
    with connection.cursor() as cursor:
        cursor.execute("select leadbell_sentences_found(%s, %s)", [asked, MOST_FOUND + 1])
        numbers = [number for (number,) in cursor.fetchall()]
    shown = numbers[:MOST_FOUND]
    sentences = Sentence.objects.in_bulk(shown)
    transcripts = Transcript.objects.in_bulk({one.call for one in sentences.values()})
    marked = _marked(shown, asked)
    places: dict[UUID, list[Found]] = {}
    for number in shown:
        if (one := sentences.get(number)) is not None:
            places.setdefault(one.call, []).append(Found(one, tuple(_parts(marked[number]))))
    found = [Places(transcripts[call], tuple(them)) for call, them in places.items() if call in transcripts]
    return found, len(numbers) > MOST_FOUND


def _marked(numbers: list[int], asked: str) -> dict[int, str]:
    """The sentences with what was found between signs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, ts_headline(leadbell_words_of(language), translate(text, %s, ''), "
            "websearch_to_tsquery(leadbell_words_of(language), %s), %s) from leadbell_sentence where id = any(%s)",
            [_BEGIN + _END, asked, f'HighlightAll=true, StartSel="{_BEGIN}", StopSel="{_END}"', numbers],
        )
        return dict(cursor.fetchall())


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    before, *rest = text.split(_BEGIN)
    if before:
        yield before, False
    for one in rest:
        word, _, after = one.partition(_END)
        yield word, True
        if after:
            yield after, False

"""Everything people read is there in every language, with the same values in it."""

import io
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation.template import templatize

PACKAGE = Path(settings.LOCALE_PATHS[0]).parent
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
#: What marks a text: Django's own, `say` of leadbell.words and `Trouble` of leadbell.trouble.
MARKERS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "say": None,
    "Trouble": None,
}
#: The smallest a catalogue is; an extraction that finds less is broken.
MANY = 900

Key = tuple[str | None, tuple[str, ...]]


@cache
def marked() -> frozenset[Key]:
    """The context and the texts (one and many) of everything that is marked for translation."""
    return frozenset(key for path in sources() for key in marked_in(path.read_text(), str(path)))


def sources() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".html", ".txt") and "static" not in path.relative_to(PACKAGE).parts:
            yield path


def marked_in(text: str, name: str) -> Iterator[Key]:
    """What a Python file or a template marks; `templatize` makes marked texts of a template Python calls."""
    # What stands around the texts of a template is no Python, nor is its indentation.
    code = (
        text
        if name.endswith(".py")
        else "\n".join(map(str.strip, templatize(text, origin=name).splitlines()))
    )
    for _, found, _, context in extract("python", io.BytesIO(code.encode()), keywords=MARKERS):
        texts = found if isinstance(found, tuple) else (found,)
        if all(isinstance(one, str) and one for one in texts):
            yield context, tuple(texts)


@cache
def catalogue(language: str) -> Catalog:
    with (PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def entries(language: str) -> Iterator[tuple[Key, tuple[str, ...], tuple[str, ...]]]:
    """Each text's key, and what it is in English and in `language`: once, or once per plural form."""
    for message in catalogue(language):
        if message.id:
            texts = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
            said = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
            yield (message.context, tuple(texts)), tuple(texts), tuple(one or "" for one in said)


def values_in(text: str) -> list[str]:
    """`%(name)s` and its kind, and the percent signs that stand for themselves."""
    return sorted(re.findall(r"%%\(\w+\)\w|%\(\w+\)\w|%%", text))


def edges_of(text: str) -> tuple[str, str]:
    """The white space around a text."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


def test_markers_are_found_in_python_and_in_templates() -> None:
    python = 'say("it rings at %(at)s", at=now); pgettext("seconds", "s"); ngettext("a day", "days", n)'
    template = '{% load i18n %}{% translate "Call" %} {% blocktranslate %}for {{ n }}{% endblocktranslate %}'
    assert set(marked_in(python, "a.py")) == {
        (None, ("it rings at %(at)s",)),
        ("seconds", ("s",)),
        (None, ("a day", "days")),
    }
    assert set(marked_in(template, "a.html")) == {(None, ("Call",)), (None, ("for %(n)s",))}
    assert len(marked()) > MANY


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_missing(language: str) -> None:
    """`scripts/messages.py` collects what is new; then it waits for its translation."""
    known = {(context, text) for (context, texts), _, _ in entries(language) for text in texts}
    missing = sorted(
        text for context, texts in marked() for text in texts if (context, text) not in known and text.strip()
    )
    assert missing == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_left_in_english(language: str) -> None:
    forms = catalogue(language).num_plurals
    found = list(entries(language))
    assert len(found) > MANY
    assert [
        key for key, texts, said in found if not all(said) or (len(texts) > 1 and len(said) != forms)
    ] == []
    assert [message.id for message in catalogue(language) if message.fuzzy and message.id] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_stay_what_they_are(language: str) -> None:
    """A form for one may leave the number out, as the English does; every other has all values."""
    for (_, texts), english, said in entries(language):
        allowed = [values_in(text) for text in english]
        for form in said:
            assert values_in(form) in allowed, (texts, form)
        assert values_in(said[-1]) == allowed[-1], (texts, said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_white_space_around_texts_stays(language: str) -> None:
    assert [
        form
        for _, english, said in entries(language)
        for form in said
        if edges_of(form) != edges_of(english[0])
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_can_be_compiled(language: str) -> None:
    file = io.BytesIO()
    write_mo(file, catalogue(language))
    file.seek(0)
    compiled = read_mo(file)
    assert len(compiled) > MANY
    assert compiled["Floor"].string == catalogue(language)["Floor"].string

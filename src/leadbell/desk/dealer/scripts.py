"""The Dealer page, part Scripts: what a BDC agent says and asks, in the dealer's own words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leadbell.conversation.wording import fill, is_unstorable
from leadbell.desk.dealer.people import framed, managed
from leadbell.desk.entrance import Visit, answer
from leadbell.desk.templatetags.leadbell import language_name
from leadbell.handover.own_scripts import (
    Version,
    keep_text,
    texts_of,
    version_of,
    versions_of,
)
from leadbell.handover.scripts import RECEIVES, SCRIPTS, Kind, Script, ScriptName
from leadbell.handover.texts import (
    KINDS,
    LANGUAGES,
    OURS,
    VALUES,
    Ask,
    Text,
    choices_of,
    next_name,
    refused,
    worded,
)
from leadbell.refused import Refused
from leadbell.words import Words, say

if TYPE_CHECKING:
    from leadbell.dealers.models import Organisation

NAMES: Mapping[ScriptName, Words] = {
    "online": say("they asked by themselves"),
    "direct_mail": say("direct mail"),
    "lost_sale": say("lost sale"),
}
#: The row for a question that isn't there yet.
NEW = "new"
_OWN_KIND = re.compile(r"kind-own-[1-9][0-9]{0,3}")
KIND_WORDS: Mapping[Kind, Words] = {
    "yes_no": say("yes or no"), "choice": say("one of several"), "number": say("a number"),
}  # fmt: skip


@managed
@require_GET
def scripts(request: Visit, now: datetime, dealer: "Organisation") -> HttpResponse:
    return redirect("dealer-script", dealer.pk, "online")


@managed
@require_http_methods(["GET", "POST"])
def script(request: Visit, now: datetime, dealer: "Organisation", origin: str) -> HttpResponse:
    """One script, to change; with `preview` it is shown as an agent would see it, and nothing is kept."""
    name = _named(origin)
    last = version_of(dealer.pk, name)
    if request.method == "GET":
        return _page(request, dealer, name, last, last.text)
    said = request.POST
    text = _written(said, texts_of(dealer.pk, name))
    if isinstance(text, Refused):
        return _page(request, dealer, name, last, last.text, {"refused": text.because}, 409)
    because, seen = refused(text), _number(said.get("seen", ""))
    if because is None and "preview" not in said:
        outcome = keep_text(dealer, name, text, request.user, seen, now)
        if not isinstance(outcome, Refused):
            return answer(request, None, reverse("dealer-script", args=[dealer.pk, name]), _("Saved."))
        because, seen = outcome, last.number
    shown = {"refused": because.because} if because else {"preview": _preview(dealer, request, name, text)}
    # Made on the version that was seen first: whoever isn't told of a newer one doesn't overwrite it.
    return _page(request, dealer, name, last, text, shown | {"seen": seen}, 409 if because else 200)


@managed
@require_POST
def script_back(request: Visit, now: datetime, dealer: "Organisation", origin: str) -> HttpResponse:
    """Ours again, as the next version."""
    name = _named(origin)
    outcome = keep_text(dealer, name, None, request.user, _number(request.POST.get("seen", "")), now)
    return answer(request, outcome, reverse("dealer-script", args=[dealer.pk, name]), _("It is ours again."))


def _named(origin: str) -> ScriptName:
    for name in SCRIPTS:
        if name == origin:
            return name
    raise Http404


def _number(said: str) -> int:
    return int(said) if said.isdecimal() and len(said) < 6 else -1


def _written(said: Mapping[str, str], before: Sequence[Text]) -> Text | Refused:
    """The form's text: what is asked stands in the order of its numbers; an empty field is ours."""
    if is_unstorable(*said.values()):
        return Refused(say("There is a character in it that can’t be stored: type it again."))
    says = {code: found for code in LANGUAGES if (found := tuple(_lines(said.get(f"says-{code}", ""))))}
    asks: list[tuple[int, Ask]] = []
    own = _own_questions(said, before)
    new_name = next_name([*before, Text(asks=tuple(Ask(name, kind=kind) for name, kind in own.items()))])
    for row in [*OURS, *own, NEW]:
        words = {
            code: text
            for code in LANGUAGES
            if (text := " ".join(said.get(f"words-{row}-{code}", "").split()))
        }
        if f"ask-{row}" not in said and not (row == NEW and words):
            continue
        kind = None if row in OURS else own.get(row) or KINDS.get(said.get("kind-new", ""), "yes_no")
        lines = {
            code: listed for code in LANGUAGES if (listed := _lines(said.get(f"choices-{row}-{code}", "")))
        }
        ask = Ask(new_name if row == NEW else row, words, kind, choices_of(lines) if kind == "choice" else ())
        place = _number(said.get(f"place-{row}", "").strip())
        asks.append((place if place >= 0 else 99, ask))
    return Text(says, tuple(ask for _place, ask in sorted(asks, key=lambda one: one[0])))


def _own_questions(said: Mapping[str, str], before: Sequence[Text]) -> dict[str, Kind]:
    """Those on the form, some of which may have been previewed only. What one is answered with never changes."""
    known = {ask.name: ask.kind for text in before for ask in text.asks if ask.kind}
    names = (key.removeprefix("kind-") for key in said if _OWN_KIND.fullmatch(key))
    return {name: known.get(name) or KINDS.get(said[f"kind-{name}"], "yes_no") for name in names}


def _lines(said: str) -> list[str]:
    return [line for one in said.splitlines() if (line := " ".join(one.split()))]


@dataclass(frozen=True, slots=True)
class Row:
    """A question as the form has it; `texts` are (code, language, words, choices one a line)."""

    key: str
    place: int
    is_asked: bool
    #: What we say, for a question of ours.
    ours: Words | None
    kind: Kind
    texts: tuple[tuple[str, str, str, str], ...]

    @property
    def kind_words(self) -> Words:
        return KIND_WORDS[self.kind]


def _row(ask: Ask, place: int, is_asked: bool = True, key: str = "") -> Row:
    known = OURS.get(ask.name)
    texts = tuple(
        (
            code,
            language_name(code),
            ask.words.get(code, ""),
            "\n".join(one[code] for one in ask.choices if code in one),
        )
        for code in LANGUAGES
    )
    kind: Kind = ask.kind or (known.kind if known else "yes_no")
    return Row(
        key or ask.name, place, is_asked, known.words if known and not ask.is_own else None, kind, texts
    )


def _page(
    request: Visit,
    dealer: "Organisation",
    name: ScriptName,
    last: Version,
    text: Text,
    more: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = [_row(one, place) for place, one in enumerate(text.asks, 1)]
    asked = {one.name for one in text.asks}
    rows += [_row(Ask(one), len(rows) + 1, is_asked=False) for one in OURS if one not in asked]
    seen = framed(request, dealer, "scripts") | {
        "name": name, "names": list(NAMES.items()), "last": last, "seen": last.number, "rows": rows,
        "blank": _row(Ask("", kind="yes_no"), len(text.asks) + 1, key=NEW), "kinds": list(KIND_WORDS.items()),
        "says": [
            (code, language_name(code), "\n".join(text.says.get(code, ())), "\n".join(SCRIPTS[name].says[code]))
            for code in LANGUAGES
        ],
        "values": [f"{{{one}}}" for one in VALUES], "versions": versions_of(dealer.pk, name),
    }  # fmt: skip
    return render(request, "dealer/scripts.html", seen | dict(more or {}), status=status)


@dataclass(frozen=True, slots=True)
class Preview:
    """The script as an agent reads it, per language: (code, language, sentences)."""

    script: Script
    says: tuple[tuple[str, str, tuple[str, ...]], ...]


def _preview(dealer: "Organisation", request: Visit, name: ScriptName, text: Text) -> Preview:
    script = worded(SCRIPTS[name], text, translation.get_language() or "en")
    values = {"name": "Mr Okafor", "car": "Kona", "dealer": dealer.name, "agent": request.user.name}
    read = {
        code: tuple(fill(one, values | {"receiver": "…"}) for one in (*script.says[code], RECEIVES[code]))
        for code in LANGUAGES
    }
    return Preview(script, tuple((code, language_name(code), read[code]) for code in LANGUAGES))

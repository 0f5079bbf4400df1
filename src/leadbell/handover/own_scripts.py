"""A dealer's own scripts: versions, kept and read."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction

from leadbell.dealers.models import Organisation, Person
from leadbell.handover.models import DealerScript
from leadbell.handover.scripts import SCRIPTS, Script, ScriptName, script_for
from leadbell.handover.texts import Text, ours, refused, worded
from leadbell.lead.facts import Origin
from leadbell.refused import Refused
from leadbell.words import say

#: So many versions are shown of those that were; all are kept.
MOST_SHOWN = 10
MEANWHILE = Refused(say("Somebody has changed this script meanwhile: look at it first."))


@dataclass(frozen=True, slots=True)
class Version:
    """A script as the dealer has it now; `number` 0 is ours, never changed."""

    number: int
    text: Text
    is_own: bool
    row: DealerScript | None = None


def version_of(dealer: int, name: ScriptName, number: int | None = None) -> Version:
    """The newest version, or the one of this number; ours where there is none."""
    rows = DealerScript.objects.filter(dealer=dealer, name=name).select_related("made_by")
    row = (rows if number is None else rows.filter(version=number)).order_by("-version").first()
    if row is None:
        return Version(0, ours(SCRIPTS[name]), is_own=False)
    if row.text is None:
        return Version(row.version, ours(SCRIPTS[name]), is_own=False, row=row)
    return Version(row.version, msgspec.convert(row.text, Text), is_own=True, row=row)


def script_of(dealer: int, origin: Origin, language: str, number: int | None = None) -> tuple[Script, int]:
    """The script to read for a lead of this origin, questions in this language; and its version."""
    script = script_for(origin)
    found = version_of(dealer, script.name, number)
    return (worded(script, found.text, language) if found.is_own else script), found.number


def texts_of(dealer: int, name: ScriptName) -> list[Text]:
    """All that there were, the newest first."""
    rows = DealerScript.objects.filter(dealer=dealer, name=name, text__isnull=False).order_by("-version")
    return [msgspec.convert(text, Text) for text in rows.values_list("text", flat=True)]


def versions_of(dealer: int, name: ScriptName) -> list[DealerScript]:
    """Who changed it when, the newest first."""
    rows = DealerScript.objects.filter(dealer=dealer, name=name).select_related("made_by")
    return list(rows.order_by("-version")[:MOST_SHOWN])


@transaction.atomic
def keep_text(
    dealer: Organisation, name: ScriptName, text: Text | None, by: Person, seen: int, now: datetime
) -> Version | Refused:
    """The next version, made on the one that was `seen`; None: back to ours. What was asked before stays as it was."""
    last = version_of(dealer.pk, name)
    if last.number != seen:
        return MEANWHILE
    if text is not None and (because := refused(text)):
        return because
    if (text is None and not last.is_own) or (text is not None and text == last.text):
        return last
    following = DealerScript(
        dealer=dealer, name=name, version=last.number + 1, made_at=now, made_by=by,
        text=None if text is None else msgspec.to_builtins(text),
    )  # fmt: skip
    # Of two at the same moment the second one's row is left out.
    DealerScript.objects.bulk_create([following], ignore_conflicts=True)
    kept = version_of(dealer.pk, name)
    return kept if kept.row and (kept.row.made_at, kept.row.made_by_id) == (now, by.pk) else MEANWHILE

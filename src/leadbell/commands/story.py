"""`leadbell story LEAD`: what happened with a lead, from its journal."""

import json
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console

from leadbell.cli import DEFAULT_DATA, Data, Json, with_database
from leadbell.trouble import Trouble

MARKS = {"human": "●", "automation": "◌", "system": "·"}


def story(
    lead: Annotated[int, typer.Argument(help="The lead's number.")],
    data: Data = DEFAULT_DATA,
    as_json: Json = False,
) -> None:
    """Tell what happened with a lead, oldest first, and what comes next."""
    with with_database(data, "clockwork"):
        told = _told(lead)
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=1, default=str))
        return
    _print(told)


def _told(number: int) -> dict[str, Any]:
    from leadbell.dealers.models import Person
    from leadbell.desk.story.story import people_in
    from leadbell.desk.story.story import story as tell
    from leadbell.lead.journal import read_history
    from leadbell.lead.listing import as_row, in_english
    from leadbell.lead.models import Lead

    lead = Lead.objects.select_related("customer", "dealer").filter(pk=number).first()
    if lead is None:
        raise Trouble("There is no lead %(number)s; `leadbell leads` lists them.", number=number)
    zone = ZoneInfo(lead.dealer.zone)
    history = read_history(lead)
    people = people_in(history) | {p for p in (lead.owner_id, lead.next_for, *lead.ringing) if p}
    names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
    facts = [
        msgspec.to_builtins(fact)
        | {
            "kind": fact.__struct_config__.tag,
            "by": names.get(getattr(fact, "by", None) or 0),
            "who": line.who,
        }
        | {
            "sentence": in_english(line.sentence, zone),
            "why": [in_english(reason, zone) for reason in line.why],
            "text": line.text,
        }
        for fact, line in zip(history.facts, tell(history, names), strict=True)
    ]
    return as_row(lead, names) | {"facts": facts}


def _print(told: dict[str, Any]) -> None:
    from leadbell.lead.listing import clock

    out = Console(highlight=False)
    about = (told["customer"], told["car"] or "—", told["state"])
    out.print(f"Lead {told['lead']}  {' · '.join(about)}", style="bold", markup=False)
    zone = ZoneInfo(told["zone"])
    for fact in told["facts"]:
        at = clock(fact["at"], zone)
        out.print(f"{at}  {MARKS[fact['who']]}  {fact['sentence']}", markup=False)
        for reason in (*fact["why"], *filter(None, [fact["text"]])):
            out.print(f"{'':24}{reason}", style="dim", markup=False)
    step = told["next"]
    if step["kind"]:
        when = clock(step["at"], zone) if step["at"] else ""
        out.print(f"Next: {step['kind']} {when}  {step['because']}", style="bold", markup=False)

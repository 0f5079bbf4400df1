"""What an importer and its dealers agree on is written down here, checked, in words that say what is wrong."""

from collections.abc import Mapping

from django.db import transaction

from leadbell.announce import announce
from leadbell.dealers import tree
from leadbell.dealers.models import Organisation
from leadbell.lead.doors import dealers_below
from leadbell.network.models import Agreement, NetworkPlan
from leadbell.network.rules import LONGEST_POSTCODE, Place, postcode
from leadbell.network.shelves import importer_of
from leadbell.refused import Refused
from leadbell.words import say

MOST_MINUTES, MOST_SHARE, MOST_A_DAY, MOST_TRIED = 1440, 1000, 10_000, 20
MOST_POSTCODES, MOST_PLACES = 2_000, 100_000


@transaction.atomic
def change_plan(importer: int, said: Mapping[str, str]) -> NetworkPlan | Refused:
    """Minutes to answer, dealers to try, and where postcodes are: a line each, `1012; 52.37; 4.90`."""
    minutes = _whole(said.get("answer_minutes", ""), MOST_MINUTES)
    dealers = _whole(said.get("most_dealers", ""), MOST_TRIED)
    if not minutes:
        return Refused(say("A dealer has between 1 and %(most)s minutes to answer.", most=MOST_MINUTES))
    if not dealers:
        return Refused(say("A lead goes to between 1 and %(most)s dealers.", most=MOST_TRIED))
    places = _places(said.get("places", ""))
    if isinstance(places, Refused):
        return places
    plan, _ = NetworkPlan.objects.update_or_create(
        importer_id=importer,
        defaults={"answer_minutes": minutes, "most_dealers": dealers, "places": places},
    )
    announce(importer, "network")
    return plan


@transaction.atomic
def agree(importer: int, dealer: int, said: Mapping[str, str]) -> Agreement | Refused:
    """Whether this dealer takes leads, from where, which share, how many a day, and where it stands."""
    share = _whole(said.get("share", ""), MOST_SHARE, least=0)
    if share is None:
        return Refused(
            say("A share is a whole number from 0 to %(most)s, beside the others’.", most=MOST_SHARE)
        )
    most = said.get("most_a_day", "").strip()
    a_day = _whole(most, MOST_A_DAY, least=0) if most else None
    if most and a_day is None:
        return Refused(say("At most a day is a whole number up to %(most)s, or empty.", most=MOST_A_DAY))
    codes = [postcode(code) for code in said.get("postcodes", "").replace(",", " ").replace(";", " ").split()]
    if len(codes) > MOST_POSTCODES:
        return Refused(say("At most %(most)s postcodes for one dealer.", most=MOST_POSTCODES))
    here: Place | None = None
    if said.get("latitude", "").strip() or said.get("longitude", "").strip():
        here = _place(said.get("latitude", ""), said.get("longitude", ""))
        if here is None:
            return Refused(say("Latitude and longitude are degrees, such as 52.37 and 4.90."))
    agreed = {
        "takes_leads": bool(said.get("takes_leads")),
        "share": share,
        "most_a_day": a_day,
        "postcodes": sorted({code for code in codes if code}),
        "latitude": here[0] if here else None,
        "longitude": here[1] if here else None,
    }
    made, _ = Agreement.objects.update_or_create(
        dealer_id=dealer, defaults=agreed, create_defaults={"importer_id": importer, **agreed}
    )
    announce(importer, "network")
    return made


@transaction.atomic
def show_customers(importer: int, dealer: int, shown: bool) -> Agreement:
    """The dealer's word: whether the importer sees what became of the customers it sent."""
    made, _ = Agreement.objects.update_or_create(
        dealer_id=dealer, defaults={"shows_customers": shown},
        create_defaults={"importer_id": importer, "shows_customers": shown},
    )  # fmt: skip
    return made


@transaction.atomic
def place(organisation: Organisation, under: Organisation | None) -> int:
    """Put it below another one, or below nobody. What its dealers agreed on with an importer who no longer stands
    above them ends, with the right to see their customers; how many agreements that was. Raises Trouble.
    """
    tree.place(organisation, under)
    theirs = Agreement.objects.filter(dealer__in=dealers_below(organisation.pk))
    ended, _ = theirs.exclude(importer=importer_of(organisation)).delete()
    return ended


def _whole(text: str, most: int, least: int = 1) -> int | None:
    text = text.strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
    return number if number is not None and least <= number <= most else None


def _place(latitude: str, longitude: str) -> Place | None:
    try:
        place = float(latitude.strip().replace(",", ".")), float(longitude.strip().replace(",", "."))
    except ValueError:
        return None
    return place if -90 <= place[0] <= 90 and -180 <= place[1] <= 180 else None


def _places(text: str) -> dict[str, Place] | Refused:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_PLACES:
        return Refused(say("At most %(most)s places.", most=MOST_PLACES))
    places: dict[str, Place] = {}
    for number, line in enumerate(lines, 1):
        parts = [part.strip() for part in line.replace("\t", ";").split(";")]
        place = _place(*parts[1:]) if len(parts) == 3 else None
        begin = postcode(parts[0])
        if place is None or not begin or len(begin) > LONGEST_POSTCODE:
            return Refused(
                say("Line %(line)s isn’t a postcode, a latitude and a longitude with ; between.", line=number)
            )
        places[begin] = place
    return places

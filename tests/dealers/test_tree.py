"""Importers, groups and dealers are put below each other, and people work where their role exists."""

import pytest

from leadbell.dealers import tree
from leadbell.dealers.models import Organisation
from leadbell.dealers.opening import hire
from leadbell.lead.doors import dealers_below
from leadbell.network.actions import candidates
from leadbell.network.rules import Candidate
from leadbell.trouble import Trouble
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_a_group_below_an_importer_manages_the_dealers_put_there(northside: Organisation) -> None:
    aurora = tree.add("importer", "Aurora", "NL", NOON)
    noord = tree.add("group", "Noord", "NL", NOON, under=aurora)
    assert dealers_below(aurora.pk) == ()
    tree.place(tree.find("northside"), noord)
    assert dealers_below(aurora.pk) == dealers_below(noord.pk) == (northside.pk,)
    assert [(deep, one.name) for deep, one in tree.in_order()] == [
        (0, "Aurora"),
        (1, "Noord"),
        (2, "Northside"),
    ]
    tree.place(tree.find(str(northside.pk)), None)
    assert dealers_below(aurora.pk) == ()


def test_a_dealer_sells_its_brands_or_all(northside: Organisation) -> None:
    assert tree.sells(northside, ["Hyundai", " Kia ", "", "Kia"]) == ("Hyundai", "Kia")
    assert candidate_of(northside).brands == ("Hyundai", "Kia")
    assert tree.sells(northside, [""]) == candidate_of(northside).brands == ()


def candidate_of(dealer: Organisation) -> Candidate:
    aurora = Organisation.objects.filter(kind="importer").first() or tree.add(
        "importer", "Aurora", "NL", NOON
    )
    tree.place(dealer, aurora)
    (found,) = candidates(aurora.pk, NOON)
    return found


def test_nothing_stands_where_it_makes_no_sense(northside: Organisation) -> None:
    aurora = tree.add("importer", "Aurora", "LV", NOON)
    noord = tree.add("group", "Noord", "LV", NOON)
    assert (aurora.zone, aurora.language) == ("Europe/Riga", "en")
    for one, other in ((aurora, noord), (noord, noord), (noord, northside), (northside, northside)):
        with pytest.raises(Trouble, match="can't stand below"):
            tree.place(one, other)
    with pytest.raises(Trouble, match="already"):
        tree.add("importer", "aurora", "NL", NOON)
    with pytest.raises(Trouble, match="leadbell setup"):
        tree.add("dealer", "Southside", "NL", NOON)
    with pytest.raises(Trouble, match="no “Nowhere”"):
        tree.find("Nowhere")


@pytest.mark.parametrize(
    ("kind", "able"),
    [
        ("dealer", {"salesperson", "manager", "bdc", "reception"}),
        ("group", {"manager", "bdc"}),
        ("importer", {"importer"}),
    ],
)
def test_people_work_where_their_role_exists(northside: Organisation, kind: str, able: set[str]) -> None:
    where = northside if kind == "dealer" else tree.add(kind, "Noord", "NL", NOON)
    for role in sorted(able):
        assert hire(where, "Mei", f"{role}@example.org", role, NOON).person.role == role
    for role in {"salesperson", "manager", "bdc", "reception", "importer"} - able:
        with pytest.raises(Trouble, match="Nobody is"):
            hire(where, "Mei", "mei@example.org", role, NOON)

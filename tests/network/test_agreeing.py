"""What an importer and a dealer agreed on ends when they part."""

import pytest

from leadbell.dealers import tree
from leadbell.dealers.models import Organisation
from leadbell.network.actions import candidates
from leadbell.network.agreeing import agree, place, show_customers
from leadbell.network.models import Agreement
from leadbell.network.shelves import agreements
from tests.conftest import NOON

pytestmark = pytest.mark.django_db


def test_whoever_moves_to_another_importer_agrees_anew(
    northside: Organisation, southside: Organisation
) -> None:
    aurora, borealis = (tree.add("importer", name, "NL", NOON) for name in ("Aurora", "Borealis"))
    group = tree.add("group", "Noord", "NL", NOON, under=aurora)
    assert place(northside, group) == place(southside, aurora) == 0, "nothing was agreed on yet"
    agree(aurora.pk, northside.pk, {"share": "9", "most_a_day": "4", "takes_leads": "1"})
    show_customers(aurora.pk, northside.pk, True)
    agree(aurora.pk, southside.pk, {"share": "2"})
    assert place(northside, aurora) == 0, "the importer is the same"
    assert place(northside, group) == 0
    assert place(group, borealis) == 1
    assert agreements(aurora.pk).keys() == {southside.pk}
    (anew,) = candidates(borealis.pk, NOON)
    assert (anew.dealer, anew.share, anew.most_a_day) == (northside.pk, 1, None)
    agreed = Agreement.objects.get(dealer=northside)
    assert (agreed.importer_id, agreed.shows_customers) == (borealis.pk, False)
    assert place(southside, None) == 1

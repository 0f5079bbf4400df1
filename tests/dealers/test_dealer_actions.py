"""What managers change about their dealer."""

from datetime import date, timedelta

import pytest
from django.contrib.auth import authenticate

from leadbell.dealers.actions import (
    About,
    Welcome,
    add_person,
    change_hours,
    change_person,
    change_shift,
    give_new_password,
    let_go,
    take_back,
)
from leadbell.dealers.models import Person
from leadbell.dealers.people import (
    NoSuchDealer,
    NoSuchPerson,
    dealers_to_see,
    manages,
    people_around,
    people_of,
    person_of,
    the_dealer,
)
from leadbell.dealers.week import DEFAULT_WEEK
from leadbell.refused import Refused
from tests.conftest import NOON, make_dealer, make_person

pytestmark = pytest.mark.django_db
MEI = About(
    " Mei Lin ", "Mei@Northside.example ", "salesperson", "06 12345678", "nl", ("zh", "nl", "nl"), ("Kia", "Kia", ""),
    ("used", "new", "rusty"),
)  # fmt: skip


def test_somebody_new_signs_in_with_the_password_shown_once(northside):
    welcome = add_person(northside, MEI, NOON)
    assert isinstance(welcome, Welcome)
    mei = Person.objects.get()
    assert (mei.name, mei.email, mei.phone, mei.language) == (
        "Mei Lin",
        "mei@northside.example",
        "+31612345678",
        "nl",
    )
    assert (mei.speaks, mei.brands, mei.conditions) == (["zh", "nl"], ["Kia"], ["new", "used"])
    assert (mei.organisation, mei.is_active, mei.on_shift) == (northside, True, True)
    assert authenticate(email=mei.email, password=welcome.password) == mei
    assert welcome.password not in mei.password


def about(**changed):
    return About(**({"name": "Mei Lin", "email": "mei@northside.example"} | changed))


@pytest.mark.parametrize(
    ("said", "because"),
    [
        (about(name="  "), "A name is missing."),
        (about(email="mei"), "“mei” is no e-mail address."),
        (about(email="ROSA@northside.example"), "Somebody signs in with ROSA@northside.example already."),
        (
            about(role="importer"),
            "Choose what this person does: salesperson, BDC agent, reception or sales manager.",
        ),
        (about(phone="call me"), "Nobody can dial “call me”."),
    ],
)
def test_nobody_is_added_wrongly(northside, rosa, said, because):
    outcome = add_person(northside, said, NOON)
    assert isinstance(outcome, Refused)
    assert str(outcome.because) == because
    assert Person.objects.count() == 1


def test_changing_somebody_keeps_shift_and_password(rosa):
    rosa.shift = {"week": None, "days_off": []}
    rosa.save()
    before = rosa.password
    change_person(rosa, about(name="Rosa Visser", email=rosa.email, role="bdc"))
    rosa.refresh_from_db()
    assert (rosa.name, rosa.role, rosa.shift, rosa.password) == (
        "Rosa Visser", "bdc", {"week": None, "days_off": []}, before,
    )  # fmt: skip


def test_the_last_manager_stays(northside, rosa, ines):
    for outcome in (
        change_person(ines, about(name="Ines", email=ines.email, role="salesperson")),
        let_go(ines, rosa),
    ):
        assert isinstance(outcome, Refused)
        assert str(outcome.because).startswith("The last sales manager stays")
    ines.refresh_from_db()
    assert (ines.role, ines.is_active) == ("manager", True)
    make_person("Otto", northside, "manager")
    assert let_go(ines, rosa) == ines


def test_a_group_above_has_managers_too(northside, rosa, ines):
    group = northside.parent = make_dealer("Group")
    northside.save()
    make_person("Greta", group, "manager")
    assert let_go(ines, rosa) == ines


def test_nobody_deactivates_themselves(northside, ines):
    make_person("Otto", northside, "manager")
    assert isinstance(let_go(ines, ines), Refused)


def test_who_is_let_go_cannot_sign_in_until_taken_back(rosa, ines):
    let_go(rosa, ines)
    assert authenticate(email=rosa.email, password="ring the bell") is None
    take_back(rosa)
    assert authenticate(email=rosa.email, password="ring the bell") == rosa


def test_a_new_password_replaces_the_old(rosa):
    welcome = give_new_password(rosa)
    assert authenticate(email=rosa.email, password="ring the bell") is None
    assert authenticate(email=rosa.email, password=welcome.password) == rosa


def test_a_shift_of_ones_own(rosa):
    said = {
        "week": {"monday": [["9:00", "13:00"]]},
        "days_off": [{"first": "2026-12-24", "until": "2026-12-31"}],
    }
    shift = change_shift(rosa, said, NOON)
    assert not isinstance(shift, Refused)
    rosa.refresh_from_db()
    assert rosa.shift["week"]["monday"] == [["09:00", "13:00"]]
    assert shift.is_on(NOON)
    wrong = change_shift(rosa, {"days_off": [{"first": "2026-12-31", "until": "2026-12-24"}]}, NOON)
    assert isinstance(wrong, Refused)
    rosa.refresh_from_db()
    assert rosa.shift["days_off"] == said["days_off"]


def test_opening_hours(northside):
    said = {
        "week": {"monday": [["10:00", "12:00"], ["13:00", "24:00"]]},
        "closed_days": {"2026-11-30": "stocktaking"}, "open_days": {"2026-12-20": [["12:00", "17:00"]]},
    }  # fmt: skip
    assert not isinstance(change_hours(northside, said, NOON), Refused)
    northside.refresh_from_db()
    hours = northside.opening_hours
    assert hours.is_open(NOON) is False, "noon is the break"
    assert hours.closed_days == ((date(2026, 11, 30), "stocktaking"),)
    assert set(northside.hours) == {"week", "closed_days", "open_days", "before"}, (
        "zone and country stay where they are"
    )


def test_what_was_before_is_measured_by_the_hours_of_then(northside):
    nights = {"week": {"monday": [["18:00", "24:00"]]}}
    for later in range(3):
        change_hours(northside, nights if later % 2 == 0 else {}, NOON + timedelta(days=7 * later))
    northside.refresh_from_db()
    hours = northside.opening_hours
    nine = NOON.replace(hour=9)
    assert [hours.is_open(nine + timedelta(days=7 * week)) for week in (-1, 0, 1, 2)] == [
        True,
        False,
        True,
        False,
    ]
    assert [day for day, _ in hours.before] == [date(2026, 11, 23), date(2026, 11, 30), date(2026, 12, 7)]


def test_hours_changed_twice_in_a_day_keep_those_of_before(northside):
    change_hours(northside, {"week": {"monday": [["01:00", "02:00"]]}}, NOON)
    change_hours(northside, {"week": {"monday": [["03:00", "04:00"]]}}, NOON)
    northside.refresh_from_db()
    hours = northside.opening_hours
    assert hours.before == ((date(2026, 11, 23), DEFAULT_WEEK),)
    assert hours.is_open(NOON - timedelta(days=7))


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"week": {"monday": [["18:00", "09:00"]]}}, "the end must come after the start"),
        ({"week": {"monday": [["9", "17:00"]]}}, "“9” is no time"),
        ({"closed_days": {"24-12-2026": ""}}, "a day is written like"),
        ({"subdivision": "XX"}, "No public holidays are known for the region “XX”"),
    ],
)
def test_hours_nobody_could_keep(northside, said, because):
    outcome = change_hours(northside, said, NOON)
    assert isinstance(outcome, Refused)
    assert because in str(outcome.because)
    northside.refresh_from_db()
    assert northside.hours == {}


def test_who_may_see_and_change_which_dealer(northside, southside, rosa, ines):
    group = make_dealer("Group")
    greta = make_person("Greta", group, "manager")
    both = dealers_to_see(greta, (southside.pk, northside.pk))
    assert both == [northside, southside]
    assert dealers_to_see(ines, (northside.pk,)) == [northside]
    assert the_dealer(ines, [northside]) == northside
    assert the_dealer(greta, both) == northside
    assert the_dealer(greta, both, southside.pk) == southside
    for person, dealers, number in (
        (ines, [northside], southside.pk),
        (greta, [], None),
        (greta, both, group.pk),
    ):
        with pytest.raises(NoSuchDealer):
            the_dealer(person, dealers, number)
    assert manages(ines, northside, (northside.pk,))
    assert manages(greta, southside, (northside.pk, southside.pk))
    assert not manages(rosa, northside, (northside.pk,))
    assert not manages(ines, southside, (northside.pk,))


def test_people_of_a_dealer_and_around_it(northside, rosa, ines, lena):
    group = northside.parent = make_dealer("Group")
    northside.save()
    greta = make_person("Greta", group, "manager")
    gone = make_person("Adam", northside, is_active=False)
    assert people_of(northside) == [ines, rosa, gone]
    assert people_around(northside) == [gone, greta, ines, rosa]
    assert person_of(northside, rosa.pk) == rosa
    for stranger in (lena, greta):
        with pytest.raises(NoSuchPerson):
            person_of(northside, stranger.pk)

"""A system that takes nothing is told to the managers by e-mail: once per outage, and once when it works again."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from leadbell.conversation.models import StaffMail
from leadbell.dealers.models import Organisation, Person
from leadbell.dms.actions import Made, change_events, go_on, pause
from tests.conftest import NOON, lead_of, make_person
from tests.desk.test_rights import organisation
from tests.dms.receiving import Dms
from tests.dms.telling import Told

pytestmark = pytest.mark.django_db
Connect = Callable[..., Made]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def letters() -> list[tuple[str, str]]:
    """(to whom, subject), the oldest first."""
    return list(StaffMail.objects.order_by("pk").values_list("address", "subject"))


def fail_for(told: Told, dms: Dms, hours: float) -> None:
    """It answers 503 from now on, tried whenever it is due."""
    dms.code, ends = 503, told.now + hours * HOUR
    while told.now < ends:
        told.all()
        told.now += 20 * MINUTE
    told.all()


def test_an_outage_is_told_once_and_its_end_once(
    northside: Organisation, rosa: Person, ines: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    connect(dms.url)
    lead_of(northside)
    told.now = NOON
    fail_for(told, dms, 0.5)
    assert letters() == [], "the Floor says it; a letter can wait for an hour"
    fail_for(told, dms, 3)
    assert letters() == [(ines.email, "Northside: CarDesk takes nothing any more")]
    (mail,) = StaffMail.objects.all()
    assert "it answered with an error (503)" in mail.text
    assert "1 event waits for it" in mail.text
    assert "Okafor" not in mail.text + mail.html
    dms.code = 200
    told.at(told.now + DAY).all()
    told.at(told.now + HOUR).all()
    assert letters()[1:] == [(ines.email, "Northside: CarDesk works again")]
    lead_of(northside, now=told.now)
    fail_for(told, dms, 3)
    assert [subject for _, subject in letters()[2:]] == ["Northside: CarDesk takes nothing any more"]


def test_what_is_paused_by_us_is_told_and_going_on_in_vain_is_the_same_outage(
    northside: Organisation, ines: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = connect(dms.url).receiver
    dms.code = 410
    lead_of(northside)
    told.at(NOON).all()
    told.at(NOON + MINUTE).all()
    assert len(letters()) == 1
    assert "It is paused" in StaffMail.objects.get().text
    receiver.refresh_from_db()
    go_on(receiver, told.now)
    told.at(told.now + HOUR).all()
    told.at(told.now + HOUR).all()
    assert len(letters()) == 1, "410 again: nothing worked in between"
    receiver.refresh_from_db()
    assert receiver.was_paused_by_us
    dms.code = 200
    go_on(receiver, told.now)
    told.at(told.now + HOUR).all()
    told.at(told.now + HOUR).all()
    assert [subject for _, subject in letters()] == [
        "Northside: CarDesk takes nothing any more", "Northside: CarDesk works again",
    ]  # fmt: skip


def test_who_pauses_it_by_hand_knows_it_already(
    northside: Organisation, ines: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    receiver = pause(connect(dms.url).receiver, NOON)
    lead_of(northside)
    told.at(NOON + 9 * DAY).all()
    assert letters() == []
    assert receiver.paused_at


def test_it_can_be_switched_off_for_a_system(
    northside: Organisation, ines: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    change_events(connect(dms.url).receiver, "CarDesk", ["lead.received"], mails=False)
    lead_of(northside)
    told.now = NOON
    fail_for(told, dms, 3)
    assert letters() == []


def test_each_manager_in_their_language_and_the_groups_where_a_dealer_has_none(
    northside: Organisation, rosa: Person, dms: Dms, told: Told, connect: Connect
) -> None:
    noord = organisation("group", "Noord")
    northside.parent = noord
    northside.save()
    make_person("Gina", noord, "manager", language="nl")
    make_person("Gone", noord, "manager", is_active=False)
    connect(dms.url)
    lead_of(northside)
    told.now = NOON
    fail_for(told, dms, 2)
    (mail,) = StaffMail.objects.select_related("person")
    assert mail.person.name == "Gina"
    assert 'lang="nl"' in mail.html
    ines = make_person("Ines", northside, "manager")
    dms.code = 200
    told.at(told.now + DAY).all()
    told.at(told.now + HOUR).all()
    assert letters()[-1][0] == ines.email

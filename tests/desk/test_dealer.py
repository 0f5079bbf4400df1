"""The Dealer page: people, hours, channels, playbooks."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import authenticate
from django.http import QueryDict

from leadbell.dealers.models import Person
from leadbell.desk.dealer.playbooks import said_plan
from leadbell.desk.dealer.week import days_off_said, days_said, week_said
from leadbell.followup.clockwork import run_due
from leadbell.followup.playbook import DEFAULTS, Retry, RingRound
from leadbell.followup.playbooks import plans_of
from leadbell.intake.models import Envelope, Source
from leadbell.lead.facts import Assigned
from leadbell.lead.journal import locked, record
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from tests.conftest import NOON, lead_of, make_dealer, make_person, make_source
from tests.desk.noon import make_it_noon

pytestmark = pytest.mark.django_db
PARTS = ("people", "hours", "channels", "playbooks", "playbooks/online")
MEI = {
    "name": "Mei Lin",
    "email": "mei@northside.example",
    "role": "salesperson",
    "language": "nl",
    "speaks": ["nl", "xx"],
}


@pytest.fixture
def manager(ines, signed_in):
    return signed_in(ines)


@pytest.fixture
def at(northside):
    """Addresses below the dealer."""
    return lambda path: f"/dealers/{northside.pk}/{path}/"


def page_of(client, path, status=200):
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("part", PARTS)
def test_every_part_renders_without_inline_style_or_script(northside, source, manager, at, part):
    page = page_of(manager, at(part))
    assert "Northside" in page
    assert " style=" not in page
    assert "onclick" not in page


@pytest.mark.parametrize("part", PARTS)
def test_only_its_managers_may_enter(northside, southside, rosa, signed_in, at, part):
    assert signed_in(rosa).get(at(part)).status_code == 403
    olaf = make_person("Olaf", southside, "manager")
    assert signed_in(olaf).get(at(part)).status_code == 404
    assert signed_in(make_person("Ivan", northside, "importer")).get(at(part)).status_code == 403


def test_nobody_else_changes_anything(northside, southside, source, rosa, lena, signed_in, at):
    paths = [
        "people", f"people/{rosa.pk}", f"people/{rosa.pk}/shift", f"people/{rosa.pk}/presence",
        f"people/{rosa.pk}/password", f"people/{rosa.pk}/leaving", f"people/{rosa.pk}/return", "hours", "channels",
        f"channels/{source.pk}/test", f"channels/{source.pk}/revocation", "playbooks/online",
        "playbooks/online/default",
    ]  # fmt: skip
    salesperson, stranger = signed_in(rosa), signed_in(make_person("Olaf", southside, "manager"))
    before = (list(Person.objects.order_by("pk").values()), list(Source.objects.values()))
    for path in paths:
        assert salesperson.post(at(path), MEI).status_code == 403, path
        assert stranger.post(at(path), MEI).status_code == 404, path
    people = [{**row, "last_login": None} for row in Person.objects.order_by("pk").values()]
    assert (people, list(Source.objects.values())) == (
        [{**row, "last_login": None} for row in before[0]],
        before[1],
    )
    assert not Envelope.objects.exists()


def test_a_manager_reaches_only_the_dealers_own_people_and_channels(northside, southside, lena, manager, at):
    foreign = make_source(southside)
    assert manager.get(at(f"people/{lena.pk}")).status_code == 404
    assert manager.post(at(f"people/{lena.pk}/password")).status_code == 404
    assert manager.post(at(f"channels/{foreign.pk}/revocation")).status_code == 404
    foreign.refresh_from_db()
    assert foreign.revoked_at is None
    assert manager.get(at("playbooks/nowhere")).status_code == 404


def test_a_group_manager_may_change_every_dealer_below(northside, southside, signed_in, at):
    group = northside.parent = southside.parent = make_dealer("Group")
    group.kind = "group"
    group.save()
    northside.save()
    southside.save()
    greta = signed_in(make_person("Greta", group, "manager"))
    page = page_of(greta, at("hours"))
    assert f'href="/dealers/{southside.pk}/hours/"' in page
    assert greta.post(at("channels"), {"name": "Website", "origin": "online"}).status_code == 303
    assert greta.get("/dealer/").url == at("people")


# People


def test_add_a_person_and_see_the_password_once(northside, manager, at):
    answer = manager.post(at("people"), MEI)
    page = answer.content.decode()
    password = page.split('id="one-time-password" class="secret">')[1].split("<")[0]
    mei = authenticate(email="mei@northside.example", password=password)
    assert (mei.name, mei.organisation, mei.language, mei.speaks) == ("Mei Lin", northside, "nl", ["nl"])
    assert "no-store" in answer["Cache-Control"]
    assert password not in page_of(manager, at("people"))


def test_a_mistake_is_said_and_nothing_typed_is_lost(manager, at, rosa):
    answer = manager.post(at("people"), MEI | {"email": rosa.email})
    assert answer.status_code == 409
    assert f"Somebody signs in with {rosa.email} already." in answer.content.decode()
    assert 'value="Mei Lin"' in answer.content.decode()


def test_change_a_person(manager, at, rosa):
    assert "Rosa" in page_of(manager, at(f"people/{rosa.pk}"))
    changed = MEI | {
        "name": "Rosa Visser",
        "email": rosa.email,
        "brands": "Kia, Hyundai ,",
        "conditions": ["new"],
    }
    assert manager.post(at(f"people/{rosa.pk}"), changed).status_code == 303
    rosa.refresh_from_db()
    assert (rosa.name, rosa.brands, rosa.conditions) == ("Rosa Visser", ["Kia", "Hyundai"], ["new"])
    assert manager.post(at(f"people/{rosa.pk}"), changed | {"name": ""}).status_code == 409


def test_a_shift_of_ones_own_and_days_off(manager, at, rosa):
    off = datetime.now(UTC) + timedelta(days=30)
    day = f"{off:%Y-%m-%d}"
    said = {
        "hours": "own", "monday-0-from": "09:00", "monday-0-until": "13:00", "sunday-0-from": "20:00",
        "sunday-0-until": "00:00", "off-0-first": day, "off-0-until": "",
    }  # fmt: skip
    assert manager.post(at(f"people/{rosa.pk}/shift"), said).status_code == 303
    rosa.refresh_from_db()
    assert rosa.shift["week"]["monday"] == [["09:00", "13:00"]]
    assert rosa.shift["week"]["sunday"] == [["20:00", "24:00"]]
    assert rosa.shift["days_off"] == [{"first": day, "until": day}]
    page = page_of(manager, at(f"people/{rosa.pk}"))
    assert f'name="off-0-first" value="{day}"' in page
    assert f"{off.day} {off:%b}" in page_of(manager, at("people"))
    wrong = manager.post(at(f"people/{rosa.pk}/shift"), said | {"monday-0-until": "08:00"})
    assert wrong.status_code == 409
    assert "the end must come after the start" in wrong.content.decode()
    assert 'name="monday-0-until" value="08:00"' in wrong.content.decode()
    manager.post(at(f"people/{rosa.pk}/shift"), said | {"hours": "dealer", "off-0-gone": "on"})
    rosa.refresh_from_db()
    assert rosa.shift == {"week": None, "days_off": []}


def test_switch_somebody_off_shift(manager, at, rosa):
    manager.post(at(f"people/{rosa.pk}/presence"), {"on": "0"})
    rosa.refresh_from_db()
    assert not rosa.on_shift


def test_a_new_password(manager, at, rosa):
    page = manager.post(at(f"people/{rosa.pk}/password")).content.decode()
    password = page.split('id="one-time-password" class="secret">')[1].split("<")[0]
    assert authenticate(email=rosa.email, password=password) == rosa


def test_who_leaves_hands_over_and_may_return(northside, manager, at, rosa, samir):
    lead = locked(lead_of(northside).pk)
    record(lead, Assigned(at=NOON, to=rosa.pk))
    assert "1 open lead goes to" in page_of(manager, at(f"people/{rosa.pk}"))
    manager.post(at(f"people/{rosa.pk}/leaving"), {"to": samir.pk})
    lead.refresh_from_db()
    rosa.refresh_from_db()
    assert (lead.owner, rosa.is_active) == (samir, False)
    assert "deactivated" in page_of(manager, at("people"))
    manager.post(at(f"people/{rosa.pk}/return"))
    rosa.refresh_from_db()
    assert rosa.is_active


def test_a_manager_can_not_deactivate_themselves(manager, at, ines):
    manager.post(at(f"people/{ines.pk}/leaving"))
    page = page_of(manager, at(f"people/{ines.pk}"))
    assert "deactivate yourself" in page
    ines.refresh_from_db()
    assert ines.is_active


# Hours

MONDAYS = {
    "monday-0-from": "09:00",
    "monday-0-until": "12:00",
    "monday-1-from": "13:00",
    "monday-1-until": "00:00",
}


def test_opening_hours_are_saved_and_shown(northside, manager, at):
    days = {
        "closed-0-day": "2999-12-24", "closed-0-occasion": "stocktaking", "open-0-day": "2999-12-22",
        "open-0-0-from": "12:00", "open-0-0-until": "17:00",
    }  # fmt: skip
    assert manager.post(at("hours"), MONDAYS | days).status_code == 303
    northside.refresh_from_db()
    hours = northside.opening_hours.as_json()
    assert hours["week"]["monday"] == [["09:00", "12:00"], ["13:00", "24:00"]]
    assert hours["week"]["tuesday"] == []
    assert hours["closed_days"] == {"2999-12-24": "stocktaking"}
    assert hours["open_days"] == {"2999-12-22": [["12:00", "17:00"]]}
    page = page_of(manager, at("hours"))
    for field in (
        'name="monday-1-until" value="00:00"',
        'value="stocktaking"',
        'name="open-0-0-from" value="12:00"',
    ):
        assert field in page
    manager.post(at("hours"), MONDAYS | days | {"closed-0-gone": "on", "open-0-gone": "on"})
    northside.refresh_from_db()
    assert northside.opening_hours.as_json()["closed_days"] == {}


def test_days_that_are_over_stay_as_they_were(northside, manager, at):
    northside.hours = {"closed_days": {"2020-05-05": "moving"}}
    northside.save()
    manager.post(at("hours"), MONDAYS)
    northside.refresh_from_db()
    assert northside.opening_hours.as_json()["closed_days"] == {"2020-05-05": "moving"}


def test_hours_nobody_could_keep_are_said_and_shown_again(northside, manager, at):
    answer = manager.post(at("hours"), MONDAYS | {"monday-0-until": "08:00"})
    assert answer.status_code == 409
    assert "the end must come after the start" in answer.content.decode()
    assert 'name="monday-0-until" value="08:00"' in answer.content.decode()
    northside.refresh_from_db()
    assert northside.hours == {}


def test_public_holidays_of_country_and_region(northside, manager, at):
    northside.country = "DE"
    northside.save()
    assert (
        "No public holidays are known"
        in manager.post(at("hours"), MONDAYS | {"subdivision": "ZZ"}).content.decode()
    )
    manager.post(at("hours"), MONDAYS | {"subdivision": "by"})
    northside.refresh_from_db()
    assert northside.subdivision == "BY"
    assert "Epiphany" in page_of(manager, at("hours"))


# Channels


def test_a_channel_has_its_addresses_and_a_command_to_try(manager, at, northside):
    assert "No channel yet" in page_of(manager, at("channels"))
    manager.post(at("channels"), {"name": "Website", "origin": "online", "secret": "s3cret"})
    source = Source.objects.get()
    assert (source.dealer, source.origin, source.secret) == (northside, "online", "s3cret")
    page = page_of(manager, at("channels"))
    assert f"/in/{source.key}" in page
    assert f"{source.key}@" in page
    assert "curl --data-binary @examples/lead.adf.xml http" in page
    assert "s3cret" not in page


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"name": " ", "origin": "online"}, "Give the channel a name"),
        ({"name": "website", "origin": "online"}, "There is a channel called “website” already."),
        ({"name": "by hand", "origin": "online"}, "There is a channel called “by hand” already."),
        ({"name": "Portal", "origin": "moon"}, "Choose where these leads come from"),
    ],
)
def test_no_channel_without_name_and_origin(source, manager, at, said, because):
    answer = manager.post(at("channels"), said)
    assert answer.status_code == 409
    assert because in answer.content.decode()
    assert Source.objects.count() == 1


def test_a_revoked_channel_keeps_its_name_free_for_another(source, manager, at):
    manager.post(at(f"channels/{source.pk}/revocation"))
    source.refresh_from_db()
    assert source.revoked_at is not None
    page = page_of(manager, at("channels"))
    assert source.key not in page
    assert "revoked" in page
    assert manager.post(at("channels"), {"name": source.name, "origin": "online"}).status_code == 303
    manager.post(at(f"channels/{source.pk}/revocation"))
    assert "revoked already" in page_of(manager, at("channels"))


def test_a_test_lead_rings_with_the_managers_own_number(northside, source, ines, manager, at):
    make_it_noon(northside)
    ines.phone = "+31612345678"
    ines.save()
    manager.post(at(f"channels/{source.pk}/test"))
    run_due(datetime.now(UTC))
    lead = Lead.objects.select_related("customer").get()
    assert (lead.customer.full_name, lead.customer.phone, lead.source) == (
        "Test by Ines",
        ines.phone,
        "Website",
    )
    assert "1 delivery in 30 days" in page_of(manager, at("channels"))


# Playbooks


def form(**changed):
    plan = {
        "wait_before_m": "0", "round-0-how": "best", "round-0-s": "25", "round-1-how": "", "round-1-s": "",
        "round-2-how": "manager", "round-2-s": "60", "ring_again_s": "180", "ring_again_times": "10",
        "manager_after_m": "15", "retry-0-minutes": "60", "retry-0-at": "", "retry-1-minutes": "120",
        "retry-1-at": "18:15", "cadence_days": "2, 5 9", "last_day": "45", "confirm_before_h": "24",
        "outcome_after_m": "30",
    }  # fmt: skip
    return plan | changed


def test_a_playbook_is_told_in_sentences(manager, at):
    page = page_of(manager, at("playbooks"))
    assert "Ring the best salesperson for 20 seconds." in page
    assert "Wait 120 minutes: not called too directly." in page
    assert page.count("Ring the best salesperson for 20 seconds.") == 1, "equal plans stand together"


def test_a_playbook_of_ones_own_and_back(northside, manager, at):
    assert manager.post(at("playbooks/online"), form()).status_code == 303
    plan = plans_of(northside)["online"]
    assert plan.rounds == (RingRound("best", 25), RingRound("manager", 60))
    assert plan.retries == (Retry(60), Retry(120, "18:15"))
    assert plan.cadence_days == (2, 5, 9)
    page = page_of(manager, at("playbooks/online"))
    assert "your own" in page
    assert "Ring the best salesperson for 25 seconds." in page
    manager.post(at("playbooks/online/default"))
    assert plans_of(northside) == DEFAULTS


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"last_day": "soon"}, "“soon” is no whole number."),
        ({"round-0-s": ""}, "“” is no whole number."),
        ({"ring_again_s": "-3"}, "“-3” is no whole number."),
        ({"ring_again_s": "99999999999"}, "“99999999999” is no whole number."),
        ({"round-0-how": "", "round-2-how": ""}, "Ring at least one round"),
        ({"retry-1-minutes": ""}, "Plan at least three attempts"),
        ({"cadence_days": "9 5"}, "Write the days of the cadence in order"),
    ],
)
def test_a_plan_that_cannot_work_is_explained(northside, manager, at, changed, because):
    answer = manager.post(at("playbooks/online"), form(**changed))
    assert answer.status_code == 409
    assert because in answer.content.decode()
    assert plans_of(northside) == DEFAULTS


# The forms themselves


def query(**said):
    found = QueryDict(mutable=True)
    found.update(said)
    return found


def test_what_a_form_does_not_ask_stays():
    before = DEFAULTS["lost_sale"]
    after = said_plan(query(**form()), before)
    assert not isinstance(after, Refused)
    assert after.first == "manager"


def test_a_week_from_a_form():
    week = week_said(
        {"friday-0-from": " 09:00", "friday-0-until": "00:00", "friday-1-from": "", "friday-1-until": ""}
    )
    assert week["friday"] == [["09:00", "24:00"]]
    assert all(not hours for day, hours in week.items() if day != "friday")


def test_extra_days_from_a_form():
    said = {
        "closed-0-day": "2026-12-24", "closed-0-occasion": " moving ", "closed-1-day": "", "closed-2-day": "2026-12-31",
        "closed-2-gone": "on", "open-0-day": "2026-12-20", "open-0-0-from": "12:00", "open-0-0-until": "17:00",
    }  # fmt: skip
    assert days_said(said) == {
        "closed_days": {"2026-12-24": "moving"}, "open_days": {"2026-12-20": [["12:00", "17:00"]]},
    }  # fmt: skip
    assert days_off_said({"off-0-first": "", "off-1-first": "2026-12-24"}) == [
        {"first": "2026-12-24", "until": "2026-12-24"}
    ]

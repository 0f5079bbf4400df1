"""Unlost and Visitors, the alert on the Desk, one tap to take a lead back, and the dealer's choices."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from leadbell.dealers.models import Organisation, Person
from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded, Lost, SeenAgain
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Lead
from leadbell.metrics.now.unlost import DAYS, unlost
from leadbell.metrics.rows.keeping import keep_some, note_seen, note_stale
from leadbell.unlost.models import Alert, UnlostChoice
from leadbell.visits.models import KnownVisit, Site, SitePulse
from tests.conftest import lead_of
from tests.followup.test_returns import browser_of, looks, make_site

Enter = Callable[[Person], Client]
DAY = timedelta(days=1)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def lost_lead(dealer: Organisation, owner: Person | None, at: datetime, name: str = "Mr Okafor") -> Lead:
    lead = lead_of(dealer, name, now=at)
    if owner:
        record(lead, Accepted(at=at, by=owner.pk))
    record(lead, Lost(at=at, by=owner.pk if owner else None, reason="price"))
    return lead


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def listed(client: Client, path: str) -> set[str]:
    """Who stands in the list; the bar that rings above it is about leads at hand, by the hour of the day."""
    return set(re.findall(r'<a class="task-name"[^>]*>([^<]*)</a>', page(client, path)))


@pytest.fixture
def site(northside: Organisation) -> Site:
    return make_site(northside)


def test_the_alert_is_on_rosas_desk_until_she_calls(
    northside: Organisation, rosa: Person, samir: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    lead = lost_lead(northside, rosa, now - 20 * DAY)
    looks(browser_of(lead, site), now)
    run_due(now)
    desk = page(signed_in(rosa), "/desk/")
    assert "on the website now" in desk
    assert "looked at the Hyundai Kona" in desk
    assert re.search(r"lost \d{1,2} [A-Z][a-z]{2}", desk)
    assert "seen-card" not in page(signed_in(samir), "/desk/")
    assert "bell-seen" in page(signed_in(rosa), "/leads/")
    assert (
        signed_in(samir)
        .post(f"/leads/{lead.pk}/alert/putting-aside/", headers={"HX-Request": "true"})
        .status_code
        == 409
    )
    record(locked(lead.pk), Attempted(at=now + timedelta(seconds=1), by=rosa.pk, key="attempt:1"))
    record(
        locked(lead.pk),
        AttemptEnded(at=now + timedelta(seconds=2), by=rosa.pk, key="attempt:1", outcome="no_answer"),
    )
    assert "seen-card" not in page(signed_in(rosa), "/desk/")


def test_an_alert_can_be_put_aside(
    northside: Organisation, rosa: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    lead = lost_lead(northside, rosa, now - 20 * DAY)
    looks(browser_of(lead, site), now)
    run_due(now)
    client = signed_in(rosa)
    assert client.post(f"/leads/{lead.pk}/alert/putting-aside/").status_code == 303
    assert "seen-card" not in page(client, "/desk/")
    assert Lead.objects.get(pk=lead.pk).is_open


def test_what_was_erased_says_so(
    northside: Organisation, rosa: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    lead = lost_lead(northside, rosa, now - 20 * DAY)
    looks(browser_of(lead, site), now)
    run_due(now)
    KnownVisit.objects.all().delete()
    desk = page(signed_in(rosa), "/desk/")
    assert "erased at their wish" in desk
    assert "Kona again" not in desk


def test_the_story_has_one_line_for_a_visit(
    northside: Organisation, rosa: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    lead = lost_lead(northside, rosa, now - 20 * DAY)
    browser = browser_of(lead, site)
    for minute in range(5):
        looks(browser, now - timedelta(minutes=5 - minute), f"/cars/{minute}", f"Kona {minute}")
    run_due(now)
    story = page(signed_in(rosa), f"/leads/{lead.pk}/")
    assert story.count("On the website: <b>5</b> pages") == 1
    assert "Seen on the website again: opened again" in story
    assert "Rosa was told" in story


def test_the_list_its_windows_and_who_sees_it(
    northside: Organisation,
    southside: Organisation,
    rosa: Person,
    samir: Person,
    ines: Person,
    lena: Person,
    site: Site,
    signed_in: Enter,
    now: datetime,
) -> None:
    UnlostChoice.objects.create(dealer=northside, enabled=False)
    mine = lost_lead(northside, rosa, now - 20 * DAY, "Mr Okafor")
    quiet = lead_of(northside, "Mrs Cole", now=now - 10 * DAY)
    record(quiet, Accepted(at=now - 10 * DAY, by=samir.pk))
    for lead in (mine, quiet):
        looks(browser_of(lead, site), now)
    run_due(now)
    made()
    assert not Alert.objects.exists()
    assert "2 / 2" in page(signed_in(ines), "/unlost/")
    assert listed(signed_in(ines), "/unlost/") == {"Mr Okafor", "Mrs Cole"}
    assert listed(signed_in(ines), "/unlost/?window=14") == {"Mr Okafor"}
    assert listed(signed_in(rosa), "/unlost/") == {"Mr Okafor"}
    assert listed(signed_in(lena), "/unlost/") == set()
    for hostile in ("?window=8", "?window=%00", "?window=7;drop"):
        assert "Mr Okafor" in listed(signed_in(ines), f"/unlost/{hostile}")


def test_one_tap_takes_it_back_and_calls(
    northside: Organisation, ines: Person, lena: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    UnlostChoice.objects.create(dealer=northside, enabled=False)
    lead = lost_lead(northside, None, now - 20 * DAY)
    looks(browser_of(lead, site), now)
    run_due(now)
    assert signed_in(lena).post(f"/leads/{lead.pk}/return/").status_code == 404
    client = signed_in(ines)
    assert client.post(f"/leads/{lead.pk}/return/", {"then": ""}).status_code == 303
    back = Lead.objects.get(pk=lead.pk)
    assert (back.is_open, back.owner_id) == (True, ines.pk)
    [fact] = read_history(back).of(SeenAgain)
    assert isinstance(fact, SeenAgain)
    assert (fact.by, fact.told) == (ines.pk, ())
    again = client.post(f"/leads/{lead.pk}/return/", headers={"HX-Request": "true"})
    assert again.status_code == 409
    assert "Ines took it from the list" in page(client, f"/leads/{lead.pk}/")


def made() -> None:
    note_stale()
    note_seen(datetime(2000, 1, 1, tzinfo=UTC))
    while keep_some():
        pass


def test_the_share_is_the_figure_of_reports_and_names_its_base(
    northside: Organisation, rosa: Person, ines: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    seen = lost_lead(northside, rosa, now - 20 * DAY)
    for n in range(5):
        lost_lead(northside, rosa, now - 20 * DAY, f"Customer {n}")
    lost_lead(northside, rosa, now - (DAYS + 1) * DAY, "Of last year")
    worked = lead_of(northside, "Mrs Busy", now=now - 20 * DAY)
    record(worked, Accepted(at=now - 20 * DAY, by=rosa.pk))
    record(worked, Attempted(at=now - 10 * DAY, by=rosa.pk, key="attempt:1"))
    looks(browser_of(seen, site), now)
    made()
    before = unlost([northside.pk], (7, 14, 21), now, now.date())
    run_due(now)
    made()
    after = unlost([northside.pk], (7, 14, 21), now, now.date())
    assert before == after
    assert [(one.rate.part, one.rate.of) for one in after.values()] == [(1, 7), (1, 6), (1, 6)]
    assert after[7].known.part == 1
    assert unlost([northside.pk + 1000], (7,), now, now.date())[7].rate.of == 0
    client = signed_in(ines)
    shown = page(client, "/unlost/")
    assert "unlost: 1 of 7 lost leads" in shown
    link = re.search(r'href="(/reports/[^"]*)"', shown)
    assert link is not None
    assert "1 of 7 leads marked lost" in page(client, link[1].replace("&amp;", "&"))


def test_the_dealers_choices(
    northside: Organisation, ines: Person, rosa: Person, lena: Person, signed_in: Enter
) -> None:
    path = f"/dealers/{northside.pk}/unlost/"
    form = {"enabled": "1", "quiet_days": "14", "cap": "3", "sold_quiet_days": "365"}
    assert signed_in(rosa).post(path, form).status_code == 403
    assert signed_in(ines).post(path, form).status_code == 303
    row = UnlostChoice.objects.get()
    assert (row.enabled, row.quiet_days, row.cap, row.sold_quiet_days) == (True, 14, 3, 365)
    for wrong in ({"cap": "-1"}, {"cap": "many"}, {"quiet_days": "0"}, {"sold_quiet_days": "9" * 30}):
        answer = signed_in(ines).post(path, form | wrong)
        assert answer.status_code == 409
        assert "whole numbers" in answer.content.decode()
    form.pop("enabled")
    signed_in(ines).post(path, form)
    assert not UnlostChoice.objects.get().enabled


def test_visitors_are_counted_without_names(
    northside: Organisation, rosa: Person, lena: Person, site: Site, signed_in: Enter, now: datetime
) -> None:
    minute = now.replace(second=0, microsecond=0)
    for ago, part, views in ((0, "/cars", 5), (3, "/<script>", 2), (29, "/cars", 1), (31, "/cars", 100)):
        SitePulse.objects.create(
            dealer=northside, site=site, minute=minute - timedelta(minutes=ago), part=part, views=views
        )
    lead = lost_lead(northside, rosa, now - 20 * DAY)
    looks(browser_of(lead, site), now)
    shown = page(signed_in(rosa), "/visitors/")
    assert ">8</div>" in shown
    assert "/&lt;script&gt;" in shown
    assert "<b>1</b> customer of yours" in shown
    assert "Okafor" not in shown
    assert "No website yet" in page(signed_in(lena), "/visitors/")


@pytest.mark.parametrize("path", ["/unlost/", "/visitors/"])
def test_an_importer_sees_no_customers(northside: Organisation, signed_in: Enter, path: str) -> None:
    from tests.conftest import make_person

    importer = make_person("Brand", northside, "importer")
    assert signed_in(importer).get(path).status_code == 403

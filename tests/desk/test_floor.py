"""The manager's wall."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.appointment import actions as appointment
from leadbell.conversation import actions as conversation
from leadbell.desk.floor.dots import draw
from leadbell.desk.floor.wall import breaches, waits
from leadbell.lead.facts import Assigned, Rang
from leadbell.lead.journal import locked, plan, record
from leadbell.lead.models import Lead
from leadbell.metrics.now.today import Received
from leadbell.metrics.now.waiting import Attention, OpenLead
from leadbell.ring.models import Call
from leadbell.sale.actions import lose
from leadbell.words import say
from tests.conftest import NOON, make_dealer, make_person
from tests.desk.noon import HOUR, MINUTE, SECOND, lead_now, make_it_noon

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def open_now(northside):
    make_it_noon(northside)
    return northside


@pytest.fixture
def full(open_now, rosa, samir, ines):
    """A busy moment: two wait, one rings, one is called, six were called, one is overdue."""
    now = datetime.now(UTC)
    rings = lead_now(open_now, 8 * SECOND, "Mr Okafor")
    record(rings, Rang(at=now, people=(rosa.pk,), how="best", ring_s=600))
    lead_now(open_now, 5 * MINUTE, "Ms Lindqvist")
    accepted = lead_now(open_now, 3 * MINUTE, "A. Nowak", phone=None)
    record(accepted, Assigned(at=now, to=samir.pk))
    plan(accepted, "write", say("no phone number: write personally"), at=now, wake_at=None, whom=samir.pk)
    talks = lead_now(open_now, 10 * MINUTE, "Mr de Wit")
    conversation.start_attempt(talks, samir.pk, now - 9 * MINUTE)
    for number in range(6):
        lead = lead_now(open_now, HOUR + number * MINUTE, f"Customer {number}")
        conversation.start_attempt(lead, ines.pk, lead.received_at + (30 + 40 * number) * SECOND)
        conversation.end_attempt(
            lead, ines.pk, "conversation" if number % 2 else "no_answer", now - 50 * MINUTE
        )
        if number == 1:
            appointment.book(lead, ines.pk, now + 20 * HOUR, now - 50 * MINUTE)
    late = locked(lead.pk)
    plan(late, "call", say("attempt 2: no answer"), at=now - HOUR, wake_at=None, whom=ines.pk)
    return open_now


def page_of(client, path="/floor/", **more):
    answer = client.get(path, **more)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_floor_says_that_nothing_waits(open_now, ines, signed_in):
    page = page_of(signed_in(ines))
    for said in ("Nobody waits", "too few", "No lead has arrived", "None: everybody was called in time"):
        assert said in page


def test_a_full_floor_names_every_base(full, ines, signed_in):
    page = " ".join(page_of(signed_in(ines)).split())
    for said in (
        "7 called of 10 received in opening hours",
        "3 of 10 received · 3 of 7 called, 43 %",
        "1 of 3 spoken to: too few for a rate",
        "4 of 8 called within two minutes",
        "ringing Rosa", "Samir has it, not written yet", "no phone number: write personally", "is about to ring",
        "first called after 3:50", "not confirmed personally yet", "attempt 2: no answer", "Nobody has it",
    ):  # fmt: skip
        assert said in page, said
    assert '<div class="kpi kpi-wall clock late">3</div>' in page
    assert page.count("<circle") == 2 * 9, "dots for both widths, of leads that can be called"


def test_htmx_gets_the_moving_part_only(full, ines, signed_in):
    part = page_of(signed_in(ines), **HTMX)
    assert part.lstrip().startswith('<div id="floor"')
    assert "<html" not in part
    assert 'hx-trigger="sse:floor' in part


def test_the_wall_is_dark_and_has_no_buttons(full, ines, signed_in):
    wall = page_of(signed_in(ines), "/floor/?wall")
    assert 'data-bs-theme="dark"' in wall
    assert "Give to" not in wall
    assert "As a table" not in wall


def test_salespeople_may_look_but_not_give(full, rosa, signed_in):
    page = page_of(signed_in(rosa))
    assert "Ms Lindqvist" in page
    assert "Give to" not in page


def test_a_manager_gives_a_waiting_lead_away(full, ines, samir, signed_in):
    lead = lead_now(full, 5 * MINUTE)
    client = signed_in(ines)
    assert f'action="/leads/{lead.pk}/owner/"' in page_of(client)
    client.post(f"/leads/{lead.pk}/owner/", {"to": samir.pk, "because": "workload"})
    client.post(f"/leads/{lead_now(full).pk}/taking/")
    lead.refresh_from_db()
    assert lead.owner == samir


def test_a_page_without_inline_style_or_script(full, ines, signed_in):
    for path in ("/floor/", "/floor/?wall", "/floor/responses/", "/floor/breaches/"):
        page = page_of(signed_in(ines), path)
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<style" not in page


@pytest.mark.parametrize("path", ["/floor/", "/floor/responses/", "/floor/breaches/"])
def test_another_dealers_floor_is_not_there(full, lena, signed_in, path):
    client = signed_in(lena)
    assert client.get(f"{path}?dealer={full.pk}").status_code == 404
    assert client.get(f"{path}?dealer=x").status_code == 404
    assert "Okafor" not in page_of(client, path)


def test_another_dealers_lead_can_not_be_given(full, southside, samir, signed_in):
    olaf = make_person("Olaf", southside, "manager")
    lead = lead_now(full)
    assert (
        signed_in(olaf).post(f"/leads/{lead.pk}/owner/", {"to": samir.pk, "because": "workload"}).status_code
        == 404
    )
    assert signed_in(olaf).post(f"/leads/{lead.pk}/taking/").status_code == 404


def test_the_importer_sees_no_floor(full, signed_in):
    ivan = make_person("Ivan", full, "importer")
    assert signed_in(ivan).get("/floor/").status_code == 403


def test_a_group_manager_switches_between_dealers(full, southside, signed_in):
    group = make_dealer("Group")
    group.kind = "group"
    group.save()
    for dealer in (full, southside):
        dealer.parent = group
        dealer.save()
    client = signed_in(make_person("Greta", group, "manager"))
    assert "Ms Lindqvist" in page_of(client, f"/floor/?dealer={full.pk}")
    south = page_of(client, f"/floor/?dealer={southside.pk}")
    assert "Ms Lindqvist" not in south
    assert f'href="/floor/?dealer={full.pk}"' in south
    assert client.get(f"/floor/?dealer={group.pk}").status_code == 404


def test_the_dots_as_a_table(full, ines, signed_in):
    page = page_of(signed_in(ines), "/floor/responses/")
    assert page.count("<tr>") == 1 + 10
    assert "10 leads received in opening hours" in page
    assert "3:50" in page
    part = page_of(signed_in(ines), "/floor/responses/", **HTMX)
    assert "<html" not in part
    assert part.count("<tr>") == 1 + 10


def test_all_breaches(full, ines, signed_in):
    page = page_of(signed_in(ines), "/floor/breaches/")
    assert page.index("Ms Lindqvist") < page.index("first called after 3:50") < page.index("not confirmed")


def test_what_people_do(full, rosa, samir, ines, signed_in):
    now = datetime.now(UTC)
    ines.seen_at = now
    ines.save()
    make_person(
        "Mei",
        full,
        shift={"days_off": [{"first": str(now.date() - timedelta(days=2)), "until": "2999-01-01"}]},
    )
    make_person("Daan", full, on_shift=False)
    make_person("Tom", full)
    make_person("Gone", full, is_active=False)
    page = " ".join(page_of(signed_in(ines)).split())
    people = page[page.index('<ul class="people">') :]
    assert "Gone" not in people
    for name, doing in (
        ("Daan", "off shift"), ("Ines", "free since"), ("Mei", "back 2 Jan 2999"), ("Rosa", "ringing"),
        ("Samir", "calling"), ("Tom", "no desk open"),
    ):  # fmt: skip
        mine = people[people.index(f"<b>{name}</b>") :].split("</li>")[0]
        assert doing in mine, name


def test_who_closes_a_lead_in_mid_call_still_talks(full, rosa, samir, ines, signed_in):
    talks = Lead.objects.get(customer__full_name="Mr de Wit")
    now = datetime.now(UTC)
    call = Call.objects.create(
        id=uuid.uuid4(), dealer=full, lead=talks, kind="lead", line="asterisk", status=Call.Status.CONNECTED,
        people=[samir.pk], person=samir, ring_s=20, asked_at=now - 9 * MINUTE, accepted_at=now - 9 * MINUTE,
        connected_at=now - 8 * MINUTE,
    )  # fmt: skip
    lose(locked(talks.pk), samir.pk, "price", now)

    def what_samir_does():
        return page_of(signed_in(ines)).split("<b>Samir</b>")[1].split("</li>")[0]

    assert "calling" in what_samir_does()
    call.status, call.ended_at = Call.Status.OVER, now
    call.save()
    assert "calling" not in what_samir_does()


def test_few_questions_to_the_database(full, ines, signed_in):
    client = signed_in(ines)
    page_of(client)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page_of(client)
    # The test client's own role switch and the savepoints of the test's transaction are not the page's.
    mine = [
        q["sql"]
        for q in asked
        if not q["sql"].lower().startswith(("savepoint", "release", "set role", "reset"))
    ]
    mine = [sql for sql in mine if "set_config('app.dealers', '', false)" not in sql]
    assert len(mine) <= 16, "\n".join(mine)  # one a table; the sixteenth is the dealer's own systems


# From here on: without a page.


def waiting(**about):
    return OpenLead(
        **(
            {"lead": 1, "customer": "Mr Okafor", "origin": "online", "source": "x", "received_at": NOON}
            | about
        )
    )


@pytest.mark.parametrize(
    ("lead", "said", "held"),
    [
        (waiting(), "is about to ring", False),
        (waiting(ringing=(7,), ring_how="best", ring_until=NOON + HOUR), "ringing Rosa", False),
        (waiting(ringing=(7, 8), ring_how="all", ring_until=NOON + HOUR), "ringing everybody", False),
        (waiting(ringing=(8,), ring_how="manager", ring_until=NOON + HOUR), "ringing the manager", False),
        (waiting(ringing=(7,), ring_how="best", ring_until=NOON, rounds=1), "nobody accepted", False),
        (waiting(rounds=4, because=say("rung again soon"), next_at=NOON + HOUR), "rung again soon", False),
        (waiting(because=say("direct mail"), next_at=NOON + HOUR), "direct mail", True),
        (waiting(owner=7), "Rosa has it, not called yet", False),
        (waiting(owner=7, by_phone=False), "Rosa has it, not written yet", False),
        (waiting(owner=99), "somebody of the group has it, not called yet", False),
    ],
)
def test_what_happens_now_with_a_waiting_lead(northside, lead, said, held):
    [row] = waits([lead], northside, {7: "Rosa", 8: "Ines"}, NOON + SECOND)
    assert (str(row.doing), row.held) == (said, held)


def test_a_lead_of_the_night_waits_since_opening(northside):
    night = waiting(received_at=NOON - 12 * HOUR)
    [row] = waits([night], northside, {}, NOON)
    assert row.since == datetime(2026, 11, 23, 8, 0, tzinfo=UTC), "nine o'clock in Amsterdam"


def test_while_the_dealer_is_closed_everything_is_held(northside):
    night = NOON + 12 * HOUR
    rung = waiting(
        received_at=NOON + 6 * HOUR, rounds=4, because=say("closed since 18:00"), next_at=NOON + 21 * HOUR
    )
    [row] = waits([rung], northside, {}, night)
    assert row.held


def test_groups_of_breaches_without_a_lead_are_left_out():
    assert breaches([], Attention([], []), {}) == []


def test_dots_lie_where_they_should():
    zone = ZoneInfo("Europe/Amsterdam")
    opens, closes = NOON - 3 * HOUR, NOON + 6 * HOUR

    def lead(at, called_after=None, **about):
        called = None if called_after is None else at + called_after
        return Received(lead=1, customer="Mr Okafor", received_at=at, first_attempt_at=called, **about)

    chart = draw(
        [
            lead(opens, 10 * SECOND), lead(NOON, 2 * MINUTE), lead(NOON, 3 * MINUTE), lead(NOON, 5 * HOUR),
            lead(closes, 0 * SECOND), lead(closes), lead(NOON, by_phone=False), lead(NOON, closed=True),
        ],
        opens, closes, closes + MINUTE, zone, 760, 250,
    )  # fmt: skip
    assert [dot.kind for dot in chart.dots] == ["fine", "fine", "late", "late", "fine", "open"]
    xs, ys = [float(dot.x) for dot in chart.dots], [float(dot.y) for dot in chart.dots]
    assert xs == sorted(xs)
    assert xs[0] > float(chart.left)
    assert max(xs) <= float(chart.right)
    assert ys[1] == pytest.approx(float(chart.target))
    assert ys[0] > ys[1] > ys[2] > ys[3] >= 0
    assert max(ys) == ys[4] <= 250 - 24, "what took no time lies on the lower edge"
    assert chart.dots[0].title == "09:00 · 0:10 · Mr Okafor"
    assert [line.name for line in chart.hours] == [f"{hour:02}:00" for hour in range(9, 19)]


def test_a_narrow_chart_names_fewer_hours():
    opens, closes = NOON - 3 * HOUR, NOON + 6 * HOUR
    chart = draw([], opens, closes, closes, ZoneInfo("Asia/Kolkata"), 350, 220)
    assert [line.name for line in chart.hours] == ["14:00", "16:00", "18:00", "20:00", "22:00"]

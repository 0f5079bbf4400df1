"""Coaching: own figures beside the team's median, what was agreed, and what changed since."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from leadbell.desk.reviewing.changes import change
from leadbell.metrics.answers import difference
from leadbell.metrics.rows.keeping import keep_some
from leadbell.review.coaching import team_median
from leadbell.review.models import CoachingAction, Review
from tests.conftest import lead_of, make_person
from tests.review.recorded import conversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return datetime.now(UTC)


def heard(call, reviewer, asked, drawn=True):
    return Review.objects.create(
        dealer=call.dealer, lead=call.lead, call=call.pk, attempt=call.attempt, person=call.person,
        talked_at=call.connected_at, reviewer=reviewer, version=1, at=call.ended_at, verdict="opportunity",
        asked=asked, made=False, drawn=drawn,
    )  # fmt: skip


def talks(dealer, person, now, many, days=3):
    for nth in range(many):
        at = now - timedelta(days=days, minutes=10 * nth)
        lead = lead_of(dealer, f"Customer {person.pk} {nth}", now=at - timedelta(minutes=1), owner=person)
        yield conversation(lead, person, at)
    keep_some()


def lines(client, person):
    answer = client.get(f"/coaching/{person.pk}/")
    assert answer.status_code == 200
    return {str(line.title): line for line in answer.context["lines"]}


ASKED = "asked for the appointment, of opportunities heard"
RESPONSE = "response time, of leads attempted"


def test_a_salesperson_sees_own_figures_and_the_teams_middle(signed_in, northside, rosa, samir, ines, now):
    noor = make_person("Noor", northside)
    for person, yes in ((rosa, 4), (samir, 1), (noor, 2)):
        for nth, call in enumerate(talks(northside, person, now, 5)):
            heard(call, ines, nth < yes)
    seen = lines(signed_in(rosa), rosa)
    assert (seen[ASKED].value, seen[ASKED].base, seen[ASKED].team) == ("80 %", "4 of 5", "40 %")
    assert seen[ASKED].interval
    shown = signed_in(rosa).get(f"/coaching/{rosa.pk}/").content.decode()
    assert "Samir" not in shown
    assert "Agree</button>" not in shown


@pytest.mark.parametrize(("language", "said"), [("en", "20 % (3.6–62.4 %)"), ("nl", "20 % (3,6–62,4 %)")])
def test_figures_are_written_as_the_reader_writes_numbers(language, said):
    with translation.override(language):
        assert change((1, 5), (4, 5), "more").before_says == said


def test_too_few_says_so_and_hides_who(signed_in, northside, rosa, samir, ines, now):
    for call in talks(northside, rosa, now, 4):
        heard(call, ines, True)
    seen = lines(signed_in(ines), rosa)
    assert (seen[ASKED].value, seen[ASKED].team) == ("", "")
    assert "too few" in signed_in(ines).get(f"/coaching/{rosa.pk}/").content.decode()


def test_what_a_rule_named_is_in_no_rate(signed_in, northside, rosa, ines, now):
    for call in talks(northside, rosa, now, 6):
        heard(call, ines, False, drawn=False)
    assert lines(signed_in(rosa), rosa)[ASKED].base == "0 of 0"


@pytest.mark.parametrize(
    ("values", "middle"), [([0.1, 0.2], None), ([0.1, None, 0.9], None), ([0.1, 0.2, 0.9], 0.2)]
)
def test_the_middle_of_three_or_nothing(values, middle):
    assert team_median(dict(enumerate(values))) == middle


def test_who_sees_whose(signed_in, northside, rosa, samir, ines, lena, southside):
    carla, boss = make_person("Carla", northside, "importer"), make_person("Olga", southside, "manager")
    table = [(rosa, 200), (samir, 403), (ines, 200), (lena, 404), (boss, 404), (carla, 403)]
    for person, status in table:
        assert signed_in(person).get(f"/coaching/{rosa.pk}/").status_code == status, person
    for person, _ in table:
        form = {"text": "Ask", "due_on": "2030-01-01"}
        if person != ines:
            assert signed_in(person).post(f"/coaching/{rosa.pk}/agreements/", form).status_code in (403, 404)
    assert not CoachingAction.objects.exists()
    assert signed_in(rosa).get("/coaching/").headers["Location"] == f"/coaching/{rosa.pk}/"
    assert "Rosa" in signed_in(ines).get("/coaching/").content.decode()


def test_what_is_agreed_has_a_day_and_ends(signed_in, northside, rosa, samir, ines, now):
    client = signed_in(ines)
    address = f"/coaching/{rosa.pk}/agreements/"
    due_on = (now + timedelta(days=20)).date().isoformat()
    for said in (
        {"text": " ", "due_on": due_on},
        {"text": "x", "due_on": "soon"},
        {"text": "x", "due_on": "2020-01-01"},
    ):
        client.post(address, said)
    assert not CoachingAction.objects.exists()
    client.post(address, {"text": "Ask for a day", "due_on": due_on, "figure": "asked_for_appointment"})
    agreed = CoachingAction.objects.get()
    assert "Ask for a day" in signed_in(rosa).get(f"/coaching/{rosa.pk}/").content.decode()
    assert (
        client.post(f"/coaching/{samir.pk}/agreements/{agreed.pk}/closing/", {"how": "done"}).status_code
        == 404
    )
    client.post(f"{address}{agreed.pk}/closing/", {"how": "done"})
    agreed.refresh_from_db()
    assert agreed.closed_at
    assert agreed.is_done


def test_before_and_after_an_agreement(signed_in, northside, rosa, ines, now):
    for days, yes in ((30, 1), (5, 19)):
        for nth, call in enumerate(talks(northside, rosa, now, 20, days)):
            heard(call, ines, nth < yes)
    CoachingAction.objects.create(
        dealer=northside, person=rosa, text="Ask", figure="asked_for_appointment", agreed_by=ines,
        agreed_at=now - timedelta(days=20), due_on=now.date(),
    )  # fmt: skip
    (one,) = signed_in(rosa).get(f"/coaching/{rosa.pk}/").context["agreed"]
    assert (one.change.before, one.change.after) == ((1, 20), (19, 20))
    assert str(one.change.verdict) == "better than before"


@pytest.mark.parametrize(
    ("before", "after", "better", "verdict"),
    [
        ((1, 4), (9, 20), "more", "too few to tell"),
        ((0, 0), (9, 20), "more", "too few to tell"),
        ((10, 20), (11, 20), "more", "no difference that can be told from chance"),
        ((2, 40), (30, 40), "more", "better than before"),
        ((30, 40), (2, 40), "more", "worse than before"),
        ((30, 40), (2, 40), "less", "better than before"),
    ],
)
def test_what_a_change_allows_to_say(before, after, better, verdict):
    assert str(change(before, after, better).verdict) == verdict


def test_a_difference_as_published():
    """Newcombe 1998, table II: 56/70 and 48/80, and 9/10 and 3/10, by method 10."""
    assert difference((48, 80), (56, 70)) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert difference((3, 10), (9, 10)) == pytest.approx((0.1705, 0.8090), abs=1e-4)
    assert difference((0, 0), (1, 2)) is None

"""What was heard is kept: as versions, as facts of the lead, and in the figures."""

import uuid
from datetime import timedelta

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from leadbell.lead.facts import Attempted, AttemptEnded, Reviewed
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.talk import Talk
from leadbell.metrics.rows.exchange import LeadOf, rows_of
from leadbell.metrics.tables import TOUCHES
from leadbell.refused import Refused
from leadbell.review.actions import (
    Answered,
    Marks,
    NoSuchMoment,
    mark_moment,
    review,
    reviewers_of,
    take_back,
    want_review,
)
from leadbell.review.criteria import NoSuchCriterion, criteria_of, keep_criterion, retire, text_of
from leadbell.review.models import Criterion, Moment, Review
from tests.conftest import NOON, lead_of, make_person

pytestmark = pytest.mark.django_db
CHANCE = Marks("opportunity", asked=True, made=True)


@pytest.fixture
def tim(northside):
    return make_person("Tim", northside, "bdc")


@pytest.fixture
def talk(northside, rosa):
    lead = lead_of(northside)
    at = NOON + timedelta(minutes=1)
    record(locked(lead.pk), Attempted(at=at, by=rosa.pk, key="attempt:1"), key="attempt:1")
    ended = AttemptEnded(
        at=at + timedelta(minutes=3), by=rosa.pk, key="attempt:1", outcome="conversation", connected_at=at,
        talk_ms=180_000,
    )  # fmt: skip
    record(locked(lead.pk), ended)
    return Talk(uuid.uuid4().hex, "attempt:1", northside.pk, lead.pk, rosa.pk, at, 180_000, at.date())


def marked(talk, reviewer, marks=CHANCE, seen=0, drawn=True):
    return review(locked(talk.lead), talk, reviewer, marks, drawn, seen, NOON + timedelta(hours=1))


def heard(talk):
    """(opportunity, agreed) of the call, as figures have it."""
    lead = locked(talk.lead)
    rows = rows_of([(LeadOf(lead.pk, "Northside", lead.dealer.opening_hours), read_history(lead))])
    (call,) = (dict(zip(TOUCHES.names, row, strict=True)) for row in rows.touches)
    return call["opportunity"], call["agreed"]


def test_a_review_is_kept_and_told(talk, ines):
    kept = marked(talk, ines)
    assert (kept.version, kept.second, kept.drawn, kept.person_id) == (1, False, True, talk.person)
    fact = read_history(locked(talk.lead)).facts[-1]
    assert fact == Reviewed(
        at=NOON + timedelta(hours=1),
        key="attempt:1",
        reviewer=ines.pk,
        verdict="opportunity",
        asked=True,
        made=True,
    )
    assert reviewers_of([talk.call]) == {talk.call: {ines.pk}}


def test_a_correction_is_the_next_version(talk, ines):
    marked(talk, ines)
    corrected = marked(talk, ines, Marks("service", asked=False, made=False), seen=1)
    assert corrected.version == 2
    assert list(Review.objects.order_by("version").values_list("verdict", flat=True)) == [
        "opportunity",
        "service",
    ]
    assert heard(talk) == (False, None)


def test_the_same_again_is_no_new_version(talk, ines):
    assert marked(talk, ines) == marked(talk, ines, seen=1)
    assert Review.objects.count() == 1


def test_whoever_marks_in_two_windows_is_told(talk, ines):
    marked(talk, ines)
    assert isinstance(marked(talk, ines, Marks("other")), Refused)
    assert Review.objects.get().verdict == "opportunity"


def test_a_second_opinion_is_in_no_figure(talk, ines, tim):
    marked(talk, ines)
    assert marked(talk, tim, Marks("voicemail")).second
    assert heard(talk) == (True, "appointment")
    assert not marked(talk, ines, Marks("service"), seen=1).second
    assert heard(talk) == (False, None)


def test_what_was_not_listened_to_says_nothing(talk):
    assert heard(talk) == (None, None)


def test_a_correction_takes_back_the_appointment_heard_before(talk, ines):
    marked(talk, ines)
    marked(talk, ines, Marks("opportunity", asked=True, made=None), seen=1)
    assert heard(talk) == (True, None)


def test_nobody_marks_their_own_conversation_and_salespeople_nobodys(talk, rosa, samir, northside):
    assert isinstance(marked(talk, rosa), Refused)
    assert isinstance(marked(talk, samir), Refused)
    manager_who_talked = make_person("Noor", northside, "manager")
    own = Talk(talk.call, talk.attempt, talk.dealer, talk.lead, manager_who_talked.pk, talk.at, 1, talk.on)
    assert isinstance(marked(own, manager_who_talked), Refused)
    assert not Review.objects.exists()


def test_the_web_cant_change_a_review(talk, ines):
    marked(talk, ines)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        for statement in ("update leadbell_review set verdict = 'other'", "delete from leadbell_review"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute(statement)


def test_answers_keep_the_weight_they_were_given_with(talk, northside, ines):
    asked = keep_criterion(northside, {"text-en": "Says their name", "weight": "3"}, ines, NOON)
    marked(talk, ines, Marks("opportunity", answers=(Answered(asked.pk, 3, True),)))
    again = keep_criterion(northside, {"text-en": "Says their name", "weight": "9"}, ines, NOON, asked.pk)
    assert Review.objects.get().answers == [{"criterion": asked.pk, "weight": 3, "met": True}]
    assert [one.pk for one in criteria_of(northside.pk)] == [again.pk]
    assert Criterion.objects.count() == 2


@pytest.mark.parametrize(
    "said",
    [
        {"weight": "3"},
        {"text-en": "  ", "weight": "3"},
        {"text-en": "x", "weight": "0"},
        {"text-en": "x", "weight": "11"},
        {"text-en": "x", "weight": "two"},
    ],
)
def test_a_criterion_needs_words_and_a_weight(northside, ines, said):
    assert isinstance(keep_criterion(northside, said, ines, NOON), Refused)


def test_a_criterion_is_read_in_the_readers_language(northside, southside, ines):
    one = keep_criterion(northside, {"text-nl": "Noemt de naam", "weight": "1"}, ines, NOON)
    assert text_of(one, "nl") == text_of(one, "ru") == "Noemt de naam"
    with pytest.raises(NoSuchCriterion):
        retire(southside, one.pk, NOON)
    retire(northside, one.pk, NOON)
    assert criteria_of(northside.pk) == []


def test_moments_are_made_and_taken_back(talk, ines, tim):
    one = mark_moment(locked(talk.lead), talk, ines, 61_500, " No question after the budget ", NOON)
    assert (one.at_ms, one.text) == (61_500, "No question after the budget")
    assert isinstance(take_back(talk, one.pk, tim, NOON), Refused)
    take_back(talk, one.pk, ines, NOON)
    with pytest.raises(NoSuchMoment):
        take_back(talk, one.pk, ines, NOON)
    assert Moment.objects.get().text == "No question after the budget"


@pytest.mark.parametrize(("at_ms", "text"), [(0, " "), (-1, "x"), (200_000, "x")])
def test_a_moment_lies_in_the_conversation_and_says_something(talk, ines, at_ms, text):
    assert isinstance(mark_moment(locked(talk.lead), talk, ines, at_ms, text, NOON), Refused)


def test_a_complaint_is_noted_once(talk, ines):
    wanted = want_review(locked(talk.lead), talk, ines, "complaint", "was rude", NOON)
    assert (wanted.key, wanted.why) == ("attempt:1", "complaint")
    assert isinstance(want_review(locked(talk.lead), talk, ines, "complaint", "", NOON), Refused)


def test_listening_is_no_work_on_the_lead(talk, ines):
    before = locked(talk.lead).worked_at
    marked(talk, ines)
    lead = locked(talk.lead)
    assert lead.worked_at == before
    assert not lead.facts.filter(kind="reviewed", by__isnull=False).exists()


def test_words_about_a_customer_go_with_the_customer(talk, ines):
    marked(talk, ines, Marks("opportunity", note="Mr Okafor hesitates"))
    mark_moment(locked(talk.lead), talk, ines, 1, "Mr Okafor laughs", NOON)
    with connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{talk.dealer}}}"])
        customer = locked(talk.lead).customer_id
        cursor.execute(
            "select leadbell_customer_deleted(%s, %s, %s, %s)",
            [talk.dealer, customer, ines.pk, timezone.now()],
        )
        assert cursor.fetchone() == (True,)
    assert (Review.objects.get().note, Moment.objects.get().text) == ("", "")
    assert Review.objects.get().verdict == "opportunity"

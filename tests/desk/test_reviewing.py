"""Listening back on screen: the queue, the marks, the criteria, and who may see what."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.desk.reviewing.call import _ms
from leadbell.lead.facts import Reviewed
from leadbell.lead.journal import locked, read_history
from leadbell.review.models import Criterion, Moment, Review, ReviewChoice
from tests.conftest import lead_of, make_person
from tests.review.recorded import conversation

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def last_week():
    """Wednesday noon of the last complete week."""
    now = datetime.now(UTC)
    monday = now - timedelta(days=now.weekday() + 7)
    return monday.replace(hour=11, minute=0, second=0, microsecond=0) + timedelta(days=2)


@pytest.fixture
def tim(northside):
    return make_person("Tim", northside, "bdc")


@pytest.fixture
def call(northside, rosa, last_week):
    return conversation(lead_of(northside, now=last_week - timedelta(minutes=1)), rosa, last_week)


def page(call):
    return f"/review/{call.pk}/"


def marks(client, call, seen=0, **said):
    form = {"verdict": "opportunity", "asked": "yes", "made": "no", "seen": seen} | said
    return client.post(f"{page(call)}marks/", form)


def test_the_queue_says_why_each_is_heard(signed_in, ines, call):
    shown = signed_in(ines).get("/review/").content.decode()
    assert "Rosa" in shown
    assert "Mr Okafor" in shown
    assert "drawn by lot" in shown
    assert "too few" in shown


def test_the_same_number_of_everybody(signed_in, northside, rosa, samir, ines, last_week):
    ReviewChoice.objects.create(dealer=northside, each=1)
    for nth in range(3):
        for person in (rosa, samir):
            lead = lead_of(northside, f"Customer {nth}", now=last_week - timedelta(hours=nth + 1))
            conversation(lead, person, last_week + timedelta(minutes=nth))
    rows = signed_in(ines).get("/review/").context["rows"]
    assert sorted(row.name for row in rows) == ["Rosa", "Samir"]


def test_marking_takes_it_off_the_queue_and_into_the_journal(signed_in, ines, call):
    client = signed_in(ines)
    assert client.get(page(call)).status_code == 200
    assert marks(client, call, note="Clear and kind").status_code == 303
    kept = Review.objects.get()
    assert (kept.verdict, kept.asked, kept.made, kept.drawn, kept.note) == (
        "opportunity", True, False, True, "Clear and kind",
    )  # fmt: skip
    assert isinstance(read_history(locked(call.lead_id)).facts[-1], Reviewed)
    assert client.get("/review/").context["total"] == 0


def test_the_next_one_is_another_one(signed_in, northside, rosa, ines, call, last_week):
    other = conversation(
        lead_of(northside, "Mrs Jansen", now=last_week), rosa, last_week + timedelta(hours=1)
    )
    client = signed_in(ines)
    assert client.get(f"/review/next/?after={call.pk}").headers["Location"] == page(other)
    marks(client, other)
    assert client.get(f"/review/next/?after={call.pk}").headers["Location"] == "/review/"
    assert signed_in(rosa).get("/review/next/").status_code == 403


def test_a_correction_says_its_version_and_keeps_the_former(signed_in, ines, call):
    client = signed_in(ines)
    marks(client, call)
    marks(client, call, seen=1, verdict="service", asked="")
    shown = client.get(page(call)).content.decode()
    assert "version 2" in shown
    assert "1 former version" in shown
    assert marks(client, call, seen=1, verdict="other", **{}).status_code == 303
    assert Review.objects.count() == 2
    assert (
        client.post(f"{page(call)}marks/", {"verdict": "opportunity", "seen": "1"}, headers=HTMX).status_code
        == 409
    )


def test_who_listens_second_isnt_told_what_the_first_said(signed_in, ines, tim, call):
    marks(signed_in(ines), call, note="A gem")
    blind = signed_in(tim).get(page(call)).content.decode()
    assert "A gem" not in blind
    assert "Somebody has listened to this one before" in blind
    marks(signed_in(tim), call, verdict="service")
    assert "A gem" in signed_in(tim).get(page(call)).content.decode()
    assert Review.objects.get(reviewer=tim).second


def test_own_criteria_are_asked_answered_and_weighed(signed_in, ines, northside, call):
    client = signed_in(ines)
    criteria = f"/dealers/{northside.pk}/review/"
    assert client.post(criteria, {"text-en": "", "weight": "3"}).status_code == 409
    client.post(criteria, {"text-en": "Says their name", "text-nl": "Noemt de naam", "weight": "3"})
    client.post(criteria, {"text-en": "Asks what matters", "weight": "1"})
    first, second = Criterion.objects.order_by("place")
    assert "Says their name" in client.get(page(call)).content.decode()
    marks(client, call, **{f"criterion-{first.pk}": "yes", f"criterion-{second.pk}": "no"})
    assert "75 %" in client.get(page(call)).content.decode()
    client.post(f"{criteria}{second.pk}/removal/")
    client.post(criteria, {"criterion": first.pk, "text-en": "Says their own name", "weight": "2"})
    shown = client.get(page(call)).content.decode()
    assert "Says their own name" in shown
    assert "75 %" in shown, "marks keep the weight they were made with"
    ines.language = "nl"
    ines.save()
    assert "Noemt de naam" in signed_in(ines).get(page(call)).content.decode()


def test_how_much_is_heard_can_be_chosen(signed_in, ines, northside):
    client = signed_in(ines)
    client.post(f"/dealers/{northside.pk}/review/amount/", {"each": "5", "second_of": "0"})
    assert ReviewChoice.objects.values_list("each", "second_of").get() == (5, 0)
    client.post(f"/dealers/{northside.pk}/review/amount/", {"each": "many", "second_of": "0"})
    assert ReviewChoice.objects.get().each == 5


def test_moments_are_commented_and_taken_back(signed_in, ines, tim, rosa, call):
    client = signed_in(ines)
    client.post(f"{page(call)}moments/", {"at": "1:01.5", "text": "No question after <b>the budget</b>"})
    moment = Moment.objects.get()
    assert moment.at_ms == 61_500
    shown = signed_in(rosa).get(page(call)).content.decode()
    assert "No question after &lt;b&gt;the budget" in shown
    assert 'data-seek="61.5"' in shown
    assert "moment-new" not in shown
    removal = f"{page(call)}moments/{moment.pk}/removal/"
    assert signed_in(tim).post(removal, headers=HTMX).status_code == 409
    client.post(removal)
    assert "the budget" not in client.get(page(call)).content.decode()
    assert client.post(removal).status_code == 404


@pytest.mark.parametrize(
    ("said", "ms"),
    [("83.25", 83_250), ("1:23", 83_000), ("1:02:03", 3_723_000), ("0:07,5", 7_500), ("", -1), ("1:2:3:4", -1),
        ("x", -1), ("-1", -1), ("9" * 30, -1)],
)  # fmt: skip
def test_a_moment_as_people_write_it(said, ms):
    assert _ms(said) == ms


def test_who_was_in_the_conversation_reads_and_doesnt_mark(signed_in, rosa, ines, call):
    marks(signed_in(ines), call, note="Clear and kind")
    client = signed_in(rosa)
    shown = client.get(page(call)).content.decode()
    assert "Clear and kind" in shown
    assert "data-marks" not in shown
    assert marks(client, call).status_code == 303
    assert Review.objects.count() == 1
    assert client.get("/review/").headers["Location"] == f"/coaching/{rosa.pk}/"


@pytest.mark.parametrize(
    "path",
    ["/review/{call}/", "/review/{call}/marks/", "/review/{call}/moments/", "/calls/{call}/listening/"],
)
def test_another_dealers_conversation_is_not_there(signed_in, lena, southside, call, path):
    boss = make_person("Olga", southside, "manager")
    for person in (lena, boss):
        ask = signed_in(person).get if path == "/review/{call}/" else signed_in(person).post
        assert ask(path.format(call=call.pk), {"verdict": "other"}).status_code == 404
    assert not Review.objects.exists()


def test_a_colleague_and_an_importer_hear_nothing(signed_in, samir, northside, call):
    carla = make_person("Carla", northside, "importer")
    assert signed_in(samir).get(page(call)).status_code == 403
    assert marks(signed_in(samir), call).status_code == 403
    for path in (page(call), "/review/", "/coaching/"):
        assert signed_in(carla).get(path).status_code == 403
    assert signed_in(samir).get(f"/dealers/{northside.pk}/review/").status_code == 403


def test_a_complaint_comes_first(signed_in, northside, ines, samir, rosa, call, last_week):
    late = conversation(
        lead_of(northside, "Mrs Jansen", now=last_week), rosa, last_week + timedelta(days=2), seconds=20
    )
    ReviewChoice.objects.create(dealer=northside, each=0)
    assert signed_in(ines).get("/review/").context["total"] == 0
    form = {"why": "complaint", "note": "was called names"}
    assert signed_in(rosa).post(f"/calls/{late.pk}/listening/", form).status_code == 303
    (row,) = signed_in(ines).get("/review/").context["rows"]
    assert (row.due.talk.call, row.due.why) == (late.pk.hex, "named")
    assert "the customer complained" in signed_in(ines).get("/review/").content.decode()
    assert "was called names" in signed_in(ines).get(f"/leads/{late.lead_id}/").content.decode()


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        (
            {"status": "missing", "because": {"text": "the line recorded nothing", "values": {}}},
            "the line recorded nothing",
        ),
        (
            {"status": "deleted", "because": {"text": "its time was over", "values": {}}},
            "The recording was deleted",
        ),
        ({"gaps": [[0, 20_000]]}, "Not recorded:"),
    ],
)
def test_a_recording_that_is_missing_or_cut_says_so(
    signed_in, northside, rosa, ines, last_week, about, sentence
):
    if about.get("status") == "deleted":
        about = about | {"deleted_at": last_week}
    call = conversation(lead_of(northside, now=last_week - timedelta(minutes=1)), rosa, last_week, **about)
    client = signed_in(ines)
    assert sentence in client.get(page(call)).content.decode()
    assert marks(client, call).status_code == 303, "what was heard before can still be marked"
    assert Review.objects.count() == 1


def test_an_hour_costs_no_more_queries_than_a_minute(signed_in, northside, rosa, ines, last_week):
    counts = []
    for nth, seconds in enumerate((60, 3600)):
        lead = lead_of(northside, f"Customer {nth}", now=last_week - timedelta(hours=nth + 1))
        long_one = conversation(lead, rosa, last_week + timedelta(hours=nth), seconds=seconds)
        client = signed_in(ines)
        client.get(page(long_one))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(page(long_one)).status_code == 200
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 2
    assert counts[0] < 30

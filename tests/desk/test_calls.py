"""Calls on the screens: under way on Desk and Lead, and all of them on the Calls page."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.desk.live.nudges import CALL, LINES, News, for_everybody, for_whose_desk_it_is
from leadbell.followup.clockwork import run_due
from leadbell.lead.facts import Accepted
from leadbell.lead.journal import locked, read_history, record
from leadbell.lead.models import Lead
from leadbell.ring import actions as ring
from leadbell.ring.claiming import claim
from leadbell.ring.finding import ON_A_PAGE
from leadbell.ring.models import Call, Recording
from tests.conftest import lead_of, make_person
from tests.desk.noon import HOUR, MINUTE, SECOND, make_it_noon
from tests.desk.phones import call_of, line_of, tell, with_phone
from tests.desk.test_unlost import lost_lead
from tests.followup.test_returns import browser_of, looks, make_site

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
DAY = timedelta(days=1)
TAPS = ("We talked", "No answer", "Wrong number", "We’re talking")


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def line(northside):
    return line_of(northside)


@pytest.fixture
def lead(northside, rosa, now):
    """Mr Okafor's, Rosa's, a minute old: whoever asked just now may be called at any hour."""
    lead = locked(lead_of(northside, now=now - MINUTE).pk)
    record(lead, Accepted(at=now - 30 * SECOND, by=rosa.pk))
    return lead


@pytest.fixture
def desk(signed_in, rosa, line):
    return signed_in(with_phone(rosa))


def page_of(client, path="/desk/", status=200):
    answer = client.get(path)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def calling(client, lead):
    """Rosa has tapped “Call”, and the switchboard rings her phone."""
    assert client.post(f"/leads/{lead.pk}/call/").status_code == 303
    claim(datetime.now(UTC))
    return Call.objects.get(lead=lead)


# Under way


def test_call_from_the_screen_step_by_step(desk, lead, rosa):
    call = calling(desk, lead)
    assert (call.kind, call.person, Lead.objects.get().calling_by) == ("outbound", rosa, None)
    assert "Your phone rings: pick it up and press 1" in page_of(desk)
    tell(call, ("rings", rosa), ("picked_up", rosa))
    assert "You have picked up: press 1" in page_of(desk)
    tell(call, ("accepted", rosa))
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        page = page_of(desk, path)
        assert "Connecting Mr Okafor …" in page
        assert 'href="tel:+31612345678" data-dial' not in page
        for tap in TAPS:
            assert tap not in page
    tell(call, ("dialled", None), ("customer_rings", None))
    assert "It rings at Mr Okafor" in page_of(desk)
    tell(call, ("connected", None))
    page = page_of(desk)
    assert "You talk with Mr Okafor" in page
    assert f'data-clock="since" datetime="{call.connected_at.isoformat()}"' in page
    tell(call, ("ended", None), talk_ms=42_000)
    page = page_of(desk)
    assert "What came of it?" in page
    assert "You talked 0:42" in page
    assert "The call is over" not in page


def test_no_answer_is_the_outcome_by_itself(desk, lead, rosa):
    call = calling(desk, lead)
    tell(call, ("picked_up", rosa), ("accepted", rosa), ("dialled", None), ("no_answer", None))
    page = page_of(desk)
    assert "No answer" in page
    assert "What came of it?" not in page
    assert locked(lead.pk).standing.last_outcome == "no_answer"


def test_a_voicemail_is_said_while_it_talks(desk, lead, rosa):
    call = calling(desk, lead)
    tell(call, ("accepted", rosa), ("dialled", None), ("connected", None), ("voicemail", None))
    assert "A voicemail answers: leave a message, or hang up" in page_of(desk)


def heard(client, lead, rosa, *, voicemail=False):
    """Rosa's call, as the line tells it."""
    call = calling(client, lead)
    tell(call, ("accepted", rosa), ("dialled", None), ("connected", None), ago=182 * SECOND)
    if voicemail:
        tell(call, ("voicemail", None), ago=180 * SECOND)
    return tell(call, ("ended", None), talk_ms=182_000)


def corrected(client, lead, was, status=303):
    answer = client.post(f"/leads/{lead.pk}/attempt/correction/", {"outcome": was}, headers=HTMX)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize(
    ("was", "tap", "tries", "says"),
    [
        ("voicemail", "It was a voicemail</button>", 1, "<b>Rosa</b>: it was a voicemail"),
        ("wrong_number", "Wrong number</button>", 1, "<b>Rosa</b>: wrong number"),
    ],
)
def test_what_the_line_took_for_a_conversation_is_corrected(desk, lead, rosa, was, tap, tries, says):
    call = heard(desk, lead, rosa)
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        page = page_of(desk, path)
        assert page.count(f'action="/leads/{lead.pk}/attempt/correction/"') == 1
        assert tap in page
    corrected(desk, lead, was)
    stands = locked(lead.pk).standing
    assert (stands.reached_at, stands.tries, stands.number_is_wrong) == (None, tries, was == "wrong_number")
    call.refresh_from_db()
    assert call.outcome == was, "it is in no lot of conversations to review"
    page = page_of(desk, f"/leads/{lead.pk}/")
    assert says in page
    assert "the line had taken it for a conversation" in page
    assert "What came of it?" not in page
    assert "attempt/correction/" not in page
    assert "can’t be changed any more" in corrected(desk, lead, was, 409)
    assert len(read_history(lead).facts) == len(read_history(lead).as_it_was) + 1


def test_what_the_line_took_for_a_voicemail_was_a_talk(desk, lead, rosa):
    heard(desk, lead, rosa, voicemail=True)
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        page = page_of(desk, path)
        assert "What came of it?" not in page
        assert page.count(f'action="/leads/{lead.pk}/attempt/correction/"') == 1
        assert "We talked</button>" in page
    corrected(desk, lead, "conversation")
    ended = read_history(lead).as_it_was[-1]
    assert (ended.outcome, ended.talk_ms // 1000) == ("conversation", 182)
    assert "What came of it?" in page_of(desk)
    assert (locked(lead.pk).reached_at, locked(lead.pk).standing.tries) == (ended.connected_at, 0)


def test_a_manager_corrects_it_too_and_it_stays_the_salespersons_call(desk, lead, rosa, ines, signed_in):
    heard(desk, lead, rosa)
    assert "attempt/correction/" in page_of(signed_in(ines), f"/leads/{lead.pk}/")
    corrected(signed_in(ines), lead, "voicemail")
    ended = read_history(lead).facts[-1]
    assert (ended.by, ended.corrected_by) == (rosa.pk, ines.pk)
    assert "<b>Ines</b>: it was a voicemail" in page_of(desk, f"/leads/{lead.pk}/")


@pytest.mark.parametrize(
    ("was", "because"),
    [("no_answer", "can’t be changed any more"), ("nonsense", "Choose how the call ended")],
)
def test_it_was_one_of_what_can_be_mistaken(desk, lead, rosa, was, because):
    heard(desk, lead, rosa)
    assert because in corrected(desk, lead, was, 409)


def test_what_was_agreed_since_leaves_nothing_to_correct(desk, lead, rosa):
    heard(desk, lead, rosa)
    assert desk.post(f"/leads/{lead.pk}/quote/").status_code == 303
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        assert "attempt/correction/" not in page_of(desk, path)
    corrected(desk, lead, "voicemail", 409)


def test_colleagues_see_who_talks(desk, lead, rosa, samir, ines, signed_in):
    tell(calling(desk, lead), ("accepted", rosa), ("dialled", None), ("connected", None))
    assert "Rosa talks with Mr Okafor" in page_of(signed_in(samir), f"/leads/{lead.pk}/")
    assert "Rosa talks with Mr Okafor" in page_of(signed_in(ines), "/floor/")
    assert "talks with" not in page_of(signed_in(samir))


def test_who_calls_is_named_beside_a_lead_that_is_named_already(desk, lead, rosa, ines, signed_in):
    call = calling(desk, lead)
    tell(call, ("accepted", rosa))
    of_ines = page_of(signed_in(ines), f"/leads/{lead.pk}/").split("live-strip")[1].split("</section>")[0]
    assert "· Rosa" in of_ines
    assert of_ines.count("Okafor") == 1
    tell(call, ("connected", None))
    of_ines = page_of(signed_in(ines), f"/leads/{lead.pk}/").split("live-strip")[1].split("</section>")[0]
    assert of_ines.count("Rosa") == 1


def test_who_talks_or_a_manager_hangs_up(desk, lead, rosa, samir, ines, signed_in, southside):
    call = calling(desk, lead)
    ending = f"/calls/{call.pk}/ending/"
    assert ending in page_of(desk), "their own phone rings"
    tell(call, ("accepted", rosa), ("dialled", None), ("connected", None))
    assert ending in page_of(desk)
    assert ending in page_of(signed_in(ines), "/floor/")
    for path in ("/floor/", f"/leads/{lead.pk}/"):
        assert ending not in page_of(signed_in(samir), path)
    assert signed_in(make_person("Lena", southside)).post(ending).status_code == 404
    assert signed_in(samir).post(ending, headers=HTMX).status_code == 409
    assert desk.post(ending).status_code == 303
    assert signed_in(ines).post(ending, headers=HTMX).status_code == 303
    call.refresh_from_db()
    assert [step[1:] for step in call.steps if step[1] == "hung_up"] == [
        ["hung_up", rosa.pk],
        ["hung_up", ines.pk],
    ]
    tell(call, ("ended", None), talk_ms=42_000)
    assert desk.post(ending, headers=HTMX).status_code == 409
    assert ending not in page_of(desk)


def test_ones_own_call_comes_first_on_the_desk(desk, lead, northside, rosa, now):
    """Before customers on the website, and everything else that can wait."""
    lost = lost_lead(northside, rosa, now - 20 * DAY, "Mrs Petrova")
    looks(browser_of(lost, make_site(northside)), now)
    run_due(now)
    call = calling(desk, lead)
    page = page_of(desk).split('id="desk"')[1]
    assert page.index("Your phone rings") < page.index("Mrs Petrova")
    tell(call, ("accepted", rosa), ("dialled", None), ("connected", None))
    page = page_of(desk).split('id="desk"')[1]
    assert page.index("You talk with Mr Okafor") < page.index("Mrs Petrova")


def test_the_floor_says_whose_call_a_button_ends(desk, lead, rosa, ines, signed_in):
    tell(calling(desk, lead), ("accepted", rosa), ("dialled", None), ("connected", None))
    named = 'Hang up…<span class="visually-hidden"> · Mr Okafor</span></summary>'
    floor = page_of(signed_in(ines), "/floor/")
    assert named in floor, "asked back: two others are cut off"
    assert "The customer and your colleague are cut off." in floor
    assert "your colleague are cut off" not in page_of(desk), "of one's own call one is sure"


def test_the_lead_says_how_each_call_ended(desk, lead, northside, rosa):
    call_of(northside, lead, rosa, outcome="no_answer", talk_ms=None)
    call_of(northside, lead, None, kind="inbound", outcome="missed", talk_ms=None, attempt="")
    why = {"text": "Somebody else was first."}
    call_of(northside, lead, rosa, outcome="refused", talk_ms=None, because=why)
    talked = call_of(northside, lead, rosa)
    because = {"text": "the sound could not be fetched"}
    Recording.objects.create(
        call=talked, dealer=northside, status="missing", because=because, created_at=talked.asked_at
    )
    page = page_of(desk, f"/leads/{lead.pk}/").split('id="calls"')[1].split("</section>")[0]
    for said in (
        '<b>Rosa</b> <span class="why">new lead · no answer</span>',
        '<b>Customer called</b> <span class="why">nobody took the customer’s call</span>',
        "· not connected · Somebody else was first.",
        "new lead · talked 1:02<",
        "The recording is missing",
    ):
        assert said in page, said
    assert "Have it listened to" not in page, "there is nothing to hear"


def test_whom_the_reader_spoke_to_is_called_back_from_the_phones_window(desk, lead, rosa, samir, signed_in):
    def window(client=desk):
        return client.get("/me/phone/window/", headers=HTMX).content.decode()

    call = calling(desk, lead)
    assert 'data-talk=""' in window(), "her phone only rings"
    tell(call, ("accepted", rosa), ("dialled", None), ("connected", None))
    assert f'data-talk="{call.pk}"' in window()
    assert "data-call-back" not in window()
    tell(call, ("ended", None), talk_ms=42_000)
    assert 'data-talk=""' in window()
    assert f'action="/leads/{lead.pk}/call/"' in window()
    assert f'data-call-back="{call.pk}"' in window()
    assert "data-call-back" not in window(signed_in(samir))
    assert desk.post(f"/leads/{lead.pk}/call/").status_code == 303
    assert "data-call-back" not in window(), "it rings already"
    again = Call.objects.get(status="wanted")
    claim(datetime.now(UTC))
    tell(again, ("nobody", None))
    assert f'data-call-back="{call.pk}"' in window(), "their phone rang in vain: nobody was called"


def test_a_bell_that_rings_at_several_is_passed_on_not_hung_up(desk, northside, rosa, samir, now):
    lead = locked(lead_of(northside, now=now - SECOND).pk)
    with_phone(samir, "+31611111118")
    ring.ring(lead, [rosa.pk, samir.pk], "all", 30, now)
    claim(now)
    assert desk.post(f"/calls/{Call.objects.get().pk}/ending/", headers=HTMX).status_code == 409


def test_nobody_heard_the_end_so_it_can_be_told(desk, lead, rosa, now):
    call = calling(desk, lead)
    tell(call, ("accepted", rosa), ("connected", None))
    Call.objects.update(status="over", outcome="unknown", ended_at=now)
    page = page_of(desk)
    assert "The call is over" in page
    assert "We talked" not in page
    Lead.objects.update(calling_since=now - 61 * SECOND)
    page = page_of(desk)
    assert "Nobody heard how this call ended" in page
    assert "We talked" in page
    assert desk.post(f"/leads/{lead.pk}/attempt/outcome/", {"outcome": "conversation"}).status_code == 303
    assert locked(lead.pk).standing.calling is None


def test_an_older_call_is_no_news_while_the_next_is_made(desk, northside, lead, rosa):
    call_of(northside, lead, rosa, HOUR, attempt="attempt:9", outcome="no_answer", talk_ms=None)
    assert "live-strip" not in page_of(desk)
    assert desk.post(f"/leads/{lead.pk}/attempt/").status_code == 303
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        page = page_of(desk, path)
        assert "live-strip" not in page
        assert "Calling now" in page


def test_a_ring_says_that_the_phone_rings_too(desk, northside, rosa, now):
    lead = locked(lead_of(northside, now=now - SECOND).pk)
    ring.ring(lead, [rosa.pk], "best", 30, now)
    claim(now)
    for path in ("/desk/", f"/leads/{lead.pk}/"):
        page = page_of(desk, path)
        assert "New lead, your turn" in page
        assert "Your phone rings: pick it up and press 1" in page
        assert "live-strip" not in page


def test_why_a_call_was_not_connected_is_said(desk, northside, lead, rosa, now):
    call_of(
        northside, lead, None, SECOND, people=[rosa.pk], outcome="refused", attempt="", talk_ms=None,
        because={"text": "Somebody else was first.", "values": {}},
    )  # fmt: skip
    page = page_of(desk)
    assert "Not connected" in page
    assert "Somebody else was first." in page


# The Call button


def test_accept_and_call_rings_the_phone_where_there_is_a_line(desk, northside, rosa, now):
    lead = locked(lead_of(northside, now=now - SECOND).pk)
    ring.ring(lead, [rosa.pk], "best", 30, now, phones=False)
    desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"})
    lead = locked(lead.pk)
    assert (lead.owner, lead.calling_by) == (rosa, None)
    assert Call.objects.get().kind == "outbound"


@pytest.mark.parametrize(
    "wrong", [{"down_since": datetime(2026, 1, 1, tzinfo=UTC)}, {"enabled": False}, {"seen_at": None}]
)
def test_without_a_line_that_is_up_it_is_called_by_hand(desk, northside, line, rosa, now, wrong):
    for name, value in wrong.items():
        setattr(line, name, value)
    line.save()
    lead = locked(lead_of(northside, now=now - SECOND).pk)
    ring.ring(lead, [rosa.pk], "best", 30, now, phones=False)
    desk.post(f"/leads/{lead.pk}/acceptance/", {"then": "call"})
    assert locked(lead.pk).calling_by == rosa.pk
    page = page_of(desk)
    assert 'href="tel:+31612345678" data-dial' in page
    assert "No answer" in page
    assert not Call.objects.exists()


def test_the_button_follows_the_line(desk, line, lead, rosa):
    by_line, by_hand = f'action="/leads/{lead.pk}/call/"', f'action="/leads/{lead.pk}/attempt/"'
    assert by_line in page_of(desk, f"/leads/{lead.pk}/")
    assert by_line in page_of(desk, "/leads/")
    line.down_since = datetime.now(UTC)
    line.save()
    page = page_of(desk, f"/leads/{lead.pk}/")
    assert by_line not in page
    assert by_hand in page
    assert by_line not in page_of(desk, "/leads/")


def test_a_refusal_is_said_in_words(desk, lead, rosa):
    calling(desk, lead)
    calling(desk, lead)
    assert Call.objects.count() == 1, "her phone rings already"
    Call.objects.all().update(status="over", outcome="nobody")
    rosa.phone = ""
    rosa.save()
    answer = desk.post(f"/leads/{lead.pk}/call/", headers=HTMX)
    assert "you have no phone number: call by hand" in answer.content.decode()


def test_another_dealers_lead_can_not_be_called(line, lead, lena, signed_in):
    assert signed_in(lena).post(f"/leads/{lead.pk}/call/").status_code == 404
    assert not Call.objects.exists()
    assert len(read_history(lead).facts) == 2


def test_screens_are_nudged():
    assert for_everybody(News(d=1, w="call", l=7))["call"] == CALL
    assert set(for_whose_desk_it_is(News(d=1, w="call", l=7, p=[3]))) == {"desk", "lead-7", "call"}
    assert for_everybody(News(d=1, w="lines"))["lines"] == LINES


# The Calls page


@pytest.fixture
def some(northside, rosa, samir, lead):
    """Three of Rosa's, one of Samir's, one nobody took, one test."""
    call_of(northside, lead, rosa)
    call_of(northside, lead, rosa, 2 * HOUR, outcome="no_answer", talk_ms=None)
    call_of(northside, lead, rosa, 3 * HOUR, kind="inbound", outcome="conversation", talk_ms=30_000)
    call_of(northside, lead, samir, 4 * HOUR, kind="outbound", outcome="busy", talk_ms=None)
    call_of(
        northside,
        lead,
        None,
        5 * HOUR,
        kind="inbound",
        outcome="missed",
        talk_ms=None,
        attempt="",
        people=[samir.pk],
    )
    call_of(northside, None, rosa, 6 * HOUR, kind="test", outcome="tested", talk_ms=None, attempt="")
    return northside


def rows(page):
    return page.count('class="list-group-item"')


def test_a_call_that_no_switchboard_took_is_not_said_to_ring(northside, lead, rosa, ines, signed_in):
    about = {"status": "wanted", "outcome": "", "talk_ms": None, "ended_at": None, "attempt": ""}
    call = call_of(northside, lead, None, timedelta(), **about | {"people": [rosa.pk]})
    page = page_of(signed_in(ines), "/calls/")
    assert "about to ring: Rosa" in page
    assert ">nobody<" not in page, "it isn't over"
    Call.objects.filter(pk=call.pk).update(asked_at=call.asked_at - MINUTE)
    for path in ("/calls/", f"/leads/{lead.pk}/"):
        page = page_of(signed_in(ines), path)
        assert "no switchboard took it: does it run?" in page
        assert "about to ring" not in page


def test_an_empty_page_says_what_will_stand_here(rosa, signed_in):
    assert "No calls yet" in page_of(signed_in(rosa), "/calls/")


def test_totals_name_their_base(some, northside, lead, samir, ines, signed_in):
    never_rang = call_of(northside, lead, samir, HOUR, outcome="not_placed", talk_ms=None)
    page = page_of(signed_in(ines), "/calls/")
    assert rows(page) == 7
    assert "the line could not place the call" in page
    assert "of 3 called" in page, "nobody tried to reach them by it"
    never_rang.delete()
    page = page_of(signed_in(ines), "/calls/")
    assert rows(page) == 6
    for said in (
        "<b>5</b> calls", "and 1 test<", "reached <b>1</b> of 3 called", "answered <b>1</b> of 2 who called us",
        "talked <b>1:32</b> in 2 conversations", "nobody took the customer’s call", "the key press was heard",
    ):  # fmt: skip
        assert said in page, said
    assert "%" not in page.split('class="calls-totals">')[1].split("</p>")[0], "too few for a rate"


def test_salespeople_see_their_own_and_what_rang_at_them(some, rosa, samir, signed_in):
    assert rows(page_of(signed_in(rosa), "/calls/")) == 4
    assert rows(page_of(signed_in(samir), "/calls/")) == 2
    page = page_of(signed_in(rosa), f"/calls/?person={samir.pk}")
    assert rows(page) == 0
    assert 'name="person"' not in page


def test_bdc_agents_see_all(some, northside, signed_in):
    assert rows(page_of(signed_in(make_person("Bea", northside, "bdc")), "/calls/")) == 6


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("outcome=conversation", 2), ("outcome=missed", 1), ("outcome=under_way", 0), ("outcome=x", 6),
        ("kind=inbound", 2), ("kind=test", 1), ("kind=inbound&outcome=missed", 1), ("period=all", 6), ("period=x", 6),
        ("recorded=1", 1), ("person=x", 6), ("person=99999999999999999999", 6), ("before=1-x", 6),
        ("before=999999999999999999-" + "f" * 32, 6), ("before=1-" + "0" * 32, 0),
    ],
)  # fmt: skip
def test_filters(some, ines, signed_in, asked, found, now):
    call = Call.objects.get(kind="inbound", outcome="conversation")
    Recording.objects.create(call=call, dealer=some, status="kept", created_at=now)
    assert rows(page_of(signed_in(ines), f"/calls/?{asked}")) == found


def test_by_person_and_period(some, northside, lead, ines, samir, signed_in):
    call_of(northside, lead, samir, timedelta(days=31))
    client = signed_in(ines)
    assert rows(page_of(client, f"/calls/?person={samir.pk}")) == 1
    assert rows(page_of(client, f"/calls/?person={samir.pk}&period=90")) == 2


def test_recordings_are_linked_to_who_may_listen(some, ines, samir, lead, signed_in, now):
    for status, call in zip(
        ("kept", "missing"), Call.objects.filter(person=samir).order_by("-asked_at"), strict=False
    ):
        Recording.objects.create(call=call, dealer=some, status=status, created_at=now)
    Recording.objects.create(
        call=Call.objects.get(outcome="no_answer"), dealer=some, status="missing", created_at=now
    )
    call = Call.objects.get(person=samir)
    assert f'href="/leads/{lead.pk}/#player-{call.pk.hex}"' in page_of(signed_in(samir), "/calls/")
    page = page_of(signed_in(ines), "/calls/")
    assert f"#player-{call.pk.hex}" in page
    assert "microphone-off" in page


def test_pages_follow_one_another(northside, lead, ines, signed_in):
    for number in range(ON_A_PAGE + 3):
        call_of(northside, lead, None, HOUR + number // 2 * SECOND)
    client = signed_in(ines)
    page = page_of(client, "/calls/?period=7")
    assert rows(page) == ON_A_PAGE
    older = page.split("&amp;before=")[1].split('"')[0]
    page = page_of(client, f"/calls/?period=7&before={older}")
    assert rows(page) == 3
    assert f"<b>{ON_A_PAGE + 3}</b> calls" in page


def test_another_dealers_calls_are_not_there(some, lena, southside, signed_in):
    assert rows(page_of(signed_in(lena), "/calls/")) == 0
    assert rows(page_of(signed_in(make_person("Olaf", southside, "manager")), "/calls/?period=all")) == 0


def test_importers_see_no_calls(some, northside, signed_in):
    assert signed_in(make_person("Ivan", northside, "importer")).get("/calls/").status_code == 403


def test_htmx_gets_the_list_only_and_nothing_is_inline(some, ines, signed_in):
    client = signed_in(ines)
    part = client.get("/calls/", headers=HTMX).content.decode()
    assert part.startswith('<div id="calls"')
    page = page_of(client, "/calls/")
    assert " style=" not in page
    assert "<style" not in page


def test_few_questions_for_any_number_of_calls(some, northside, lead, ines, signed_in):
    client = signed_in(ines)

    def asked():
        with CaptureQueriesContext(connection) as captured:
            page_of(client, "/calls/")
        return len(captured)

    asked()
    few = asked()
    for number in range(20):
        call_of(northside, lead, ines, HOUR + number * SECOND)
    assert asked() == few


# The Floor


def test_the_floor_shows_lines_and_calls(northside, rosa, ines, lead, line, desk, signed_in, now):
    make_it_noon(northside)
    line_of(
        northside, "twilio", place=2, down_since=now, down_because={"text": "the phone line doesn't answer"}
    )
    line_of(northside, "sip", place=3, seen_at=now - MINUTE)
    for path in ("/floor/", "/floor/?wall"):
        page = page_of(signed_in(ines), path)
        for said in (
            "Asterisk", "up</span>", "because the phone line doesn", "has not been seen since", "no call under way",
            "up: the screens ring",
        ):  # fmt: skip
            assert said in page, said
    northside.country, northside.zone = "NL", "Europe/Amsterdam"
    northside.save()
    tell(calling(desk, lead), ("rings", rosa))
    page = page_of(signed_in(ines), "/floor/")
    assert "1 call under way" in page
    assert "Rosa’s phone rings" in page


def test_a_call_lost_from_sight_is_not_shown_for_ever(northside, ines, lead, rosa, signed_in):
    call_of(northside, lead, rosa, 5 * HOUR, status="connected", outcome="")
    call_of(northside, lead, rosa, 2 * MINUTE, status="ringing", outcome="")
    call_of(northside, lead, rosa, 2 * MINUTE, status="wanted", outcome="")
    assert "no call under way" in page_of(signed_in(ines), "/floor/")


def test_a_dealer_without_lines_has_the_desk(northside, ines, signed_in):
    page = page_of(signed_in(ines), "/floor/")
    assert "up: the screens ring" in page
    assert "Asterisk" not in page

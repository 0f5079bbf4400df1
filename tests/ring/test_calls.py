"""What calls leave in the journal, and whose phone rings."""

import json
import os
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from structlog.testing import capture_logs

from leadbell.commands.phone import _watch as watch_check
from leadbell.conversation.actions import consent, opt_out, start_attempt
from leadbell.dealers.models import Organisation, Person
from leadbell.followup.actions import follow_up
from leadbell.followup.clockwork import run_due
from leadbell.followup.inbound import RINGS_S, arrives
from leadbell.followup.keypad import keyed
from leadbell.lead.facts import (
    Accepted,
    Answered,
    Attempted,
    AttemptEnded,
    CallBackAgreed,
    Connected,
    Lost,
    MissedCall,
    PassedOn,
    PickedUp,
    Quoted,
    Rang,
)
from leadbell.lead.history import History
from leadbell.lead.journal import locked, read_history
from leadbell.lead.models import Lead
from leadbell.refused import Refused
from leadbell.ring import calls, claiming, health, pressing, reconciling
from leadbell.ring.actions import accept, pass_on, ring, take
from leadbell.ring.calling import lines_of, rung_by_line
from leadbell.ring.models import Call, PhoneLine, PhoneRules, Recording, TrackingNumber
from leadbell.ring.ports import Dial, Heard
from leadbell.ring.wanted import call_from_the_screen, check_number, forget_lines, ring_me, want_for
from leadbell.routing.actions import staff_of
from leadbell.sale.actions import lose
from tests.conftest import NOON, lead_of, make_source

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _look_afresh() -> None:
    forget_lines()


@pytest.fixture
def line(northside: Organisation) -> PhoneLine:
    return PhoneLine.objects.create(
        dealer=northside, kind="asterisk", caller_id="+31201234567", trunk="trunk", created_at=NOON, seen_at=NOON,
    )  # fmt: skip


@pytest.fixture
def phones(rosa: Person, samir: Person) -> None:
    for person, number in ((rosa, "+31611111117"), (samir, "+31611111118")):
        person.phone = number
        person.save()


def rings(lead: Lead, *people: Person, at: Any = NOON) -> Call:
    """A call that rings at these people's phones for this lead."""
    ring(lead, [p.pk for p in people], "best" if len(people) == 1 else "all", 20, at)
    claiming.claim(at)
    return Call.objects.latest("asked_at")


def tell(call: Call, what: Any, at: Any, person: Person | None = None, **about: Any) -> Any:
    return calls.heard(Heard(call.pk.hex, what, at, person.pk if person else None, **about))


def dialled(dealer: Organisation, person: Person, heard: Sequence[str]) -> Lead:
    """A lead whose customer is called after 1 was pressed; this is heard of it, second by second."""
    lead = locked(lead_of(dealer).pk)
    call = rings(lead, person)
    assert isinstance(pressing.accepted(call.pk.hex, person.pk, NOON + 5 * SECOND), Dial)
    for n, what in enumerate(heard):
        tell(call, what, NOON + (6 + n) * SECOND)
    return lead


def facts(lead: Lead) -> History:
    return read_history(locked(lead.pk))


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(("what", "waits"), [("picked_up", "off"), ("connected", "on"), ("nobody", "on")])
def test_that_they_talked_and_how_it_ended_is_kept_on_the_disk(
    northside: Organisation, rosa: Person, what: str, waits: str
) -> None:
    call = rings(locked(lead_of(northside).pk), rosa)
    with connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit = on")
        tell(call, what, NOON + 5 * SECOND, rosa)
        cursor.execute("show synchronous_commit")
        assert cursor.fetchone() == (waits,)


@pytest.mark.usefixtures("phones")
def test_a_lead_call_from_ring_to_talk(northside: Organisation, rosa: Person, line: PhoneLine) -> None:
    PhoneRules.objects.create(dealer=northside, recording="announced")
    lead = locked(lead_of(northside).pk)
    ring(lead, [rosa.pk], "best", 20, NOON + SECOND)
    (placed,) = claiming.claim(NOON + SECOND)
    assert placed.line == "asterisk"
    (phone,) = placed.bell.phones
    assert (phone.person, phone.number, placed.bell.caller_id) == (rosa.pk, "+31611111117", "+31201234567")
    whisper = phone.whisper(NOON + 9 * SECOND).text
    assert (
        whisper
        == "New lead: Mr Okafor, Hyundai Kona 2026, sent 9 seconds ago. Press 1 to call, 2 to pass on."
    )
    assert claiming.claim(NOON + SECOND) == [], "a call is placed once"
    call = Call.objects.get()
    tell(call, "picked_up", NOON + 15 * SECOND, rosa)
    assert locked(lead.pk).ring_until == NOON + 40 * SECOND, "who has picked up may listen to the end"
    dial = pressing.accepted(call.pk.hex, rosa.pk, NOON + 18 * SECOND)
    assert isinstance(dial, Dial)
    assert (dial.number, dial.record, dial.announce and dial.announce.text) == (
        "+31612345678", True, "This call is recorded.",
    )  # fmt: skip
    assert isinstance(facts(lead).facts[-1], Attempted), "stored before anybody is dialled"
    tell(call, "dialled", NOON + 18 * SECOND)
    tell(call, "connected", NOON + 24 * SECOND)
    tell(call, "ended", NOON + 114 * SECOND, talk_ms=90_000)
    history = facts(lead)
    assert [type(f) for f in history.facts[-6:]] == [
        Rang,
        PickedUp,
        Accepted,
        Attempted,
        Connected,
        AttemptEnded,
    ]
    ended = history.facts[-1]
    assert isinstance(ended, AttemptEnded)
    assert (ended.outcome, ended.talk_ms, ended.connected_at) == ("conversation", 90_000, NOON + 24 * SECOND)
    call.refresh_from_db()
    assert (call.status, call.outcome, call.talk_ms, call.person_id) == (
        "over",
        "conversation",
        90_000,
        rosa.pk,
    )
    assert Recording.objects.get().status == "wanted"
    assert [step[1] for step in call.steps] == [
        "picked_up", "accepted", "recorded", "dialled", "connected", "ended",
    ]  # fmt: skip
    tell(call, "ended", NOON + 200 * SECOND, talk_ms=1)
    assert facts(lead) == history, "what is heard twice is written once"


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("words", "recorded"),
    [((), True), ((False,), False), ((True,), True), ((True, False), False), ((False, True), True)],
)
def test_who_does_not_want_to_be_recorded_is_not(
    northside: Organisation, rosa: Person, words: tuple[bool, ...], recorded: bool
) -> None:
    PhoneRules.objects.create(dealer=northside, recording="announced")
    lead = lead_of(northside)
    for given in words:
        consent(locked(lead.pk), rosa.pk, "recording", given, "They said so on the phone.", NOON)
    dial = pressing.accepted(rings(locked(lead.pk), rosa).pk.hex, rosa.pk, NOON + SECOND)
    assert isinstance(dial, Dial)
    assert (dial.record, dial.announce is not None) == (recorded, recorded)


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("at_the_press", "at_the_end", "kept"),
    [("silent", "off", 1), ("off", "silent", 0), ("silent", "silent", 1), ("no", "silent", 0)],
)
@pytest.mark.parametrize("phones_rung", [0, 60])
def test_what_was_recorded_is_kept_whatever_the_dealer_chose_in_mid_call(
    northside: Organisation, rosa: Person, at_the_press: str, at_the_end: str, kept: int, phones_rung: int
) -> None:
    lead = lead_of(northside)
    if at_the_press == "no":
        consent(locked(lead.pk), rosa.pk, "recording", False, "Not me.", NOON)
    rules = PhoneRules.objects.create(
        dealer=northside, recording="off" if at_the_press == "off" else "silent"
    )
    call = rings(locked(lead.pk), rosa)
    for _ in range(phones_rung):
        tell(call, "rings", NOON, rosa)
    assert isinstance(pressing.accepted(call.pk.hex, rosa.pk, NOON + SECOND), Dial)
    tell(call, "connected", NOON + 2 * SECOND)
    rules.recording = at_the_end
    rules.save()
    tell(call, "ended", NOON + MINUTE, talk_ms=58_000)
    assert Recording.objects.count() == kept


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("heard", "outcome"),
    [
        (["dialled", "customer_rings", "no_answer"], "no_answer"), (["dialled", "busy"], "busy"),
        (["dialled", "unreachable"], "unreachable"), (["dialled", "lost_track"], "unknown"),
        (["dialled", "connected", "voicemail", "ended"], "voicemail"),
    ],
)  # fmt: skip
def test_the_customers_end_is_the_attempts_outcome(
    northside: Organisation, rosa: Person, heard: list[str], outcome: str
) -> None:
    lead = dialled(northside, rosa, heard)
    ended = facts(lead).facts[-1]
    assert isinstance(ended, AttemptEnded)
    assert (ended.outcome, ended.talk_ms) == (outcome, None)
    lead = locked(lead.pk)
    follow_up(lead, NOON + MINUTE)
    assert lead.next_kind == "call", "the next attempt is planned"
    assert lead.next_at is not None
    assert lead.next_at > NOON + 60 * MINUTE


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize("heard", [["dialled", "not_placed"], ["line_down"], ["nobody"]])
def test_a_call_that_never_rang_at_the_customer_is_no_attempt(
    northside: Organisation, rosa: Person, heard: list[str]
) -> None:
    lead = dialled(northside, rosa, heard)
    lead = locked(lead.pk)
    assert (lead.state, lead.owner_id, lead.attempts, lead.first_attempt_at) == ("accepted", rosa.pk, 0, None)
    assert Call.objects.get().outcome == "not_placed"
    follow_up(lead, NOON + MINUTE)
    assert (lead.next_kind, lead.next_for, lead.next_at) == ("call", rosa.pk, lead.received_at)
    health.line_is_up("asterisk", NOON + 3 * MINUTE)
    assert call_from_the_screen(locked(lead.pk), rosa.pk, NOON + 3 * MINUTE) == Call.Kind.OUTBOUND
    (again,) = claiming.claim(NOON + 3 * MINUTE)
    assert isinstance(pressing.accepted(again.bell.key, rosa.pk, NOON + 3 * MINUTE), Dial)
    tell(Call.objects.get(pk=uuid.UUID(hex=again.bell.key)), "no_answer", NOON + 4 * MINUTE)
    lead = locked(lead.pk)
    assert (lead.state, lead.attempts, lead.first_attempt_at) == ("attempted", 1, NOON + 3 * MINUTE)
    assert len(facts(lead).of(Attempted)) == 1, "counted once, though it was begun twice"
    follow_up(lead, NOON + 5 * MINUTE)
    assert (lead.next_kind, lead.next_at) == ("call", NOON + 123 * MINUTE)


@pytest.mark.usefixtures("phones", "line")
def test_two_who_press_at_once_are_one_owner(northside: Organisation, rosa: Person, samir: Person) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa, samir)
    assert isinstance(accept(locked(lead.pk), samir.pk, NOON + 3 * SECOND), Accepted), "at the desk"
    turned = pressing.accepted(call.pk.hex, rosa.pk, NOON + 3 * SECOND)
    assert isinstance(turned, pressing.Turned)
    assert turned.tell is not None
    assert turned.tell.text == "Somebody else was first. Thank you."
    assert locked(lead.pk).owner_id == samir.pk
    assert not facts(lead).of(Attempted)
    assert not reconciling.still_rung(call.pk.hex)


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("what", "desk_is_open", "passed_on"),
    [
        ("declined", True, True), ("phone_busy", True, True), ("phone_silent", True, False),
        ("phone_silent", False, True), ("phone_unreachable", False, True), ("phone_unreachable", True, False),
    ],
)  # fmt: skip
def test_a_phone_that_does_not_answer_lets_it_ring_at_the_next(
    northside: Organisation, rosa: Person, what: str, desk_is_open: bool, passed_on: bool
) -> None:
    if desk_is_open:
        rosa.seen_at = NOON
        rosa.save()
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    tell(call, what, NOON + 2 * SECOND, rosa)
    assert bool(facts(lead).of(PassedOn)) is passed_on
    assert locked(lead.pk).ringing == ([] if passed_on else [rosa.pk])


@pytest.mark.usefixtures("phones")
def test_a_line_that_is_down_is_passed_over_and_the_floor_knows(
    northside: Organisation, rosa: Person, line: PhoneLine
) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    calls.could_not_ring(call.pk.hex, "not connected", NOON + SECOND)
    assert locked(lead.pk).ringing == []
    health.line_is_down("asterisk", NOON + SECOND, "not connected")
    line.refresh_from_db()
    assert line.down_since == NOON + SECOND
    assert want_for(lead, [rosa.pk], 20, NOON + SECOND) is None
    health.line_is_up("asterisk", NOON + 5 * SECOND)
    forget_lines()
    assert want_for(lead, [rosa.pk], 20, NOON + 6 * SECOND) == "asterisk"
    assert want_for(lead, [rosa.pk], 20, NOON + MINUTE) is None, (
        "a line nobody has seen for a while is no line"
    )


@pytest.mark.usefixtures("phones")
@pytest.mark.parametrize("trunk", ["", "voip"])
def test_a_line_of_whose_trunk_nobody_answers_is_down_until_it_does(
    northside: Organisation, rosa: Person, line: PhoneLine, trunk: str
) -> None:
    lead = locked(lead_of(northside).pk)
    PhoneLine.objects.update(trunk=trunk)
    health.line_is_up("asterisk", NOON, {"rosa", "another"})
    assert want_for(lead, [rosa.pk], 20, NOON) == "asterisk"
    for seconds in (1, 5):
        health.line_is_up("asterisk", NOON + seconds * SECOND, {trunk or "trunk"})
        forget_lines()
        line.refresh_from_db()
        assert (line.down_since, line.seen_at) == (NOON + SECOND, NOON + seconds * SECOND)
        assert want_for(lead, [rosa.pk], 20, NOON + seconds * SECOND) is None
    [state, _] = lines_of(northside.pk, NOON + 6 * SECOND)
    assert not state.is_up
    assert state.says.values["because"] == "the provider doesn't answer"
    health.line_is_up("asterisk", NOON + 7 * SECOND)
    forget_lines()
    line.refresh_from_db()
    assert (line.down_since, line.down_because) == (None, None)


@pytest.mark.usefixtures("phones", "line")
def test_no_phone_rings_where_the_customer_has_none_or_the_salesperson_has_none(
    northside: Organisation, rosa: Person, ines: Person
) -> None:
    without = locked(lead_of(northside, phone=None).pk)
    assert want_for(without, [rosa.pk], 20, NOON) is None
    lead = locked(lead_of(northside, email="b@example.org").pk)
    assert want_for(lead, [ines.pk], 20, NOON) is None
    assert want_for(lead, [ines.pk, rosa.pk], 20, NOON) == "asterisk"
    assert Call.objects.get().people == [rosa.pk]


@pytest.mark.usefixtures("phones")
@pytest.mark.parametrize(
    ("kind", "open_since", "own", "number"),
    [
        ("asterisk", timedelta(0), "+31611111117", "sip:browser-"),
        ("asterisk", timedelta(0), "", "sip:browser-"),
        (
            "asterisk",
            timedelta(minutes=2),
            "+31611111117",
            "+31611111117",
        ),  # its window has gone without a word
        ("asterisk", None, "+31611111117", "+31611111117"),
        ("asterisk", None, "", None),
        ("twilio", timedelta(0), "+31611111117", "+31611111117"),  # knows no browsers
        ("twilio", timedelta(0), "", None),
    ],
)
def test_a_phone_in_a_browser_rings_while_its_window_is_open_else_their_own(
    northside: Organisation,
    rosa: Person,
    samir: Person,
    kind: str,
    open_since: timedelta | None,
    own: str,
    number: str | None,
) -> None:
    PhoneLine.objects.create(dealer=northside, kind=kind, created_at=NOON, seen_at=NOON)
    rosa.in_browser, rosa.browser_open_at = True, None if open_since is None else NOON - open_since
    rosa.phone = own
    rosa.save()
    lead = locked(lead_of(northside).pk)
    ring(lead, [rosa.pk, samir.pk], "all", 20, NOON)
    (placed,) = claiming.claim(NOON)
    told = {phone.person: phone.number for phone in placed.bell.phones}
    assert told.get(rosa.pk) == (f"{number}{rosa.pk}" if number == "sip:browser-" else number)
    assert told[samir.pk] == "+31611111118"
    assert rung_by_line(rosa, [northside.pk], NOON) == (frozenset({northside.pk}) if number else frozenset())


@pytest.mark.parametrize(
    ("kind", "trunk", "rosas", "samirs"),
    [
        ("asterisk", "trunk", "sip:rosa", "sip:samir"),
        ("twilio", "northside.sip.twilio.com", "sip:rosa", "sip:samir"),
        ("twilio", "", "+31611111117", None),
        ("sip", "", "+31611111117", None),
    ],
)
def test_an_extension_rings_where_the_line_has_it_else_their_number(
    northside: Organisation,
    rosa: Person,
    samir: Person,
    kind: str,
    trunk: str,
    rosas: str,
    samirs: str | None,
) -> None:
    PhoneLine.objects.create(dealer=northside, kind=kind, trunk=trunk, created_at=NOON, seen_at=NOON)
    for person, phone in ((rosa, "+31611111117"), (samir, "")):
        person.extension, person.phone = person.name.lower(), phone
        person.save()
    ring(locked(lead_of(northside).pk), [rosa.pk, samir.pk], "all", 20, NOON)
    (placed,) = claiming.claim(NOON)
    told = {phone.person: phone.number for phone in placed.bell.phones}
    assert told == {rosa.pk: rosas} | ({samir.pk: samirs} if samirs else {})
    assert (northside.pk in rung_by_line(samir, [northside.pk], NOON)) == bool(samirs)


def test_the_first_line_that_reaches_them_rings(northside: Organisation, rosa: Person) -> None:
    for place, kind in enumerate(("sip", "asterisk")):
        PhoneLine.objects.create(dealer=northside, kind=kind, place=place, created_at=NOON, seen_at=NOON)
    rosa.extension = "rosa"
    rosa.save()
    assert want_for(locked(lead_of(northside).pk), [rosa.pk], 20, NOON) == "asterisk"


@pytest.mark.usefixtures("phones", "line")
def test_whose_number_may_not_be_dialled_is_not_waited_for(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    rosa.phone, rosa.seen_at = "+32470123456", NOON - 9 * MINUTE  # Belgian, and no desk open
    rosa.save()
    lead = locked(lead_of(northside).pk)
    ring(lead, [rosa.pk, samir.pk], "all", 20, NOON)
    (placed,) = claiming.claim(NOON)
    assert [phone.person for phone in placed.bell.phones] == [samir.pk]
    assert locked(lead.pk).ringing == [samir.pk]
    assert [step[1:] for step in Call.objects.get().steps] == [["phone_unreachable", rosa.pk]]


@pytest.mark.usefixtures("phones", "line")
def test_who_passes_it_on_at_the_screen_is_rung_no_more(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa, samir)
    assert reconciling.still_rung(call.pk.hex) == {rosa.pk, samir.pk}
    pass_on(locked(lead.pk), rosa.pk, NOON + 3 * SECOND)
    assert reconciling.still_rung(call.pk.hex) == {samir.pk}


@pytest.mark.usefixtures("phones", "line")
def test_what_was_taken_at_a_screen_before_the_switchboard_came_rings_nobody(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    ring(lead, [rosa.pk, samir.pk], "all", 20, NOON)
    accept(locked(lead.pk), samir.pk, NOON + 2 * SECOND)
    assert claiming.claim(NOON + 4 * SECOND) == []
    assert (Call.objects.get().status, Call.objects.get().outcome) == ("over", "nobody")


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("how", "said"), [("manager", "Nobody has called Mr Okafor yet"), ("owner", "Mr Okafor asked again")]
)
def test_the_manager_hears_that_a_lead_was_accepted_but_not_called(
    northside: Organisation, rosa: Person, samir: Person, how: Any, said: str
) -> None:
    lead = locked(lead_of(northside).pk)
    take(lead, rosa.pk, NOON + SECOND)
    ring(lead, [samir.pk], how, 20, NOON + 9 * SECOND)
    (placed,) = claiming.claim(NOON + 9 * SECOND)
    assert placed.bell.phones[0].whisper(NOON + 9 * SECOND).text.startswith(said)


@pytest.mark.usefixtures("phones", "line")
def test_a_call_wanted_while_the_switchboard_was_away_rings_nobody_late(
    northside: Organisation, rosa: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    ring(lead, [rosa.pk], "best", 20, NOON)
    assert claiming.claim(NOON + 25 * SECOND) == []
    assert (Call.objects.get().status, Call.objects.get().outcome) == ("over", "nobody")


@pytest.mark.usefixtures("phones", "line")
def test_a_call_from_the_screen_counts_as_attempt_when_the_customer_is_dialled(
    northside: Organisation, rosa: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    take(lead, rosa.pk, NOON + SECOND)
    assert not isinstance(call_from_the_screen(lead, rosa.pk, NOON + 5 * SECOND), Refused)
    assert not isinstance(call_from_the_screen(lead, rosa.pk, NOON + 6 * SECOND), Refused), "tapped twice"
    placed = claiming.claim(NOON + 5 * SECOND)[-1]
    assert placed.bell.phones[0].whisper(NOON).text == "Your call to Mr Okafor. Press 1 to be connected."
    assert not facts(lead).of(Attempted)
    dial = pressing.accepted(placed.bell.key, rosa.pk, NOON + 9 * SECOND)
    assert isinstance(dial, Dial)
    assert dial.number == "+31612345678"
    assert len(facts(lead).of(Attempted)) == 1


@pytest.mark.usefixtures("phones", "line")
def test_a_customer_who_wants_no_contact_is_not_dialled(northside: Organisation, rosa: Person) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    opt_out(locked(lead.pk), rosa.pk, NOON + SECOND)
    turned = pressing.accepted(call.pk.hex, rosa.pk, NOON + 2 * SECOND)
    assert isinstance(turned, pressing.Turned)
    assert not facts(lead).of(Attempted)
    assert isinstance(call_from_the_screen(locked(lead.pk), rosa.pk, NOON + 3 * SECOND), Refused)


@pytest.mark.usefixtures("phones", "line")
def test_ring_me_rings_and_hears_the_key(northside: Organisation, rosa: Person) -> None:
    number = ring_me(rosa, northside.pk, NOON)
    assert isinstance(number, uuid.UUID)
    (placed,) = claiming.claim(NOON)
    turned = pressing.accepted(placed.bell.key, rosa.pk, NOON + 4 * SECOND)
    assert isinstance(turned, pressing.Turned)
    assert turned.tell is not None
    call = Call.objects.get(pk=number)
    assert (call.status, call.outcome, call.steps) == ("over", "tested", [[4000, "accepted", rosa.pk]])


@pytest.mark.usefixtures("phones", "line")
def test_a_test_says_why_a_phone_was_not_reached(northside: Organisation, rosa: Person) -> None:
    ring_me(rosa, northside.pk, NOON)
    claiming.claim(NOON)
    call = Call.objects.get()
    tell(call, "phone_unreachable", NOON + SECOND, rosa, because="21 Call Rejected (100 % sure)")
    tell(call, "nobody", NOON + SECOND)
    call.refresh_from_db()
    assert call.because is not None
    assert call.because["text"] % call.because["values"] == "21 Call Rejected (100 % sure)"


@pytest.mark.usefixtures("phones", "line")
def test_a_check_prints_every_step_with_its_milliseconds_and_why_it_failed(
    northside: Organisation, rosa: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    call = check_number(northside, "+31612345678", NOON)
    assert isinstance(call, Call)
    claiming.claim(NOON + SECOND)
    tell(call, "rings", NOON + 2 * SECOND)
    tell(call, "phone_unreachable", NOON + 3 * SECOND, because="21 Call Rejected")
    tell(call, "nobody", NOON + 3 * SECOND)
    assert not watch_check(call)
    said = " ".join(capsys.readouterr().out.split())
    for line in ("1000 ms the switchboard rings", "3000 ms the number can't be reached"):
        assert line in said
    assert "nobody answered: 21 Call Rejected" in said


def test_a_check_says_why_no_line_is_up(northside: Organisation, line: PhoneLine) -> None:
    health.line_is_up("asterisk", NOON, {"trunk"})
    refused = check_number(northside, "+31612345678", NOON + SECOND)
    assert isinstance(refused, Refused)
    assert str(refused.because) == "No phone line is up. Asterisk: the provider doesn't answer."
    much_later = check_number(northside, "+31612345678", NOON + HOUR)
    assert isinstance(much_later, Refused)
    assert "Is `leadbell up` running" in str(much_later.because)


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(
    ("steps", "answered", "says", "says_not"),
    [
        (("rings", "picked_up", "phone_silent"), True, "over, and no key was pressed", "nobody answered"),
        (("rings", "phone_silent"), False, "nobody answered: 0 Unknown", "not a word"),
        (("phone_silent",), False, "not a word from the other side", "no key"),
    ],
)
def test_a_check_tells_silence_from_silence(
    northside: Organisation, rosa: Person, capsys: pytest.CaptureFixture[str], steps: tuple[str, ...],
    answered: bool, says: str, says_not: str,
) -> None:  # fmt: skip
    call = check_number(northside, "+31612345678", NOON)
    assert isinstance(call, Call)
    claiming.claim(NOON + SECOND)
    for n, step in enumerate(steps, 2):
        tell(call, step, NOON + n * SECOND, because="0 Unknown" if step == "phone_silent" else "")
    tell(call, "nobody", NOON + 9 * SECOND)
    assert watch_check(call) == answered
    said = " ".join(capsys.readouterr().out.split())
    assert (says in said, says_not in said) == (True, False)


@pytest.mark.usefixtures("line")
def test_a_number_that_costs_extra_is_refused_and_logged_without_it(northside: Organisation) -> None:
    with capture_logs() as logged:
        assert isinstance(check_number(northside, "+319001234567", NOON), Refused)
    assert not Call.objects.exists()
    (line,) = logged
    assert (line["log_level"], line["because"]) == ("warning", "this number costs extra: it is not dialled")
    assert "9001234567" not in str(logged)


def customer_calls(at: Any = NOON, caller: str = "+31612345678", called: str = "+31209999999") -> Any:
    return arrives(
        Heard(uuid.uuid4().hex, "arrived", at, called=called, caller=caller, leg="in-1"), "asterisk", at
    )


@pytest.fixture
def tracking(northside: Organisation) -> TrackingNumber:
    source = make_source(northside, "Advert", "call")
    return TrackingNumber.objects.create(
        dealer=northside, number="+31209999999", source=source.pk, name="Advert", created_at=NOON
    )


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_customer_who_calls_becomes_a_lead_and_is_put_through(rosa: Person, samir: Person) -> None:
    for person in (rosa, samir):
        person.seen_at = NOON
        person.save()
    bell = customer_calls()
    assert {p.person for p in bell.phones} == {rosa.pk, samir.pk}
    assert bell.waiting == "in-1"
    lead = locked(Lead.objects.get().pk)
    assert (lead.origin, lead.state, lead.source) == ("call", "ringing", "Advert")
    assert bell.phones[0].whisper(NOON).text.endswith("is on the line. Press 1 to answer, 2 to pass on.")
    dial = pressing.accepted(bell.key, samir.pk, NOON + 6 * SECOND)
    assert isinstance(dial, Dial)
    assert dial.number == "", "who waits is not dialled"
    tell(Call.objects.get(), "connected", NOON + 6 * SECOND)
    tell(Call.objects.get(), "ended", NOON + 66 * SECOND, talk_ms=60_000)
    history = facts(lead)
    assert history.of(Answered)
    assert not history.of(Attempted), "the customer called, not we"
    standing = history.standing
    assert (standing.owner, standing.reached_at, standing.attempts) == (samir.pk, NOON + 6 * SECOND, 0)


@pytest.mark.usefixtures("phones", "line", "tracking")
@pytest.mark.parametrize("last", ["nobody", "gone"])
def test_a_missed_call_rings_again_at_once(rosa: Person, last: str) -> None:
    rosa.seen_at = NOON
    rosa.save()
    bell = customer_calls()
    said = tell(Call.objects.get(pk=uuid.UUID(hex=bell.key)), last, NOON + 30 * SECOND)
    assert (said is not None) is (last == "nobody")
    health.line_is_up("asterisk", NOON + 30 * SECOND)
    lead = locked(Lead.objects.get().pk)
    assert facts(lead).of(MissedCall)
    follow_up(lead, NOON + 31 * SECOND)
    assert lead.ringing == [rosa.pk]
    assert Call.objects.get(pk=uuid.UUID(hex=bell.key)).outcome == "missed"
    assert Call.objects.filter(kind="lead").count() == 1, "her phone rings for the call back"


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_the_same_customer_calls_again_and_whose_customer_it_is_hears_it_first(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    for person in (rosa, samir):
        person.seen_at = NOON
        person.save()
    bell = customer_calls()
    pressing.accepted(bell.key, samir.pk, NOON + 6 * SECOND)
    tell(Call.objects.get(), "ended", NOON + 66 * SECOND, talk_ms=60_000)
    again = customer_calls(NOON + 5 * MINUTE)
    assert Lead.objects.count() == 1
    assert [(p.person, p.after_s > 0) for p in again.phones] == [(samir.pk, False), (rosa.pk, True)]


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_who_takes_it_at_the_screen_is_rung_while_the_customer_waits(
    northside: Organisation, rosa: Person, samir: Person, ines: Person
) -> None:
    for person in (rosa, samir):
        person.seen_at = NOON
        person.save()
    bell = customer_calls()
    lead = Lead.objects.get().pk
    pass_on(locked(lead), rosa.pk, NOON + SECOND)
    assert reconciling.still_rung(bell.key) == {samir.pk}
    accept(locked(lead), samir.pk, NOON + 2 * SECOND)
    assert reconciling.still_rung(bell.key) == {samir.pk}
    assert call_from_the_screen(locked(lead), samir.pk, NOON + 3 * SECOND) == Call.Kind.OUTBOUND
    assert Call.objects.count() == 1, "nobody calls a customer who is on the line"
    assert isinstance(pressing.accepted(bell.key, samir.pk, NOON + 4 * SECOND), Dial)
    assert not facts(locked(lead)).of(MissedCall)


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_customer_whom_nobody_wants_to_answer_is_not_left_waiting(
    rosa: Person, samir: Person, ines: Person
) -> None:
    bell = customer_calls()
    lead = Lead.objects.get().pk
    for person in (rosa, samir):
        pass_on(locked(lead), person.pk, NOON + SECOND)
    assert reconciling.still_rung(bell.key) == set()
    take(locked(lead), ines.pk, NOON + 2 * SECOND)
    both = {rosa.pk, samir.pk}
    assert reconciling.still_rung(bell.key) == both, "who took it isn't rung: whoever may, answers"
    assert isinstance(pressing.accepted(bell.key, rosa.pk, NOON + 4 * SECOND), Dial)
    assert locked(lead).owner_id == ines.pk, "whose lead it is stays so"


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_customer_who_calls_back_is_answered_although_nobody_said_how_calling_them_ended(
    northside: Organisation, rosa: Person
) -> None:
    tell(Call.objects.get(pk=uuid.UUID(hex=customer_calls().key)), "gone", NOON + 9 * SECOND)
    lead = Lead.objects.get().pk
    take(locked(lead), rosa.pk, NOON + 20 * SECOND)
    start_attempt(locked(lead), rosa.pk, NOON + 21 * SECOND)
    bell = customer_calls(NOON + MINUTE)
    assert isinstance(pressing.accepted(bell.key, rosa.pk, NOON + 66 * SECOND), Dial)
    (ended,) = facts(locked(lead)).of(AttemptEnded)
    assert isinstance(ended, AttemptEnded)
    assert (ended.outcome, locked(lead).standing.calling) == (
        "unknown",
        f"call:{uuid.UUID(hex=bell.key).hex}",
    )


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_nobody_else_is_rung_while_a_customer_waits(rosa: Person, samir: Person) -> None:
    for person in (rosa, samir):
        person.seen_at = NOON
        person.save()
    customer_calls()
    lead = locked(Lead.objects.get().pk)
    follow_up(lead, NOON + timedelta(seconds=RINGS_S + 5))
    assert set(lead.ringing) == {rosa.pk, samir.pk}
    assert Call.objects.count() == 1


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_customer_of_a_closed_lead_is_heard_first_by_whom_they_know(rosa: Person, samir: Person) -> None:
    for person in (rosa, samir):
        person.seen_at = NOON
        person.save()
    bell = customer_calls()
    pressing.accepted(bell.key, samir.pk, NOON + 6 * SECOND)
    tell(Call.objects.get(), "ended", NOON + 66 * SECOND, talk_ms=60_000)
    lose(locked(Lead.objects.get().pk), samir.pk, "price", NOON + 2 * MINUTE)
    again = customer_calls(NOON + 5 * MINUTE)
    assert Lead.objects.count() == 2
    assert [(p.person, p.after_s > 0) for p in again.phones] == [(samir.pk, False), (rosa.pk, True)]


@pytest.mark.usefixtures("phones", "line", "tracking")
@pytest.mark.parametrize(
    "called", ["+31209999999", "0031209999999", "31209999999", "0209999999", "020 999 9999"]
)
@pytest.mark.parametrize("caller", ["+31612345678", "0031612345678", "31612345678", "0612345678"])
def test_trunks_write_numbers_in_their_own_way(rosa: Person, called: str, caller: str) -> None:
    assert customer_calls(called="+31209999999") is not None
    assert customer_calls(NOON + MINUTE, caller, called) is not None
    lead = Lead.objects.get()
    assert lead.customer.phone == "+31612345678", "it is one customer, and can be called back"


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_number_that_may_be_two_is_nobodys(northside: Organisation, southside: Organisation) -> None:
    for dealer, country, number in ((northside, "NL", "+31201234567"), (southside, "DE", "+49201234567")):
        dealer.country = country
        dealer.save()
        source = make_source(dealer, "Folder", "call")
        TrackingNumber.objects.create(
            dealer=dealer, number=number, source=source.pk, name="Folder", created_at=NOON
        )
    assert customer_calls(called="0201234567") is None
    assert customer_calls(called="31201234567") is not None
    assert Lead.objects.get().dealer_id == northside.pk
    assert customer_calls(called="99") is None


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_an_account_that_is_called_is_found_by_the_number_that_was_addressed() -> None:
    news = Heard(
        uuid.uuid4().hex, "arrived", NOON, called="31201230000", addressed="+31209999999", leg="in-1",
        caller="+31612345678",
    )  # fmt: skip
    assert arrives(news, "asterisk", NOON) is not None


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_an_anonymous_caller_is_a_lead_too(rosa: Person) -> None:
    rosa.seen_at = NOON
    rosa.save()
    bell = customer_calls(caller="")
    assert bell.phones
    assert Lead.objects.get().customer.phones == []
    customer_calls(NOON + MINUTE, caller="")
    assert Lead.objects.count() == 2, "nobody knows whether it is the same person"


@pytest.mark.usefixtures("phones", "line", "tracking")
def test_a_number_that_is_nobodys_makes_no_lead() -> None:
    assert customer_calls(called="+31200000000") is None
    assert not Lead.objects.exists()


@pytest.mark.usefixtures("phones", "line")
@pytest.mark.parametrize(("digit", "kind"), [("1", Quoted), ("2", CallBackAgreed), ("3", Lost), ("7", None)])
def test_a_key_says_what_was_agreed(
    northside: Organisation, rosa: Person, digit: str, kind: type | None
) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    dial = pressing.accepted(call.pk.hex, rosa.pk, NOON + 5 * SECOND)
    assert isinstance(dial, Dial)
    assert dial.keypad is not None, "she has no screen open"
    assert dial.told["noted"].text == "Noted."
    tell(call, "connected", NOON + 9 * SECOND)
    tell(call, "ended", NOON + 69 * SECOND, talk_ms=60_000)
    keyed(Heard(call.pk.hex, "keyed", NOON + 75 * SECOND, rosa.pk, digit=digit))
    last = facts(lead).facts[-1]
    assert isinstance(last, kind or AttemptEnded)
    if isinstance(last, CallBackAgreed):
        assert last.due_at > NOON + timedelta(hours=20)


@pytest.mark.usefixtures("phones", "line")
def test_who_has_a_phone_can_be_reached_without_a_desk(
    northside: Organisation, rosa: Person, ines: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    follow_up(lead, NOON)
    assert len(lead.ringing) == 1
    rang = facts(lead).of(Rang)[-1]
    assert isinstance(rang, Rang)
    assert "nobody has the desk open" not in [str(because) for one in rang.ranked for because in one.because]
    assert Call.objects.get().people == lead.ringing


@pytest.mark.usefixtures("phones", "line")
def test_who_says_sold_in_mid_call_is_not_free_before_the_line_hangs_up(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    pressing.accepted(call.pk.hex, rosa.pk, NOON + 5 * SECOND)
    tell(call, "connected", NOON + 9 * SECOND)
    outcome = lose(locked(lead.pk), rosa.pk, "bought_elsewhere", NOON + 60 * SECOND)
    assert not isinstance(outcome, Refused)
    after = locked(lead_of(northside, customer="Mrs Vos", phone="+31612345679").pk)
    assert locked(lead.pk).calling_by is None
    assert talking(after, NOON + 61 * SECOND) == {rosa.pk}
    assert talking(after, NOON + 3 * HOUR) == set(), "a call whose end nobody heard keeps nobody busy"
    tell(call, "ended", NOON + 90 * SECOND, talk_ms=81_000)
    assert talking(after, NOON + 91 * SECOND) == set()


@pytest.mark.usefixtures("phones", "line")
def test_whose_phone_rings_for_their_own_call_from_the_screen_is_not_free(
    northside: Organisation, rosa: Person
) -> None:
    lead = locked(lead_of(northside, owner=rosa).pk)
    assert call_from_the_screen(lead, rosa.pk, NOON) == "outbound"
    call = Call.objects.get()
    after = locked(lead_of(northside, customer="Mrs Vos", phone="+31612345679").pk)
    assert talking(after, NOON + SECOND) == {rosa.pk}
    assert talking(after, NOON + (call.ring_s + 1) * SECOND) == set(), "nothing rings any more"


def talking(lead: Lead, now: Any) -> set[int]:
    """Who is in a conversation when it is asked who can be rung for this lead."""
    return {one.person for _, one in staff_of(lead, lead.dealer.opening_hours, now) if one.in_conversation}


@pytest.mark.usefixtures("phones", "line")
def test_the_second_attempt_rings_at_its_time_and_1_makes_it(northside: Organisation, rosa: Person) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    pressing.accepted(call.pk.hex, rosa.pk, NOON + 5 * SECOND)
    tell(call, "no_answer", NOON + 45 * SECOND)
    run_due(NOON + MINUTE)
    lead = locked(lead.pk)
    due = lead.next_at
    assert due is not None
    health.line_is_up("asterisk", due)
    run_due(due - SECOND)
    assert claiming.claim(due) == [], "not before its time"
    run_due(due)
    (placed,) = claiming.claim(due)
    assert placed.bell.people == (rosa.pk,)
    assert placed.bell.phones[0].whisper(due).text == "Your call to Mr Okafor. Press 1 to be connected."
    assert isinstance(pressing.accepted(placed.bell.key, rosa.pk, due + 5 * SECOND), Dial)
    assert len(facts(lead).of(Attempted)) == 2
    tell(Call.objects.get(pk=uuid.UUID(hex=placed.bell.key)), "no_answer", due + MINUTE)
    run_due(due + 2 * MINUTE)
    assert locked(lead.pk).next_kind == "call", "the third is planned"
    run_due(due + 3 * MINUTE)
    assert claiming.claim(due + 3 * MINUTE) == []


@pytest.mark.usefixtures("phones", "line")
def test_who_is_away_is_not_rung_for_another_attempt(northside: Organisation, rosa: Person) -> None:
    lead = locked(lead_of(northside).pk)
    call = rings(lead, rosa)
    pressing.accepted(call.pk.hex, rosa.pk, NOON + 5 * SECOND)
    tell(call, "no_answer", NOON + 45 * SECOND)
    run_due(NOON + MINUTE)
    due = locked(lead.pk).next_at
    assert due is not None
    health.line_is_up("asterisk", due)
    rosa.on_shift = False
    rosa.save()
    run_due(due)
    assert claiming.claim(due) == []


@pytest.mark.django_db(transaction=True)
def test_what_becomes_of_a_call_is_told_once_to_those_whose_phones_it_rings_at(
    northside: Organisation, rosa: Person, samir: Person
) -> None:
    call = Call.objects.create(
        id=uuid.uuid4(), dealer=northside, kind="test", line="asterisk", status="ringing",
        people=[samir.pk, rosa.pk], ring_s=20, asked_at=NOON,
    )  # fmt: skip
    with psycopg.connect(os.environ["LEADBELL_DB_OWNER"], autocommit=True) as screen:
        screen.execute("listen leadbell_screens")
        tell(call, "picked_up", NOON + SECOND, rosa)
        told = [json.loads(news.payload) for news in screen.notifies(timeout=0.5)]
    assert told == [{"d": northside.pk, "w": "call", "l": None, "p": sorted([rosa.pk, samir.pk])}]

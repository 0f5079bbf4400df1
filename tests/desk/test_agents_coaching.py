"""Coaching of BDC agents: at a group over all its dealers, each about themselves, their leader about all."""

from datetime import UTC, datetime, timedelta

import pytest

from leadbell.appointment.actions import book
from leadbell.conversation.actions import correct_outcome
from leadbell.desk.reviewing.agents import LENGTHS, SHARES
from leadbell.desk.reviewing.evidence import ASKED, FALLOUT, TITLES
from leadbell.handover.actions import Answered, accept, first_contact, offer, qualified, refuse
from leadbell.handover.agents import Length, work_of
from leadbell.lead.facts import Accepted, Attempted, AttemptEnded
from leadbell.lead.journal import locked, record
from leadbell.metrics.rows.keeping import keep_some
from leadbell.refused import Refused
from leadbell.review.models import CoachingAction, Review
from leadbell.routing.actions import assign
from leadbell.sale.actions import lose
from leadbell.words import say
from tests.conftest import lead_of, make_dealer, make_person
from tests.desk.test_rights import organisation
from tests.review.recorded import conversation

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def noord(northside):
    group = organisation("group", "Noord")
    northside.parent = group
    northside.save()
    return group


@pytest.fixture
def eastside(noord):
    return make_dealer("Eastside", noord)


@pytest.fixture
def noor(noord):
    return make_person("Noor", noord, "bdc")


@pytest.fixture
def thijs(noord):
    return make_person("Thijs", noord, "manager")


def done(outcome):
    assert not isinstance(outcome, Refused)
    return outcome


def taken(dealer, agent, at, name="Mr Okafor"):
    lead = lead_of(dealer, name, now=at - MINUTE)
    record(lead, Accepted(at=at, by=agent.pk))
    return lead


def handed(lead, agent, to, at, goal="appointment"):
    done(qualified(locked(lead.pk), agent.pk, goal, Answered(), at))
    if goal == "appointment":
        done(book(locked(lead.pk), agent.pk, at + 3 * DAY, at))
    offer(locked(lead.pk), to.pk, at + 30 * MINUTE, goal, at, by=agent.pk)


def whole_way(dealer, agent, to, at, went="kept", rdr=False, name="Mr Okafor"):
    """Taken, called after a minute, talked for three, handed over, accepted, and the first contact noted."""
    lead = taken(dealer, agent, at, name)
    call = conversation(lead, agent, at + MINUTE)
    handed(lead, agent, to, at + 5 * MINUTE)
    done(accept(locked(lead.pk), to.pk, at + 10 * MINUTE))
    done(
        first_contact(
            locked(lead.pk), to.pk, went, at + 20 * MINUTE, "price" if went == "dropped" else "", rdr
        )
    )
    return call


def lines(client, person):
    answer = client.get(f"/coaching/{person.pk}/")
    assert answer.status_code == 200
    return {str(line.title): line for line in answer.context["lines"]}


def title(name):
    return str((SHARES | LENGTHS)[name][1])


def test_the_journal_tells_an_agents_work(northside, eastside, noord, rosa, samir, noor, now):
    at = now - 3 * DAY
    whole_way(northside, noor, rosa, at, "dropped", rdr=True)
    refused = taken(eastside, noor, at)
    conversation(refused, noor, at + 4 * MINUTE, 60)
    handed(refused, noor, samir, at + 6 * MINUTE, "quote")
    done(refuse(locked(refused.pk), samir.pk, "busy", "", at + 9 * MINUTE))
    silent = taken(northside, noor, at)
    for nth in range(3):
        record(silent, Attempted(at=at + (nth + 1) * MINUTE, by=noor.pk, key=f"attempt:{nth + 1}"))
    done(lose(locked(silent.pk), noor.pk, "not_reachable", at + 9 * MINUTE))
    lazy = taken(northside, noor, at)
    record(lazy, Attempted(at=at + MINUTE, by=noor.pk, key="attempt:1", line="asterisk"))
    never_rang = AttemptEnded(at=at + MINUTE, by=noor.pk, key="attempt:1", outcome="not_placed")
    record(lazy, never_rang, key="attempt:1:ended")
    done(lose(locked(lazy.pk), noor.pk, "not_reachable", at + 9 * MINUTE))
    taken(northside, noor, now - timedelta(seconds=30))
    waits = taken(northside, noor, now - DAY)
    handed(waits, noor, rosa, now - MINUTE, "quote")

    work = work_of([northside.pk, eastside.pk], [noor.pk], now - 9 * DAY, now, now)[noor.pk]

    assert work.shares == {
        "attempted": (3, 5), "called_at_once": (2, 5), "three_attempts": (1, 2),
        "appointments": (1, 3), "accepted": (1, 2), "refused": (1, 2), "rdr": (1, 1),
    }  # fmt: skip
    assert work.lengths == {"to_call": Length(60_000, 3), "talk": Length(120_000, 2)}
    assert work_of([eastside.pk], [noor.pk], now - 9 * DAY, now, now)[noor.pk].shares["attempted"] == (1, 1)
    assert work_of([northside.pk], [noor.pk], now - 9 * DAY, at - DAY, now)[noor.pk].shares == {}


def test_a_voicemail_that_its_line_took_for_a_conversation_is_no_talk(northside, noord, noor, now):
    at = now - 3 * DAY
    lead = taken(northside, noor, at)
    for nth in range(3):
        conversation(lead, noor, at + (nth + 1) * HOUR, 10)
        done(correct_outcome(locked(lead.pk), noor.pk, "voicemail", at + (nth + 1) * HOUR + MINUTE))
    done(lose(locked(lead.pk), noor.pk, "not_reachable", at + DAY))
    work = work_of([northside.pk], [noor.pk], now - 9 * DAY, now, now)[noor.pk]
    assert work.shares["three_attempts"] == (1, 1)
    assert "talk" not in work.lengths


def test_what_ran_out_was_not_accepted_and_counts_for_who_offered_it(northside, noord, rosa, noor, ines, now):
    lead = taken(northside, noor, now - DAY)
    handed(lead, noor, rosa, now - DAY, "quote")
    done(assign(locked(lead.pk), ines.pk, None, now - DAY + 31 * MINUTE, say("nobody accepted in time")))
    shares = work_of([northside.pk], [noor.pk, rosa.pk], now - 9 * DAY, now, now)[noor.pk].shares
    assert (shares["accepted"], shares["refused"]) == ((0, 1), (0, 1))


def test_an_agent_of_a_group_sees_own_figures_over_its_dealers_and_the_other_agents_middle(
    signed_in, northside, eastside, noord, rosa, noor, ines, now
):
    thea, tom = make_person("Thea", noord, "bdc"), make_person("Tom", noord, "bdc")
    lars = make_person("Lars", eastside)
    for agent, fallen in ((noor, 1), (thea, 3), (tom, 2)):
        for nth in range(5):
            dealer, to = (northside, rosa) if nth < 3 else (eastside, lars)
            went = "dropped" if nth < fallen else "kept"
            call = whole_way(dealer, agent, to, now - timedelta(days=3, hours=nth), went, nth < fallen)
            Review.objects.create(
                dealer=dealer, lead=call.lead, call=call.pk, attempt=call.attempt, person=agent,
                talked_at=call.connected_at, reviewer=ines, version=1, at=call.ended_at, verdict="opportunity",
                asked=nth != 0, made=True, drawn=True,
            )  # fmt: skip
    keep_some()
    client = signed_in(noor)
    seen = lines(client, noor)
    assert (seen[title("agent_called_at_once")].value, seen[title("agent_called_at_once")].base) == (
        "100 %", "5 of 5",
    )  # fmt: skip
    assert (seen[title("agent_to_call")].value, seen[title("agent_to_call")].team) == ("1:00", "1:00")
    assert seen[title("agent_talk")].value == "3:00"
    fallout = seen[str(TITLES[FALLOUT])]
    assert (fallout.value, fallout.base, fallout.team) == ("20 %", "1 of 5", "40 %")
    assert fallout.interval
    assert (seen[title("agent_rdr")].value, seen[title("agent_rdr")].team) == ("20 %", "40 %")
    assert (seen[str(TITLES[ASKED])].value, seen[title("agent_accepted")].base) == ("80 %", "5 of 5")
    shown = client.get(f"/coaching/{noor.pk}/").content.decode()
    assert "Thea" not in shown
    assert "Agree</button>" not in shown
    assert client.get("/coaching/").headers["Location"] == f"/coaching/{noor.pk}/"
    # Who took it over is told of the same leads from the other side.
    assert lines(signed_in(rosa), rosa)[str(TITLES[FALLOUT])].base == "6 of 9"


def test_too_few_of_one_agent_say_nothing(signed_in, northside, rosa, noor, now):
    whole_way(northside, noor, rosa, now - DAY)
    keep_some()
    seen = lines(signed_in(noor), noor)
    assert {line.value for line in seen.values()} == {""}
    assert {line.team for line in seen.values()} == {""}


def test_who_leads_the_agents_sees_them_agrees_with_them_and_closes_it(
    signed_in, northside, rosa, noor, thijs, now
):
    client = signed_in(thijs)
    team = client.get("/coaching/").content.decode()
    assert team.index("Noor") < team.index("Rosa")
    address = f"/coaching/{noor.pk}/agreements/"
    form = {"text": "Call first, read later", "figure": "agent_called_at_once"}
    client.post(address, form | {"due_on": (now + 20 * DAY).date().isoformat()})
    agreed = CoachingAction.objects.get()
    assert (agreed.dealer_id, agreed.figure) == (noor.organisation_id, "agent_called_at_once")
    assert "1 agreement open" in client.get("/coaching/").content.decode()
    assert "Call first, read later" in signed_in(noor).get(f"/coaching/{noor.pk}/").content.decode()
    client.post(f"{address}{agreed.pk}/closing/", {"how": "done"})
    agreed.refresh_from_db()
    assert agreed.is_done


def test_before_and_after_an_agreement_with_an_agent(signed_in, northside, noor, thijs, now):
    for days, after in ((30, 5 * MINUTE), (5, MINUTE)):
        for nth in range(12):
            lead = taken(northside, noor, now - timedelta(days=days, minutes=20 * nth))
            conversation(lead, noor, now - timedelta(days=days, minutes=20 * nth) + after)
    CoachingAction.objects.create(
        dealer=noor.organisation, person=noor, text="Call first", figure="agent_called_at_once", agreed_by=thijs,
        agreed_at=now - 20 * DAY, due_on=now.date(),
    )  # fmt: skip
    (one,) = signed_in(noor).get(f"/coaching/{noor.pk}/").context["agreed"]
    assert (one.change.before, one.change.after) == ((0, 12), (12, 12))
    assert str(one.change.verdict) == "better than before"
    assert str(one.title) == title("agent_called_at_once")


def test_who_sees_an_agents_page(signed_in, northside, southside, rosa, ines, noord, noor, thijs, now):
    zuid = organisation("group", "Zuid")
    southside.parent = zuid
    southside.save()
    importer = organisation("importer", "Aurora")
    noord.parent = importer
    noord.save()
    table = [
        (noor, 200), (thijs, 200), (make_person("Thea", noord, "bdc"), 403),
        (make_person("Zoe", zuid, "bdc"), 404), (make_person("Zara", zuid, "manager"), 404),
        (make_person("Olga", southside, "manager"), 404), (ines, 404), (rosa, 404),
        (make_person("Tim", northside, "bdc"), 404), (make_person("Femke", importer, "importer"), 403),
    ]  # fmt: skip
    kept = CoachingAction.objects.create(
        dealer=noord, person=noor, text="Call first", agreed_by=thijs, agreed_at=now, due_on=now.date()
    )
    form = {"text": "Ask", "due_on": (now + DAY).date().isoformat()}
    for person, status in table:
        client = signed_in(person)
        assert client.get(f"/coaching/{noor.pk}/").status_code == status, person
        if person != thijs:
            said = client.post(f"/coaching/{noor.pk}/agreements/", form).status_code
            closed = client.post(f"/coaching/{noor.pk}/agreements/{kept.pk}/closing/").status_code
            assert {said, closed} <= {403, 404}, person
    assert list(CoachingAction.objects.values_list("closed_at", flat=True)) == [None]


def test_an_agent_at_a_dealer_gets_an_agents_figures(signed_in, northside, rosa, ines, now):
    tim = make_person("Tim", northside, "bdc")
    whole_way(northside, tim, rosa, now - DAY)
    assert title("agent_accepted") in lines(signed_in(ines), tim)
    assert title("agent_accepted") not in lines(signed_in(ines), rosa)

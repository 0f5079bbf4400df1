"""The messenger with many dealers: nobody's slow mailbox, broken account or fault holds up anybody else."""

import socket
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from leadbell.conversation.carriers import carrier_for
from leadbell.conversation.mailboxes import asked_tests, mailboxes_due
from leadbell.conversation.models import Message, MessageSetup
from leadbell.conversation.sending import claim
from leadbell.followup.messenger import ERRANDS_AT_ONCE, Messenger, UnderWay
from leadbell.lead.facts import Undelivered
from leadbell.lead.journal import read_history
from tests.conftest import NOON, lead_of, make_dealer
from tests.conversation.mail import set_up_mail
from tests.conversation.test_automations import NIGHT, at_night
from tests.conversation.test_sending import written
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def messenger():
    times = [NOON]
    made = Messenger(lambda: times[-1], lambda name: carrier_for(name, SimpleNamespace()))
    made.times = times
    yield made
    made.close()


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listening:
        yield listening.getsockname()[1]


def with_mailbox(organisation, port, **about):
    return set_up_mail(organisation, 1, replies="mailbox", imap_host="127.0.0.1", imap_port=port,
                       imap_security="none", imap_login="sales", **about)  # fmt: skip


def test_many_slow_mailboxes_hold_up_no_letter(northside, rosa, server, taken, silent, messenger):
    for number in range(3 * ERRANDS_AT_ONCE):
        with_mailbox(make_dealer(f"Northside {number}"), silent)
    messenger.step()
    set_up_mail(northside, server.port)
    written(lead_of(northside), rosa)
    assert eventually(lambda: [messenger.step()] and taken.letters, 20)
    assert sum(one.errand for one in messenger._busy.values()) == ERRANDS_AT_ONCE


def test_the_mailbox_that_waits_longest_comes_first(northside, southside):
    with_mailbox(northside, 1, imap_looked_at=NOON - MINUTE)
    with_mailbox(southside, 1, imap_looked_at=NOON - 2 * MINUTE)
    ((first, _),) = mailboxes_due(NOON, 1, (), NOON)
    assert first.dealer == southside


def test_a_fault_in_one_is_written_down_as_such_and_stops_no_other(messenger, capsys):
    written_down = []

    def cant(answer):
        if answer != "failed":
            raise RuntimeError("Mr Okafor, +31612345678")
        written_down.append(answer)

    def never(answer):
        raise RuntimeError("not even that")

    messenger._begin(lambda: "done", UnderWay(1, cant, "failed"))
    messenger._begin(lambda: "done", UnderWay(2, never, "failed"))
    messenger._begin(lambda: 1 / 0, UnderWay(3, written_down.append, "failed"))
    messenger._begin(lambda: "done", UnderWay(4, written_down.append, "failed"))
    messenger.finish(20)
    assert sorted(written_down) == ["done", "failed", "failed"]
    said = "".join(capsys.readouterr())
    assert "RuntimeError at messenger.py" in said
    assert "Okafor" not in said


def test_a_database_that_is_away_is_no_fault_of_one(messenger):
    def away(answer):
        raise OperationalError("away")

    messenger._begin(lambda: "done", UnderWay(1, away, "failed"))
    with pytest.raises(OperationalError):
        messenger.finish(20)


def test_an_account_that_cant_be_used_stops_no_other(northside, southside):
    for organisation in (northside, southside):
        with_mailbox(organisation, 1, test_status="asked", test_at=NOON, test_to="ines@northside.example")
    MessageSetup.objects.filter(dealer=northside).update(imap_security="bad", security="bad")
    assert [setup.dealer for setup, _ in mailboxes_due(NOON, 5, (), NOON)] == [southside]
    assert [setup.dealer for setup, _, _ in asked_tests(NOON, 5, ())] == [southside]
    broken = MessageSetup.objects.get(dealer=northside)
    assert (broken.test_status, broken.imap_looked_at) == ("failed", NOON)
    assert "save it anew" in broken.imap_because["text"]
    assert "save it anew" in broken.test_because["text"]


def test_a_message_that_cant_be_made_ready_stops_no_other(northside, rosa, southside, lena):
    for organisation, person in ((northside, rosa), (southside, lena)):
        set_up_mail(organisation, 1)
        written(lead_of(organisation), person)
    MessageSetup.objects.filter(dealer=northside).update(security="bad")
    assert [one.message.dealer for one in claim(NOON, 5)] == [southside]
    message = Message.objects.get(dealer=northside)
    assert (message.status, message.send_at) == ("queued", NOON + 15 * MINUTE)
    assert claim(NOON + timedelta(hours=24), 5) == []
    message.refresh_from_db()
    assert message.status == "failed"


def test_a_letter_that_cant_be_made_is_never_sent_and_said_to_be_so(
    northside, rosa, server, taken, messenger
):
    set_up_mail(northside, server.port)
    lead = lead_of(northside)
    message = written(lead, rosa)
    Message.objects.filter(pk=message.pk).update(
        carrier="email", message_id="<a@b.example>\nBcc: x@y.example"
    )
    messenger.step()
    messenger.finish(10)
    message.refresh_from_db()
    assert (message.status, taken.letters) == ("failed", [])
    assert "no letter" in message.because["text"]
    assert len(read_history(lead).of(Undelivered)) == 1


def test_a_fault_before_a_letter_is_there_is_never_called_perhaps_sent(northside, rosa, capsys):
    def no_carrier(name):
        raise RuntimeError("Mr Okafor")

    set_up_mail(northside, 1)
    message = written(lead_of(northside), rosa)
    messenger = Messenger(lambda: NOON, no_carrier)
    messenger.step()
    messenger.close()
    message.refresh_from_db()
    assert message.status == "failed"
    assert "Okafor" not in "".join(capsys.readouterr())


def test_what_is_sent_by_itself_is_looked_for_every_half_minute(northside, messenger):
    set_up_mail(northside, 1, automations=["acknowledge"], mail_on=True)
    northside.hours = {"week": {"monday": [["09:00", "18:00"]]}}
    northside.save()
    messenger.times[:] = [NIGHT]
    messenger.step()
    at_night(northside)
    messenger.times.append(NIGHT + timedelta(seconds=29))
    messenger.step()
    assert not Message.objects.exists()
    messenger.times.append(NIGHT + timedelta(seconds=30))
    messenger.step()
    assert Message.objects.get().automation == "acknowledge"

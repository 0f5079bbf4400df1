"""The weekly report: what stands in it, in whose words, of whose leads, and that it is sent once."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from leadbell.conversation import actions as conversation
from leadbell.conversation import staffmail
from leadbell.conversation.models import MessageSetup, StaffMail
from leadbell.dealers.models import Organisation
from leadbell.lead.facts import Assigned
from leadbell.lead.journal import record
from leadbell.lead.models import Lead
from leadbell.metrics.__main__ import keep_writing
from leadbell.metrics.answers import Answer, wilson
from leadbell.metrics.catalogue import METRICS
from leadbell.metrics.rows.keeping import keep_some, note_stale
from leadbell.metrics.weekly.actions import write_due
from leadbell.metrics.weekly.letter import LETTERS
from leadbell.metrics.weekly.report import FIGURES, Line
from leadbell.metrics.weekly.rules import LATE
from tests.conftest import lead_of, make_dealer, make_person
from tests.conversation.mail import set_up_mail
from tests.metrics.letters import parts, run, sent_to

pytestmark = pytest.mark.django_db
#: A Monday, 7:00 in Amsterdam, and noon of the Wednesday before and of one three weeks before that.
SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
WEDNESDAY, EARLIER = datetime(2026, 11, 18, 11, 0, tzinfo=UTC), datetime(2026, 10, 28, 11, 0, tzinfo=UTC)
LAST_YEAR = datetime(2025, 11, 23, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVIL = '<img src=x onerror=alert(1)>\r\nBcc: everybody@example.org "quoted"'


def received(dealer, person, at, leads, called):
    """So many leads from then on, of which the first are called within a minute."""
    for number in range(leads):
        lead = lead_of(dealer, f"Mr Okafor {number}", now=at + number * MINUTE)
        record(lead, Assigned(at=lead.received_at, to=person.pk))
        if number < called:
            conversation.start_attempt(lead, person.pk, lead.received_at + MINUTE)


@pytest.fixture
def worked(northside, rosa):
    """A week in which 9 of 30 were called, after weeks of 30 of 30."""
    received(northside, rosa, WEDNESDAY, leads=30, called=9)
    received(northside, rosa, EARLIER, leads=30, called=30)
    keep()


def keep():
    note_stale()
    while keep_some():
        pass


def wants(person, since=LAST_YEAR):
    person.weekly_from = since
    person.save()
    return person


def letter_to(person, taken):
    return sent_to(person, taken, write_due, SEVEN)


@pytest.mark.parametrize(
    ("called", "before", "says"), [(9, 30, "worse"), (30, 9, "better"), (20, 22, ""), (0, 0, "")]
)
def test_clearly_is_said_only_where_the_intervals_dont_overlap(called, before, says):
    metric = METRICS["attempted_rate"]
    now, then = (
        Answer(metric, (), part, 30 if part else 3, part / 30 if part else None, wilson(part, 30))
        for part in (called, before)
    )
    assert Line(now, then).change == says


def test_a_manager_gets_the_week_beside_the_four_before(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    mail = letter_to(wants(ines), taken)
    assert mail["Subject"] == "Northside: the week of 16 Nov to 22 Nov"
    assert mail["From"] == "Leadbell · Northside <sales@northside.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in parts(mail):
        said = " ".join(part.split())
        assert "It’s the process, not the leads. 39 of 39 customers called are never reached." in said
        assert "30 leads were received in the week" in said
        assert "7.5 a week in the four weeks before" in said
        assert "9 of 30 leads forwarded in opening hours" in said
        assert "95 % interval 16.7–47.9 %" in said
        assert "four weeks before: 100 %, 30 of 30" in said
        assert "clearly worse than before" in said
        assert "too few" in said  # nobody had a conversation, so nothing is said of appointments
        assert "period=days&from=2026-11-16&to=2026-11-22" in said.replace("&amp;", "&")
        assert "Okafor" not in said
        assert "Rosa" not in said
    assert (
        'href="http://127.0.0.1:8000/reports/figures/attempted_rate/?who=all&amp;period=days'
        in parts(mail)[1]
    )


def test_its_bars_are_cells_and_it_loads_nothing(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    _, page = parts(letter_to(wants(ines), taken))
    assert re.search(r'<td width="30%"[^>]*bgcolor="#1d4ed8"', page)
    for foreign in ("<img", "<svg", "<script", "<link", "<style", "url("):
        assert foreign not in page


def test_its_link_ends_it_with_one_click(worked, northside, ines, server, taken, client):
    set_up_mail(northside, server.port)
    mail = letter_to(wants(ines), taken)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.fullmatch("<(.+)>", mail["List-Unsubscribe"])[1]
    assert all(url in part for part in parts(mail))
    path = "/weekly/" + url.rsplit("/weekly/")[1]
    assert client.get(path).status_code == 200
    ines.refresh_from_db()
    assert ines.weekly_from is not None
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    ines.refresh_from_db()
    assert ines.weekly_from is None
    assert write_due(SEVEN + timedelta(days=7)) == 0


def test_nobody_gets_it_unasked_or_before_monday(worked, ines, rosa, server):
    assert write_due(SEVEN) == 0
    wants(rosa)
    assert write_due(SEVEN) == 0, "a salesperson's week is on the screen"
    wants(ines)
    assert write_due(SEVEN - timedelta(seconds=1)) == 0
    assert write_due(SEVEN + LATE) == 0
    ines.is_active = False
    ines.save()
    assert write_due(SEVEN) == 0


def test_it_is_written_once_and_sent_once(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    assert [write_due(SEVEN), write_due(SEVEN), write_due(SEVEN + timedelta(hours=5))] == [1, 0, 0]
    run(SEVEN)
    run(SEVEN)
    assert len(taken.letters) == 1
    LETTERS.want(ines, SEVEN, on=False)
    LETTERS.want(ines, SEVEN - MINUTE, on=True)
    assert write_due(SEVEN) == 0
    assert write_due(SEVEN + timedelta(days=7)) == 1


def test_looking_again_asks_the_same_for_many_readers_as_for_one(
    worked, northside, django_assert_num_queries
):
    for name in ("Lars", "Olga", "Pim"):
        wants(make_person(name, northside, "manager"))
    assert write_due(SEVEN) == 3
    with django_assert_num_queries(2):
        assert write_due(SEVEN) == 0


def test_killed_while_it_was_sent_it_is_not_sent_again(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    write_due(SEVEN)
    assert len(staffmail.claim(SEVEN, 8)) == 1  # and here the messenger dies
    assert staffmail.claim(SEVEN, 8) == []
    staffmail.forgotten(SEVEN + MINUTE)
    run(SEVEN + MINUTE)
    assert write_due(SEVEN + MINUTE) == 0
    assert taken.letters == []
    told = staffmail.last_told(ines.pk, "week")
    assert told is not None
    assert told.status == "unsure"


def test_a_server_that_is_busy_is_asked_again(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    write_due(SEVEN)
    taken.to_recipient = "450 4.2.1 mailbox busy"
    run(SEVEN)
    assert StaffMail.objects.get().status == "queued"
    taken.to_recipient = "250 OK"
    run(SEVEN + MINUTE)
    assert StaffMail.objects.get().status == "sent"
    assert len(taken.letters) == 1


def test_without_an_account_it_waits_a_day_and_says_why(worked, northside, ines, server, taken):
    wants(ines)
    write_due(SEVEN)
    run(SEVEN)
    assert StaffMail.objects.get().status == "queued"
    run(SEVEN + timedelta(hours=25))
    told = staffmail.last_told(ines.pk, "week")
    assert told is not None
    assert (told.status, str(told.because)) == ("failed", "no mail account is set up")
    set_up_mail(northside, server.port)
    run(SEVEN + timedelta(hours=26))
    assert taken.letters == []


def test_an_account_that_cant_be_used_stops_no_other(worked, northside, ines, southside, server, taken):
    for dealer in (northside, southside):
        set_up_mail(dealer, server.port)
    wants(ines)
    other = wants(make_person("Lars", southside, "manager"))
    assert write_due(SEVEN) == 2
    MessageSetup.objects.filter(dealer=northside).update(security="bad")
    run(SEVEN)
    assert [recipients for _, recipients, _ in taken.letters] == [[other.email]]
    waiting = StaffMail.objects.get(person=ines)
    assert (waiting.status, waiting.send_at) == ("queued", SEVEN + 15 * MINUTE)
    assert waiting.because["text"] == "making it ready failed"
    MessageSetup.objects.filter(dealer=northside).update(security="none")
    run(SEVEN + 15 * MINUTE)
    assert len(taken.letters) == 2


def test_who_ended_it_meanwhile_gets_no_letter_that_waited(worked, northside, ines, server, taken):
    wants(ines)
    write_due(SEVEN)
    LETTERS.turn_off(LETTERS.name_of(ines), SEVEN)
    set_up_mail(northside, server.port)
    run(SEVEN)
    assert taken.letters == []
    assert StaffMail.objects.get().status == "failed"


def test_the_importer_hears_over_the_houses_account_of_its_dealers_and_of_nobody_else(
    worked, northside, southside, lena, server, taken, settings
):
    settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", server.port, "none"
    settings.MAIL_SENDER = "leadbell@house.example"
    above = make_dealer("Hyundai")
    above.kind = "importer"
    above.save()
    other = make_dealer("Westside")
    for dealer in (northside, southside):
        dealer.parent = above
        dealer.save()
    received(southside, lena, WEDNESDAY, leads=10, called=10)
    received(other, make_person("Omar", other), WEDNESDAY, leads=50, called=50)
    keep()
    mail = letter_to(wants(make_person("Ivan", above, "importer")), taken)
    assert mail["From"] == "Leadbell · Hyundai <leadbell@house.example>"
    for part in parts(mail):
        said = " ".join(part.split())
        assert "40 leads were received in the week" in said
        assert "19 of 40 leads forwarded in opening hours" in said
        assert "/league/?" in said
        assert "/reports/figures/" not in said
        assert "Okafor" not in said


@pytest.mark.parametrize("language", ["en", "nl", "ru"])
def test_it_comes_in_the_readers_language(language, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    ines.language = language
    plain, page = parts(letter_to(wants(ines), taken))
    assert f'<html lang="{language}">' in page
    told = {
        "en": "Too few leads to tell.",
        "nl": "Te weinig leads om iets te zeggen.",
        "ru": "Лидов слишком мало",
    }
    assert told[language] in plain
    assert told[language] in page


def test_a_dealer_without_leads_hears_that(northside, ines, server, taken):
    set_up_mail(northside, server.port)
    for part in parts(letter_to(wants(ines), taken)):
        said = " ".join(part.split())
        assert "No lead was received in the week" in said
        assert said.count("too few") >= len(FIGURES)
        assert "nan" not in said.lower().split()


def test_a_hostile_name_stays_a_name(northside, ines, server, taken):
    set_up_mail(northside, server.port)
    Organisation.objects.filter(pk=northside.pk).update(name=EVIL)
    mail = letter_to(wants(ines), taken)
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    _, page = parts(mail)
    assert "<img" not in page
    assert "&lt;img src=x" in page


def test_another_dealers_week_is_in_nothing(worked, southside, server, taken):
    set_up_mail(southside, server.port)
    boss = wants(make_person("Lars", southside, "manager"))
    for part in parts(letter_to(boss, taken)):
        assert "No lead was received in the week" in " ".join(part.split())


def test_the_web_sees_only_what_became_of_it(worked, ines):
    wants(ines)
    write_due(SEVEN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local role leadbell_app")
        told = staffmail.last_told(ines.pk, "week")
        assert told is not None
        assert told.status == "queued"
    with connection.cursor() as cursor:
        for column in ("html", "text", "address", "opt_out_url"):
            cursor.execute(
                "select has_column_privilege('leadbell_app', 'leadbell_staffmail', %s, 'select')", [column]
            )
            assert cursor.fetchone() == (False,), column


def test_the_process_that_counts_may_write_and_the_messenger_may_send(worked, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        assert write_due(SEVEN) == 1
        run(SEVEN)
        cursor.execute("reset role")
    assert StaffMail.objects.get().status == "sent"
    assert Lead.objects.count() == 60


@pytest.mark.django_db(transaction=True)
def test_the_process_that_counts_looks_whose_letter_is_due(northside, ines):
    wants(ines)
    stopping = threading.Event()

    def once():
        stopping.set()
        return SEVEN

    keep_writing(once, stopping)
    letter = StaffMail.objects.get()
    assert (letter.person, letter.key, letter.status) == (ines, "week:2026-11-16", "queued")


def test_whose_letter_cant_be_written_holds_up_nobody_elses(northside, ines):
    first, second = wants(ines), wants(make_person("Daan", northside, "manager"))

    def written(person, week):
        if person == first:
            raise ValueError(person.name)
        return staffmail.Draft(
            f"Week of {week.monday}", "text", "<p>text</p>", "https://leadbell.example/off"
        )

    assert LETTERS.write(written, SEVEN) == 1
    assert StaffMail.objects.get().person == second
    assert (
        LETTERS.write(lambda *_: staffmail.Draft("s", "t", "h", "https://leadbell.example/off"), SEVEN) == 1
    )
    assert LETTERS.write(written, SEVEN) == 0

"""A dealer's month beside its network: exact figures of a small journal, and its letter, sent once."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from leadbell.conversation import staffmail
from leadbell.conversation.models import StaffMail
from leadbell.dealers.models import Organisation
from leadbell.metrics.__main__ import keep_writing
from leadbell.metrics.monthly.actions import write_due
from leadbell.metrics.monthly.compared import asked
from leadbell.metrics.monthly.letter import LETTERS
from leadbell.metrics.monthly.networks import network_of
from leadbell.metrics.monthly.page import monthly
from leadbell.metrics.monthly.peers import Spread
from leadbell.metrics.monthly.rules import LATE, Month
from leadbell.metrics.rows.exchange import ms
from leadbell.metrics.rows.live import live
from tests.conftest import make_dealer, make_person
from tests.conversation.mail import set_up_mail
from tests.metrics.letters import parts, run, sent_to
from tests.metrics.monthly.network import CALLED, below, importer, keep, network, received

pytestmark = pytest.mark.django_db
OCTOBER = Month(date(2026, 10, 1))
#: The first of November, 7:00 in Amsterdam.
SEVEN = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
LAST_YEAR = datetime(2025, 11, 23, tzinfo=UTC)
TODAY = date(2026, 11, 1)


@pytest.fixture
def hyundai(northside, rosa):
    return network(northside, rosa, OCTOBER)


def wants(person, since=LAST_YEAR):
    person.monthly_from = since
    person.save()
    return person


def letter_to(person, taken):
    return sent_to(person, taken, write_due, SEVEN)


def words(mail):
    return [" ".join(part.split()) for part in parts(mail)]


def page_of(dealer):
    with live() as engine:
        found = asked(engine, ms(SEVEN), OCTOBER, TODAY, network_of(dealer.pk))
        return monthly(engine, ms(SEVEN), found, dealer.pk)


def line_of(page, name):
    return next(line for line in page.lines if line.metric.name == name)


def test_a_figure_stands_beside_comparable_dealers_and_the_network(hyundai, northside):
    page = page_of(northside)
    line = line_of(page, "attempted_rate")
    assert (page.received, page.others, len(page.peers), page.network) == (10, 6, 5, "Hyundai")
    assert (line.answer.numerator, line.answer.denominator) == (9, 10)
    assert line.network is not None
    assert (line.network.n, line.network.low, line.network.middle, line.network.high) == (
        6, pytest.approx(0.425), pytest.approx(0.55), pytest.approx(0.75),
    )  # fmt: skip
    assert line.peers == Spread(5, 0.4, 0.5, 0.6)
    assert line.stands == "better"
    assert line_of(page, "appointment_rate_of_reached").peers is None, "nobody was reached"


def test_the_month_is_the_dealers_own_calendars(northside, rosa):
    below(importer(), northside)
    for at in ("2026-09-30T21:59", "2026-09-30T22:00", "2026-10-31T22:59", "2026-10-31T23:00"):
        received(northside, rosa, datetime.fromisoformat(f"{at}+00:00"), 1, 0)
    keep()
    assert page_of(northside).received == 2


def test_the_month_is_not_ripe_and_the_newest_ripe_one_stands_beside_it(hyundai, northside, rosa):
    received(northside, rosa, datetime(2026, 8, 12, 10, tzinfo=UTC), 7, 7)
    keep()
    page = page_of(northside)
    assert page.unripe
    assert {line.metric.name for line in page.lines if line.unripe} == {
        "sales_conversion", "three_attempt_rate", "lost_rate",
    }  # fmt: skip
    assert page.ripe_month.code == "2026-08"
    assert (page.ripe.answer.numerator, page.ripe.answer.denominator, page.ripe.unripe) == (0, 7, False)
    assert page.sold is not None
    assert [[str(cell) for cell in row] for row in page.sold.table.rows] == [
        ["2026-08", "0", "7", "yes"],
        ["2026-10", "0", "10", "not yet"],
    ]


def test_dealers_of_ones_own_house_are_nobodys_others(hyundai, northside):
    group = make_dealer("Noord", hyundai)
    group.kind = "group"
    group.save()
    for dealer in (northside, Organisation.objects.get(name="Eastside")):
        below(group, dealer)
    page = page_of(northside)
    assert page.others == 5
    assert len(page.peers) == 4
    assert line_of(page, "attempted_rate").peers is None, "four are too few to speak of"
    middle = line_of(page, "attempted_rate").network
    assert middle is not None
    assert (middle.n, middle.middle) == (5, pytest.approx(0.6))


def test_a_dealer_without_an_importer_is_compared_with_nobody(hyundai, southside, lena):
    received(southside, lena, datetime(2026, 10, 14, 10, tzinfo=UTC), 6, 3)
    keep()
    page = page_of(southside)
    assert (page.received, page.others, page.peers) == (6, 0, ())
    assert all(line.network is None and line.peers is None for line in page.lines)


def test_a_manager_gets_the_month_of_the_own_dealer_and_no_others_name(
    hyundai, northside, ines, server, taken
):
    set_up_mail(northside, server.port)
    mail = letter_to(wants(ines), taken)
    assert mail["Subject"] == "Northside: the month of October 2026"
    assert mail["Auto-Submitted"] == "auto-generated"
    for part in words(mail):
        assert "10 active leads were received." in part
        assert "9 of 10 leads forwarded in opening hours" in part
        assert "the middle of 5 comparable dealers: 50 %" in part
        assert "the middle of 6 in the network: 55 %" in part
        assert "surely better than the middle one" in part
        assert "until 16 Dec 2026 leads of this month are younger than 45 days" in part
        assert f"/reports/months/{northside.pk}/?month=2026-10" in part
        for private in ("Okafor", "Rosa", *CALLED):
            assert private not in part
    for foreign in ("<img", "<svg", "<script", "<link", "<style", "url("):
        assert foreign not in words(mail)[1]


def test_the_importer_gets_a_line_for_each_dealer(hyundai, server, taken, settings):
    settings.MAIL_HOST, settings.MAIL_PORT, settings.MAIL_SECURITY = "127.0.0.1", server.port, "none"
    settings.MAIL_SENDER = "leadbell@house.example"
    mail = letter_to(wants(make_person("Ivan", hyundai, "importer")), taken)
    for part in words(mail):
        for name in (*CALLED, "Northside"):
            assert name in part
        assert part.count("?month=2026-10") == 7
        assert "Okafor" not in part


@pytest.mark.parametrize("language", ["en", "nl", "ru"])
def test_it_comes_in_the_readers_language(language, northside, ines, server, taken):
    set_up_mail(northside, server.port)
    ines.language = language
    page = words(letter_to(wants(ines), taken))[1]
    assert f'<html lang="{language}">' in page
    assert {"en": "October 2026", "nl": "oktober 2026", "ru": "Октябрь 2026"}[language] in page


def test_nobody_gets_it_unasked_too_early_or_too_late(northside, ines, rosa):
    wants(rosa)
    assert write_due(SEVEN) == 0
    wants(ines)
    assert write_due(SEVEN - timedelta(seconds=1)) == 0
    assert write_due(SEVEN + LATE) == 0
    ines.is_active = False
    ines.save()
    assert write_due(SEVEN) == 0


def test_it_is_written_once_and_sent_once(northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    assert [write_due(SEVEN), write_due(SEVEN), write_due(SEVEN + timedelta(days=4))] == [1, 0, 0]
    run(SEVEN)
    run(SEVEN)
    assert len(taken.letters) == 1
    LETTERS.want(ines, SEVEN, on=False)
    LETTERS.want(ines, SEVEN - timedelta(minutes=1), on=True)
    assert write_due(SEVEN) == 0
    assert write_due(datetime(2026, 12, 1, 6, 0, tzinfo=UTC)) == 1


def test_killed_while_it_was_sent_it_is_not_sent_again(northside, ines, server, taken):
    set_up_mail(northside, server.port)
    wants(ines)
    write_due(SEVEN)
    assert len(staffmail.claim(SEVEN, 8)) == 1  # and here the messenger dies
    staffmail.forgotten(SEVEN + timedelta(minutes=1))
    run(SEVEN + timedelta(minutes=1))
    assert write_due(SEVEN + timedelta(minutes=1)) == 0
    assert taken.letters == []
    told = staffmail.last_told(ines.pk, "month")
    assert told is not None
    assert told.status == "unsure"
    assert staffmail.last_told(ines.pk, "week") is None


def test_who_ended_it_meanwhile_gets_no_letter_that_waited(northside, ines, server, taken):
    ines.weekly_from = LAST_YEAR
    wants(ines)
    write_due(SEVEN)
    LETTERS.turn_off(LETTERS.name_of(ines), SEVEN)
    set_up_mail(northside, server.port)
    run(SEVEN)
    assert taken.letters == []
    assert StaffMail.objects.get().status == "failed"


def test_looking_again_asks_the_same_for_many_readers_as_for_one(northside, django_assert_num_queries):
    for name in ("Lars", "Olga", "Pim"):
        wants(make_person(name, northside, "manager"))
    assert write_due(SEVEN) == 3
    with django_assert_num_queries(2):
        assert write_due(SEVEN) == 0


def test_the_process_that_counts_may_write_and_the_messenger_may_send(
    hyundai, northside, ines, server, taken
):
    set_up_mail(northside, server.port)
    wants(ines)
    with connection.cursor() as cursor:
        cursor.execute("set local role leadbell_clockwork")
        assert write_due(SEVEN) == 1
        run(SEVEN)
        cursor.execute("reset role")
    assert StaffMail.objects.get().status == "sent"
    assert "the middle of 6 in the network: 55 %" in words(taken.letters[0][2])[0]


@pytest.mark.django_db(transaction=True)
def test_the_process_that_counts_looks_whose_letter_is_due(northside, ines):
    wants(ines)
    stopping = threading.Event()

    def once():
        stopping.set()
        return SEVEN

    keep_writing(once, stopping)
    letter = StaffMail.objects.get()
    assert (letter.person, letter.key, letter.status) == (ines, "month:2026-10", "queued")

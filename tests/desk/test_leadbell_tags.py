"""How moments, lengths of time and reasons are said."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from leadbell.desk.templatetags.leadbell import (
    dialled,
    late_by,
    moment,
    proposed,
    ran,
    ran_in_all,
    told,
    words,
)
from leadbell.words import say

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"), (-3, "0:00"), (8.9, "0:08"), (723, "12:03"), (11_100, "3 h 05"), (90_000, "1 day"),
        (200_000, "2 days"), (None, "–"),
    ],
)  # fmt: skip
def test_a_length_of_time(seconds, text):
    assert ran(seconds) == text
    if seconds is not None:
        assert ran(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (723.9, "12:03"), (3600, "1 h 00"), (86_400, "24 h 00"), (469_205, "130 h 20")],
)
def test_a_sum_of_talk_is_told_in_hours(seconds, text):
    assert ran_in_all(seconds) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (0, "now"), (0.9, "now"), (4, "4 min late"), (59, "59 min late"), (60, "1 h late"), (1440, "1 day late"),
        (4000, "2 days late"),
    ],
)  # fmt: skip
def test_how_late(minutes, text):
    assert late_by(timedelta(minutes=minutes)) == text


def at(days, clock="10:12"):
    """This many days from today, in the dealer's local time."""
    day = timezone.localdate(timezone=AMSTERDAM) + timedelta(days=days)
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=AMSTERDAM)


def test_a_moment_names_the_day_only_where_it_is_needed():
    with timezone.override(AMSTERDAM):
        assert moment(at(0)) == "10:12"
        assert moment(at(0).astimezone(UTC)) == "10:12", "the dealer's time, whatever zone it is stored in"
        assert moment(at(1)) == "tomorrow 10:12"
        assert moment(at(-1)) == "yesterday 10:12"
        assert moment(at(3)) == at(3).strftime("%a 10:12")
        assert moment(at(-800)) == f"{at(-800).day} {at(-800):%b %Y}"
        assert proposed(at(0)) == "today 10:12"
        assert proposed(at(1)) == "tomorrow 10:12"


@pytest.mark.parametrize(
    ("language", "text"), [("en", "3 Oct 2024"), ("nl", "3 okt 2024"), ("ru", "3 окт 2024")]
)
def test_only_english_writes_months_with_a_capital(language, text):
    with timezone.override(AMSTERDAM), translation.override(language):
        assert moment(datetime(2024, 10, 3, 10, 12, tzinfo=UTC)) == text


def test_a_language_is_named_in_the_language_of_the_reader():
    with translation.override("nl"):
        assert words(say("speaks %(language)s", language="ru")) == "spreekt Russisch"
        assert words(say("speaks %(language)s", language="tlh")) == "spreekt tlh"


def test_a_reason_shows_its_times_in_local_time_from_words_or_from_json():
    reason = say("no answer at %(tried_at)s, %(n)s times", tried_at=at(0).astimezone(UTC), n=2)
    with timezone.override(AMSTERDAM):
        assert words(reason) == "no answer at 10:12, 2 times"
        assert words({"text": reason.text, "values": dict(reason.values)}) == "no answer at 10:12, 2 times"
    assert words(None) == words({}) == ""
    assert words(say("52 %% of them", n=1)) == "52 % of them"
    assert words({"text": "ringing"}) == "ringing"


def test_a_told_sentence_escapes_what_people_wrote():
    assert told(say("%(name)s & co", name="<b>Eve</b>")) == "<b>&lt;b&gt;Eve&lt;/b&gt;</b> &amp; co"


@pytest.mark.parametrize(
    ("number", "text"), [("+31612345678", "+31 6 12345678"), ("call me", "call me"), (None, ""), ("", "")]
)
def test_a_number_as_people_write_it(number, text):
    assert dialled(number) == text


@pytest.mark.parametrize(("waited", "colour"), [(5, "fine"), (95, "soon"), (130, "late")])
def test_a_running_clock_is_coloured_by_its_thresholds(waited, colour):
    now = datetime(2026, 11, 23, 11, tzinfo=UTC)
    clock = Template("{% since at 90 120 %}").render(
        Context({"at": now - timedelta(seconds=waited), "now": now})
    )
    assert f'class="clock {colour}"' in clock
    assert 'data-late="120"' in clock
    assert f">{ran(waited)}</time>" in clock


def test_what_is_due_turns_red_when_it_is_late():
    now = datetime(2026, 11, 23, 11, tzinfo=UTC)
    page = Template("{% due at %}|{% left later %}")
    text = page.render(
        Context({"at": now - timedelta(minutes=4), "later": now + timedelta(seconds=12), "now": now})
    )
    assert 'class="clock late"' in text
    assert "4 min late" in text
    assert ">12</time>" in text

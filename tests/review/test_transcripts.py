"""What a machine writes down: piece by piece, never half and never twice, gone with the sound, found by its words."""

import io
from datetime import UTC, datetime, timedelta

import pytest
import soundfile as sf
from django.db import connection, transaction

from leadbell.followup.deleting import delete_customer
from leadbell.followup.transcribing import LOOKED_THROUGH_MS, PIECE_MS, REST_MS, quietest, write_one
from leadbell.lead.doors import tenant
from leadbell.lead.journal import locked
from leadbell.refused import Refused
from leadbell.review.finding import find_words
from leadbell.review.models import Sentence, Transcript
from leadbell.review.ports import Said, Stopped, Written
from leadbell.review.transcripts import MOST_TRIES, correct, set_aside, transcript_of
from leadbell.ring.heard import conversation as talk_of
from leadbell.ring.models import Playback, Recording
from leadbell.ring.recordings.deleting import delete_due
from leadbell.ring.recordings.store import the_store
from tests.conftest import lead_of, make_person
from tests.fakes.sounds import in_turns
from tests.review.recorded import conversation, copies

pytestmark = pytest.mark.django_db

MINUTE = 60


class Clerk:
    """Writes one sentence about each sound it is given: its length, and who speaks by the pitch."""

    name = "clerk"

    def __init__(self, says="Is the Kona still available", language="en", meanwhile=lambda: None):
        self.says, self.language, self.meanwhile, self.asked = says, language, meanwhile, []

    def write(self, samples, rate, language=""):
        ms = len(samples) * 500 // rate
        self.asked.append((ms, language))
        self.meanwhile()
        return Written(self.language, (Said(0, ms, f"{self.says}?"),))


@pytest.fixture
def now():
    return datetime.now(UTC)


def stored(call, seconds, channels=2):
    into = io.BytesIO()
    with sf.SoundFile(into, "w", 8_000, channels, "PCM_16", format="FLAC") as file:
        file.buffer_write(in_turns(seconds), "int16")
    keep(call, into.getvalue())
    return call


def keep(call, content):
    row = Recording.objects.get(call=call)
    the_store().put(row.stored_as, io.BytesIO(content))
    Recording.objects.filter(pk=row.pk).update(bytes=len(content))


@pytest.fixture
def call(northside, rosa, now, settings, tmp_path):
    settings.DATA, settings.RECORDINGS_URL = tmp_path, str(tmp_path / "recordings")
    at = now - timedelta(hours=2)
    return stored(conversation(lead_of(northside, now=at - timedelta(minutes=1)), rosa, at, seconds=20), 20)


@pytest.fixture
def long_call(call):
    return stored(call, 3 * MINUTE)


def as_clockwork():
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")


@pytest.fixture(autouse=True)
def _as_before(db):
    yield
    with connection.cursor() as cursor:
        cursor.execute("reset role")


def written(scribe, now):
    """With the rights of the process that does it, until nothing is left."""
    as_clockwork()
    pieces = 0
    while write_one(scribe, now) is not None:
        pieces += 1
    with connection.cursor() as cursor:
        cursor.execute("reset role")
    return pieces


def test_both_sides_are_written_down_with_their_times(call, now):
    assert written(Clerk(), now) == 1
    row, said = transcript_of(call.pk)
    assert (row.engine, row.language, row.upto_ms) == ("clerk", "en", 20_000)
    assert [(one.side, one.start_ms, one.end_ms) for one in said] == [
        ("customer", 0, 20_000), ("salesperson", 0, 20_000),
    ]  # fmt: skip
    assert written(Clerk(), now) == 0, "once is enough"


def test_a_long_one_is_written_in_pieces_and_shown_when_it_is_whole(long_call, now):
    clerk = Clerk()
    as_clockwork()
    assert write_one(clerk, now) == long_call.pk
    assert transcript_of(long_call.pk) is None
    assert Sentence.objects.count() == 2
    assert written(clerk, now) == 2
    row, said = transcript_of(long_call.pk)
    starts = sorted({one.start_ms for one in said})
    assert len(starts) == 3
    assert starts[0] == 0
    assert row.upto_ms == 3 * MINUTE * 1000
    # Each piece begins where the one before ended, and knows the language by then.
    ends = sorted({one.end_ms for one in said})
    assert all(abs(end - start) <= 1 for end, start in zip(ends, starts[1:], strict=False))
    assert PIECE_MS - LOOKED_THROUGH_MS <= starts[1] <= PIECE_MS
    assert {language for _, language in clerk.asked[2:]} == {"en"}


def test_an_older_one_is_written_after_any_number_of_newer_ones(call, now):
    Transcript.objects.bulk_create(
        Transcript(
            call=one.pk, dealer=one.dealer, lead=one.lead, talked_at=one.asked_at, engine="clerk", begun_at=now,
            **({"gave_up_at": now} if nth % 2 else {"done_at": now}),
        )
        for nth, one in enumerate(copies(call, 250))
    )  # fmt: skip
    assert written(Clerk(), now) == 1
    assert transcript_of(call.pk)


def test_a_piece_ends_where_both_are_quiet():
    import numpy as np

    samples = np.full((8_000 * 60, 2), 900, np.int16)
    samples[8_000 * 52 : 8_000 * 53] = 3
    assert 52 <= quietest(samples, 8_000) / 8_000 <= 53
    assert REST_MS < PIECE_MS


def test_a_process_that_is_killed_goes_on_where_it_was(long_call, now):
    def dies():
        raise KeyboardInterrupt

    written_first = Clerk()
    write_one(written_first, now)
    with pytest.raises(KeyboardInterrupt):
        write_one(Clerk(meanwhile=dies), now)
    assert Sentence.objects.count() == 2, "nothing of the piece it was at"
    assert written(Clerk(), now) == 2
    assert len(transcript_of(long_call.pk)[1]) == 6


def test_where_it_is_killed_again_and_again_it_is_left_alone(call, now):
    def dies():
        raise KeyboardInterrupt

    for _ in range(MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            write_one(Clerk(meanwhile=dies), now)
    assert written(Clerk(), now) == 0
    assert transcript_of(call.pk) is None
    assert Transcript.objects.get().gave_up_at == now


def test_a_process_that_ends_in_good_order_costs_no_try(call, now):
    def ends():
        raise Stopped

    for _ in range(MOST_TRIES + 1):
        with pytest.raises(Stopped):
            write_one(Clerk(meanwhile=ends), now)
    assert written(Clerk(), now) == 1


def test_two_at_once_write_it_once(long_call, now):
    """The second one finds its piece written by the first, and keeps nothing."""
    inner = Clerk()
    outer = Clerk()
    outer.meanwhile = lambda: inner.asked or write_one(inner, now)
    assert write_one(outer, now) == long_call.pk
    assert Sentence.objects.count() == 2
    assert written(Clerk(), now) == 2
    assert len(transcript_of(long_call.pk)[1]) == 6


def test_what_cant_be_read_is_given_up_and_nothing_waits_behind_it(call, northside, rosa, now):
    at = now - timedelta(hours=1)
    other = conversation(
        lead_of(northside, "Ms Bruin", at, "+31612345679", "b@example.org"), rosa, at, seconds=20
    )
    keep(other, b"no sound at all")
    assert written(Clerk(), now) == 1
    assert transcript_of(other.pk) is None
    assert transcript_of(call.pk)
    stored(other, 4, channels=1)
    assert written(Clerk(), now) == 0


def test_by_the_clock_of_the_conversation_what_wasnt_recorded_took_its_time(call, now):
    Recording.objects.update(gaps=[[0, 5_000], [12_000, 14_000]])
    written(Clerk(), now)
    said = transcript_of(call.pk)[1]
    assert {(one.start_ms, one.end_ms) for one in said} == {(5_000, 27_000)}


def test_it_goes_with_the_recording(long_call, now):
    written(Clerk(), now)
    Recording.objects.update(delete_at=now)
    as_clockwork()
    assert delete_due(now) == 1
    assert Sentence.objects.count() == Transcript.objects.count() == 0


def test_it_goes_with_the_customer_at_once_and_isnt_written_again(call, ines, now):
    written(Clerk(), now)
    with tenant([call.dealer_id]):
        delete_customer(locked(call.lead_id), ines, now)
    assert Sentence.objects.count() == Transcript.objects.count() == 0
    assert written(Clerk(), now) == 0
    assert Sentence.objects.count() == 0


def test_what_is_deleted_while_it_is_written_down_is_not_kept(call, now):
    clerk = Clerk(meanwhile=lambda: Recording.objects.update(delete_at=now))
    write_one(clerk, now)
    assert Sentence.objects.count() == 0


def test_people_correct_and_the_machines_words_stay_beside_it(call, rosa, now):
    written(Clerk(), now)
    talk = talk_of([call.dealer_id], call.pk)
    number = transcript_of(call.pk)[1][0].pk
    for text in ("Is the Koala still there?", "Is the Kona still there?"):
        correct(talk, number, text, rosa, now)
    one = Sentence.objects.get(pk=number)
    assert (one.text, one.heard, one.corrected_by) == (
        "Is the Kona still there?", "Is the Kona still available?", rosa,
    )  # fmt: skip
    assert isinstance(correct(talk, number, "  ", rosa, now), Refused)


def found(asked, dealer):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("select set_config('app.dealers', %s, true)", [f"{{{dealer.pk}}}"])
        cursor.execute("set role leadbell_app")
        places, more = find_words(asked)
        cursor.execute("reset role")
        cursor.execute("select set_config('app.dealers', '', true)")
    assert not more
    return [(one.sentence.side, one.parts) for place in places for one in place.found]


@pytest.mark.parametrize(
    ("language", "says", "asked", "hits"),
    [
        ("en", "We made two appointments", "appointment", True),
        ("nl", "Wij maken twee afspraken", "afspraken", True),
        ("ru", "Я видел две машины", "машина", True),
        ("en", "We made two appointments", "quote", False),
        ("en", "We made two appointments", "two -appointment", False),
        ("en", "We made two appointments", '"two appointments"', True),
        ("en", "We made two appointments", '"appointments two"', False),
        ("sv", "Vi har två bilar", "bilar", True),
        ("en", "We made two appointments", "'); drop table leadbell_lead; --", False),
        ("en", "We made two appointments", "\0", False),
        ("en", "We made two appointments", "   ", False),
    ],
)
def test_words_are_found_in_their_language(call, northside, southside, now, language, says, asked, hits):
    written(Clerk(says, language), now)
    assert bool(found(asked, northside)) == hits
    assert found(asked, southside) == []


def test_what_was_found_is_marked_and_nothing_else(call, northside, now):
    written(Clerk("Is <b>the Kona</b> still \ue000available"), now)
    (side, parts), _ = found("kona", northside)
    assert side == "customer"
    assert parts == (("Is <b>the ", False), ("Kona", True), ("</b> still available?", False))


def test_what_is_half_written_or_set_aside_isnt_found(long_call, northside, ines, now):
    write_one(Clerk(), now)
    assert found("kona", northside) == []
    written(Clerk(), now)
    assert len(found("kona", northside)) == 6
    set_aside(talk_of([northside.pk], long_call.pk), ines, now)
    assert found("kona", northside) == []
    assert written(Clerk(), now) == 0, "what is set aside isn't written again"


# -- on the screen ---------------------------------------------------------------------------------------------


def test_it_stands_beside_the_sound_and_reading_it_is_on_record(
    call, now, signed_in, ines, rosa, samir, southside
):
    address = f"/review/{call.pk}/"
    part = f"{address}transcript/"
    assert signed_in(ines).get(part).status_code == 404
    assert "Written down" not in signed_in(ines).get(address).content.decode()
    written(Clerk("<b>Hello.</b> Is the Kona still available"), now)
    assert part in signed_in(ines).get(address).content.decode()
    assert Playback.objects.count() == 0
    shown = signed_in(ines).get(part).content.decode()
    assert "&lt;b&gt;Hello.&lt;/b&gt; Is the Kona still available?" in shown
    assert "1 suggestion for the marks" in shown
    assert "By clerk" in shown
    assert 'data-choose="verdict-opportunity"' in shown
    signed_in(ines).get(part)
    assert [(one.person, one.read) for one in Playback.objects.all()] == [(ines, True)]
    assert "read it" in signed_in(ines).get(address).content.decode()
    assert "data-choose=" not in signed_in(rosa).get(part).content.decode(), "nobody marks their own"
    assert signed_in(samir).get(part).status_code == 403
    assert signed_in(make_person("Olga", southside, "manager")).get(part).status_code == 404
    htmx = signed_in(ines).get(part, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in htmx


def test_a_sentence_is_corrected_on_the_page(call, now, signed_in, ines, samir):
    written(Clerk(), now)
    part = f"/review/{call.pk}/transcript/"
    number = Sentence.objects.order_by("pk").first().pk
    assert f'id="correct-{number}"' in signed_in(ines).get(f"{part}?correct={number}").content.decode()
    fix = f"{part}{number}/correction/"
    assert signed_in(samir).post(fix, {"text": "No"}).status_code == 403
    assert signed_in(ines).post(f"{part}{10**9}/correction/", {"text": "No"}).status_code == 404
    assert (
        signed_in(ines).post(fix, {"text": "Is the Kona there?"}).headers["Location"]
        == f"{part}#said-{number}"
    )
    htmx = signed_in(ines).post(fix, {"text": ""}, headers={"HX-Request": "true"})
    assert htmx.status_code == 409
    assert f'id="correct-{number}"' in htmx.content.decode()
    page = signed_in(ines).get(part).content.decode()
    assert "Is the Kona there?" in page
    assert "corrected by Ines" in page
    assert signed_in(ines).post(f"{part}setting-aside/").status_code == 303
    assert signed_in(ines).get(part).status_code == 404


def test_the_search_leads_to_the_second(call, now, signed_in, ines, rosa, southside):
    written(Clerk(), now)
    page = signed_in(ines).get("/review/words/", {"q": "kona available"}).content.decode()
    assert "Mr Okafor" in page
    assert "<mark>Kona</mark>" in page
    number = Sentence.objects.order_by("pk").first().pk
    assert f"/review/{call.pk}/#said-{number}" in page
    assert Playback.objects.get().read
    assert "Nobody said that" in signed_in(ines).get("/review/words/?q=zebra").content.decode()
    assert "Look for a word" in signed_in(ines).get("/review/words/").content.decode()
    other = signed_in(make_person("Olga", southside, "manager")).get("/review/words/?q=kona").content.decode()
    assert "Okafor" not in other
    assert "Nobody said that" in other
    assert signed_in(rosa).get("/review/words/?q=kona").status_code == 403

"""Recordings: what the line left is kept once, what is missing is said, and what has to go goes."""

import os
import resource
import tempfile
import tracemalloc
import uuid
from array import array
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
import soundfile as sf
from django.db import connection

from leadbell.ring.models import Call, PhoneRules, Playback, Recording
from leadbell.ring.recordings.deleting import delete_due, delete_of_customer
from leadbell.ring.recordings.listening import listen
from leadbell.ring.recordings.saving import (
    COMES_WITHIN,
    FIRST_PAUSE_S,
    LEASE,
    LEFT_BEHIND,
    clear_away,
    gaps_of,
    save,
    save_some,
    take_up,
    wanted_of,
)
from leadbell.ring.recordings.sound import Unreadable, encode
from leadbell.ring.shelves import NoSuchRecording, calls_of, may_listen, tracks_of
from tests.conftest import NOON, lead_of, make_person
from tests.fakes.sounds import in_turns, left_at, raw, silence, tone, wav

TALK_S = 10
ENDED = NOON + timedelta(seconds=TALK_S)
LATER = NOON + timedelta(minutes=1)


@pytest.fixture
def kept_in(tmp_path, settings):
    settings.DATA = tmp_path
    settings.RECORDINGS_URL = str(tmp_path / "recordings")
    return tmp_path / "recordings"


@pytest.fixture
def call(northside, rosa):
    lead = lead_of(northside)
    return Call.objects.create(
        id=uuid.uuid4(), dealer=northside, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
        person=rosa, asked_at=NOON, connected_at=NOON, ended_at=ENDED, talk_ms=TALK_S * 1000,
    )  # fmt: skip


@pytest.fixture
def recording(call):
    return Recording.objects.create(call=call, dealer_id=call.dealer_id, created_at=ENDED)


@pytest.fixture
def file(tmp_path, call):
    """The whole conversation, as the line left it."""
    return left_at(tmp_path / f"{call.id.hex}.raw", in_turns(TALK_S), ENDED)


def save_it(call, path, now=LATER):
    return save(call.id.hex, path, call.talk_ms, call.connected_at, now)


def stored(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def in_the_way(folder):
    """The store can't be opened: a file lies where its folder should be."""
    folder.write_bytes(b"")


# -- sound -----------------------------------------------------------------------------------------------------


def encoded(path, format="flac"):
    with tempfile.TemporaryFile() as into:
        sound = encode(path, into, format)
        into.seek(0)
        samples, rate = sf.read(into.fileno(), closefd=False, dtype="int16")
    return sound, samples, rate


@pytest.mark.parametrize("ending", [".raw", ".wav"])
def test_flac_keeps_every_sample_of_both_sides(tmp_path, ending):
    content = in_turns(4)
    path = tmp_path / f"one{ending}"
    path.write_bytes(content if ending == ".raw" else wav(content))
    sound, samples, rate = encoded(path)
    assert samples.tobytes() == content
    assert (rate, sound.length_ms) == (8000, 4000)
    assert sound.bytes < len(content)


def test_opus_is_much_smaller_and_as_long(tmp_path):
    path = tmp_path / "one.raw"
    path.write_bytes(in_turns(20))
    sound, samples, _ = encoded(path, "opus")
    assert sound.length_ms == 20_000
    assert abs(len(samples) - 20 * 8000) < 800
    assert sound.bytes < path.stat().st_size / 4


def test_the_waveform_tells_who_speaks_when(tmp_path):
    path = tmp_path / "one.raw"
    path.write_bytes(in_turns(60))
    waveform = encoded(path)[0].waveform
    assert waveform.bar_ms == 100
    assert len(waveform.customer) == len(waveform.salesperson) == 600
    assert all(bar > 60 for bar in waveform.customer[0:10]), "the customer begins"
    assert set(waveform.salesperson[0:10]) == {0}
    assert set(waveform.customer[10:20]) == {0}
    assert all(bar > 60 for bar in waveform.salesperson[10:20])


@pytest.mark.parametrize(
    ("seconds", "bars", "bar_ms"),
    [(0.02, 1, 50), (1, 20, 50), (30, 600, 50), (95, 600, 158.375), (600, 600, 1000)],
)
def test_a_waveform_is_bounded(tmp_path, seconds, bars, bar_ms):
    path = tmp_path / "one.raw"
    path.write_bytes(bytes(round(seconds * 8000) * 4))
    waveform = encoded(path)[0].waveform
    assert (len(waveform.customer), waveform.bar_ms) == (bars, bar_ms)


NEVER = array("h", [-32_768])


def test_what_never_came_of_a_speaker_is_told_and_heard_as_nothing(tmp_path):
    path = tmp_path / "one.raw"
    path.write_bytes(raw(tone(3, 440) + NEVER * 8_000 * 7 + tone(20, 440), tone(30, 880)))
    sound, samples, _ = encoded(path)
    assert sound.waveform.unheard == {"customer": [(3000, 10_000)], "salesperson": []}
    assert not samples[3 * 8000 : 10 * 8000, 0].any()
    assert samples[3 * 8000 : 10 * 8000, 1].any()


def test_less_than_half_a_second_of_a_speaker_is_not_called_missing(tmp_path):
    path = tmp_path / "one.raw"
    path.write_bytes(raw(tone(3, 440) + NEVER * 3_600 + tone(2.55, 440), tone(6, 880)))
    assert encoded(path)[0].waveform.unheard == {"customer": [], "salesperson": []}


def test_a_voice_that_is_too_loud_is_not_missing(tmp_path):
    loud = tone(2, 440)
    loud[4_000:4_004] = NEVER * 4
    path = tmp_path / "one.raw"
    path.write_bytes(content := raw(loud, loud))
    assert encoded(path)[1].tobytes() == content


@pytest.mark.parametrize(("seconds", "unheard"), [(2, []), (30, [(0, 30_000)])])
@pytest.mark.parametrize("ending", [".raw", ".wav"])
def test_a_speaker_of_whom_there_are_nothing_but_zeros_was_never_heard(tmp_path, ending, seconds, unheard):
    content = raw(tone(seconds, 440), silence(seconds))
    path = tmp_path / f"one{ending}"
    path.write_bytes(content if ending == ".raw" else wav(content))
    assert encoded(path)[0].waveform.unheard == {"customer": [], "salesperson": unheard}


@pytest.mark.parametrize(("loud", "drawn"), [(0.0, 0), (0.001, 0), (0.01, 23), (0.1, 65), (1.0, 100)])
def test_loudness_is_drawn_as_it_is_heard(tmp_path, loud, drawn):
    path = tmp_path / "one.raw"
    path.write_bytes(raw(tone(1, 440, loud), silence(1)))
    customer = encoded(path)[0].waveform.customer
    assert all(abs(bar - drawn) <= 1 for bar in customer), customer


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.raw", b""),
        ("less-than-a-frame.raw", b"\1\2\3"),
        ("no.wav", b"this is no sound"),
        ("half-a-header.wav", wav(b"")[:30]),
        ("mono.wav", wav(bytes(16_000), channels=1)),
    ],
)
def test_what_is_no_recording_is_called_so(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable) as refused:
        encoded(path)
    assert str(refused.value.because)


def test_memory_does_not_grow_with_the_call(tmp_path):
    path = tmp_path / "one.raw"
    path.write_bytes(in_turns(60) * 12)
    tracemalloc.start()
    try:
        encoded_ms = _length_of(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert encoded_ms == 12 * 60_000
    assert peak < path.stat().st_size / 10


def _length_of(path):
    with tempfile.TemporaryFile() as into:
        return encode(path, into, "flac").length_ms


# -- what is missing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length_ms", "talk_ms", "late_ms", "gaps"),
    [
        (10_000, 10_000, 0, []),
        (10_400, 10_000, 0, []),
        (9_600, 10_000, 0, []),
        (9_600, 10_000, 400, []),
        (10_000, None, 0, []),
        (6_000, 10_000, 0, [(6_000, 10_000)]),
        (6_000, 10_000, 4_000, [(0, 4_000)]),
        (6_000, 10_000, 1_000, [(0, 1_000), (7_000, 10_000)]),
        (6_000, 10_000, 300, [(6_000, 10_000)]),
        (6_000, 10_000, 9_000, [(0, 4_000)]),
        (0, 10_000, 0, [(0, 10_000)]),
    ],
)
def test_what_was_said_but_not_recorded(length_ms, talk_ms, late_ms, gaps):
    assert gaps_of(length_ms, talk_ms, late_ms) == gaps


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("recorded_s", "written_s", "gaps"),
    [
        (10, 10, []),
        (6, 10, [[0, 4000]]),
        (6, 6, [[6000, 10_000]]),
        (6, 8, [[0, 2000], [8000, 10_000]]),
        (6, 86_400, [[6000, 10_000]]),
    ],
    ids=["whole", "began late", "ended early", "both", "copied a day later: nobody knows when it began"],
)
def test_a_gap_lies_where_the_files_time_says(
    call, recording, kept_in, tmp_path, recorded_s, written_s, gaps
):
    path = left_at(tmp_path / "one.raw", in_turns(recorded_s), NOON + timedelta(seconds=written_s))
    kept = save_it(call, path)
    assert (kept.status, kept.gaps, kept.length_ms) == ("kept", gaps, recorded_s * 1000)


@pytest.mark.django_db
def test_missing_sound_is_not_drawn_as_silence(call, recording, kept_in, tmp_path):
    path = left_at(tmp_path / "one.raw", in_turns(5), NOON + timedelta(seconds=TALK_S))
    customer, salesperson = tracks_of(save_it(call, path))
    half = len(customer.bars) // 2
    assert set(customer.bars[:half]) == set(salesperson.bars[:half]) == {None}
    assert None not in customer.bars[half:]
    assert max(customer.bars[half : half + 10]) > 60, "what follows the gap is what was recorded first"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("gaps", "unheard"),
    [
        ([], [(2, 8)]),
        ([[0, 4000]], [(6, 12)]),
        ([[10_000, 14_000]], [(2, 8)]),
        ([[4000, 8000]], [(2, 4), (8, 12)]),
    ],
)
def test_a_speaker_nobody_heard_is_missing_on_the_clock_of_the_conversation(
    call, recording, kept_in, tmp_path, rosa, gaps, unheard
):
    sounds = raw(tone(2, 440) + NEVER * 8_000 * 6 + tone(2, 440), tone(10, 880))
    save_it(call, left_at(tmp_path / "one.raw", sounds, ENDED))
    Recording.objects.update(gaps=gaps)
    [shown] = calls_of(call.lead, rosa)
    customer, salesperson = shown.recording.speakers
    assert [(part.start_s, part.end_s) for part in customer.unheard] == unheard
    assert salesperson.unheard == ()
    whole = shown.recording.talked_s
    drawn, other = tracks_of(Recording.objects.get())
    missing_s = drawn.bars.count(None) / len(drawn.bars) * whole
    assert missing_s == pytest.approx(6 + sum(until - start for start, until in gaps) / 1000, abs=0.3)
    assert (None in other.bars) == bool(gaps)


# -- keeping ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_recording_is_kept_and_the_lines_own_file_removed(call, recording, kept_in, file):
    kept = save_it(call, file)
    (lies_at,) = stored(kept_in)
    assert lies_at.relative_to(kept_in).as_posix() == kept.stored_as == f"2026/11/{call.id.hex}.flac"
    assert (kept.status, kept.because, kept.bytes) == ("kept", None, lies_at.stat().st_size)
    assert kept.delete_at == recording.created_at + timedelta(days=90)
    assert not file.exists()
    assert Recording.objects.get().waveform["ms"] == 50


@pytest.mark.django_db
def test_the_dealer_says_how_long_and_the_setting_says_how(call, recording, kept_in, file, settings):
    PhoneRules.objects.create(dealer_id=call.dealer_id, keep_days=30)
    settings.RECORDINGS_FORMAT = "opus"
    kept = save_it(call, file)
    assert kept.delete_at == recording.created_at + timedelta(days=30)
    assert kept.stored_as.endswith(f"{call.id.hex}.ogg")
    assert sf.info(kept_in / kept.stored_as).format == "OGG"


@pytest.mark.django_db
def test_saving_again_changes_nothing(call, recording, kept_in, file):
    first = save_it(call, file)
    again = save_it(call, file, LATER + timedelta(hours=1))
    assert (again.status, again.delete_at, again.bytes) == ("kept", first.delete_at, first.bytes)
    assert len(stored(kept_in)) == 1


@pytest.mark.django_db
def test_a_file_that_outlived_its_removal_goes_the_next_time(call, recording, kept_in, file):
    content = file.read_bytes()
    save_it(call, file)
    left_at(file, content, ENDED)
    stranger = left_at(file.with_name("notes.raw"), content, ENDED)
    waiting = left_at(file.with_name(f"{uuid.uuid4().hex}.raw"), content, ENDED)
    assert clear_away(file.parent.iterdir(), LATER) == 1
    assert (file.exists(), stranger.exists(), waiting.exists()) == (False, True, True)


@pytest.mark.django_db
def test_a_file_that_no_recording_waits_for_goes_after_a_week(tmp_path):
    file = left_at(tmp_path / f"{uuid.uuid4().hex}.raw", in_turns(TALK_S), ENDED)
    assert clear_away([file], ENDED + LEFT_BEHIND) == 0
    assert clear_away([file], ENDED + LEFT_BEHIND + timedelta(seconds=1)) == 1
    assert not file.exists()
    assert clear_away([file], ENDED + LEFT_BEHIND + timedelta(seconds=1)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "because"),
    [(None, "the line recorded nothing"), (b"", "the line left an empty file")],
    ids=["absent", "empty"],
)
def test_what_was_not_recorded_is_missing_with_the_reason(
    call, recording, kept_in, tmp_path, content, because
):
    path = tmp_path / "one.raw"
    if content is not None:
        path.write_bytes(content)
    missing = save_it(call, path)
    assert (missing.status, missing.because["text"], missing.stored_as) == ("missing", because, "")
    assert stored(kept_in) == []


@pytest.mark.django_db
def test_what_nobody_can_read_is_left_for_a_week(call, recording, kept_in, tmp_path):
    path = tmp_path / f"{call.id.hex}.wav"
    path.write_bytes(b"this is no sound")
    assert save_it(call, path).status == "missing"
    assert clear_away([path], recording.created_at + LEFT_BEHIND) == 0
    assert clear_away([path], recording.created_at + LEFT_BEHIND + timedelta(seconds=1)) == 1
    assert not path.exists()


@pytest.mark.django_db
def test_a_call_without_a_recording_has_none(call, kept_in, file):
    with pytest.raises(NoSuchRecording):
        save_it(call, file)


@pytest.mark.django_db
def test_a_store_that_fails_is_tried_again_later_and_later(call, recording, kept_in, file):
    in_the_way(kept_in)
    find = {call.id.hex: file}.get
    now, pauses = LATER, []
    for _ in range(10):
        assert save_some(now, find) == 1
        waiting = Recording.objects.get()
        assert (waiting.status, waiting.because["text"][:13]) == ("wanted", "the store doe")
        pauses.append(waiting.because["values"]["pause_s"])
        assert save_some(now, find) == 0, "it waits"
        now += timedelta(seconds=pauses[-1])
    assert pauses[0] == 2 * FIRST_PAUSE_S
    assert pauses[-1] == 600
    kept_in.unlink()
    assert save_some(now, find) == 1
    assert Recording.objects.get().status == "kept"
    assert not file.exists()


@pytest.mark.django_db
def test_a_full_disk_loses_nothing(call, recording, kept_in, file):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_192, hard))
    try:
        waiting = save_it(call, file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert waiting.status == "wanted"
    assert stored(kept_in) == []
    assert file.exists()
    assert save_it(call, file).status == "kept"


@pytest.mark.django_db
def test_whoever_was_killed_while_saving_is_taken_over_after_the_lease(call, recording, kept_in, file):
    in_the_way(kept_in)
    claimed = Recording.objects.get()
    claimed.because = {
        "text": "it is being saved",
        "values": {"again_at": (LATER + LEASE).isoformat(timespec="microseconds")},
    }
    claimed.save()
    kept_in.unlink()
    find = {call.id.hex: file}.get
    assert save_some(LATER + LEASE - timedelta(seconds=1), find) == 0
    assert save_some(LATER + LEASE, find) == 1
    assert Recording.objects.get().status == "kept"


@pytest.mark.django_db
def test_a_file_written_a_moment_ago_is_left_alone_until_it_is_whole(call, recording, kept_in, file):
    ended = ENDED + timedelta(milliseconds=20)
    assert save_it(call, file, ended).status == "wanted"
    assert save_some(ended + timedelta(seconds=1), {call.id.hex: file}.get) == 0
    assert save_some(ended + timedelta(seconds=2), {call.id.hex: file}.get) == 1
    assert Recording.objects.get().status == "kept"


@pytest.mark.django_db
def test_nobody_looks_for_a_file_before_the_line_can_have_finished_it(call, recording, kept_in, file):
    wanted_at, looked = Recording.objects.get().created_at, []
    assert save_some(wanted_at + timedelta(seconds=1), looked.append) == 0
    assert looked == []
    assert save_some(wanted_at + timedelta(seconds=2), {call.id.hex: file}.get) == 1


@pytest.mark.django_db
def test_the_switchboards_rights_are_enough(call, recording, kept_in, file):
    with connection.cursor() as cursor:
        cursor.execute("set role leadbell_clockwork")
        try:
            assert save_some(LATER, {call.id.hex: file}.get) == 1
            assert clear_away(file.parent.iterdir(), LATER) == 0
            assert delete_due(LATER + timedelta(days=91)) == 1
        finally:
            cursor.execute("reset role")


@pytest.mark.django_db
def test_a_file_that_comes_after_the_call_is_waited_for(call, recording, kept_in, file):
    assert save_some(LATER, lambda key: None) == 1
    assert Recording.objects.get().status == "wanted"
    assert save_some(ENDED + COMES_WITHIN, lambda key: None) == 1
    missing = Recording.objects.get()
    assert (missing.status, missing.because["text"]) == ("missing", "the line recorded nothing")


@pytest.mark.django_db
def test_a_file_that_comes_when_nobody_waits_any_more_is_kept_after_all(call, recording, kept_in, file):
    tomorrow = LATER + timedelta(days=1)
    save_some(ENDED + COMES_WITHIN, lambda key: None)
    assert Recording.objects.get().status == "missing"
    assert take_up([file.with_name("notes.txt"), file.with_name("another.raw")]) == 0
    assert take_up([file]) == 1
    assert save_some(tomorrow, {call.id.hex: file}.get) == 1
    kept = Recording.objects.get()
    assert (kept.status, kept.length_ms, kept.because) == ("kept", TALK_S * 1000, None)
    assert not file.exists()
    assert take_up([file]) == 0


@pytest.mark.django_db
def test_what_is_missing_for_another_reason_is_not_tried_again(call, recording, kept_in, tmp_path):
    path = left_at(tmp_path / f"{call.id.hex}.raw", b"", ENDED)
    assert save_it(call, path).status == "missing"
    assert take_up([path]) == 0


@pytest.mark.django_db
def test_what_comes_after_its_customer_was_deleted_is_not_kept(call, recording, kept_in, file, ines):
    save_some(ENDED + COMES_WITHIN, lambda key: None)
    delete_of_customer(call.lead.customer, ines, LATER)
    assert take_up([file]) == 0
    delete_due(LATER)
    assert take_up([file]) == 0
    assert clear_away([file], LATER) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "days", "wanted"),
    [
        ("wanted", 1, True),
        ("missing", 6, True),
        ("deleted", 1, True),
        ("kept", 1, False),
        ("missing", 8, False),
    ],
)
def test_for_a_week_a_line_is_asked_for_what_it_has_not_handed_over(call, recording, status, days, wanted):
    Recording.objects.update(status=status)
    now = ENDED + timedelta(days=days)
    assert wanted_of("asterisk", now) == ([call.id.hex] if wanted else [])
    assert wanted_of("twilio", now) == []


@pytest.mark.django_db(transaction=True)
def test_of_two_savers_each_takes_another_recording(northside, kept_in, tmp_path):
    files = {}
    for nth in range(2):
        call = Call.objects.create(
            id=uuid.uuid4(), dealer=northside, kind="inbound", line="asterisk", status="over", ring_s=20,
            asked_at=NOON, connected_at=NOON, talk_ms=TALK_S * 1000,
        )  # fmt: skip
        Recording.objects.create(call=call, dealer=northside, created_at=ENDED)
        files[call.id.hex] = left_at(tmp_path / f"{nth}.raw", in_turns(TALK_S), ENDED)
    looked_for: list[str] = []

    def find(key):
        looked_for.append(key)
        return files[key]

    def work():
        save_some(LATER, find)
        connection.close()

    savers = [Thread(target=work) for _ in range(2)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join(30)
    assert sorted(looked_for) == sorted(files)
    assert set(Recording.objects.values_list("status", flat=True)) == {"kept"}


# -- deleting --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_kept_long_enough_is_deleted_and_stays_on_record(call, recording, kept_in, file):
    kept = save_it(call, file)
    assert delete_due(kept.delete_at - timedelta(seconds=1)) == 0
    assert delete_due(kept.delete_at) == 1
    gone = Recording.objects.get()
    assert stored(kept_in) == []
    assert (gone.status, gone.waveform, gone.stored_as, gone.deleted_at) == (
        "deleted",
        None,
        "",
        kept.delete_at,
    )
    assert gone.because == {"text": "it had been kept for %(days)s days", "values": {"days": 90}}
    assert delete_due(kept.delete_at + timedelta(days=1)) == 0


@pytest.mark.django_db
def test_a_customers_recordings_go_with_the_customer(call, recording, kept_in, file, northside, rosa, ines):
    save_it(call, file)
    others = lead_of(northside, "Ms Haddad", phone="+31612345679", email=None)
    another = Call.objects.create(
        id=uuid.uuid4(), dealer=northside, lead=others, kind="lead", line="asterisk", ring_s=20, asked_at=NOON
    )
    Recording.objects.create(call=another, dealer=northside, created_at=ENDED)
    assert delete_of_customer(call.lead.customer, ines, LATER) == 1
    assert delete_due(LATER) == 1
    gone = Recording.objects.get(call=call)
    assert (gone.status, gone.because["values"]) == ("deleted", {"name": "Ines"})
    assert Recording.objects.get(call=another).status == "wanted"
    assert stored(kept_in) == []


@pytest.mark.django_db
def test_what_is_to_be_deleted_is_not_saved_first(call, recording, kept_in, file, ines):
    delete_of_customer(call.lead.customer, ines, LATER)
    assert save_some(LATER, {call.id.hex: file}.get) == 0
    assert save_it(call, file).status == "wanted"
    assert delete_due(LATER) == 1
    assert save_it(call, file).status == "deleted"
    assert not file.exists()
    assert stored(kept_in) == []


@pytest.mark.django_db
def test_what_is_to_be_deleted_while_it_is_saved_goes_for_that_reason(call, recording, kept_in, file, ines):
    def find(key):
        delete_of_customer(call.lead.customer, ines, LATER)
        return file

    assert save_some(LATER, find) == 1
    kept = Recording.objects.get()
    assert (kept.status, kept.delete_at, kept.because["values"]) == ("kept", LATER, {"name": "Ines"})
    assert delete_due(LATER) == 1
    assert stored(kept_in) == []


@pytest.mark.django_db
def test_whoever_is_second_to_save_leaves_what_the_first_one_kept(call, recording, kept_in, file):
    def find(key):
        content = file.read_bytes()
        save_it(call, file)
        return left_at(file, content[: len(content) // 2], ENDED)

    assert save_some(LATER, find) == 1
    kept = Recording.objects.get()
    assert (kept.status, kept.length_ms, kept.gaps) == ("kept", TALK_S * 1000, [])
    assert not file.exists()


@pytest.mark.django_db
def test_what_reaches_the_store_after_its_deletion_is_deleted_too(call, recording, kept_in, file, ines):
    """A switchboard sends the file while it is deleted, and is killed before it can say so."""
    in_the_way(kept_in)
    save_it(call, file)
    kept_in.unlink()
    delete_of_customer(call.lead.customer, ines, LATER)
    assert delete_due(LATER) == 1
    late = kept_in / Recording.objects.get().stored_as
    late.parent.mkdir(parents=True)
    late.write_bytes(b"sent too late")
    assert delete_due(LATER + LEASE) == 0
    assert delete_due(LATER + 2 * LEASE) == 0
    assert stored(kept_in) == []
    assert Recording.objects.get().delete_at is None


@pytest.mark.django_db
def test_what_the_store_does_not_delete_is_not_called_deleted(call, recording, kept_in, file, settings):
    kept = save_it(call, file)
    settings.RECORDINGS_URL = str(kept_in / kept.stored_as)
    assert delete_due(kept.delete_at) == 0
    assert Recording.objects.get().status == "kept"
    settings.RECORDINGS_URL = str(kept_in)
    assert delete_due(kept.delete_at) == 1


# -- listening -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "took", "owns", "may"),
    [
        ("salesperson", True, False, True),
        ("salesperson", False, True, True),
        ("salesperson", False, False, False),
        ("manager", False, False, True),
        ("bdc", False, False, True),
        ("importer", True, True, False),
    ],
)
def test_who_may_listen(northside, rosa, role, took, owns, may):
    samir = make_person("Samir", northside, role)
    lead = lead_of(northside)
    lead.owner = samir if owns else rosa
    call = Call(dealer=northside, lead=lead, person=samir if took else rosa)
    assert may_listen(samir, call) is may


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("from_the_start", "seconds_later", "listenings"),
    [(True, 2, 1), (True, 6, 2), (False, 2, 1), (False, 1700, 1), (False, 1900, 2)],
)
def test_a_listening_is_written_down_once(recording, rosa, from_the_start, seconds_later, listenings):
    listen(recording, rosa, True, NOON)
    listen(recording, rosa, from_the_start, NOON + timedelta(seconds=seconds_later))
    assert Playback.objects.count() == listenings


@pytest.mark.django_db
def test_whoever_begins_in_the_middle_is_written_down(recording, rosa, samir):
    listen(recording, rosa, True, NOON)
    assert listen(recording, samir, False, NOON).person == samir


@pytest.mark.django_db
def test_a_lead_shows_its_calls_in_order_and_tells_managers_who_listened(call, recording, rosa, ines):
    listen(recording, rosa, True, NOON)
    (shown,) = calls_of(call.lead, ines)
    assert [one.name for one in shown.recording.listeners] == ["Rosa"]
    (shown,) = calls_of(call.lead, rosa)
    assert (shown.recording.listeners, shown.recording.may_listen) == ((), True)


# -- other stores ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3():
    """A store that speaks S3, on loopback."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="us",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="northside", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    yield url, client
    server.stop()


@pytest.fixture
def in_s3(s3, settings, tmp_path):
    url, client = s3
    settings.DATA = tmp_path
    settings.RECORDINGS_URL, settings.RECORDINGS_ENDPOINT = "s3://northside/calls", url
    settings.RECORDINGS_REGION, settings.RECORDINGS_KEY, settings.RECORDINGS_SECRET = (
        "eu-west-1",
        "us",
        "secret",
    )
    return lambda: {
        one["Key"]: one["Size"] for one in client.list_objects_v2(Bucket="northside").get("Contents", [])
    }


@pytest.mark.django_db
def test_an_s3_store_keeps_plays_and_deletes(call, recording, in_s3, file):
    from leadbell.ring.recordings.store import the_store

    kept = save_it(call, file)
    assert in_s3() == {f"calls/2026/11/{call.id.hex}.flac": kept.bytes}
    assert the_store().read(kept.stored_as, 0, 4) == b"fLaC"
    assert delete_due(kept.delete_at) == 1
    assert in_s3() == {}
    the_store().delete(kept.stored_as)


@pytest.mark.django_db
def test_a_large_recording_goes_to_s3_in_parts(call, recording, in_s3, tmp_path):
    path = tmp_path / "noise.raw"
    path.write_bytes(os.urandom(12_000_000))
    kept = save_it(call, path)
    assert kept.bytes > 10_000_000
    assert list(in_s3().values()) == [kept.bytes]
    delete_due(kept.delete_at)


@pytest.mark.django_db
def test_an_s3_store_that_does_not_answer_loses_nothing(call, recording, in_s3, file, settings):
    settings.RECORDINGS_ENDPOINT = "http://127.0.0.1:9"
    assert save_it(call, file).status == "wanted"
    assert file.exists()


def test_a_name_says_nothing_but_the_month():
    from leadbell.ring.recordings.store import name_of

    key = uuid.UUID("01a2000408d472a7936c2c89590843a3")
    assert name_of(key, NOON, "flac") == "2026/11/01a2000408d472a7936c2c89590843a3.flac"
    assert Path(name_of(key, NOON, "opus")).suffix == ".ogg"

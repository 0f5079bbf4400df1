"""Listening to a call: who may, in which pieces, and that it is written down."""

import asyncio
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadbell.desk.recordings import Unsatisfiable, asked_range, drawn
from leadbell.ring.models import Call, Playback, Recording
from leadbell.ring.recordings.deleting import delete_due, delete_of_customer
from leadbell.ring.recordings.saving import save
from tests.conftest import lead_of, make_dealer, make_person
from tests.fakes.sounds import in_turns, left_at

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def lead(northside, rosa, now):
    return lead_of(northside, now=now - timedelta(minutes=5), owner=rosa)


def recorded(lead, person, now, seconds=10, **about):
    asked_at = now - timedelta(minutes=4)
    call = Call.objects.create(
        id=uuid.uuid4(), dealer=lead.dealer, lead=lead, kind="lead", line="asterisk", status="over", ring_s=20,
        person=person, asked_at=asked_at, connected_at=asked_at, talk_ms=seconds * 1000, **about,
    )  # fmt: skip
    Recording.objects.create(call=call, dealer=lead.dealer, created_at=now)
    return call


@pytest.fixture
def call(lead, rosa, now, settings):
    """Rosa's call with Mr Okafor, saved."""
    with tempfile.TemporaryDirectory() as folder:
        settings.DATA = Path(folder)
        settings.RECORDINGS_URL = str(Path(folder) / "recordings")
        call = recorded(lead, rosa, now)
        raw = left_at(Path(folder) / "one.raw", in_turns(10), call.connected_at + timedelta(seconds=10))
        save(call.id.hex, raw, call.talk_ms, call.connected_at, now)
        yield Call.objects.get()


def sound(call):
    return f"/calls/{call.pk}/recording"


def body(answer):
    """What arrives; the web sends it from its event loop."""

    async def all_of_it():
        return b"".join([chunk async for chunk in answer.streaming_content])

    return asyncio.run(all_of_it())


def test_the_whole_is_flac_and_stays_private(signed_in, rosa, call):
    answer = signed_in(rosa).get(sound(call))
    content = body(answer)
    assert answer.status_code == 200
    assert content[:4] == b"fLaC"
    assert len(content) == call.recording.bytes == int(answer["Content-Length"])
    assert answer["Content-Type"] == "audio/flac"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Accept-Ranges"] == "bytes"


def test_a_browser_gets_the_piece_it_asks_for(signed_in, rosa, call):
    client = signed_in(rosa)
    whole, size = body(client.get(sound(call))), call.recording.bytes
    for asked, start, end in [
        ("0-", 0, size),
        ("0-99", 0, 100),
        ("100-", 100, size),
        ("-50", size - 50, size),
    ]:
        answer = client.get(sound(call), headers={"Range": f"bytes={asked}"})
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert body(answer) == whole[start:end]
    behind = client.get(sound(call), headers={"Range": f"bytes={size}-"})
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    ("header", "size", "asked"),
    [
        ("", 100, None),
        ("bytes=0-", 100, (0, 100)),
        ("bytes=0-0", 100, (0, 1)),
        ("bytes=10-19", 100, (10, 20)),
        ("bytes=90-200", 100, (90, 100)),
        ("bytes=-10", 100, (90, 100)),
        ("bytes=-1000", 100, (0, 100)),
        ("bytes=20-10", 100, None),
        ("bytes=0-1,5-6", 100, None),
        ("bytes=-", 100, None),
        ("seconds=0-1", 100, None),
        ("bytes=٣-", 100, None),
        ("bytes=" + "9" * 40 + "-", 100, None),
    ],
)
def test_which_bytes_are_asked_for(header, size, asked):
    assert asked_range(header, size) == asked


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=999-1000", "bytes=-0"])
def test_bytes_behind_the_end_are_refused(header):
    with pytest.raises(Unsatisfiable):
        asked_range(header, 100)


def test_every_listening_is_written_down_once_and_before_the_first_byte(signed_in, rosa, call):
    client = signed_in(rosa)
    answer = client.get(sound(call), headers={"Range": "bytes=0-"})
    (playback,) = Playback.objects.all()
    assert (playback.person, playback.recording.call, playback.dealer) == (rosa, call, call.dealer)
    body(answer)
    body(client.get(sound(call), headers={"Range": "bytes=500-"}))
    body(client.get(sound(call), headers={"Range": "bytes=0-1"}))
    client.get(f"{sound(call)}/waveform.svg")
    assert Playback.objects.count() == 1


def test_nobody_hears_the_middle_in_secret(signed_in, ines, call):
    body(signed_in(ines).get(sound(call), headers={"Range": "bytes=500-"}))
    assert Playback.objects.get().person == ines


@pytest.mark.parametrize("what", ["", "/waveform.svg"])
def test_who_may_hear_it(signed_in, northside, rosa, samir, ines, lena, call, what):
    bdc = make_person("Tim", northside, "bdc")
    importer = make_person("Carla", northside, "importer")
    group_manager = make_person("Noor", make_dealer("Westside"), "manager")
    table = [
        (rosa, 200),
        (ines, 200),
        (bdc, 200),
        (samir, 403),
        (lena, 404),
        (importer, 404),
        (group_manager, 404),
    ]
    for person, status in table:
        assert signed_in(person).get(sound(call) + what).status_code == status, person.name
    assert set(Playback.objects.values_list("person", flat=True)) <= {rosa.pk, ines.pk, bdc.pk}


def test_strangers_are_sent_to_sign_in(client, call):
    assert client.get(sound(call)).status_code == 302
    assert Playback.objects.count() == 0


def test_nothing_is_heard_of_what_is_not_there(signed_in, rosa, lead, now, settings, tmp_path):
    settings.DATA = tmp_path
    call = recorded(lead, rosa, now)
    client = signed_in(rosa)
    assert client.get(sound(call)).status_code == 404, "being saved"
    save(call.id.hex, None, 1000, now, now)
    assert client.get(sound(call)).status_code == 404, "missing"
    assert client.get(f"/calls/{uuid.uuid4()}/recording").status_code == 404
    assert Playback.objects.count() == 0


def test_from_the_moment_its_deletion_is_asked_for_nobody_hears_it(signed_in, rosa, ines, lead, call, now):
    delete_of_customer(lead.customer, ines, now)
    assert signed_in(rosa).get(sound(call)).status_code == 404
    delete_due(now)
    assert signed_in(rosa).get(sound(call)).status_code == 404


def test_a_store_that_is_away_says_so(signed_in, rosa, call, settings):
    settings.RECORDINGS_URL += "/2026/nothing-here"
    assert signed_in(rosa).get(sound(call)).status_code == 503


def test_the_waveform_has_a_shape_per_speaker(signed_in, rosa, call):
    answer = signed_in(rosa).get(f"{sound(call)}/waveform.svg")
    picture = answer.content.decode()
    assert answer["Content-Type"] == "image/svg+xml"
    assert picture.count("<path id=") == 2
    assert picture.index('id="customer"') < picture.index('id="salesperson"')
    assert len(picture) < 20_000


def test_missing_bars_are_not_drawn():
    assert drawn((None, None)) == ""
    assert drawn((100, None, 0, 50)).count("M") == 3


# -- on the lead's page ----------------------------------------------------------------------------------------


def shown(client, lead, **about):
    answer = client.get(f"/leads/{lead.pk}/", **about)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_lead_shows_the_player(signed_in, rosa, lead, call):
    page = shown(signed_in(rosa), lead)
    assert f'<audio controls preload="none" src="{sound(call)}"' in page
    assert f"{sound(call)}/waveform.svg#customer" in page
    assert page.index("#customer") < page.index("#salesperson")
    assert "Not recorded" not in page
    assert 'data-gaps="[]"' in page


def test_what_is_missing_stands_beside_it(signed_in, rosa, lead, call):
    Recording.objects.update(gaps=[[0, 4000]], length_ms=6000)
    rosa.language = "nl"
    rosa.save()
    page = shown(signed_in(rosa), lead)
    assert '<rect class="player-gap" x="0.0%" width="40.0%"' in page
    assert "0:00–0:04" in page
    assert 'data-gaps="[[0, 4000]]"' in page
    assert 'data-length="10.0"' in page


def test_a_speaker_of_whom_nothing_came_is_named_and_hatched(signed_in, rosa, lead, call):
    waveform = {
        **Recording.objects.get().waveform,
        "unheard": {"customer": [[2000, 10_000]], "salesperson": []},
    }
    Recording.objects.update(waveform=waveform)
    page = shown(signed_in(rosa), lead)
    assert f"No sound from {lead.customer.full_name}:" in page
    assert "0:02–0:10" in page
    assert page.count('<rect class="player-gap" x="20.0%" width="80.0%"') == 1, "of the other everything came"
    assert page.count(">no sound<") == 1


def test_a_recording_that_cannot_be_heard_says_why(signed_in, rosa, lead, call, ines, now):
    row = Recording.objects.filter(call=call)
    client = signed_in(rosa)
    row.update(status="wanted", because=None, delete_at=None)
    assert "The recording is being saved." in shown(client, lead)
    row.update(status="missing", because={"text": "the line recorded nothing"})
    assert "The recording is missing, because the line recorded nothing." in shown(client, lead)
    row.update(status="kept", because=None)
    delete_of_customer(lead.customer, ines, now)
    assert "The recording is being deleted." in shown(client, lead)
    delete_due(now)
    page = shown(client, lead)
    assert "The recording was deleted on" in page
    assert "Ines had this customer’s data deleted" in page
    assert "<audio" not in page


def test_a_colleague_reads_who_may_listen(signed_in, samir, lead, call):
    page = shown(signed_in(samir), lead)
    assert "Recorded: Rosa, the lead’s owner and the managers may listen." in page
    assert "<audio" not in page


def test_managers_see_who_listened(signed_in, rosa, ines, lead, call):
    body(signed_in(rosa).get(sound(call)))
    assert "listened to once" in shown(signed_in(ines), lead)
    assert "listened to" not in shown(signed_in(rosa), lead)


def test_many_calls_cost_no_more_queries(signed_in, ines, rosa, lead, call, now):
    client = signed_in(ines)
    shown(client, lead, headers=HTMX)

    def queries():
        with CaptureQueriesContext(connection) as captured:
            shown(client, lead, headers=HTMX)
        return len(captured)

    few = queries()
    for _ in range(5):
        recorded(lead, rosa, now)
    assert queries() == few

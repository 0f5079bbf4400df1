"""`leadbell speech`: a model is looked at, copied, used, replaced and removed; what isn't one is named.

The model is made here (tests/fakes/whisper_model.py): all around it is real, and nobody learns how well one hears.
"""

import json
import math
import shutil
from array import array
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from leadbell.commands.speech import speech
from leadbell.followup.recordings import Scribes
from leadbell.review import speech_model
from leadbell.review.ports import Said, Stopped
from leadbell.review.speech_model import install, look_at, model_of, note, remove
from leadbell.review.whisper import Whisper, installed
from leadbell.trouble import Trouble

pytestmark = pytest.mark.skipif(
    not installed(), reason="leadbell[speech] isn't installed: no model is loaded"
)

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
RATE = 8_000
TONE = array("h", (round(9_000 * math.sin(n / RATE * 440 * 6.283)) for n in range(5 * RATE))).tobytes()
SAYS = "Would you like to come on Saturday?"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    from tests.fakes.whisper_model import make

    return make(tmp_path_factory.mktemp("models") / "whisper-tiny", SAYS)


@pytest.fixture
def model(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "whisper-tiny"))


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def test_a_model_is_copied_and_writes_down_what_it_hears(model, data):
    about = install(model, data, link=False, now=NOW)
    assert (about.name, about.languages, about.linked) == ("whisper-tiny", ("en",), False)
    assert about == model_of(data)
    shutil.rmtree(model)
    scribe = Whisper(Path(about.folder), about.name, only_speech=False)
    assert scribe.name.startswith("whisper-tiny (faster-whisper ")
    written = scribe.write(TONE, RATE)
    assert written.language == "en"
    assert written.said[0] == Said(0, 2_000, SAYS)


def test_where_nobody_speaks_nothing_is_written(made):
    """Silero's model, which comes with the package, hears no speech in a tone; what nobody said isn't made up."""
    scribe = Whisper(made, "tiny")
    for sound in (b"", bytes(len(TONE)), TONE):
        assert scribe.write(sound, RATE).said == ()


def test_it_stops_when_the_process_ends(made):
    with pytest.raises(Stopped):
        Whisper(made, "tiny", stopping=lambda: True, only_speech=False).write(TONE, RATE)


def test_a_linked_model_stays_where_it_is(model, data):
    about = install(model, data, link=True, now=NOW)
    assert Path(about.folder) == model
    assert list(speech_model.home(data).glob("model-*")) == []
    assert remove(data)
    assert look_at(model) == ["en"]
    assert model_of(data) is None
    assert not remove(data)


def test_a_new_model_replaces_the_old_one_and_what_a_killed_installation_left(model, data):
    first = install(model, data, link=False, now=NOW)
    (speech_model.home(data) / "model-killed").mkdir()
    second = install(model, data, link=False, now=NOW)
    assert first.folder != second.folder
    assert [str(one) for one in speech_model.home(data).glob("model-*")] == [second.folder]


def test_the_process_takes_whatever_model_there_is_now(model, data):
    scribes = Scribes(data, lambda: False)
    assert scribes.now() is None
    install(model, data, link=True, now=NOW)
    scribe = scribes.now()
    assert scribe is not None
    assert scribes.now() is scribe
    (model / "model.bin").write_bytes(b"spoilt")
    note(data).touch()
    assert scribes.now() is None, "recordings are kept all the same"
    remove(data)
    assert scribes.now() is None


def spoil(model, how):
    match how:
        case "cut":
            content = (model / "model.bin").read_bytes()
            (model / "model.bin").write_bytes(content[: len(content) // 2])
        case "noise":
            (model / "model.bin").write_bytes(bytes(range(256)) * 64)
        case "empty":
            (model / "model.bin").write_bytes(b"")
        case "tokens":
            (model / "tokenizer.json").write_text("{}")
        case "config":
            (model / "config.json").write_text("no JSON")


@pytest.mark.slow
@pytest.mark.parametrize("how", ["cut", "noise", "empty", "tokens", "config"])
def test_a_spoilt_model_is_refused_and_the_old_one_stays(model, data, how):
    good = install(model, data, link=False, now=NOW)
    spoil(model, how)
    with pytest.raises(Trouble, match="The model can't be loaded"):
        install(model, data, link=False, now=NOW)
    assert model_of(data) == good
    assert look_at(Path(good.folder)) == ["en"]


@pytest.mark.parametrize(
    ("names", "because"),
    [
        ([], "model.bin, config.json, tokenizer.json, vocabulary.json or vocabulary.txt is missing"),
        (["model.bin", "config.json", "vocabulary.txt"], "tokenizer.json is missing"),
        (
            ["model.safetensors", "config.json", "tokenizer.json"],
            "Convert it with ct2-transformers-converter",
        ),
        (["ggml-small.bin"], "another format"),
    ],
)
def test_what_is_no_model_is_told_for_what_it_is(tmp_path, data, names, because):
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(Trouble, match=because):
        install(tmp_path, data, link=False, now=NOW)
    with pytest.raises(Trouble, match="There is no folder"):
        install(tmp_path / "nowhere", data, link=False, now=NOW)
    assert not data.exists()


def test_a_note_that_cant_be_read_says_what_to_do(data):
    note(data).parent.mkdir(parents=True)
    note(data).write_text(json.dumps({"name": 7}))
    with pytest.raises(Trouble, match="Install it again"):
        model_of(data)


def told(*command):
    done = CliRunner().invoke(speech, [str(one) for one in command])
    return done.output if done.exit_code == 0 else str(done.exception)


def test_the_command_says_what_it_did(model, data):
    at = ("--data", data)
    assert "No speech model is installed" in told("status", *at)
    said = told("install", model, *at)
    assert "whisper-tiny: 1 MB, copied into the data folder" in said
    assert "It knows one language, of ours English." in said
    assert "whisper-tiny" in told("status", *at)
    assert "removed; transcripts stay" in told("remove", *at)
    assert "No speech model is installed" in told("remove", *at)

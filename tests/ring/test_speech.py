"""The voice: any program that writes a sound file, recorded prompts first, and never a shell."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from leadbell.ring.ports import Prompt
from leadbell.ring.speech import KEPT, Speaker

HELLO = Prompt("Hello; $(touch pwned) & 'Rosa'", "nl")

#: Writes a second of a 440 Hz tone at 22,050 Hz, and beside it what it was given.
VOICE = """
import sys, pathlib, numpy, soundfile
out = pathlib.Path(sys.argv[1])
soundfile.write(out, 0.3 * numpy.sin(2 * numpy.pi * 440 * numpy.arange(22050) / 22050), 22050, format="WAV")
with open(out.parent / "given", "a") as given:
    print(repr(sys.argv[2:] or sys.stdin.read()), file=given)
"""


@pytest.fixture
def voice(tmp_path: Path) -> str:
    program = tmp_path / "voice.py"
    program.write_text(VOICE)
    return f"{sys.executable} {program} {{out}}"


async def test_a_sentence_becomes_telephone_sound(tmp_path: Path, voice: str) -> None:
    said = await Speaker(tmp_path / "said", f"{voice} {{language}} {{text}}").speak(HELLO)
    assert said is not None
    sound, rate = soundfile.read(said, dtype="int16", always_2d=True)
    assert (rate, sound.shape) == (8000, (8000, 1))
    assert int(np.argmax(np.abs(np.fft.rfft(sound[:, 0])))) == 440
    assert (tmp_path / "said/given").read_text() == repr(["nl", HELLO.text]) + "\n"
    assert not list(tmp_path.rglob("pwned"))


async def test_without_a_place_for_the_text_it_comes_on_standard_input(tmp_path: Path, voice: str) -> None:
    assert await Speaker(tmp_path / "said", voice).speak(HELLO)
    assert (tmp_path / "said/given").read_text() == repr(HELLO.text) + "\n"


async def test_a_sentence_is_no_option_and_fills_nothing_in(tmp_path: Path, voice: str) -> None:
    assert await Speaker(tmp_path / "said", f"{voice} {{text}}").speak(
        Prompt("--help {out} {language}", "en")
    )
    assert (tmp_path / "said/given").read_text() == repr([" --help {out} {language}"]) + "\n"


async def test_a_sentence_is_made_once(tmp_path: Path, voice: str) -> None:
    speaker = Speaker(tmp_path / "said", voice)
    first, again = await speaker.speak(HELLO), await speaker.speak(HELLO)
    assert first == again
    assert first != await speaker.speak(Prompt(HELLO.text, "en"))
    assert len((tmp_path / "said/given").read_text().splitlines()) == 2


async def test_what_somebody_has_recorded_is_played(tmp_path: Path, voice: str) -> None:
    prompts = tmp_path / "prompts/nl"
    prompts.mkdir(parents=True)
    soundfile.write(prompts / "closed.wav", 0.3 * np.sin(2 * np.pi * 300 * np.arange(16000) / 16000), 16000)
    (prompts / "closed.txt").write_text("We are closed.\n")
    said = await Speaker(tmp_path / "said", voice, prompts.parent).speak(Prompt("we are  closed.", "nl"))
    assert said is not None
    sound, rate = soundfile.read(said)
    assert (rate, int(np.argmax(np.abs(np.fft.rfft(sound))))) == (8000, 300)
    assert not (tmp_path / "said/given").exists()


async def test_of_a_prompt_with_a_name_the_recorded_sentence_is_played(tmp_path: Path, voice: str) -> None:
    prompts = tmp_path / "prompts/en"
    prompts.mkdir(parents=True)
    soundfile.write(prompts / "press.wav", 0.3 * np.sin(2 * np.pi * 300 * np.arange(8000) / 8000), 8000)
    (prompts / "press.txt").write_text("Press 1.")
    prompt = Prompt("For Mr. Okafor. Press 1.", "en", ("For Mr. Okafor.", "Press 1."))
    said = await Speaker(tmp_path / "said", voice, prompts.parent).speak(prompt)
    assert said is not None
    sound, _ = soundfile.read(said)
    halves = [int(np.argmax(np.abs(np.fft.rfft(half)))) for half in (sound[:8000], sound[8000:16000])]
    assert halves == [440, 300]
    assert (tmp_path / "said/given").read_text().splitlines() == ["'For Mr. Okafor.'"]


async def test_a_recording_that_can_not_be_played_is_spoken(tmp_path: Path, voice: str) -> None:
    prompts = tmp_path / "prompts/nl"
    prompts.mkdir(parents=True)
    (prompts / "closed.wav").write_bytes(b"no sound at all")
    (prompts / "closed.txt").write_text("We are closed.")
    speaker = Speaker(tmp_path / "said", voice, prompts.parent)
    assert await speaker.speak(Prompt("We are closed.", "nl")) is not None
    (prompts / "closed.wav").unlink()
    assert await speaker.speak(Prompt("We are  closed.", "nl")) is not None
    assert len((tmp_path / "said/given").read_text().splitlines()) == 2


@pytest.mark.parametrize("command", ["false", "/no/such/program", "true"])
async def test_a_voice_that_fails_says_nothing(tmp_path: Path, command: str) -> None:
    assert await Speaker(tmp_path / "said", command).speak(HELLO) is None
    assert not list(tmp_path.rglob("*.wav"))


async def test_nothing_to_say_is_nothing(tmp_path: Path) -> None:
    assert await Speaker(tmp_path, "false").speak(Prompt("  ", "en")) is None


async def test_few_sentences_are_kept(tmp_path: Path, voice: str) -> None:
    folder = tmp_path / "said"
    folder.mkdir()
    for n in range(KEPT + 5):
        (folder / f"{n}.wav").write_bytes(b"")
    said = await Speaker(folder, voice).speak(HELLO)
    assert said is not None
    assert said.exists()
    assert len(list(folder.glob("*.wav"))) == KEPT


async def test_what_every_call_says_is_spoken_once(tmp_path: Path, voice: str) -> None:
    speaker = Speaker(tmp_path / "said", voice)
    for name in ("Mr Okafor", "Mrs Okafor"):
        lead = f"New lead: {name}."
        said = await speaker.speak(Prompt(f"{lead} Press 1.", "en", (lead, "Press 1.")))
        assert said is not None
        sound, _ = soundfile.read(said)
        assert len(sound) == 16_000, "both sentences, one after the other"
    given = (tmp_path / "said/given").read_text().splitlines()
    assert given == ["'New lead: Mr Okafor.'", "'Press 1.'", "'New lead: Mrs Okafor.'"]
    assert not list(tmp_path.rglob("*.spoken"))


async def test_of_a_sentence_only_the_clause_with_a_new_name_is_spoken(
    tmp_path: Path, voice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    espeak = tmp_path / "bin/espeak-ng"
    espeak.parent.mkdir()
    espeak.write_text("#!/bin/sh\nexec " + voice.format(out='"$6"') + "\n")
    espeak.chmod(0o755)
    monkeypatch.setenv("PATH", str(espeak.parent), prepend=":")
    speaker = Speaker(tmp_path / "said")
    for name in ("Mr Okafor", "Mrs Okafor"):
        said = await speaker.speak(Prompt(f"New lead: {name}, Kona.", "en"))
        assert said is not None
        sound, _ = soundfile.read(said)
        assert len(sound) == 3 * 8000
    given = (tmp_path / "said/given").read_text().splitlines()
    assert given == ["'New lead:'", "'Mr Okafor,'", "'Kona.'", "'Mrs Okafor,'"]

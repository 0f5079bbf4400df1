"""The voice: a sentence becomes a file that a telephone can play."""

import asyncio
import hashlib
import math
import os
import re
import shlex
import subprocess
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from leadbell.ring.asterisk import packages
from leadbell.ring.ports import Prompt

log = structlog.get_logger("leadbell.speech")

#: Telephone sound: 8 kHz, mono, 16 bit.
RATE = 8000
#: Sentences hold customers' names: they are kept this short, and never more than so many.
KEPT_S, KEPT = 3600, 2000
WITHIN_S = 10.0
#: Looked through for old ones at most so often.
TIDIED_EVERY_S = 60.0
#: Whoever is on the phone goes before a sentence that is being made, and not all of them are made at once.
NICE, AT_ONCE = 5, 4
#: Words per minute; espeak-ng's own 175 is fast on a telephone.
PACE = 155
#: espeak-ng's own files for these: asked by a language's name it first reads those of all others, which takes longer
#: than speaking.
VOICES = {
    "en": "gmw/en", "nl": "gmw/nl", "de": "gmw/de", "fr": "roa/fr", "es": "roa/es", "it": "roa/it", "ru": "zle/ru",
    "pl": "zlw/pl", "nb": "gmq/nb", "no": "gmq/nb", "zh": "sit/cmn",
}  # fmt: skip
#: espeak-ng speaks clause by clause, so that each may be spoken once: of most sentences only the name is new.
_CLAUSE_ENDS = re.compile(r"(?<=[,:;])\s+")
#: So many stay in memory, about 25 kB each: most of what is said is said in every call.
IN_MEMORY = 200

#: A language and a text.
Sentence = tuple[str, str]


class Speaker:
    """Speaks prompts into WAV files of 8 kHz mono in `folder`, each sentence once within an hour.

    `recorded` holds what somebody has spoken: LANGUAGE/any.wav beside LANGUAGE/any.txt with its words, a whole prompt
    or one sentence of those that hold a name.
    `command` is another program than espeak-ng, such as `piper --model {language}.onnx --output_file {out}`:
    {language}, {text} and {out} are filled in word by word, never through a shell; without {text} it reads the
    sentence on its standard input.
    """

    def __init__(self, folder: Path, command: str = "", recorded: Path | None = None) -> None:
        self.folder = folder
        self._own_program = bool(command.strip())
        self._command = tuple(shlex.split(command)) or _espeak()
        self._recorded = _sentences(recorded) if recorded else {}
        self._under_way: dict[Path, asyncio.Task[bool]] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        #: The sound of sentences said lately, the oldest first.
        self._lately: OrderedDict[Sentence, Any] = OrderedDict()
        self._tidied_at = -TIDIED_EVERY_S

    async def warm_up(self) -> None:
        """Load what is needed to speak, so that the first sentence of the day doesn't wait for it."""
        await asyncio.to_thread(_sound_libraries)

    async def speak(self, prompt: Prompt) -> Path | None:
        """The file that says it; None, with a line in the log, where nothing can."""
        if not prompt.text.strip():
            return None
        said = prompt.sentences or (prompt.text,)
        if self._recorded_of(prompt.language, prompt.text):
            said = (prompt.text,)
        recorded = filter(None, (self._recorded_of(prompt.language, one) for one in said))
        about = (*self._command, str(PACE), *(f"{one} {one.stat().st_mtime_ns}" for one in recorded))
        name = hashlib.sha256("\0".join((prompt.language, prompt.text, *about)).encode()).hexdigest()[:40]
        path = self.folder / f"{name}.wav"
        if path not in self._under_way:
            if path.exists():
                with suppress(FileNotFoundError):
                    os.utime(path)
                    return path
            task = asyncio.create_task(self._make(prompt.language, said, path))
            self._under_way[path] = task
            task.add_done_callback(lambda _: self._under_way.pop(path, None))
        return path if await asyncio.shield(self._under_way[path]) else None

    def _recorded_of(self, language: str, text: str) -> Path | None:
        found = self._recorded.get((language, _plain(text)))
        return found if found and found.exists() else None

    async def _make(self, language: str, said: Sequence[str], path: Path) -> bool:
        try:
            async with self._turn:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
                played = await self._played(language, said)
                sentences = [
                    (language, part)
                    for one in said
                    for part in ([one] if (language, one) in played else self._parts(one))
                ]
                known = {one: self._lately[one] for one in sentences if one in self._lately} | played
                sounds = await asyncio.to_thread(self._speak, sentences, known, path)
                self._remember({one: sound for one, sound in sounds.items() if one not in played})
            if time.monotonic() >= self._tidied_at + TIDIED_EVERY_S:
                self._tidied_at = time.monotonic()
                await asyncio.to_thread(_forget_old, self.folder)
        except (OSError, RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
            because = "it took too long" if isinstance(error, subprocess.TimeoutExpired) else str(error)
            log.warning("nothing could be said", language=language, because=because)
            return False
        return True

    async def _played(self, language: str, said: Sequence[str]) -> dict[Sentence, Any]:
        """The sound of what somebody has recorded; a recording that can't be read is spoken instead."""
        played = {}
        for one in said:
            if recorded := self._recorded_of(language, one):
                try:
                    played[language, one] = await asyncio.to_thread(_for_telephones, recorded)
                except (OSError, RuntimeError, ValueError) as error:
                    log.warning("a recorded prompt can't be played", file=recorded.name, because=str(error))
        return played

    def _parts(self, sentence: str) -> list[str]:
        """What is spoken one by one and sounds as if it were spoken at once."""
        return [sentence] if self._own_program else [one for one in _CLAUSE_ENDS.split(sentence) if one]

    def _remember(self, said: Mapping[Sentence, Any]) -> None:
        self._lately.update(said)
        for one in said:
            self._lately.move_to_end(one)
        while len(self._lately) > IN_MEMORY:
            self._lately.popitem(last=False)

    def _speak(
        self, sentences: Sequence[Sentence], known: Mapping[Sentence, Any], path: Path
    ) -> dict[Sentence, Any]:
        """Write the sentences into `path`, speaking those that aren't known; answers the sound of all."""
        sounds = dict(known)
        raw = path.with_suffix(".spoken")
        try:
            for one in sentences:
                if one not in sounds:
                    self._run(*one, raw)
                    sounds[one] = _for_telephones(raw)
                    raw.unlink()
        finally:
            raw.unlink(missing_ok=True)
        _write([sounds[one] for one in sentences], path)
        return sounds

    def _run(self, language: str, text: str, out: Path) -> None:
        if not self._command:
            raise RuntimeError(
                "there is no espeak-ng on this machine; `leadbell asterisk install` fetches it"
            )
        text = text.strip()
        text = f" {text}" if text.startswith("-") else text  # a sentence is no option
        given = {"{language}": language, "{text}": text, "{out}": str(out)}
        given["{voice}"] = VOICES.get(language, language)
        words = [_filled(word, given) for word in self._command]
        on_stdin = not any("{text}" in word for word in self._command)
        # asyncio's own way, with uvloop, copies the switchboard for each sentence, while nothing else goes on.
        with subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            with suppress(OSError):  # it may have ended already
                os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            try:
                _, complaint = process.communicate(text.encode() if on_stdin else b"", WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        if process.returncode != 0 or not out.exists():
            raise RuntimeError(complaint.decode(errors="replace").strip()[-200:] or "the voice wrote nothing")


def _espeak() -> tuple[str, ...]:
    """espeak-ng on PATH, else the one in our folder."""
    found = packages.espeak_on_path()
    if not found and (fetched := packages.find()):
        found = fetched.espeak
    return (*found, "-v", "{voice}", "-s", str(PACE), "-w", "{out}", "--stdin") if found else ()


def _filled(word: str, given: Mapping[str, str]) -> str:
    """Each place is filled once; what is filled in is not looked through again."""
    return re.sub("|".join(map(re.escape, given)), lambda place: given[place[0]], word)


def _sentences(recorded: Path) -> dict[tuple[str, str], Path]:
    return {
        (text.parent.name, _plain(text.read_text(encoding="utf-8"))): text.with_suffix(".wav")
        for text in recorded.glob("*/*.txt")
        if text.with_suffix(".wav").exists()
    }


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _sound_libraries() -> tuple[Any, Any]:
    import numpy
    import soundfile

    return numpy, soundfile


def _write(sounds: Sequence[Any], path: Path) -> None:
    """One after the other, in one file."""
    np, soundfile = _sound_libraries()
    new = path.with_suffix(".new")
    soundfile.write(new, np.concatenate(sounds), RATE, subtype="PCM_16", format="WAV")
    new.replace(path)


def _for_telephones(spoken: Path) -> Any:
    """Any sound file as 8 kHz mono; what a telephone can't carry is cut off, not folded back."""
    np, soundfile = _sound_libraries()
    sound, rate = soundfile.read(spoken, dtype="float32", always_2d=True)
    wave = sound.mean(axis=1)
    if rate != RATE and len(wave):
        wave = _at_our_rate(wave, rate)
    return (np.clip(wave, -1, 1) * 32767).astype(np.int16)


def _at_our_rate(wave: Any, rate: int) -> Any:
    """The same sound at RATE, by way of its spectrum; silence is added up to a length that divides well.

    A spectrum of a prime number of samples takes thirty times as long.
    """
    np, _ = _sound_libraries()
    common = math.gcd(rate, RATE)
    given, wanted = rate // common, RATE // common
    parts = 1 << math.ceil(math.log2(max(1, math.ceil(len(wave) / given))))
    for smaller in (parts * 5 // 8, parts * 3 // 4):
        if smaller * given >= len(wave):
            parts = smaller
            break
    spectrum = np.fft.rfft(wave, parts * given)
    there = parts * wanted // 2 + 1
    spectrum = np.pad(spectrum[:there], (0, max(0, there - len(spectrum))))
    sound = np.fft.irfft(spectrum, parts * wanted) * (wanted / given)
    return sound[: max(1, round(len(wave) * RATE / rate))]


def _forget_old(folder: Path) -> None:
    """Only the newest stay; a file that is being played is open and stays readable."""
    aged = sorted(filter(None, map(_aged, folder.glob("*.wav"))), reverse=True)
    since = time.time() - KEPT_S
    for n, (used_at, file) in enumerate(aged):
        if n >= KEPT or used_at < since:
            file.unlink(missing_ok=True)


def _aged(file: Path) -> tuple[float, Path] | None:
    """When it was last used; None where somebody else has just removed it."""
    try:
        return file.stat().st_mtime, file
    except FileNotFoundError:
        return None

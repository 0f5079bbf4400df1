"""What Twilio is told to do on a call, in its own language (TwiML)."""

import math
import re
import struct
from functools import cache
from xml.etree.ElementTree import Element, SubElement, tostring

from leadbell.ring.ports import Prompt

#: Twilio names a language with its country.
LOCALES = {
    "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "en": "en-GB", "es": "es-ES", "fi": "fi-FI", "fr": "fr-FR",
    "it": "it-IT", "nb": "nb-NO", "nl": "nl-NL", "pl": "pl-PL", "pt": "pt-PT", "ro": "ro-RO", "ru": "ru-RU",
    "sv": "sv-SE", "tr": "tr-TR", "uk": "uk-UA",
}  # fmt: skip
#: After a sentence so long is waited for a key before it counts as said to its end.
KEY_WITHIN_S = 1
#: A leg that waits asks again so often. A leg that nobody knows is ended when it asks.
HELD_S = 30
TONE_S = 5

#: XML has no place for these, escaped or not.
_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def say(prompt: Prompt, then: str) -> str:
    """Say it, listening for one key; `then` (an address) is asked with the key, or without when it has been said."""
    listening = _listen(then, KEY_WITHIN_S)
    listening.append(_say(prompt))
    return _write(listening)


def hold(then: str) -> str:
    """Silence, listening for one key."""
    return _write(_listen(then, HELD_S))


def hold_ringing(then: str, tone: str) -> str:
    """As `hold`, and meanwhile hear that it rings elsewhere; `tone` is the address of `ring_tone`."""
    listening = _listen(then, KEY_WITHIN_S)
    SubElement(listening, "Play", loop=str(HELD_S // TONE_S)).text = tone
    return _write(listening)


@cache
def ring_tone() -> bytes:
    """What most of Europe hears while it rings, once: 425 Hz for a second, then silence; a WAV of TONE_S seconds."""
    wave = (round(6000 * math.sin(2 * math.pi * 425 * n / 8000)) for n in range(8000))
    sound = b"".join(struct.pack("<h", sample) for sample in wave) + bytes(2 * 8000 * (TONE_S - 1))
    about = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16_000, 2, 16)
    data = struct.pack("<4sI", b"data", len(sound))
    return (
        struct.pack("<4sI4s", b"RIFF", 4 + len(about) + len(data) + len(sound), b"WAVE")
        + about
        + data
        + sound
    )


def keep_ringing(then: str) -> str:
    """The caller goes on hearing that it rings, for a second; then we are asked again."""
    again = Element("Redirect", method="POST")
    again.text = then
    return _write(Element("Pause", length="1"), again)


def converse(room: str, label: str, record: bool, announce: Prompt | None) -> str:
    """Hear the announcement, then talk in this room until either side leaves; recorded from here on if so asked.

    The recording is stereo and is never trimmed: its length is the conversation's.
    """
    verbs = []
    if record:
        start = Element("Start")
        SubElement(start, "Recording", channels="dual", track="both", trim="do-not-trim")
        verbs.append(start)
    if announce is not None:
        verbs.append(_say(announce))
    dial = Element("Dial")
    SubElement(dial, "Conference", {
        "participantLabel": label, "startConferenceOnEnter": "true", "endConferenceOnExit": "true", "beep": "false",
        "waitUrl": "", "maxParticipants": "2",
    }).text = room  # fmt: skip
    return _write(*verbs, dial)


def only_say(prompt: Prompt) -> str:
    """What one side of a conversation hears on top of it."""
    return _write(_say(prompt))


def hang_up() -> str:
    return _write(Element("Hangup"))


def _listen(then: str, timeout_s: int) -> Element:
    return Element("Gather", {
        "input": "dtmf", "numDigits": "1", "timeout": str(timeout_s), "actionOnEmptyResult": "true",
        "action": then, "method": "POST",
    })  # fmt: skip


def _say(prompt: Prompt) -> Element:
    said = Element("Say", language=LOCALES.get(prompt.language, prompt.language))
    said.text = _UNSPEAKABLE.sub(" ", prompt.text)
    return said


def _write(*verbs: Element) -> str:
    response = Element("Response")
    response.extend(verbs)
    return '<?xml version="1.0" encoding="UTF-8"?>' + tostring(response, encoding="unicode")

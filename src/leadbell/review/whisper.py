"""Whisper by faster-whisper, from a folder of this machine: nothing is ever fetched.

As a program (`python -m leadbell.review.whisper FOLDER`) it loads a model and says what it is, as JSON: a spoilt
model ends that process, not ours.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from leadbell.review.ports import Said, Stopped, Written
from leadbell.review.sound import at_rate

PACKAGE = "faster-whisper"
HEARS_HERTZ, BLOCK_S = 16_000, 30
#: Whole numbers of 8 bits: half the memory, twice the speed, and hardly anything heard differently.
NUMBERS = "int8"
#: What Whisper says of music and noise, over and over, is nothing that anybody said.
LEAST_LOGPROB, SILENT = -1.0, 0.6


def installed() -> bool:
    """Whether `leadbell[speech]` is there."""
    return find_spec("faster_whisper") is not None


class Whisper:
    """One model in memory; not for several threads."""

    def __init__(
        self,
        folder: Path,
        called: str,
        stopping: Callable[[], bool] = lambda: False,
        only_speech: bool = True,
    ) -> None:
        """`stopping` is asked after each sentence. Without `only_speech` noise is given to the model as well."""
        # Without a tokenizer of its own faster-whisper would ask the network for one.
        os.environ["HF_HUB_OFFLINE"] = "1"
        from faster_whisper import WhisperModel

        self._stopping, self._only_speech = stopping, only_speech
        self._model = WhisperModel(
            str(folder), device="cpu", compute_type=NUMBERS, cpu_threads=max(1, (os.cpu_count() or 2) // 2),
            local_files_only=True,
        )  # fmt: skip
        self.name = f"{called} ({PACKAGE} {version(PACKAGE)})"

    @property
    def languages(self) -> list[str]:
        """Those it knows, ISO 639-1."""
        return sorted(self._model.supported_languages)

    def write(self, samples: bytes, rate: int, language: str = "") -> Written:
        import numpy as np

        parts = [part.astype(np.float32) for part in at_rate(samples, rate, HEARS_HERTZ, BLOCK_S)]
        if not parts:
            return Written(language, ())
        known = language if language in self._model.supported_languages else None
        heard, about = self._model.transcribe(
            np.concatenate(parts), language=known, vad_filter=self._only_speech, condition_on_previous_text=False,
            log_prob_threshold=LEAST_LOGPROB, no_speech_threshold=SILENT,
        )  # fmt: skip
        said = []
        for one in heard:
            if self._stopping():
                raise Stopped
            if text := one.text.strip():
                said.append(Said(round(one.start * 1000), round(one.end * 1000), text))
        return Written(about.language, tuple(said))


def main(folder: str) -> None:
    """Load the model, and say which languages it knows."""
    print(json.dumps({"languages": Whisper(Path(folder), "").languages}))


if __name__ == "__main__":
    main(sys.argv[1])

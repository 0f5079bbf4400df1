"""A Whisper model of a few kilobytes of thought: it has the shape of a real one, and says the same to every sound.

Each position of its decoder points to the token that is to be said there; no weight listens. So everything around a
model is real (files, loading, sound, tokens, times), and nothing is shown of how well one hears.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import WhisperSpec, model_spec
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

WIDE, MELS, SOUND_LENGTH, TEXT_LENGTH = 32, 80, 1500, 448
#: Whisper's time tokens, 0.00 to 30.00 seconds.
TIMES = [f"<|{nth * 0.02:.2f}|>" for nth in range(1501)]


def make(folder: Path, says: str = "Would you like to come on Saturday?", end_s: float = 2.0) -> Path:
    """Write it into the folder: a model for English, which takes every sound for these words until `end_s`."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer, words = _tokenizer(says)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = [name for name, _ in sorted(tokenizer.get_vocab().items(), key=lambda one: one[1])]
    number = {name: nth for nth, name in enumerate(names)}
    told = [TIMES[0], *words, TIMES[round(end_s / 0.02)], "<|endoftext|>"]
    spec = WhisperSpec(1, 1, 1, 1)
    _fill(spec, len(names), [number[token] for token in told])
    spec.register_vocabulary(names)
    spec.config.lang_ids = [number["<|en|>"]]
    spec.config.suppress_ids, spec.config.suppress_ids_begin, spec.config.alignment_heads = [], [], [(0, 0)]
    spec.validate()
    spec.save(str(folder))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": MELS}))
    return folder


def _tokenizer(says: str) -> tuple[Tokenizer, list[str]]:
    """Letters, the words that are said (each a token, as a space alone is never said), then what isn't text."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [f" {word}" for word in says.split()]
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>",
        "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", *TIMES]  # fmt: skip
    tokenizer = Tokenizer(models.BPE(vocab={letter: nth for nth, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens(words)
    tokenizer.add_special_tokens(special)
    return tokenizer, words


def _fill(spec: WhisperSpec, size: int, told: list[int]) -> None:
    """Small chance everywhere, but for the positions of the decoder and what comes after them."""
    chance = np.random.default_rng(7)
    embeddings = chance.normal(size=(size, WIDE)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    positions = np.zeros((TEXT_LENGTH, WIDE), np.float32)
    for nth in range(TEXT_LENGTH):
        positions[nth] = 100 * embeddings[told[min(nth, len(told) - 1)]]

    def weigh(part: Any, name: str, value: object) -> None:
        if value is not None and not name.endswith("position_encodings/encodings"):
            return
        last = name.rsplit("/", 1)[-1]
        setattr(part, last, _shaped(name, last, embeddings, positions))

    model_spec.visit_spec(spec, weigh)


def _shaped(name: str, last: str, embeddings: Any, positions: Any) -> Any:
    if name == "decoder/position_encodings/encodings":
        return positions
    if name == "encoder/position_encodings/encodings":
        return np.zeros((SOUND_LENGTH, WIDE), np.float32)
    if name in ("decoder/embeddings/weight", "decoder/projection/weight"):
        return 12 * embeddings if "projection" in name else embeddings
    if last == "gamma":
        return np.ones(WIDE, np.float32)
    if last in ("beta", "bias"):
        return np.zeros(_rows(name), np.float32)
    if "conv1" in name:
        return np.zeros((WIDE, MELS, 3), np.float32)
    if "conv2" in name:
        return np.zeros((WIDE, WIDE, 3), np.float32)
    return np.zeros((_rows(name), 4 * WIDE if "ffn/linear_1" in name else WIDE), np.float32)


def _rows(name: str) -> int:
    """Of a linear layer: queries, keys and values lie together."""
    if "self_attention/linear_0" in name:
        return 3 * WIDE
    if "attention/linear_1" in name and "self_attention" not in name:
        return 2 * WIDE
    return 4 * WIDE if "ffn/linear_0" in name else WIDE

"""The script that a dealer puts on their pages, as it is served: its source without comments and needless space."""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "static" / "visits" / "v.js"
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_TEXT = re.compile(r"('[^'\n]*')")
_SPACE = re.compile(r"\s*([{}()\[\];,:=<>?&|+!\n])\s*")


@dataclass(frozen=True, slots=True)
class Script:
    plain: bytes
    gzipped: bytes
    etag: bytes


def minified(source: str) -> str:
    """Without comments and needless space; texts stand in single quotes and every statement ends with its sign."""
    parts = _TEXT.split(_COMMENT.sub("", source))
    return "".join(part if place % 2 else _SPACE.sub(r"\1", part) for place, part in enumerate(parts)).strip()


@lru_cache(maxsize=1)
def script() -> Script:
    plain = minified(SOURCE.read_text(encoding="utf-8")).encode()
    return Script(
        plain, gzip.compress(plain, 9, mtime=0), b'"%s"' % hashlib.sha256(plain).hexdigest()[:20].encode()
    )

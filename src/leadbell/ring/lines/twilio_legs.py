"""The legs we have at Twilio, and what of them survives a crash of ours."""

import asyncio
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from leadbell.ring.ports import How

#: How far a call has come; it never goes back.
ASKED, RINGING, ANSWERED = 0, 1, 2
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
CALL = re.compile(r"CA[0-9a-fA-F]{32}")
STAGES = {"queued": ASKED, "initiated": ASKED, "ringing": RINGING, "in-progress": ANSWERED}
ENDS: dict[str, How] = {
    "completed": "hung_up", "busy": "busy", "no-answer": "no_answer", "canceled": "hung_up", "failed": "unreachable",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(slots=True)
class TwilioLeg:
    """One call at Twilio. A leg that arrived from outside has Twilio's name for it."""

    name: str
    key: str
    at: datetime
    #: Twilio's name for it; empty until we have heard it.
    sid: str = ""
    #: What it is recognised by at Twilio while we have no `sid`: a keyed hash of both numbers.
    mark: str = ""
    joined: bool = False
    stage: int = ASKED
    #: The request to make it is under way.
    asking: bool = False
    #: To be ended, as soon as that can be done.
    unwanted: bool = False
    #: Which of our texts it follows, and which of them it has answered.
    turn: int = 0
    answered_turns: set[int] = field(default_factory=set)
    #: It has been won and waits for the other side: it hears that it rings there.
    waits: bool = False
    #: The turn whose sentence is being said; 0 when none is.
    saying: int = 0
    #: A text that waits for the leg to ask; what is said to one side of a conversation.
    next_text: str = ""
    aside: str = ""
    #: Twilio has asked and waits for our text.
    pending: "asyncio.Future[str] | None" = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def arrived(self) -> bool:
        return self.name == self.sid


def mark_of(token: str, to: str, caller_id: str) -> str:
    return hmac.new(token.encode(), f"{to}|{caller_id}".encode(), hashlib.sha256).hexdigest()


def is_name(name: str) -> bool:
    """Whether it can be a leg or a key: it becomes part of an address and of a file's name."""
    return _NAME.fullmatch(name) is not None


class Notebook:
    """One small file per leg, and per recording that is still at Twilio; no number, no name of a person."""

    def __init__(self, folder: Path) -> None:
        self._legs, self._recordings = folder / "legs", folder / "recordings"

    def open(self) -> list[TwilioLeg]:
        """Every leg that had not ended when we last knew."""
        for folder in (self._legs, self._recordings):
            folder.mkdir(parents=True, exist_ok=True)
        found = []
        for file in sorted(self._legs.glob("*.json")):
            try:
                noted = json.loads(file.read_text())
                leg = TwilioLeg(file.stem, noted["key"], datetime.fromisoformat(noted["at"]), noted["sid"],
                                noted["mark"], noted["joined"])  # fmt: skip
            except (ValueError, KeyError, TypeError):
                file.unlink()  # cut off in the middle of a write: nobody was asked for anything yet
                continue
            leg.unwanted = not leg.sid
            found.append(leg)
        return found

    def keep(self, leg: TwilioLeg) -> None:
        _write(self._legs / f"{leg.name}.json", {
            "key": leg.key, "at": leg.at.isoformat(), "sid": leg.sid, "mark": leg.mark, "joined": leg.joined,
        })  # fmt: skip

    def forget(self, leg: str) -> None:
        (self._legs / f"{leg}.json").unlink(missing_ok=True)

    # -- recordings --------------------------------------------------------------------------------------------

    def sound(self, key: str) -> Path:
        return self._recordings / f"{key}.wav"

    def keep_recording(self, key: str, call: str, erase: str = "") -> None:
        """The customer's call of a recorded conversation; `erase`: fetched, to be taken away at Twilio."""
        _write(self._recordings / f"{key}.json", {"call": call, "erase": erase})

    def recording(self, key: str) -> tuple[str, str] | None:
        """(the customer's call, what is to be erased)"""
        try:
            noted = json.loads((self._recordings / f"{key}.json").read_text())
            return noted["call"], noted["erase"]
        except (OSError, ValueError, KeyError):
            return None

    def recording_is_old(self, key: str, since: datetime) -> bool:
        return (self._recordings / f"{key}.json").stat().st_mtime < since.timestamp()

    def to_erase(self) -> list[tuple[str, str]]:
        """(key, recording at Twilio)"""
        keys = [file.stem for file in self._recordings.glob("*.json")]
        return [(key, noted[1]) for key in keys if (noted := self.recording(key)) and noted[1]]

    def forget_recording(self, key: str) -> None:
        (self._recordings / f"{key}.json").unlink(missing_ok=True)


def _write(file: Path, noted: dict[str, str | bool]) -> None:
    new = file.with_suffix(".new")
    new.write_text(json.dumps(noted))
    new.replace(file)

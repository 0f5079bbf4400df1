"""What Twilio has recorded: fetched when it is whole, and erased there."""

import os
import wave
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import structlog

from leadbell.ring.lines.twilio_account import Account, Gone
from leadbell.ring.lines.twilio_legs import Notebook, is_name
from leadbell.ring.ports import LegFailed

log = structlog.get_logger("leadbell.twilio")

#: A call or a recording of which we don't know whether it was made is looked for at Twilio for so long.
SEARCHED_FOR = timedelta(minutes=10)


class Recordings:
    """The recordings noted in `notebook`, from the account to a folder of ours."""

    def __init__(self, account: Account, notebook: Notebook, clock: Callable[[], datetime]) -> None:
        self._account, self._notebook, self._clock = account, notebook, clock

    async def fetch(self, key: str, under_way: Collection[str]) -> Path | None:
        """The file; None where there is none and won't be one. `under_way`: the calls that still last, by their SID.

        Raises LegFailed: not yet, or not now.
        """
        if not is_name(key):
            return None
        here = self._notebook.sound(key)
        if here.exists():
            return here
        noted = self._notebook.recording(key)
        if noted is None:
            return None
        there = (await self._account.get(f"/Calls/{noted[0]}/Recordings.json")).get("recordings") or []
        talking = noted[0] in under_way
        if not there and not talking and self._notebook.recording_is_old(key, self._clock() - SEARCHED_FOR):
            self._notebook.forget_recording(key)
            return None
        if not there or any(one.get("status") in ("in-progress", "paused", "processing") for one in there):
            raise LegFailed("the recording is not finished yet")
        whole = [one for one in there if one.get("status") == "completed"]
        if not whole:
            self._notebook.forget_recording(key)
            return None
        one = max(whole, key=lambda one: int(one.get("duration") or 0))
        sid = str(one["sid"])
        await self._account.download(f"/Recordings/{sid}.wav?RequestedChannels=2", here)
        if not _is_stereo(here):
            here.unlink()
            self._notebook.forget_recording(key)
            log.warning("twilio: the recording is not stereo")
            return None
        _date(here, str(one.get("start_time") or ""))
        self._notebook.keep_recording(key, noted[0], erase=sid)
        with suppress(LegFailed):  # tried again by and by
            await self.erase(key, sid)
        return here

    async def erase(self, key: str, recording: str) -> None:
        """What we have fetched is kept by us, for as long as the dealer wants, and not at Twilio too."""
        with suppress(Gone):
            await self._account.delete(f"/Recordings/{recording}.json")
        self._notebook.forget_recording(key)


def _is_stereo(sound: Path) -> bool:
    try:
        with wave.open(str(sound)) as file:
            return (file.getnchannels(), file.getsampwidth()) == (2, 2)
    except (wave.Error, EOFError):
        return False


def _date(sound: Path, began: str) -> None:
    """Its time becomes that of its last sample, to a second; without a beginning it says nothing."""
    try:
        with wave.open(str(sound)) as file:
            length_s = file.getnframes() / file.getframerate()
        until = parsedate_to_datetime(began).timestamp() + length_s
    except ValueError:
        until = 0.0
    os.utime(sound, (until, until))

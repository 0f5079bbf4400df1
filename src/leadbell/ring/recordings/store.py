"""Where recordings are kept: a folder, or any store that speaks S3.

Names are made of the call's UUID and the month alone: they say nothing about anybody.
"""

import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, cast
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

#: How much of a recording is on its way at once, for everybody who listens.
CHUNK_BYTES = 256 * 1024
#: A store that doesn't answer is given up after this long; who asked tries again or says so.
PATIENCE = timedelta(seconds=15)
#: Uploaded in parts of 5 MB, so many at once.
PARTS_AT_ONCE = 2


class StoreAway(Exception):
    """The store doesn't answer, is full, or doesn't let us in."""


class NotThere(LookupError):
    """The store has nothing of this name."""


class _Objects(Protocol):
    """What we use of obstore's stores."""

    def put(self, path: str, file: IO[bytes], *, max_concurrency: int) -> object: ...
    def get_range(self, path: str, *, start: int, end: int) -> object: ...
    async def get_range_async(self, path: str, *, start: int, end: int) -> object: ...
    def delete(self, paths: Sequence[str]) -> None: ...


def name_of(call: UUID, created_at: datetime, format: str) -> str:
    """`2026/11/<call>.flac`; Opus stands in an Ogg file."""
    ending = "ogg" if format == "opus" else format
    return f"{created_at:%Y/%m}/{call.hex}.{ending}"


class Store:
    """Whole files in, ranges of bytes out. Every method raises StoreAway where the store doesn't do its part."""

    def __init__(self, objects: _Objects, folder: Path | None = None) -> None:
        self._objects, self._folder = objects, folder

    def put(self, name: str, file: IO[bytes]) -> None:
        """Keep all of the file under this name, replacing what was there: nobody ever reads half of it."""
        file.seek(0)
        try:
            self._objects.put(name, file, max_concurrency=PARTS_AT_ONCE)
            if self._folder is not None:
                _write_through(self._folder / name)
        except (self._errors, OSError) as error:
            raise StoreAway(_in_short(error)) from error

    def read(self, name: str, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`. Raises NotThere."""
        try:
            return bytes(cast(bytes, self._objects.get_range(name, start=start, end=end)))
        except FileNotFoundError:
            raise NotThere(name) from None
        except (self._errors, OSError) as error:
            raise StoreAway(_in_short(error)) from error

    async def stream(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The same in chunks, fetched as they are sent. Raises NotThere."""
        while start < end:
            try:
                until = min(start + CHUNK_BYTES, end)
                chunk = bytes(cast(bytes, await self._objects.get_range_async(name, start=start, end=until)))
            except FileNotFoundError:
                raise NotThere(name) from None
            except (self._errors, OSError) as error:
                raise StoreAway(_in_short(error)) from error
            if not chunk:
                raise StoreAway(f"{name} ends early")
            yield chunk
            start += len(chunk)

    def delete(self, name: str) -> None:
        """It is gone afterwards; that it was gone before is fine."""
        try:
            self._objects.delete([name])
        except FileNotFoundError:
            return
        except (self._errors, OSError) as error:
            raise StoreAway(_in_short(error)) from error

    @property
    def _errors(self) -> type[Exception]:
        from obstore.exceptions import BaseError

        return BaseError


def the_store() -> Store:
    """The store of the settings. Raises StoreAway where it can't be opened."""
    about = (settings.RECORDINGS_ENDPOINT, settings.RECORDINGS_REGION)
    return _open(str(settings.RECORDINGS_URL), *about, settings.RECORDINGS_KEY, settings.RECORDINGS_SECRET)


@lru_cache(maxsize=4)
def _open(url: str, endpoint: str, region: str, key: str, secret: str) -> Store:
    """obstore is loaded with the first recording: not every web process is asked for one."""
    from obstore.exceptions import BaseError
    from obstore.store import LocalStore, S3Store

    where = urlsplit(url)
    try:
        if where.scheme != "s3":
            folder = Path(where.path if where.scheme == "file" else url).absolute()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return Store(cast(_Objects, LocalStore(folder, automatic_cleanup=True)), folder)
        config: S3Config = {}
        # What isn't set here comes from AWS_… in the environment, or from the machine's own role.
        if endpoint:
            config["endpoint"] = endpoint
        if region:
            config["region"] = region
        if key:
            config["access_key_id"], config["secret_access_key"] = key, secret
        client: ClientConfig = {
            "timeout": PATIENCE, "connect_timeout": PATIENCE / 3, "allow_http": endpoint.startswith("http://"),
        }  # fmt: skip
        objects = S3Store(
            where.netloc, prefix=where.path.strip("/") or None, config=config, client_options=client,
            retry_config={"max_retries": 2, "retry_timeout": PATIENCE},
        )  # fmt: skip
        return Store(cast(_Objects, objects))
    except (BaseError, OSError, ValueError) as error:
        raise StoreAway(_in_short(error)) from error


def _write_through(path: Path) -> None:
    """The line's own file is removed after this: what replaces it has to survive a power cut."""
    for one in (path, path.parent):
        fd = os.open(one, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _in_short(error: BaseException) -> str:
    """The first line: obstore adds what it was configured with."""
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:300]

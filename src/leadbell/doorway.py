"""The ports of `leadbell up`: opened before anything starts, so that trouble with them is told at once."""

import errno
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from leadbell.trouble import Trouble


@dataclass(slots=True)
class Doors:
    """The door for the web is opened by us, so that callers wait in line while the web restarts."""

    web: socket.socket
    smtp_port: int


@dataclass(frozen=True, slots=True)
class Door:
    """Where a program of somebody else's will listen: `kind` is socket.SOCK_STREAM or SOCK_DGRAM."""

    host: str
    port: int
    kind: int
    #: What chooses another port.
    option: str


def look_whether_free(door: Door) -> None:
    """Raises Trouble where another program has it: Asterisk itself would only write that into a log, and go on deaf."""
    bind(door.host, door.port, door.option, door.kind).close()


@contextmanager
def open_doors(host: str, port: int, smtp_port: int) -> Iterator[Doors]:
    with closing(bind(host, port, "--port")) as web:
        with closing(bind(host, smtp_port, "--smtp-port")) as smtp:
            smtp_port = smtp.getsockname()[1]
        web.listen(2048)
        yield Doors(web, smtp_port)


def bind(host: str, port: int, option: str, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A socket on the port; Trouble names `option` where another program has it."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    if kind == socket.SOCK_STREAM:  # two programs would share a UDP port by it, and one of them hear nothing
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise Trouble(
                "Port %(port)s is taken by another program. Stop that one, or choose another port with "
                "%(option)s.",
                port=port,
                option=option,
            ) from None
        raise Trouble(
            "Port %(port)s on %(host)s can't be opened: %(error)s. Choose another with %(option)s.",
            port=port,
            host=host,
            error=error.strerror,
            option=option,
        ) from None
    return bound


def said(port: int, host: str, question: bytes) -> bytes:
    """The first bytes that a port of ours answers; none when it doesn't in half a second."""
    where = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    try:
        with socket.create_connection((where, port), timeout=0.5) as connection:
            connection.sendall(question)
            return connection.recv(64)
    except OSError:
        return b""

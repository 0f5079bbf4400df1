"""An Asterisk node of our own in DATA/asterisk: what was chosen for it, its files, and how it is started."""

import fcntl
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec

from leadbell.doorway import Door
from leadbell.ring.asterisk.files import Choices, Folders, can_hold, odd, own_files
from leadbell.ring.asterisk.packages import Programs
from leadbell.trouble import Trouble

#: 24 bytes of chance; none of its letters means anything in a file of Asterisk's.
PASSWORD_BYTES = 24


def folder_of(data: Path) -> Path:
    return data.absolute() / "asterisk"


def is_chosen(data: Path) -> bool:
    """Whether DATA has a node of its own."""
    return (folder_of(data) / "choices.json").exists()


def choose(data: Path, change: Callable[[Choices], Choices] = lambda choices: choices) -> Choices:
    """What is chosen for the node after `change`, kept in DATA/asterisk/choices.json (0600).

    Passwords that are missing are made, once. Raises Trouble for what can't stand in a file of Asterisk's.
    """
    folder = folder_of(data)
    path = folder / "choices.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            chosen = with_passwords(change(msgspec.json.decode(text, type=Choices) if text else Choices()))
            judge(chosen)
            write_secret(path, msgspec.json.format(msgspec.json.encode(chosen), indent=1).decode() + "\n")
            return chosen
    except PermissionError:
        raise Trouble(
            "%(path)s belongs to another user of this machine; run this as that user.", path=str(path)
        ) from None
    except msgspec.DecodeError:
        raise Trouble("%(path)s is damaged. Move it away, and choose again.", path=str(path)) from None


def judge(choices: Choices) -> None:
    """Raises Trouble for what can't stand in a file of Asterisk's."""
    if (bad := odd(choices)) is not None:
        raise Trouble("Asterisk can't be told “%(choice)s”. Choose another.", choice=bad)


def with_passwords(choices: Choices) -> Choices:
    """The same choices, nobody in them without a password."""
    return replace(
        choices,
        ari_password=choices.ari_password or secrets.token_urlsafe(PASSWORD_BYTES),
        extensions={
            name: password or secrets.token_urlsafe(PASSWORD_BYTES) for name, password in choices.extensions.items()
        },
    )  # fmt: skip


def set_up(data: Path, choices: Choices, programs: Programs) -> list[Path]:
    """Write every file of the node (0600), the folders it needs, and take away files of ours it no longer has."""
    own = folder_of(data)
    if not can_hold(own):
        raise Trouble(
            "Asterisk can't keep its files in %(folder)s: a comma, semicolon, quote, bracket or dollar sign in the "
            "name would be read as something else. Choose another folder with --data.",
            folder=str(own),
        )
    for name in ("lib", "agi-bin", "spool", "run", "log", "cache"):
        (own / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    files = own_files(choices, Folders(own, programs.modules, programs.share))
    for stale in own.glob("*.conf"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        write_secret(own / name, text)
    return [own / name for name in files]


def command(data: Path, programs: Programs) -> list[str]:
    """Starts the node, in the foreground; SIGTERM ends it."""
    return [*programs.asterisk, "-C", str(folder_of(data) / "asterisk.conf"), "-f", "-n", "-T"]


def doors(choices: Choices) -> tuple[Door, ...]:
    """Where the node will listen, but for sound."""
    config = "`leadbell asterisk config %s`"
    return (
        Door("127.0.0.1", choices.ari_port, socket.SOCK_STREAM, config % "--ari-port"),
        Door(choices.sip_host, choices.sip_port, socket.SOCK_DGRAM, config % "--sip-port"),
    )


def write_secret(path: Path, text: str) -> None:
    """Replace the file whole, readable by ourselves alone."""
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
